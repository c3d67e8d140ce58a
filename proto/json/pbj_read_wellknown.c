#include <google/protobuf/duration.pb-c.h>
#include <google/protobuf/field_mask.pb-c.h>
#include <google/protobuf/struct.pb-c.h>
#include <google/protobuf/timestamp.pb-c.h>

#include "pbj_internal.h"

typedef nx_status (*read_wellknown)(struct pbj_in *in, const struct json_token *token,
                                    ProtobufCMessage *message);

static bool is_text(const struct json_token *token)
{
    return token->kind == JSON_STRING || token->kind == JSON_KEY;
}

static nx_status read_timestamp(struct pbj_in *in, const struct json_token *token,
                                ProtobufCMessage *message)
{
    Google__Protobuf__Timestamp *time = (Google__Protobuf__Timestamp *)message;
    if (!is_text(token))
        return pbj_fail_kind(in, token, "a string");
    const char *problem = pbj_parse_timestamp(token->text, &time->seconds, &time->nanos);
    return problem ? pbj_fail(in, "%s", problem) : NX_STATUS_OK;
}

static nx_status read_duration(struct pbj_in *in, const struct json_token *token,
                               ProtobufCMessage *message)
{
    Google__Protobuf__Duration *duration = (Google__Protobuf__Duration *)message;
    if (!is_text(token))
        return pbj_fail_kind(in, token, "a string");
    const char *problem = pbj_parse_duration(token->text, &duration->seconds, &duration->nanos);
    return problem ? pbj_fail(in, "%s", problem) : NX_STATUS_OK;
}

static nx_status read_mask_path(struct pbj_in *in, struct nx_str path, char **ret_path)
{
    char *text = nx_arena_calloc(in->arena, path.len + 1, 2);
    if (!text)
        return nx_fail_memory();
    if (pbj_mask_path_to_proto(path, text) == 0) {
        struct nx_str shown = pbj_clip(path);
        return pbj_fail(in, "\"%.*s\" is not a field's path in lowerCamelCase", (int)shown.len,
                        shown.ptr);
    }
    *ret_path = text;
    return NX_STATUS_OK;
}

static nx_status read_field_mask(struct pbj_in *in, const struct json_token *token,
                                 ProtobufCMessage *message)
{
    if (!is_text(token))
        return pbj_fail_kind(in, token, "a string of paths with commas between");
    Google__Protobuf__FieldMask *mask = (Google__Protobuf__FieldMask *)message;
    const ProtobufCFieldDescriptor *field = &google__protobuf__field_mask__descriptor.fields[0];
    struct nx_str rest = token->text;
    while (rest.len > 0) {
        struct nx_str path = pbj_mask_next_path(rest);
        void *slot = pbj_append(in->arena, message, field);
        if (!slot)
            return nx_fail_memory();
        NX_TRY(read_mask_path(in, path, slot));
        mask->n_paths++;
        if (path.len == rest.len)
            break;
        rest = (struct nx_str){rest.ptr + path.len + 1, rest.len - path.len - 1};
        if (rest.len == 0)
            return pbj_fail(in, "ends with a comma");
    }
    return NX_STATUS_OK;
}

static nx_status read_wrapper(struct pbj_in *in, const struct json_token *token,
                              ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *value = &message->descriptor->fields[0];
    return pbj_read_scalar(in, value, token, pbj_member(message, value->offset));
}

static nx_status read_struct(struct pbj_in *in, const struct json_token *token,
                             ProtobufCMessage *message)
{
    return pbj_read_map(in, message, &message->descriptor->fields[0], token);
}

static nx_status read_list(struct pbj_in *in, const struct json_token *token,
                           ProtobufCMessage *message)
{
    return pbj_read_list(in, message, &message->descriptor->fields[0], token);
}

static nx_status read_value(struct pbj_in *in, const struct json_token *token,
                            ProtobufCMessage *message)
{
    Google__Protobuf__Value *value = (Google__Protobuf__Value *)message;
    ProtobufCMessage *inner = NULL;
    switch (token->kind) {
    case JSON_NULL:
        value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NULL_VALUE;
        return NX_STATUS_OK;
    case JSON_TRUE:
    case JSON_FALSE:
        value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_BOOL_VALUE;
        value->bool_value = token->kind == JSON_TRUE;
        return NX_STATUS_OK;
    case JSON_NUMBER:
        value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE;
        return pbj_read_double(in, token, &value->number_value);
    case JSON_OBJECT_BEGIN:
        NX_TRY(pbj_read_message(in, &google__protobuf__struct__descriptor, token, &inner));
        value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE;
        value->struct_value = (Google__Protobuf__Struct *)inner;
        return NX_STATUS_OK;
    case JSON_ARRAY_BEGIN:
        NX_TRY(pbj_read_message(in, &google__protobuf__list_value__descriptor, token, &inner));
        value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE;
        value->list_value = (Google__Protobuf__ListValue *)inner;
        return NX_STATUS_OK;
    default:
        value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE;
        return pbj_read_string(in, token, &value->string_value);
    }
}

nx_status pbj_read_wellknown(struct pbj_in *in, enum pbj_wellknown kind,
                             const struct json_token *token, ProtobufCMessage *message)
{
    static const read_wellknown readers[PBJ_WELLKNOWN_COUNT] = {
        [PBJ_ANY] = pbj_read_any,           [PBJ_DURATION] = read_duration,
        [PBJ_FIELD_MASK] = read_field_mask, [PBJ_LIST] = read_list,
        [PBJ_STRUCT] = read_struct,         [PBJ_TIMESTAMP] = read_timestamp,
        [PBJ_VALUE] = read_value,           [PBJ_WRAPPER] = read_wrapper,
    };
    return readers[kind](in, token, message);
}
