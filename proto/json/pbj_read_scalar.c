#include <math.h>

#include "pbj_internal.h"

static bool is_text(const struct json_token *token)
{
    return token->kind == JSON_STRING || token->kind == JSON_KEY;
}

/* A number stands as such or in a string. */
static nx_status need_number(struct pbj_in *in, const struct json_token *token,
                             const char *expected)
{
    if (token->kind == JSON_NUMBER || (is_text(token) && json_is_number(token->text)))
        return NX_STATUS_OK;
    if (!is_text(token))
        return pbj_fail_kind(in, token, expected);
    struct nx_str text = pbj_clip(token->text);
    return pbj_fail(in, "must be %s, not \"%.*s\"", expected, (int)text.len, text.ptr);
}

/* What to say of a number that pbj_parse_i64() or pbj_parse_u64() refused. */
static nx_status check_number(struct pbj_in *in, enum pbj_number result, const char *type)
{
    if (result == PBJ_NUMBER_FRACTION)
        return pbj_fail(in, "must be a whole number");
    if (result == PBJ_NUMBER_RANGE)
        return pbj_fail(in, "is out of the range of %s", type);
    return NX_STATUS_OK;
}

static nx_status read_signed(struct pbj_in *in, const struct json_token *token, bool wide,
                             int64_t *ret_value)
{
    NX_TRY(need_number(in, token, "a whole number"));
    enum pbj_number result = pbj_parse_i64(token->text, wide ? INT64_MIN : INT32_MIN,
                                           wide ? INT64_MAX : INT32_MAX, ret_value);
    return check_number(in, result, wide ? "int64" : "int32");
}

static nx_status read_unsigned(struct pbj_in *in, const struct json_token *token, bool wide,
                               uint64_t *ret_value)
{
    NX_TRY(need_number(in, token, "a whole number"));
    enum pbj_number result = pbj_parse_u64(token->text, wide ? UINT64_MAX : UINT32_MAX, ret_value);
    return check_number(in, result, wide ? "uint64" : "uint32");
}

/* False: the text is not one of the three names that JSON numbers lack. */
static bool named_number(const struct json_token *token, double *ret_value)
{
    if (!is_text(token))
        return false;
    if (nx_str_equal(token->text, NX_STR("NaN")))
        *ret_value = NAN;
    else if (nx_str_equal(token->text, NX_STR("Infinity")))
        *ret_value = INFINITY;
    else if (nx_str_equal(token->text, NX_STR("-Infinity")))
        *ret_value = -INFINITY;
    else
        return false;
    return true;
}

nx_status pbj_read_double(struct pbj_in *in, const struct json_token *token, double *ret_value)
{
    if (named_number(token, ret_value))
        return NX_STATUS_OK;
    NX_TRY(need_number(in, token, "a number"));
    if (pbj_parse_short_double(token->text, ret_value))
        return NX_STATUS_OK;
    const char *text = nx_arena_strdup(in->arena, token->text);
    if (!text)
        return nx_fail_memory();
    return pbj_parse_double(text, ret_value) ? NX_STATUS_OK
                                             : pbj_fail(in, "is out of the range of double");
}

/* Not by way of a double: that would round twice. */
static nx_status read_float(struct pbj_in *in, const struct json_token *token, float *ret_value)
{
    double named;
    if (named_number(token, &named)) {
        *ret_value = (float)named;
        return NX_STATUS_OK;
    }
    NX_TRY(need_number(in, token, "a number"));
    const char *text = nx_arena_strdup(in->arena, token->text);
    if (!text)
        return nx_fail_memory();
    return pbj_parse_float(text, ret_value) ? NX_STATUS_OK
                                            : pbj_fail(in, "is out of the range of float");
}

