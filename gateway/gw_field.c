#include "gw_field.h"

#include "pbj.h"

#include <string.h>

static nx_status append_name(struct gw_field_path *path, const char *name, struct nx_arena *arena)
{
    path->text = path->text ? nx_arena_printf(arena, "%s.%s", path->text, name) : name;
    return path->text ? NX_STATUS_OK : nx_fail_memory();
}

nx_status gw_field_find(const ProtobufCMessageDescriptor *type, struct nx_str name,
                        struct nx_arena *arena, struct gw_field_path *ret_path)
{
    struct gw_field_path path = {.text = NULL};
    *ret_path = path;
    for (;;) {
        const char *dot = name.len > 0 ? memchr(name.ptr, '.', name.len) : NULL;
        struct nx_str part = {name.ptr, dot ? (size_t)(dot - name.ptr) : name.len};
        const ProtobufCFieldDescriptor *field = pbj_find_field(type, part);
        if (!field || path.depth == GW_MAX_FIELD_DEPTH)
            return NX_STATUS_OK;
        path.fields[path.depth++] = field;
        NX_TRY(append_name(&path, field->name, arena));
        if (!dot)
            break;
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED)
            return NX_STATUS_OK;
        type = field->descriptor;
        name = (struct nx_str){dot + 1, name.len - part.len - 1};
    }
    *ret_path = path;
    return NX_STATUS_OK;
}

const ProtobufCFieldDescriptor *gw_field_leaf(const struct gw_field_path *path)
{
    return path->fields[path->depth - 1];
}

bool gw_field_overlaps(const char *path, const char *other)
{
    while (*path && *path == *other) {
        path++;
        other++;
    }
    return (*path == '\0' && (*other == '\0' || *other == '.')) || (*other == '\0' && *path == '.');
}

void *gw_field_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (char *)message + field->offset;
}

static bool is_oneof(const ProtobufCFieldDescriptor *field)
{
    return field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
}

static uint32_t *oneof_case(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (uint32_t *)(void *)((char *)message + field->quantifier_offset);
}

ProtobufCMessage *gw_field_message(const ProtobufCMessage *message,
                                   const ProtobufCFieldDescriptor *field)
{
    bool other = is_oneof(field) && *oneof_case(message, field) != field->id;
    return other ? NULL : *(ProtobufCMessage **)gw_field_value(message, field);
}

void gw_field_put(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                  ProtobufCMessage *value)
{
    *(ProtobufCMessage **)gw_field_value(message, field) = value;
    if (is_oneof(field))
        *oneof_case(message, field) = field->id;
}

/* A field of a oneof may be set only while no other member of it is. */
static nx_status check_oneof(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                             const char *path, struct nx_arena *arena)
{
    if (!is_oneof(field))
        return NX_STATUS_OK;
    uint32_t is = *oneof_case(message, field);
    return is == 0 || is == field->id
               ? NX_STATUS_OK
               : nx_fail_field(arena, path, "another field of the same oneof is given too");
}

/* The message in a singular message field, made when it is not there. */
static nx_status descend(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                         const char *path, struct nx_arena *arena, ProtobufCMessage **ret_inner)
{
    NX_TRY(check_oneof(message, field, path, arena));
    ProtobufCMessage *inner = gw_field_message(message, field);
    if (!inner)
        inner = pbj_new_message(arena, field->descriptor);
    if (!inner)
        return nx_fail_memory();
    gw_field_put(message, field, inner);
    *ret_inner = inner;
    return NX_STATUS_OK;
}

nx_status gw_field_set(ProtobufCMessage *message, const struct gw_field_path *path,
                       struct nx_str text, struct nx_arena *arena)
{
    for (unsigned i = 0; i + 1 < path->depth; i++)
        NX_TRY(descend(message, path->fields[i], path->text, arena, &message));
    NX_TRY(check_oneof(message, gw_field_leaf(path), path->text, arena));
    return pbj_set_from_text(message, gw_field_leaf(path), path->text, text, arena);
}

const ProtobufCMessage *gw_field_holder(const ProtobufCMessage *message,
                                        const struct gw_field_path *path)
{
    for (unsigned i = 0; message && i + 1 < path->depth; i++)
        message = gw_field_message(message, path->fields[i]);
    return message;
}

static size_t scalar_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    default:
        return sizeof(uint32_t);
    }
}

static bool same_bytes(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

bool gw_field_same(const ProtobufCMessage *message, const ProtobufCMessage *other,
                   const struct gw_field_path *path)
{
    const ProtobufCFieldDescriptor *field = gw_field_leaf(path);
    message = gw_field_holder(message, path);
    other = gw_field_holder(other, path);
    if (!message || !other)
        return false;
    if (is_oneof(field) && *oneof_case(message, field) != *oneof_case(other, field))
        return false;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return strcmp(gw_field_text(message, field), gw_field_text(other, field)) == 0;
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return same_bytes(gw_field_value(message, field), gw_field_value(other, field));
    return memcmp(gw_field_value(message, field), gw_field_value(other, field),
                  scalar_size(field->type)) == 0;
}

const ProtobufCFieldDescriptor *gw_field_string(const ProtobufCMessageDescriptor *type,
                                                const char *name)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(type, name);
    bool fits = field && field->type == PROTOBUF_C_TYPE_STRING &&
                field->label != PROTOBUF_C_LABEL_REPEATED && !is_oneof(field);
    return fits ? field : NULL;
}

const char *gw_field_text(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *text = *(char **)gw_field_value(message, field);
    return text ? text : "";
}

bool gw_field_is_integer(const ProtobufCFieldDescriptor *field)
{
    return field->type != PROTOBUF_C_TYPE_ENUM && field->type != PROTOBUF_C_TYPE_BOOL &&
           field->type < PROTOBUF_C_TYPE_FLOAT;
}

static bool is_unsigned(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_FIXED32 ||
           type == PROTOBUF_C_TYPE_UINT64 || type == PROTOBUF_C_TYPE_FIXED64;
}

void gw_field_append(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                     struct nx_buf *buf)
{
    const void *value = gw_field_value(message, field);
    bool is_set = !is_oneof(field) || *oneof_case(message, field) == field->id;
    bool is_wide = scalar_size(field->type) == sizeof(uint64_t);
    if (!is_set)
        return;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        nx_buf_append_str(buf, nx_str_from(gw_field_text(message, field)));
    else if (is_unsigned(field->type))
        nx_buf_append_u64(buf, is_wide ? *(const uint64_t *)value : *(const uint32_t *)value);
    else
        nx_buf_append_i64(buf, is_wide ? *(const int64_t *)value : *(const int32_t *)value);
}

void gw_field_put_bytes(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                        struct nx_str bytes)
{
    *(ProtobufCBinaryData *)gw_field_value(message, field) =
        (ProtobufCBinaryData){bytes.len, (uint8_t *)(uintptr_t)bytes.ptr};
    if (is_oneof(field))
        *oneof_case(message, field) = field->id;
}
