/* What clients send, checked and made into columns, a function per kind of field. */
#include "svc_resource.h"

#include "google/protobuf/struct.pb-c.h"
#include "google/type/money.pb-c.h"
#include "json_write.h"
#include "nx_utf8.h"
#include "pbj.h"
#include "svc_money.h"
#include "svc_name.h"
#include "svc_slug.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_TAG_CHARACTERS 64
#define MAX_STRUCT_DEPTH 8
#define MAX_STRUCT_BYTES ((size_t)64 * 1024)
#define NANOS_PER_UNIT 1000000000

/* A message being written. */
struct writing {
    const struct svc_resource *resource;
    const char *at;                /* what the fields of violations begin with */
    const struct svc_field *field; /* the one in hand */
    bool derives_slug;             /* an empty slug can be derived: the title is there too */
    struct nx_arena *arena;
    struct nx_buf *columns;
    unsigned column_count;
    struct nx_violation *first;
    struct nx_violation **tail;
};

typedef void (*write_kind)(struct writing *writing, const ProtobufCMessage *message,
                           const void *value);

/* Note a violation of the field in hand; `below` is a path in it, "" for itself. */
__attribute__((format(printf, 3, 4))) static void
violate(struct writing *writing, const char *below, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *description = nx_arena_vprintf(writing->arena, format, args);
    va_end(args);
    char *path =
        nx_arena_printf(writing->arena, "%s%s%s", writing->at, writing->field->name, below);
    struct nx_violation *violation = nx_arena_calloc(writing->arena, 1, sizeof *violation);
    if (!description || !path || !violation)
        return; /* the arena knows, and is asked at the end */
    violation->field = path;
    violation->description = description;
    *writing->tail = violation;
    writing->tail = (struct nx_violation **)(void *)&violation->next;
}

static void put_key(struct writing *writing, const char *ending)
{
    if (writing->column_count++ > 0)
        nx_buf_append_char(writing->columns, ',');
    nx_buf_append_char(writing->columns, '"');
    nx_buf_append_str(writing->columns, nx_str_from(writing->field->column));
    nx_buf_append_str(writing->columns, nx_str_from(ending));
    nx_buf_append_str(writing->columns, NX_STR("\":"));
}

static void put_text(struct writing *writing, const char *text)
{
    put_key(writing, "");
    json_write_string(writing->columns, nx_str_from(text));
}

static void put_int(struct writing *writing, int64_t value)
{
    put_key(writing, "");
    nx_buf_append_i64(writing->columns, value);
}

static void write_text(struct writing *writing, const ProtobufCMessage *message, const void *value)
{
    (void)message;
    const char *text = *(char *const *)value;
    size_t length = nx_utf8_length(nx_str_from(text));
    if (length == 0 && writing->field->min > 0)
        violate(writing, "", "must not be empty");
    else if (length > writing->field->max)
        violate(writing, "", "has %zu characters; at most %u are allowed", length,
                writing->field->max);
    else
        put_text(writing, text);
}

static void write_slug(struct writing *writing, const ProtobufCMessage *message, const void *value)
{
    (void)message;
    const char *slug = *(char *const *)value;
    if (*slug == '\0' && writing->derives_slug)
        return;
    if (svc_slug_valid(nx_str_from(slug), writing->field->max))
        put_text(writing, slug);
    else
        violate(writing, "", "must have 1 to %u letters, digits, hyphens or underscores",
                writing->field->max);
}

static void write_int32(struct writing *writing, const ProtobufCMessage *message, const void *value)
{
    (void)message;
    put_int(writing, *(const int32_t *)value);
}

static void write_int64(struct writing *writing, const ProtobufCMessage *message, const void *value)
{
    (void)message;
    put_int(writing, *(const int64_t *)value);
}

static void write_bool(struct writing *writing, const ProtobufCMessage *message, const void *value)
{
    (void)message;
    put_key(writing, "");
    nx_buf_append_str(writing->columns,
                      *(const protobuf_c_boolean *)value ? NX_STR("true") : NX_STR("false"));
}

static void write_enum(struct writing *writing, const ProtobufCMessage *message, const void *value)
{
    (void)message;
    int32_t number = *(const int32_t *)value;
    if (number == 0)
        number = (int32_t)writing->field->min;
    if (protobuf_c_enum_descriptor_get_value(writing->field->descriptor->descriptor, number))
        put_int(writing, number);
    else
        violate(writing, "", "%d is not a value that can be set", number);
}

