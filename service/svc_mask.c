#include "svc_mask.h"

#include <string.h>

static nx_status read_path(const struct svc_resource *resource, const char *path,
                           struct nx_arena *arena, svc_field_set *fields)
{
    if (strcmp(path, "*") == 0) {
        *fields |= svc_resource_writable(resource);
        return NX_STATUS_OK;
    }
    struct nx_str name = {path, strcspn(path, ".")};
    int index = svc_resource_find(resource, name);
    if (index < 0 && !protobuf_c_message_descriptor_get_field_by_name(resource->type, path))
        return nx_fail_field(arena, "update_mask", "\"%s\" is not a field of a %s", path,
                             resource->singular);
    if (index < 0 || !resource->fields[index].column)
        return nx_fail_field(arena, "update_mask", "\"%s\" cannot be written", path);
    if (path[name.len] == '.')
        return nx_fail_field(arena, "update_mask",
                             "\"%s\" is part of a field; name all of \"%.*s\"", path, (int)name.len,
                             path);
    *fields |= (svc_field_set)1 << index;
    return NX_STATUS_OK;
}

nx_status svc_mask_read(const struct svc_resource *resource,
                        const Google__Protobuf__FieldMask *mask, const ProtobufCMessage *message,
                        struct nx_arena *arena, svc_field_set *ret_fields)
{
    svc_field_set fields = 0;
    size_t count = mask ? mask->n_paths : 0;
    for (size_t i = 0; i < count; i++)
        NX_TRY(read_path(resource, mask->paths[i], arena, &fields));
    *ret_fields = count > 0 ? fields : svc_resource_present(resource, message);
    return NX_STATUS_OK;
}
