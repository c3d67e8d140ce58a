/* In passes over the set: count the types, name them, fill them in; then the services. */
#include "dyn_internal.h"

#include "google/protobuf/any.pb-c.h"
#include "google/protobuf/duration.pb-c.h"
#include "google/protobuf/empty.pb-c.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/struct.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "google/protobuf/wrappers.pb-c.h"
#include "wire_pb.h"

#include <stdlib.h>
#include <string.h>

typedef Google__Protobuf__FileDescriptorProto file_proto;
typedef Google__Protobuf__DescriptorProto message_proto;
typedef Google__Protobuf__EnumDescriptorProto enum_proto;
typedef Google__Protobuf__ServiceDescriptorProto service_proto;
typedef Google__Protobuf__MethodDescriptorProto method_proto;

static const struct wire_pb_limits limits = {.max_depth = 64, .max_fields = 10000000};

static const ProtobufCMessageDescriptor *const linked_messages[] = {
    &google__protobuf__any__descriptor,          &google__protobuf__bool_value__descriptor,
    &google__protobuf__bytes_value__descriptor,  &google__protobuf__double_value__descriptor,
    &google__protobuf__duration__descriptor,     &google__protobuf__empty__descriptor,
    &google__protobuf__field_mask__descriptor,   &google__protobuf__float_value__descriptor,
    &google__protobuf__int32_value__descriptor,  &google__protobuf__int64_value__descriptor,
    &google__protobuf__list_value__descriptor,   &google__protobuf__string_value__descriptor,
    &google__protobuf__struct__descriptor,       &google__protobuf__timestamp__descriptor,
    &google__protobuf__uint32_value__descriptor, &google__protobuf__uint64_value__descriptor,
    &google__protobuf__value__descriptor,
};

/* A set while it is made. */
struct making {
    struct dyn_set *set;
    struct nx_arena *arena;
    const char *package; /* of the file at hand */
    bool is_proto3;
};

nx_status dyn_fail(struct nx_arena *arena, const char *scope, const char *name, const char *message)
{
    return nx_fail(arena, NX_INVALID_ARGUMENT, "%s%s%s: %s", scope, name ? "." : "",
                   name ? name : "", message);
}

bool dyn_is_identifier(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return name && *name && !(*name >= '0' && *name <= '9') &&
           strspn(name, letters) == strlen(name);
}

/* Identifiers with dots between them, or nothing. */
static bool is_package(const char *name)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.";
    size_t len = strlen(name);
    return strspn(name, known) == len && !strstr(name, "..") && *name != '.' &&
           (len == 0 || name[len - 1] != '.');
}

/* --- Names --- */

static size_t count_in_message(const message_proto *message)
{
    size_t count = 1 + message->n_enum_type;
    for (size_t i = 0; i < message->n_nested_type; i++)
        count += count_in_message(message->nested_type[i]);
    return count;
}

static size_t count_types(const Google__Protobuf__FileDescriptorSet *files)
{
    size_t count = 0;
    for (size_t i = 0; i < files->n_file; i++) {
        count += files->file[i]->n_enum_type;
        for (size_t j = 0; j < files->file[i]->n_message_type; j++)
            count += count_in_message(files->file[i]->message_type[j]);
    }
    return count;
}

static nx_status full_name(const struct making *making, const char *scope, const char *name,
                           const char **ret_name)
{
    if (!dyn_is_identifier(name))
        return dyn_fail(making->arena, *scope ? scope : "the set", NULL,
                        "something in it has no name that is one");
    *ret_name = nx_arena_printf(making->arena, "%s%s%s", scope, *scope ? "." : "", name);
    return *ret_name ? NX_STATUS_OK : nx_fail_memory();
}

/* A new type of the set; what it has no room for was not counted. */
static struct dyn_type *add_type(const struct making *making, const char *name)
{
    struct dyn_type *type = &making->set->types[making->set->type_count++];
    *type = (struct dyn_type){
        .full_name = name, .package = making->package, .is_proto3 = making->is_proto3};
    return type;
}

