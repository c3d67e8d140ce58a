#include "store_query.h"

#include <endian.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "store_internal.h"

#define FIRST_TEXT_BYTES 1024
#define FIRST_PARAMS 16

enum { TEXT_FORMAT, BINARY_FORMAT };

struct store_query *store_query_new(struct nx_arena *arena, const char *name)
{
    struct store_query *query = nx_arena_calloc(arena, 1, sizeof *query);
    if (!query)
        return NULL;
    query->arena = arena;
    query->name = name;
    return query;
}

/* --- Text --- */

static bool make_room(struct store_query *query, size_t more)
{
    if (query->capacity - query->length > more)
        return true;
    size_t capacity = query->capacity ? query->capacity : FIRST_TEXT_BYTES;
    while (capacity - query->length <= more && capacity < STORE_QUERY_MAX_BYTES)
        capacity *= 2;
    char *text = capacity - query->length > more ? nx_arena_alloc(query->arena, capacity) : NULL;
    if (!text)
        return false;
    if (query->length > 0)
        memcpy(text, query->text, query->length);
    query->text = text;
    query->capacity = capacity;
    return true;
}

static void append(struct store_query *query, const char *text, size_t length)
{
    if (!query || query->failed)
        return;
    if (!make_room(query, length)) {
        query->failed = true;
        return;
    }
    memcpy(query->text + query->length, text, length);
    query->length += length;
    query->text[query->length] = '\0';
}

void store_query_add(struct store_query *query, const char *sql)
{
    append(query, sql, strlen(sql));
}

void store_query_add_param(struct store_query *query, unsigned number)
{
    char text[16];
    int length = snprintf(text, sizeof text, "$%u", number);
    append(query, text, (size_t)length);
}

unsigned store_query_last_param(const struct store_query *query)
{
    return query ? query->param_count : 0;
}

void store_query_note_inverted(struct store_query *query)
{
    if (query)
        query->is_inverted = true;
}

bool store_query_is_inverted(const struct store_query *query)
{
    return query && query->is_inverted;
}

struct nx_str store_query_text(const struct store_query *query)
{
    if (!query || query->failed || query->length == 0)
        return NX_STR("");
    return (struct nx_str){query->text, query->length};
}

/* --- Parameters --- */

static bool make_param_room(struct store_query *query)
{
    if (query->param_count < query->param_capacity)
        return true;
    if (query->param_count == STORE_QUERY_MAX_PARAMS)
        return false;
    unsigned capacity = query->param_capacity ? 2 * query->param_capacity : FIRST_PARAMS;
    struct store_query_param *params =
        nx_arena_calloc(query->arena, capacity, sizeof *query->params);
    if (!params)
        return false;
    if (query->param_count > 0)
        memcpy(params, query->params, query->param_count * sizeof *params);
    query->params = params;
    query->param_capacity = capacity;
    return true;
}

static void add(struct store_query *query, struct store_query_param param)
{
    if (!query || query->failed)
        return;
    if (!make_param_room(query)) {
        query->failed = true;
        return;
    }
    query->params[query->param_count++] = param;
    store_query_add_param(query, query->param_count);
}

static void add_bytes(struct store_query *query, enum store_type type, const char *bytes,
                      size_t length)
{
    if (length > INT_MAX) {
        if (query)
            query->failed = true;
        return;
    }
    add(query, (struct store_query_param){type, BINARY_FORMAT, {(int)length, bytes}});
}

/* Add a copy of the bytes. */
static void add_copy(struct store_query *query, enum store_type type, const void *bytes,
                     size_t length)
{
    if (!query || query->failed)
        return;
    char *copy = nx_arena_strdup(query->arena, (struct nx_str){bytes, length});
    query->failed = !copy;
    add_bytes(query, type, copy, length);
}

void store_query_add_null(struct store_query *query, enum store_type type)
{
    add(query, (struct store_query_param){type, BINARY_FORMAT, {-1, NULL}});
}

void store_query_add_bool(struct store_query *query, bool value)
{
    add_bytes(query, STORE_TYPE_BOOL, value ? "\1" : "\0", 1);
}

void store_query_add_int4(struct store_query *query, int32_t value)
{
    uint32_t wire = htobe32((uint32_t)value);
    add_copy(query, STORE_TYPE_INT4, &wire, sizeof wire);
}

void store_query_add_int8(struct store_query *query, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);
    add_copy(query, STORE_TYPE_INT8, &wire, sizeof wire);
}

void store_query_add_timestamp(struct store_query *query, int64_t unix_us)
{
    uint64_t wire = htobe64((uint64_t)(unix_us - STORE_EPOCH_US));
    add_copy(query, STORE_TYPE_TIMESTAMP, &wire, sizeof wire);
}

void store_query_add_text(struct store_query *query, struct nx_str value)
{
    add_bytes(query, STORE_TYPE_TEXT, value.len > 0 ? value.ptr : "", value.len);
}

void store_query_add_cell(struct store_query *query, enum store_type type, struct nx_str cell)
{
    add_bytes(query, type, cell.len > 0 ? cell.ptr : "", cell.len);
}

void store_query_add_numeric(struct store_query *query, struct nx_str digits)
{
    if (!query || query->failed)
        return;
    const char *text = nx_arena_strdup(query->arena, digits);
    query->failed = !text;
    add(query, (struct store_query_param){STORE_TYPE_NUMERIC, TEXT_FORMAT, {0, text}});
}

static void add_encoded(struct store_query *query, enum store_type type, bool encoded,
                        const struct store_param *value)
{
    if (!encoded)
        query->failed = true;
    add(query, (struct store_query_param){type, BINARY_FORMAT, *value});
}

void store_query_add_jsonb(struct store_query *query, struct nx_str json)
{
    struct store_param value = {-1, NULL};
    if (!query)
        return;
    bool encoded = store_encode_jsonb(query->arena, json, &value);
    add_encoded(query, STORE_TYPE_JSONB, encoded, &value);
}

void store_query_add_texts(struct store_query *query, const struct nx_str *values, size_t count)
{
    struct store_param value = {-1, NULL};
    if (!query)
        return;
    bool encoded = store_encode_texts(query->arena, values, count, &value);
    add_encoded(query, STORE_TYPE_TEXT_ARRAY, encoded, &value);
}

void store_query_add_int8s(struct store_query *query, const int64_t *values, size_t count)
{
    struct store_param value = {-1, NULL};
    if (!query)
        return;
    bool encoded = store_encode_int8s(query->arena, values, count, &value);
    add_encoded(query, STORE_TYPE_INT8_ARRAY, encoded, &value);
}

const char *store_step_name(const struct store *store, const struct store_step *step)
{
    return step->query ? step->query->name : store->texts[step->sql].name;
}
