#include <endian.h>
#include <limits.h>
#include <string.h>

#include "store.h"
#include "store_internal.h"

/* The header of a one-dimensional array: dimensions, has NULLs, element type, size, lower bound;
 * then a length and the bytes for each element. */
#define ARRAY_HEADER_BYTES 20
#define EMPTY_ARRAY_BYTES 12
#define ARRAY_ITEM_BYTES 4 /* its length */

void store_op_init(struct store_op *op, struct nx_arena *arena, int64_t deadline_ns, unsigned flags,
                   store_done done, void *context)
{
    *op = (struct store_op){
        .arena = arena,
        .done = done,
        .context = context,
        .deadline_ns = deadline_ns,
        .flags = flags,
    };
}

static struct store_step *begin_step(struct store_op *op)
{
    if (op->step_count == STORE_MAX_STEPS)
        store_bug("an op has too many steps", "store_op_step");
    struct store_step *step = nx_arena_alloc(op->arena, sizeof *step);
    if (!step) {
        op->out_of_memory = true;
        return NULL;
    }
    step->query = NULL;
    step->is_keyed = false;
    step->param_count = 0;
    op->steps[op->step_count++] = step;
    return step;
}

void store_op_step(struct store_op *op, enum store_sql sql)
{
    struct store_step *step = begin_step(op);
    if (step)
        step->sql = sql;
}

void store_op_step_keyed(struct store_op *op, enum store_sql sql, enum store_sql many)
{
    struct store_step *step = begin_step(op);
    if (step) {
        step->sql = sql;
        step->many = many;
        step->is_keyed = true;
    }
}

void store_op_step_query(struct store_op *op, struct store_query *query)
{
    op->flags |= STORE_SLOW;
    struct store_step *step = begin_step(op);
    if (query && !query->failed && query->length == 0)
        store_bug("a query is empty", query->name);
    if (!query || query->failed)
        op->out_of_memory = true;
    if (step) {
        step->sql = STORE_SQL_COUNT;
        step->query = query;
    }
}

static void bind(struct store_op *op, const char *value, size_t length)
{
    if (op->out_of_memory || length > INT_MAX) {
        op->out_of_memory = true;
        return;
    }
    if (op->step_count == 0)
        store_bug("a parameter comes before the first step", "store_bind");
    struct store_step *step = op->steps[op->step_count - 1];
    if (step->param_count == STORE_MAX_PARAMS)
        store_bug("a statement has too many parameters", "store_bind");
    step->params[step->param_count++] = (struct store_param){value ? (int)length : -1, value};
}

/* Bind a copy of the bytes. */
static void bind_copy(struct store_op *op, const void *bytes, size_t length)
{
    char *copy = nx_arena_strdup(op->arena, (struct nx_str){bytes, length});
    if (copy)
        bind(op, copy, length);
    else
        op->out_of_memory = true;
}

void store_bind_null(struct store_op *op)
{
    bind(op, NULL, 0);
}

void store_bind_bool(struct store_op *op, bool value)
{
    bind(op, value ? "\1" : "\0", 1);
}

void store_bind_int4(struct store_op *op, int32_t value)
{
    uint32_t wire = htobe32((uint32_t)value);
    bind_copy(op, &wire, sizeof wire);
}

void store_bind_int8(struct store_op *op, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);
    bind_copy(op, &wire, sizeof wire);
}

void store_bind_text(struct store_op *op, struct nx_str value)
{
    bind(op, value.len > 0 ? value.ptr : "", value.len);
}

void store_bind_bytes(struct store_op *op, struct nx_str value)
{
    bind(op, value.len > 0 ? value.ptr : "", value.len);
}

void store_bind_jsonb(struct store_op *op, struct nx_str json)
{
    struct store_param value;
    if (store_encode_jsonb(op->arena, json, &value))
        bind(op, value.value, (size_t)value.length);
    else
        op->out_of_memory = true;
}