static nx_status read_bool(struct pbj_in *in, const struct json_token *token,
                           protobuf_c_boolean *ret_value)
{
    bool plain = token->kind == JSON_KEY;
    bool yes = token->kind == JSON_TRUE || (plain && nx_str_equal(token->text, NX_STR("true")));
    bool no = token->kind == JSON_FALSE || (plain && nx_str_equal(token->text, NX_STR("false")));
    if (!yes && !no)
        return pbj_fail_kind(in, token, "true or false");
    *ret_value = yes;
    return NX_STATUS_OK;
}

static nx_status read_enum(struct pbj_in *in, const ProtobufCFieldDescriptor *field,
                           const struct json_token *token, int32_t *ret_value)
{
    const ProtobufCEnumDescriptor *type = field->descriptor;
    if (token->kind == JSON_NULL) { /* reaches here for NullValue only */
        *ret_value = 0;
        return NX_STATUS_OK;
    }
    if (is_text(token) && pbj_enum_by_name(type, token->text, ret_value))
        return NX_STATUS_OK;
    bool number =
        token->kind == JSON_NUMBER || (token->kind == JSON_KEY && json_is_number(token->text));
    if (number) {
        int64_t value = 0;
        NX_TRY(read_signed(in, token, false, &value));
        if (value != 0 && pbj_takes_null(field))
            return pbj_fail(in, "must be null");
        *ret_value = (int32_t)value;
        return NX_STATUS_OK;
    }
    if (!is_text(token))
        return pbj_fail_kind(in, token, "a value's name");
    struct nx_str text = pbj_clip(token->text);
    return pbj_fail(in, "\"%.*s\" is not a value of %s", (int)text.len, text.ptr, type->name);
}

nx_status pbj_read_string(struct pbj_in *in, const struct json_token *token, char **ret_text)
{
    if (!is_text(token))
        return pbj_fail_kind(in, token, "a string");
    /* Without escapes there is no NUL: the tokenizer refuses bare control characters. */
    if (token->decoded && memchr(token->text.ptr, '\0', token->text.len))
        return pbj_fail(in, "contains a NUL character");
    char *text = token->decoded ? (char *)token->text.ptr : nx_arena_strdup(in->arena, token->text);
    if (!text)
        return nx_fail_memory();
    *ret_text = text;
    return NX_STATUS_OK;
}

static nx_status read_bytes(struct pbj_in *in, const struct json_token *token,
                            ProtobufCBinaryData *ret_bytes)
{
    if (!is_text(token))
        return pbj_fail_kind(in, token, "a base64 string");
    ProtobufCBinaryData bytes = {0, nx_arena_alloc(in->arena, pbj_base64_room(token->text.len))};
    if (!bytes.data)
        return nx_fail_memory();
    if (!pbj_base64_decode(token->text, bytes.data, &bytes.len))
        return pbj_fail(in, "is not base64");
    *ret_bytes = bytes;
    return NX_STATUS_OK;
}

static nx_status read_integer(struct pbj_in *in, ProtobufCType type, const struct json_token *token,
                              void *slot)
{
    bool wide = pbj_size_of(type) == 8;
    int64_t value = 0;
    uint64_t magnitude = 0;
    switch (type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        NX_TRY(read_unsigned(in, token, wide, &magnitude));
        value = (int64_t)magnitude;
        break;
    default:
        NX_TRY(read_signed(in, token, wide, &value));
        break;
    }
    if (wide)
        *(int64_t *)slot = value;
    else
        *(int32_t *)slot = (int32_t)value;
    return NX_STATUS_OK;
}

nx_status pbj_read_scalar(struct pbj_in *in, const ProtobufCFieldDescriptor *field,
                          const struct json_token *token, void *slot)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_FLOAT:
        return read_float(in, token, slot);
    case PROTOBUF_C_TYPE_DOUBLE:
        return pbj_read_double(in, token, slot);
    case PROTOBUF_C_TYPE_BOOL:
        return read_bool(in, token, slot);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(in, field, token, slot);
    case PROTOBUF_C_TYPE_STRING:
        return pbj_read_string(in, token, slot);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(in, token, slot);
    default:
        return read_integer(in, field->type, token, slot);
    }
}
