#include <math.h>

#include "json_write.h"
#include "nx_utf8.h"
#include "pbj_internal.h"

nx_status pbj_fail_write(struct pbj_out *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *reason = nx_arena_vprintf(out->arena, format, args);
    va_end(args);
    return nx_fail(out->arena, NX_INTERNAL, "no JSON form: %s", reason ? reason : "out of memory");
}

nx_status pbj_open(struct pbj_out *out, char bracket)
{
    if (out->depth >= JSON_MAX_DEPTH)
        return pbj_fail_write(out, "the message is nested too deep");
    out->depth++;
    nx_buf_append_char(out->buf, bracket);
    return NX_STATUS_OK;
}

void pbj_close(struct pbj_out *out, char bracket)
{
    out->depth--;
    nx_buf_append_char(out->buf, bracket);
}

nx_status pbj_write_string(struct pbj_out *out, const char *text)
{
    struct nx_str str = text ? nx_str_from(text) : NX_STR("");
    if (!nx_utf8_valid(str))
        return pbj_fail_write(out, "a string is not valid UTF-8");
    json_write_string(out->buf, str);
    return NX_STATUS_OK;
}

/* NaN and the infinities have names in place of numbers. */
static bool write_nonfinite(struct nx_buf *buf, double value)
{
    if (isfinite(value))
        return false;
    const char *name = isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    nx_buf_append_str(buf, nx_str_from(name));
    return true;
}

static void write_enum(struct pbj_out *out, const ProtobufCFieldDescriptor *field, int32_t value)
{
    if (pbj_takes_null(field)) {
        nx_buf_append_str(out->buf, NX_STR("null"));
        return;
    }
    const ProtobufCEnumValue *known = NULL;
    if (!out->options->enums_as_numbers)
        known = protobuf_c_enum_descriptor_get_value(field->descriptor, value);
    if (known)
        json_write_string(out->buf, nx_str_from(known->name));
    else
        nx_buf_append_i64(out->buf, value);
}

static void write_wide(struct pbj_out *out, ProtobufCType type, const void *slot)
{
    nx_buf_append_char(out->buf, '"');
    if (type == PROTOBUF_C_TYPE_UINT64 || type == PROTOBUF_C_TYPE_FIXED64)
        nx_buf_append_u64(out->buf, *(const uint64_t *)slot);
    else
        nx_buf_append_i64(out->buf, *(const int64_t *)slot);
    nx_buf_append_char(out->buf, '"');
}

static void write_number(struct pbj_out *out, ProtobufCType type, const void *slot)
{
    switch (type) {
    case PROTOBUF_C_TYPE_FLOAT:
        if (!write_nonfinite(out->buf, (double)*(const float *)slot))
            json_write_float(out->buf, *(const float *)slot);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        if (!write_nonfinite(out->buf, *(const double *)slot))
            json_write_double(out->buf, *(const double *)slot);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        nx_buf_append_u64(out->buf, *(const uint32_t *)slot);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        nx_buf_append_i64(out->buf, *(const int32_t *)slot);
        break;
    default:
        write_wide(out, type, slot);
        break;
    }
}

nx_status pbj_write_message(struct pbj_out *out, const ProtobufCMessage *message)
{
    enum pbj_wellknown kind = pbj_wellknown_of(message->descriptor);
    if (kind != PBJ_PLAIN)
        return pbj_write_wellknown(out, kind, message);
    NX_TRY(pbj_open(out, '{'));
    NX_TRY(pbj_write_members(out, message, true));
    pbj_close(out, '}');
    return NX_STATUS_OK;
}

nx_status pbj_write_value(struct pbj_out *out, const ProtobufCFieldDescriptor *field,
                          const void *slot)
{
    const ProtobufCBinaryData *bytes = slot;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return pbj_write_message(out, *(const ProtobufCMessage *const *)slot);
    case PROTOBUF_C_TYPE_STRING:
        return pbj_write_string(out, *(const char *const *)slot);
    case PROTOBUF_C_TYPE_BYTES:
        nx_buf_append_char(out->buf, '"');
        pbj_base64_write(out->buf, bytes->data, bytes->len);
        nx_buf_append_char(out->buf, '"');
        return NX_STATUS_OK;
    case PROTOBUF_C_TYPE_BOOL:
        nx_buf_append_str(out->buf,
                          *(const protobuf_c_boolean *)slot ? NX_STR("true") : NX_STR("false"));
        return NX_STATUS_OK;
    case PROTOBUF_C_TYPE_ENUM:
        write_enum(out, field, *(const int32_t *)slot);
        return NX_STATUS_OK;
    default:
        write_number(out, field->type, slot);
        return NX_STATUS_OK;
    }
}

nx_status pbj_write_list(struct pbj_out *out, const ProtobufCFieldDescriptor *field,
                         const void *elements, size_t count)
{
    NX_TRY(pbj_open(out, '['));
    size_t size = pbj_size_of(field->type);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            nx_buf_append_char(out->buf, ',');
        NX_TRY(pbj_write_value(out, field, pbj_member_const(elements, i * size)));
    }
    pbj_close(out, ']');
    return NX_STATUS_OK;
}

/* A key is a string whatever its type. */
static nx_status write_key(struct pbj_out *out, const ProtobufCFieldDescriptor *field,
                           const ProtobufCMessage *entry)
{
    bool quoted = field->type == PROTOBUF_C_TYPE_STRING || pbj_size_of(field->type) == 8;
    if (!quoted)
        nx_buf_append_char(out->buf, '"');
    NX_TRY(pbj_write_value(out, field, pbj_member_const(entry, field->offset)));
    nx_buf_append_str(out->buf, quoted ? NX_STR(":") : NX_STR("\":"));
    return NX_STATUS_OK;
}