void store_bind_uuid(struct store_op *op, const uint8_t value[16])
{
    bind_copy(op, value, 16);
}

void store_bind_int8_array(struct store_op *op, const int64_t *values, size_t count)
{
    struct store_param value;
    if (store_encode_int8s(op->arena, values, count, &value))
        bind(op, value.value, (size_t)value.length);
    else
        op->out_of_memory = true;
}

/* --- Encoding --- */

bool store_encode_jsonb(struct nx_arena *arena, struct nx_str json, struct store_param *ret)
{
    char *value = json.len < INT_MAX ? nx_arena_alloc(arena, json.len + 1) : NULL;
    if (!value)
        return false;
    value[0] = 1; /* the format's version */
    if (json.len > 0)
        memcpy(value + 1, json.ptr, json.len);
    *ret = (struct store_param){(int)json.len + 1, value};
    return true;
}

static char *put_int4(char *to, uint32_t value)
{
    uint32_t wire = htobe32(value);
    memcpy(to, &wire, sizeof wire);
    return to + sizeof wire;
}

/* An array of which only the items are still to be written, `*ret_items` on; their bytes and
 * lengths together are item_bytes. */
static bool begin_array(struct nx_arena *arena, enum store_type type, size_t count,
                        size_t item_bytes, struct store_param *ret, char **ret_items)
{
    size_t length = count > 0 ? ARRAY_HEADER_BYTES + item_bytes : EMPTY_ARRAY_BYTES;
    char *value = length < INT_MAX ? nx_arena_alloc(arena, length) : NULL;
    if (!value)
        return false;
    *ret = (struct store_param){(int)length, value};
    char *to = put_int4(value, count > 0 ? 1 : 0);
    to = put_int4(to, 0);
    to = put_int4(to, (uint32_t)type);
    if (count > 0) {
        to = put_int4(to, (uint32_t)count);
        to = put_int4(to, 1);
    }
    *ret_items = to;
    return true;
}

bool store_encode_int8s(struct nx_arena *arena, const int64_t *values, size_t count,
                        struct store_param *ret)
{
    char *to;
    if (count > INT_MAX / 16 ||
        !begin_array(arena, STORE_TYPE_INT8, count, count * (ARRAY_ITEM_BYTES + 8), ret, &to))
        return false;
    for (size_t i = 0; i < count; i++) {
        uint64_t wire = htobe64((uint64_t)values[i]);
        to = put_int4(to, sizeof wire);
        memcpy(to, &wire, sizeof wire);
        to += sizeof wire;
    }
    return true;
}

int store_encode_keys(const struct store_op_list *ops, unsigned param, char *ret_array)
{
    char *to = put_int4(ret_array, 1);
    to = put_int4(to, 0);
    to = put_int4(to, STORE_TYPE_INT8);
    to = put_int4(to, ops->count);
    to = put_int4(to, 1);
    for (const struct store_op *op = ops->first; op; op = op->next) {
        const struct store_param *key = &op->steps[0]->params[param];
        if (param >= op->steps[0]->param_count || key->length != 8)
            store_bug("a key is not an int8", "store_op_step_keyed");
        to = put_int4(to, 8);
        memcpy(to, key->value, 8);
        to += 8;
    }
    return (int)(to - ret_array);
}

bool store_encode_texts(struct nx_arena *arena, const struct nx_str *values, size_t count,
                        struct store_param *ret)
{
    char *to;
    size_t bytes = 0;
    for (size_t i = 0; i < count && bytes < INT_MAX; i++)
        bytes += ARRAY_ITEM_BYTES + values[i].len;
    if (bytes >= INT_MAX || !begin_array(arena, STORE_TYPE_TEXT, count, bytes, ret, &to))
        return false;
    for (size_t i = 0; i < count; i++) {
        to = put_int4(to, (uint32_t)values[i].len);
        if (values[i].len > 0)
            memcpy(to, values[i].ptr, values[i].len);
        to += values[i].len;
    }
    return true;
}
