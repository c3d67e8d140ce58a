/* Rows into messages, a function per kind of field. */
#include "svc_resource.h"

#include "google/protobuf/struct.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "google/type/money.pb-c.h"
#include "nexus/catalog/v1/audit_entry.pb-c.h"
#include "nx_log.h"
#include "pbj.h"
#include "svc_name.h"

#include <string.h>

/* Where a value is read from, and what for. */
struct cell {
    const struct store_rows *rows;
    int row;
    int column;
    const struct svc_field *field;
    struct nx_arena *arena;
};

typedef bool (*read_kind)(const struct cell *cell, ProtobufCMessage *message, void *ret_value);

static char *empty_text(void)
{
    return (char *)protobuf_c_empty_string;
}

static bool read_id(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    (void)message;
    int64_t id = store_int8(cell->rows, cell->row, cell->column);
    return (*(char **)ret_value = svc_name_format(cell->arena, cell->field->collection, id));
}

static bool read_child(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    (void)message;
    if (store_is_null(cell->rows, cell->row, cell->column + 1)) {
        *(char **)ret_value = empty_text();
        return true;
    }
    struct store_key key = {
        .parent = store_int8(cell->rows, cell->row, cell->column),
        .id = store_int8(cell->rows, cell->row, cell->column + 1),
    };
    return (*(char **)ret_value =
                svc_name_format_key(cell->arena, cell->field->collection, cell->field->below, key));
}

static bool read_text(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    (void)message;
    *(const char **)ret_value = store_text(cell->rows, cell->row, cell->column).ptr;
    return true;
}

static bool read_int4(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    (void)message;
    *(int32_t *)ret_value = store_int4(cell->rows, cell->row, cell->column);
    return true;
}

static bool read_int8(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    (void)message;
    *(int64_t *)ret_value = store_int8(cell->rows, cell->row, cell->column);
    return true;
}

static bool read_bool(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    (void)message;
    *(protobuf_c_boolean *)ret_value = store_bool(cell->rows, cell->row, cell->column);
    return true;
}

static bool read_reference(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    if (!store_is_null(cell->rows, cell->row, cell->column))
        return read_id(cell, message, ret_value);
    *(char **)ret_value = empty_text();
    return true;
}

/* The elements of an array column as a repeated string, each made by `make`. */
static bool read_strings(const struct cell *cell, ProtobufCMessage *message, void *ret_value,
                         char *(*make)(const struct cell *cell, struct nx_str element))
{
    struct store_array array = store_array(cell->rows, cell->row, cell->column);
    if (array.count == 0)
        return true;
    char **strings = nx_arena_calloc(cell->arena, (size_t)array.count, sizeof *strings);
    if (!strings)
        return false;
    size_t count = 0;
    struct nx_str element;
    while (store_array_next(&array, &element)) {
        strings[count] = make(cell, element);
        if (!strings[count++])
            return false;
    }
    *svc_count_at(message, cell->field->descriptor) = count;
    *(char ***)ret_value = strings;
    return true;
}

static char *make_name(const struct cell *cell, struct nx_str element)
{
    return svc_name_format(cell->arena, cell->field->collection, store_array_int8(element));
}

static char *make_text(const struct cell *cell, struct nx_str element)
{
    return nx_arena_strdup(cell->arena, element);
}

static bool read_references(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    return read_strings(cell, message, ret_value, make_name);
}

static bool read_texts(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    return read_strings(cell, message, ret_value, make_text);
}

static bool read_money(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    (void)message;
    if (store_is_null(cell->rows, cell->row, cell->column))
        return true;
    Google__Type__Money *money = nx_arena_alloc(cell->arena, sizeof *money);
    if (!money)
        return false;
    google__type__money__init(money);
    money->currency_code = (char *)store_text(cell->rows, cell->row, cell->column).ptr;
    *(Google__Type__Money **)ret_value = money;
    return store_numeric(cell->rows, cell->row, cell->column + 1, &money->units, &money->nanos);
}

static bool read_struct(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    (void)message;
    struct nx_str json = store_text(cell->rows, cell->row, cell->column);
    if (json.len <= 2) /* {}: as if it were not there */
        return true;
    ProtobufCMessage *value;
    const struct pbj_read_options options = {.max_depth = 100};
    nx_status status =
        pbj_read(&google__protobuf__struct__descriptor, json, &options, cell->arena, &value);
    if (status.code != NX_OK)
        return false;
    *(ProtobufCMessage **)ret_value = value;
    return true;
}

static bool read_time(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    (void)message;
    if (store_is_null(cell->rows, cell->row, cell->column))
        return true;
    Google__Protobuf__Timestamp *time = nx_arena_alloc(cell->arena, sizeof *time);
    if (!time)
        return false;
    google__protobuf__timestamp__init(time);
    int64_t micros = store_timestamp_us(cell->rows, cell->row, cell->column);
    int64_t fraction = micros % 1000000;
    if (fraction < 0)
        fraction += 1000000;
    time->seconds = (micros - fraction) / 1000000;
    time->nanos = (int32_t)fraction * 1000;
    *(Google__Protobuf__Timestamp **)ret_value = time;
    return true;
}