static nx_status name_enum(const struct making *making, const char *scope, const enum_proto *proto)
{
    const char *name = "";
    NX_TRY(full_name(making, scope, proto->name, &name));
    struct dyn_type *type = add_type(making, name);
    if (strcmp(name, google__protobuf__null_value__descriptor.name) == 0) {
        type->enumeration = (ProtobufCEnumDescriptor *)&google__protobuf__null_value__descriptor;
        return NX_STATUS_OK;
    }
    type->enum_proto = proto;
    type->enumeration = nx_arena_calloc(making->arena, 1, sizeof *type->enumeration);
    return type->enumeration ? NX_STATUS_OK : nx_fail_memory();
}

static const ProtobufCMessageDescriptor *find_linked(const char *name)
{
    for (size_t i = 0; i < sizeof linked_messages / sizeof *linked_messages; i++) {
        if (strcmp(linked_messages[i]->name, name) == 0)
            return linked_messages[i];
    }
    return NULL;
}

/* Recurses as deep as the decoder let messages be nested. */
static nx_status name_message(const struct making *making, const char *scope,
                              const message_proto *proto)
{
    const char *name = "";
    NX_TRY(full_name(making, scope, proto->name, &name));
    struct dyn_type *type = add_type(making, name);
    type->message = (ProtobufCMessageDescriptor *)find_linked(name);
    if (!type->message) {
        type->message_proto = proto;
        type->message = nx_arena_calloc(making->arena, 1, sizeof *type->message);
    }
    if (!type->message)
        return nx_fail_memory();
    for (size_t i = 0; i < proto->n_enum_type; i++)
        NX_TRY(name_enum(making, name, proto->enum_type[i]));
    for (size_t i = 0; i < proto->n_nested_type; i++)
        NX_TRY(name_message(making, name, proto->nested_type[i]));
    return NX_STATUS_OK;
}

static nx_status enter_file(struct making *making, const file_proto *file)
{
    const char *syntax = file->syntax ? file->syntax : "";
    making->package = file->package ? file->package : "";
    making->is_proto3 = strcmp(syntax, "proto3") == 0;
    const char *name = file->name ? file->name : "a file";
    if (!making->is_proto3 && *syntax && strcmp(syntax, "proto2") != 0)
        return dyn_fail(making->arena, name, NULL, "its syntax is neither proto2 nor proto3");
    if (!is_package(making->package))
        return dyn_fail(making->arena, name, NULL, "its package has no name that is one");
    return NX_STATUS_OK;
}

static nx_status name_types(struct making *making, const file_proto *file)
{
    NX_TRY(enter_file(making, file));
    for (size_t i = 0; i < file->n_enum_type; i++)
        NX_TRY(name_enum(making, making->package, file->enum_type[i]));
    for (size_t i = 0; i < file->n_message_type; i++)
        NX_TRY(name_message(making, making->package, file->message_type[i]));
    return NX_STATUS_OK;
}

static int compare_types(const void *a, const void *b)
{
    const struct dyn_type *left = a;
    const struct dyn_type *right = b;
    return strcmp(left->full_name, right->full_name);
}

static nx_status sort_types(const struct making *making)
{
    struct dyn_set *set = making->set;
    if (set->type_count > 0)
        qsort(set->types, set->type_count, sizeof *set->types, compare_types);
    for (size_t i = 1; i < set->type_count; i++) {
        if (compare_types(&set->types[i - 1], &set->types[i]) == 0)
            return dyn_fail(making->arena, set->types[i].full_name, NULL,
                            "there are two of this name");
    }
    return NX_STATUS_OK;
}

static const struct dyn_type *find_type(const struct dyn_set *set, const char *name)
{
    const struct dyn_type key = {.full_name = name};
    return set->type_count > 0
               ? bsearch(&key, set->types, set->type_count, sizeof *set->types, compare_types)
               : NULL;
}

const struct dyn_type *dyn_find(const struct dyn_set *set, const char *reference)
{
    return reference && *reference == '.' ? find_type(set, reference + 1) : NULL;
}

