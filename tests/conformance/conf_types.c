#include "conf_types.h"

#include <google/protobuf/any.pb-c.h>
#include <google/protobuf/duration.pb-c.h>
#include <google/protobuf/empty.pb-c.h>
#include <google/protobuf/field_mask.pb-c.h>
#include <google/protobuf/struct.pb-c.h>
#include <google/protobuf/test_messages_proto3.pb-c.h>
#include <google/protobuf/timestamp.pb-c.h>
#include <google/protobuf/wrappers.pb-c.h>

const ProtobufCMessageDescriptor *conf_types_find(void *context, struct nx_str full_name)
{
    static const ProtobufCMessageDescriptor *const types[] = {
        &protobuf_test_messages__proto3__test_all_types_proto3__descriptor,
        &protobuf_test_messages__proto3__foreign_message__descriptor,
        &google__protobuf__any__descriptor,
        &google__protobuf__bool_value__descriptor,
        &google__protobuf__bytes_value__descriptor,
        &google__protobuf__double_value__descriptor,
        &google__protobuf__duration__descriptor,
        &google__protobuf__empty__descriptor,
        &google__protobuf__field_mask__descriptor,
        &google__protobuf__float_value__descriptor,
        &google__protobuf__int32_value__descriptor,
        &google__protobuf__int64_value__descriptor,
        &google__protobuf__list_value__descriptor,
        &google__protobuf__string_value__descriptor,
        &google__protobuf__struct__descriptor,
        &google__protobuf__timestamp__descriptor,
        &google__protobuf__uint32_value__descriptor,
        &google__protobuf__uint64_value__descriptor,
        &google__protobuf__value__descriptor,
    };
    (void)context;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (nx_str_equal(full_name, nx_str_from(types[i]->name)))
            return types[i];
    return NULL;
}