static bool read_etag(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    (void)message;
    uint64_t revision = (uint64_t)store_int8(cell->rows, cell->row, cell->column);
    char text[20];
    size_t at = sizeof text;
    text[--at] = '"';
    do {
        text[--at] = "0123456789abcdef"[revision & 15];
        revision >>= 4;
    } while (revision > 0);
    text[--at] = '"';
    struct nx_str etag = {text + at, sizeof text - at};
    return (*(char **)ret_value = nx_arena_strdup(cell->arena, etag));
}

static bool read_change(const struct cell *cell, const Google__Protobuf__Value *stored,
                        Nexus__Catalog__V1__AuditEntry__Change **ret_change)
{
    Nexus__Catalog__V1__AuditEntry__Change *change = nx_arena_alloc(cell->arena, sizeof *change);
    if (!change || stored->kind_case != GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE)
        return false;
    nexus__catalog__v1__audit_entry__change__init(change);
    for (size_t i = 0; i < stored->struct_value->n_fields; i++) {
        const Google__Protobuf__Struct__FieldsEntry *entry = stored->struct_value->fields[i];
        if (strcmp(entry->key, "old") == 0)
            change->old_value = entry->value;
        else if (strcmp(entry->key, "new") == 0)
            change->new_value = entry->value;
        else if (entry->value->kind_case == GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE)
            change->field = entry->value->string_value;
    }
    *ret_change = change;
    return true;
}

static bool read_changes(const struct cell *cell, ProtobufCMessage *message, void *ret_value)
{
    struct nx_str json = store_text(cell->rows, cell->row, cell->column);
    ProtobufCMessage *read;
    const struct pbj_read_options options = {.max_depth = 100};
    nx_status status =
        pbj_read(&google__protobuf__list_value__descriptor, json, &options, cell->arena, &read);
    if (status.code != NX_OK)
        return false;
    const Google__Protobuf__ListValue *list = (const Google__Protobuf__ListValue *)read;
    Nexus__Catalog__V1__AuditEntry__Change **changes =
        nx_arena_calloc(cell->arena, list->n_values, sizeof *changes);
    for (size_t i = 0; changes && i < list->n_values; i++) {
        if (!read_change(cell, list->values[i], &changes[i]))
            return false;
    }
    *svc_count_at(message, cell->field->descriptor) = list->n_values;
    *(Nexus__Catalog__V1__AuditEntry__Change ***)ret_value = changes;
    return changes != NULL;
}

static const struct {
    read_kind read;
    int columns;
} kinds[] = {
    [SVC_ID] = {read_id, 1},
    [SVC_CHILD] = {read_child, 2},
    [SVC_TEXT] = {read_text, 1},
    [SVC_SLUG] = {read_text, 1},
    [SVC_INT32] = {read_int4, 1},
    [SVC_INT64] = {read_int8, 1},
    [SVC_BOOL] = {read_bool, 1},
    [SVC_ENUM] = {read_int4, 1},
    [SVC_REFERENCE] = {read_reference, 1},
    [SVC_REFERENCES] = {read_references, 1},
    [SVC_TEXTS] = {read_texts, 1},
    [SVC_MONEY] = {read_money, 2},
    [SVC_STRUCT] = {read_struct, 1},
    [SVC_TIME] = {read_time, 1},
    [SVC_ETAG] = {read_etag, 1},
    [SVC_CHANGES] = {read_changes, 1},
};

int svc_resource_columns(const struct svc_resource *resource)
{
    int count = 0;
    for (unsigned i = 0; i < resource->field_count; i++)
        count += kinds[resource->fields[i].kind].columns;
    return count;
}

ProtobufCMessage *svc_resource_read(const struct svc_resource *resource,
                                    const struct store_rows *rows, int row, int first_column,
                                    struct nx_arena *arena)
{
    ProtobufCMessage *message = nx_arena_alloc(arena, resource->type->sizeof_message);
    if (!message)
        return NULL;
    protobuf_c_message_init(resource->type, message);
    struct cell cell = {.rows = rows, .row = row, .column = first_column, .arena = arena};
    for (unsigned i = 0; i < resource->field_count; i++) {
        cell.field = &resource->fields[i];
        void *value = svc_value_at(message, cell.field->descriptor);
        if (!kinds[cell.field->kind].read(&cell, message, value)) {
            nx_log(NX_LOG_ERROR, "a stored value cannot be shown", "resource", resource->singular,
                   "field", cell.field->name, NULL);
            return NULL;
        }
        cell.column += kinds[cell.field->kind].columns;
    }
    return message;
}