static bool parse_reference(struct writing *writing, const char *below, const char *name,
                            int64_t *ret_id)
{
    if (svc_name_parse(name, writing->field->collection, ret_id))
        return true;
    violate(writing, below, "is not a name like \"%s7\"", writing->field->collection);
    return false;
}

static void write_reference(struct writing *writing, const ProtobufCMessage *message,
                            const void *value)
{
    (void)message;
    const char *name = *(char *const *)value;
    int64_t id;
    if (*name == '\0') {
        put_key(writing, "");
        nx_buf_append_str(writing->columns, NX_STR("null"));
    } else if (parse_reference(writing, "", name, &id)) {
        put_int(writing, id);
    }
}

/* Write a repeated string as an array, each element by `put`. */
static void write_strings(struct writing *writing, const ProtobufCMessage *message,
                          const void *value,
                          void (*put)(struct writing *writing, const char *below, const char *text))
{
    size_t count = *svc_count_at(message, writing->field->descriptor);
    char *const *strings = *(char **const *)value;
    if (count > writing->field->max) {
        violate(writing, "", "has %zu elements; at most %u are allowed", count,
                writing->field->max);
        return;
    }
    put_key(writing, "");
    nx_buf_append_char(writing->columns, '[');
    for (size_t i = 0; i < count; i++) {
        char below[24];
        snprintf(below, sizeof below, "[%zu]", i);
        if (i > 0)
            nx_buf_append_char(writing->columns, ',');
        put(writing, below, strings[i]);
    }
    nx_buf_append_char(writing->columns, ']');
}

static void put_reference(struct writing *writing, const char *below, const char *name)
{
    int64_t id;
    if (parse_reference(writing, below, name, &id))
        nx_buf_append_i64(writing->columns, id);
}

static void write_references(struct writing *writing, const ProtobufCMessage *message,
                             const void *value)
{
    write_strings(writing, message, value, put_reference);
}

static void put_tag(struct writing *writing, const char *below, const char *text)
{
    size_t length = nx_utf8_length(nx_str_from(text));
    if (length < 1 || length > MAX_TAG_CHARACTERS)
        violate(writing, below, "must have 1 to %d characters", MAX_TAG_CHARACTERS);
    else
        json_write_string(writing->columns, nx_str_from(text));
}

static void write_texts(struct writing *writing, const ProtobufCMessage *message, const void *value)
{
    write_strings(writing, message, value, put_tag);
}

/* Whether an amount is one that can be asked for in its currency. */
static bool check_money(struct writing *writing, const Google__Type__Money *money)
{
    int exponent;
    if (!svc_money_exponent(money->currency_code, &exponent)) {
        violate(writing, ".currency_code", "is not the ISO 4217 code of a currency in use");
        return false;
    }
    if (money->units < 0 || money->nanos < 0) {
        violate(writing, money->units < 0 ? ".units" : ".nanos", "must not be negative");
        return false;
    }
    if (money->nanos >= NANOS_PER_UNIT) {
        violate(writing, ".nanos", "must be less than %d", NANOS_PER_UNIT);
        return false;
    }
    int32_t smallest = NANOS_PER_UNIT;
    for (int i = 0; i < exponent; i++)
        smallest /= 10;
    if (money->nanos % smallest != 0) {
        violate(writing, ".nanos", "is finer than %s, which has %d decimals", money->currency_code,
                exponent);
        return false;
    }
    return true;
}

static void write_money(struct writing *writing, const ProtobufCMessage *message, const void *value)
{
    (void)message;
    const Google__Type__Money *money = *(Google__Type__Money *const *)value;
    if (money && !check_money(writing, money))
        return;
    put_key(writing, "_currency");
    if (money)
        json_write_string(writing->columns, nx_str_from(money->currency_code));
    else
        nx_buf_append_str(writing->columns, NX_STR("null"));
    put_key(writing, "_amount");
    if (money)
        nx_buf_printf(writing->columns, "%lld.%09d", (long long)money->units, money->nanos);
    else
        nx_buf_append_str(writing->columns, NX_STR("null"));
}

/* What there is to know of the numbers of a Struct. */
struct numbers {
    bool has_infinite; /* or one that is none */
    size_t zeros;      /* that they have when written without exponents, as they are stored */
};

