#include "svc_resource.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void svc_resource_init(struct svc_resource *resource)
{
    assert(resource->field_count <= SVC_MAX_FIELDS);
    for (unsigned i = 0; i < resource->field_count; i++) {
        struct svc_field *field = &resource->fields[i];
        field->descriptor =
            protobuf_c_message_descriptor_get_field_by_name(resource->type, field->name);
        if (!field->descriptor)
            abort();
    }
}

int svc_resource_find(const struct svc_resource *resource, struct nx_str name)
{
    for (unsigned i = 0; i < resource->field_count; i++) {
        if (nx_str_equal(nx_str_from(resource->fields[i].name), name))
            return (int)i;
    }
    return -1;
}

svc_field_set svc_resource_writable(const struct svc_resource *resource)
{
    svc_field_set set = 0;
    for (unsigned i = 0; i < resource->field_count; i++) {
        if (resource->fields[i].column)
            set |= (svc_field_set)1 << i;
    }
    return set;
}

static bool is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const void *value = svc_value_at(message, field);
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return *svc_count_at(message, field) > 0;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return **(char *const *)value != '\0';
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(void *const *)value != NULL;
    case PROTOBUF_C_TYPE_INT64:
        return *(const int64_t *)value != 0;
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)value;
    default:
        return *(const int32_t *)value != 0;
    }
}

svc_field_set svc_resource_present(const struct svc_resource *resource,
                                   const ProtobufCMessage *message)
{
    svc_field_set set = 0;
    for (unsigned i = 0; i < resource->field_count; i++) {
        const struct svc_field *field = &resource->fields[i];
        if (field->column && is_present(message, field->descriptor))
            set |= (svc_field_set)1 << i;
    }
    return set;
}

int64_t svc_etag_parse(const char *etag)
{
    if (*etag == '\0')
        return 0;
    if (*etag != '"')
        return -1;
    uint64_t revision = 0;
    const char *at = etag + 1;
    for (; *at && strchr("0123456789abcdef", *at); at++) {
        if (revision >> 59)
            return -1;
        revision = revision << 4 | (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
    }
    return at[0] == '"' && at[1] == '\0' && revision > 0 ? (int64_t)revision : -1;
}