/* On the wire a map's entry may lack its value, which then is the default. */
static nx_status write_entry_value(struct pbj_out *out, const ProtobufCFieldDescriptor *field,
                                   const ProtobufCMessage *entry)
{
    const void *slot = pbj_member_const(entry, field->offset);
    if (field->type != PROTOBUF_C_TYPE_MESSAGE || *(const ProtobufCMessage *const *)slot)
        return pbj_write_value(out, field, slot);
    ProtobufCMessage *empty = pbj_new_message(out->arena, field->descriptor);
    if (!empty)
        return nx_fail_memory();
    return pbj_write_message(out, empty);
}

nx_status pbj_write_map(struct pbj_out *out, const ProtobufCFieldDescriptor *field,
                        const ProtobufCMessage *const *entries, size_t count)
{
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    NX_TRY(pbj_open(out, '{'));
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            nx_buf_append_char(out->buf, ',');
        NX_TRY(write_key(out, &entry->fields[0], entries[i]));
        NX_TRY(write_entry_value(out, &entry->fields[1], entries[i]));
    }
    pbj_close(out, '}');
    return NX_STATUS_OK;
}

/* Whether a single field has its type's zero: for bytes, strings and numbers alike. */
static bool is_zero(const ProtobufCFieldDescriptor *field, const void *slot)
{
    static const char zeros[8] = {0};
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)slot;
        return !text || *text == '\0';
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)slot)->len == 0;
    return memcmp(slot, zeros, pbj_size_of(field->type)) == 0;
}

/* Whether a field is to be written at all. */
static bool is_shown(const struct pbj_out *out, const ProtobufCMessage *message,
                     const ProtobufCFieldDescriptor *field)
{
    const void *slot = pbj_member_const(message, field->offset);
    const void *quantifier = pbj_member_const(message, field->quantifier_offset);
    bool omit = out->options->omit_defaults;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return !omit || *(const size_t *)quantifier > 0;
    bool in_oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    if (in_oneof && *(const uint32_t *)quantifier != field->id)
        return false;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(const ProtobufCMessage *const *)slot;
    if (in_oneof)
        return true;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return field->type == PROTOBUF_C_TYPE_STRING ? *(const char *const *)slot != NULL
                                                     : *(const protobuf_c_boolean *)quantifier;
    return !omit || field->label == PROTOBUF_C_LABEL_REQUIRED || !is_zero(field, slot);
}

static void write_name_of(struct pbj_out *out, const ProtobufCFieldDescriptor *field)
{
    const char *own = out->options->original_names ? NULL : pbj_own_json_name(field);
    if (own) { /* any text at all, unlike a field's name */
        json_write_string(out->buf, nx_str_from(own));
        nx_buf_append_char(out->buf, ':');
        return;
    }
    struct nx_str name = nx_str_from(field->name);
    char *to = nx_buf_reserve(out->buf, name.len + 3);
    if (!to)
        return;
    size_t len = 0;
    to[len++] = '"';
    if (out->options->original_names) {
        memcpy(to + len, name.ptr, name.len);
        len += name.len;
    } else {
        len += pbj_camel(name, to + len);
    }
    to[len++] = '"';
    to[len++] = ':';
    out->buf->len += len;
}

static nx_status write_field(struct pbj_out *out, const ProtobufCMessage *message,
                             const ProtobufCFieldDescriptor *field)
{
    const void *slot = pbj_member_const(message, field->offset);
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return pbj_write_value(out, field, slot);
    size_t count = *(const size_t *)pbj_member_const(message, field->quantifier_offset);
    const void *elements = *(const void *const *)slot;
    if (pbj_is_map(message->descriptor, field))
        return pbj_write_map(out, field, elements, count);
    return pbj_write_list(out, field, elements, count);
}

nx_status pbj_write_members(struct pbj_out *out, const ProtobufCMessage *message, bool first)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (!is_shown(out, message, field))
            continue;
        if (!first)
            nx_buf_append_char(out->buf, ',');
        first = false;
        write_name_of(out, field);
        NX_TRY(write_field(out, message, field));
    }
    return NX_STATUS_OK;
}

nx_status pbj_write_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                          const struct pbj_write_options *options, struct nx_arena *arena,
                          struct nx_buf *buf)
{
    static const struct pbj_write_options defaults = {0};
    struct pbj_out out = {.buf = buf, .arena = arena, .options = options ? options : &defaults};
    static const char zeros[sizeof(ProtobufCBinaryData)] = {0};
    const void *slot = pbj_member_const(message, field->offset);
    bool in_oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return write_field(&out, message, field);
    if (in_oneof &&
        *(const uint32_t *)pbj_member_const(message, field->quantifier_offset) != field->id)
        slot = zeros;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE || *(const ProtobufCMessage *const *)slot)
        return pbj_write_value(&out, field, slot);
    nx_buf_append_str(buf, NX_STR("null"));
    return NX_STATUS_OK;
}

nx_status pbj_write(const ProtobufCMessage *message, const struct pbj_write_options *options,
                    struct nx_arena *arena, struct nx_buf *buf)
{
    static const struct pbj_write_options defaults = {0};
    struct pbj_out out = {.buf = buf, .arena = arena, .options = options ? options : &defaults};
    return pbj_write_message(&out, message);
}
