#include <google/protobuf/duration.pb-c.h>
#include <google/protobuf/field_mask.pb-c.h>
#include <google/protobuf/struct.pb-c.h>
#include <google/protobuf/timestamp.pb-c.h>
#include <math.h>

#include "json_write.h"
#include "pbj_internal.h"

typedef nx_status (*write_wellknown)(struct pbj_out *out, const ProtobufCMessage *message);

static nx_status write_timestamp(struct pbj_out *out, const ProtobufCMessage *message)
{
    const Google__Protobuf__Timestamp *time = (const Google__Protobuf__Timestamp *)message;
    if (!pbj_write_timestamp(out->buf, time->seconds, time->nanos))
        return pbj_fail_write(out, "a Timestamp is out of range");
    return NX_STATUS_OK;
}

static nx_status write_duration(struct pbj_out *out, const ProtobufCMessage *message)
{
    const Google__Protobuf__Duration *duration = (const Google__Protobuf__Duration *)message;
    if (!pbj_write_duration(out->buf, duration->seconds, duration->nanos))
        return pbj_fail_write(out, "a Duration is out of range");
    return NX_STATUS_OK;
}

static nx_status write_field_mask(struct pbj_out *out, const ProtobufCMessage *message)
{
    const Google__Protobuf__FieldMask *mask = (const Google__Protobuf__FieldMask *)message;
    nx_buf_append_char(out->buf, '"');
    for (size_t i = 0; i < mask->n_paths; i++) {
        if (i > 0)
            nx_buf_append_char(out->buf, ',');
        if (!pbj_mask_path_write(out->buf, nx_str_from(mask->paths[i])))
            return pbj_fail_write(out, "a FieldMask's path has no lowerCamelCase form");
    }
    nx_buf_append_char(out->buf, '"');
    return NX_STATUS_OK;
}

static nx_status write_wrapper(struct pbj_out *out, const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *value = &message->descriptor->fields[0];
    return pbj_write_value(out, value, pbj_member_const(message, value->offset));
}

static nx_status write_struct(struct pbj_out *out, const ProtobufCMessage *message)
{
    const Google__Protobuf__Struct *object = (const Google__Protobuf__Struct *)message;
    return pbj_write_map(out, &message->descriptor->fields[0],
                         (const ProtobufCMessage *const *)object->fields, object->n_fields);
}

static nx_status write_list(struct pbj_out *out, const ProtobufCMessage *message)
{
    const Google__Protobuf__ListValue *list = (const Google__Protobuf__ListValue *)message;
    return pbj_write_list(out, &message->descriptor->fields[0], list->values, list->n_values);
}

static nx_status write_value(struct pbj_out *out, const ProtobufCMessage *message)
{
    const Google__Protobuf__Value *value = (const Google__Protobuf__Value *)message;
    if (value->kind_case == GOOGLE__PROTOBUF__VALUE__KIND__NOT_SET)
        return pbj_fail_write(out, "a Value has no kind");
    if (value->kind_case == GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE &&
        !isfinite(value->number_value))
        return pbj_fail_write(out, "a Value is not a finite number");
    const ProtobufCFieldDescriptor *kind =
        protobuf_c_message_descriptor_get_field(message->descriptor, value->kind_case);
    if (!kind)
        return pbj_fail_write(out, "a Value is of no known kind");
    return pbj_write_value(out, kind, pbj_member_const(message, kind->offset));
}

nx_status pbj_write_wellknown(struct pbj_out *out, enum pbj_wellknown kind,
                              const ProtobufCMessage *message)
{
    static const write_wellknown writers[PBJ_WELLKNOWN_COUNT] = {
        [PBJ_ANY] = pbj_write_any,           [PBJ_DURATION] = write_duration,
        [PBJ_FIELD_MASK] = write_field_mask, [PBJ_LIST] = write_list,
        [PBJ_STRUCT] = write_struct,         [PBJ_TIMESTAMP] = write_timestamp,
        [PBJ_VALUE] = write_value,           [PBJ_WRAPPER] = write_wrapper,
    };
    return writers[kind](out, message);
}