static void measure_number(double number, struct numbers *numbers)
{
    if (!isfinite(number))
        numbers->has_infinite = true;
    else if (number != 0)
        numbers->zeros += (size_t)fabs(log10(fabs(number)));
}

/* How many levels of objects and arrays a value has. */
static unsigned measure_value(const Google__Protobuf__Value *value, struct numbers *numbers);

static unsigned measure_struct(const Google__Protobuf__Struct *object, struct numbers *numbers)
{
    unsigned deepest = 0;
    for (size_t i = 0; i < object->n_fields; i++) {
        const Google__Protobuf__Value *value = object->fields[i]->value;
        unsigned depth = value ? measure_value(value, numbers) : 0;
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static unsigned measure_value(const Google__Protobuf__Value *value, struct numbers *numbers)
{
    unsigned deepest = 0;
    switch (value->kind_case) {
    case GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE:
        measure_number(value->number_value, numbers);
        return 0;
    case GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE:
        return measure_struct(value->struct_value, numbers);
    case GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE:
        for (size_t i = 0; i < value->list_value->n_values; i++) {
            unsigned depth = measure_value(value->list_value->values[i], numbers);
            deepest = depth > deepest ? depth : deepest;
        }
        return deepest + 1;
    default:
        return 0;
    }
}

static void write_struct(struct writing *writing, const ProtobufCMessage *message,
                         const void *value)
{
    (void)message;
    const Google__Protobuf__Struct *object = *(Google__Protobuf__Struct *const *)value;
    struct numbers numbers = {.zeros = 0};
    if (object && measure_struct(object, &numbers) > MAX_STRUCT_DEPTH) {
        violate(writing, "", "is nested deeper than %d levels", MAX_STRUCT_DEPTH);
        return;
    }
    if (numbers.has_infinite) {
        violate(writing, "", "has a number that JSON cannot express");
        return;
    }
    put_key(writing, "");
    if (!object) {
        nx_buf_append_str(writing->columns, NX_STR("{}"));
        return;
    }
    size_t before = writing->columns->len;
    const struct pbj_write_options options = {.resolve = NULL};
    nx_status status = pbj_write(&object->base, &options, writing->arena, writing->columns);
    if (status.code != NX_OK)
        violate(writing, "", "%s", nx_status_message(status));
    else if (writing->columns->len - before > MAX_STRUCT_BYTES)
        violate(writing, "", "is longer than %zu bytes of JSON", MAX_STRUCT_BYTES);
    else if (numbers.zeros > MAX_STRUCT_BYTES)
        violate(writing, "", "has numbers longer than %zu digits in all", MAX_STRUCT_BYTES);
}

static const write_kind kinds[] = {
    [SVC_TEXT] = write_text,           [SVC_SLUG] = write_slug,
    [SVC_INT32] = write_int32,         [SVC_INT64] = write_int64,
    [SVC_BOOL] = write_bool,           [SVC_ENUM] = write_enum,
    [SVC_REFERENCE] = write_reference, [SVC_REFERENCES] = write_references,
    [SVC_TEXTS] = write_texts,         [SVC_MONEY] = write_money,
    [SVC_STRUCT] = write_struct,
};

nx_status svc_resource_write(const struct svc_resource *resource, const ProtobufCMessage *message,
                             svc_field_set fields, const char *at, struct nx_arena *arena,
                             struct nx_buf *columns)
{
    struct writing writing = {.resource = resource, .at = at, .arena = arena, .columns = columns};
    int title = svc_resource_find(resource, NX_STR("title"));
    writing.derives_slug = title >= 0 && (fields >> title & 1);
    writing.tail = &writing.first;
    nx_buf_append_char(columns, '{');
    for (unsigned i = 0; i < resource->field_count; i++) {
        writing.field = &resource->fields[i];
        if (writing.field->column && (fields >> i & 1))
            kinds[writing.field->kind](&writing, message,
                                       svc_value_at(message, writing.field->descriptor));
    }
    nx_buf_append_char(columns, '}');
    if (columns->failed || nx_arena_exhausted(arena))
        return nx_fail_memory();
    return writing.first ? nx_fail_violations(arena, NX_INVALID_ARGUMENT, NULL, writing.first)
                         : NX_STATUS_OK;
}