const ProtobufCMessageDescriptor *dyn_set_message(const struct dyn_set *set,
                                                  struct nx_str full_name)
{
    size_t low = 0;
    size_t high = set->type_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct nx_str name = nx_str_from(set->types[middle].full_name);
        size_t len = name.len < full_name.len ? name.len : full_name.len;
        int order = len > 0 ? memcmp(name.ptr, full_name.ptr, len) : 0;
        if (order == 0 && name.len == full_name.len)
            return set->types[middle].message;
        if (order < 0 || (order == 0 && name.len < full_name.len))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* --- Services --- */

static nx_status make_method(const struct making *making, const char *service,
                             const method_proto *proto, struct wire_method *method)
{
    const struct dyn_type *request = dyn_find(making->set, proto->input_type);
    const struct dyn_type *response = dyn_find(making->set, proto->output_type);
    if (!dyn_is_identifier(proto->name))
        return dyn_fail(making->arena, service, NULL, "a method has no name that is one");
    if (!request || !request->message || !response || !response->message)
        return dyn_fail(making->arena, service, proto->name, "its messages are not in the set");
    *method = (struct wire_method){
        .name = proto->name,
        .path = nx_arena_printf(making->arena, "/%s/%s", service, proto->name),
        .kind = proto->client_streaming
                    ? (proto->server_streaming ? WIRE_BIDI_STREAM : WIRE_CLIENT_STREAM)
                    : (proto->server_streaming ? WIRE_SERVER_STREAM : WIRE_UNARY),
        .request = request->message,
        .response = response->message,
    };
    return method->path ? NX_STATUS_OK : nx_fail_memory();
}

static nx_status make_service(const struct making *making, const service_proto *proto)
{
    const char *name = "";
    NX_TRY(full_name(making, making->package, proto->name, &name));
    struct wire_service *service = nx_arena_calloc(making->arena, 1, sizeof *service);
    struct wire_method *methods = nx_arena_calloc(making->arena, proto->n_method, sizeof *methods);
    if (!service || !methods)
        return nx_fail_memory();
    for (size_t i = 0; i < proto->n_method; i++)
        NX_TRY(make_method(making, name, proto->method[i], &methods[i]));
    *service = (struct wire_service){name, methods, proto->n_method};
    making->set->services[making->set->service_count++] = service;
    return NX_STATUS_OK;
}

static nx_status make_services(struct making *making,
                               const Google__Protobuf__FileDescriptorSet *files)
{
    size_t count = 0;
    for (size_t i = 0; i < files->n_file; i++)
        count += files->file[i]->n_service;
    making->set->services = nx_arena_calloc(making->arena, count, sizeof *making->set->services);
    if (!making->set->services)
        return nx_fail_memory();
    for (size_t i = 0; i < files->n_file; i++) {
        NX_TRY(enter_file(making, files->file[i]));
        for (size_t j = 0; j < files->file[i]->n_service; j++)
            NX_TRY(make_service(making, files->file[i]->service[j]));
    }
    return NX_STATUS_OK;
}

nx_status dyn_set_build(struct nx_str serialized, struct nx_arena *arena, struct dyn_set *ret_set)
{
    struct dyn_set set = {.service_count = 0};
    struct making making = {.set = &set, .arena = arena};
    ProtobufCMessage *message = NULL;
    NX_TRY(wire_pb_unpack(&google__protobuf__file_descriptor_set__descriptor, serialized, &limits,
                          arena, &message));
    const Google__Protobuf__FileDescriptorSet *files =
        (const Google__Protobuf__FileDescriptorSet *)message;
    set.types = nx_arena_calloc(arena, count_types(files), sizeof *set.types);
    if (!set.types)
        return nx_fail_memory();
    for (size_t i = 0; i < files->n_file; i++)
        NX_TRY(name_types(&making, files->file[i]));
    NX_TRY(sort_types(&making));
    for (size_t i = 0; i < set.type_count; i++) {
        if (set.types[i].enum_proto)
            NX_TRY(dyn_enum_fill(&set.types[i], arena));
        if (set.types[i].message_proto)
            NX_TRY(dyn_message_fill(&set, &set.types[i], arena));
    }
    NX_TRY(make_services(&making, files));
    *ret_set = set;
    return NX_STATUS_OK;
}
