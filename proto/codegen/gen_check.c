/* What generated code cannot express, and where it stands in the .proto file. */
#include "gen_file.h"
#include "gen_name.h"

#include <string.h>

/* Field numbers of descriptor.proto that make up the path of a location. */
enum {
    FILE_MESSAGE = 4,
    FILE_SERVICE = 6,
    MESSAGE_FIELD = 2,
    MESSAGE_NESTED = 3,
    SERVICE_METHOD = 2
};

#define MAX_PATH 64

/* Where in a file something is: the path of SourceCodeInfo.Location. */
struct place {
    int32_t path[MAX_PATH];
    size_t depth;
};

static struct place place_below(struct place place, int32_t field, size_t index)
{
    if (place.depth + 2 <= MAX_PATH) {
        place.path[place.depth++] = field;
        place.path[place.depth++] = (int32_t)index;
    }
    return place;
}

static int line_of(const Google__Protobuf__FileDescriptorProto *file, const struct place *place)
{
    size_t count = file->source_code_info ? file->source_code_info->n_location : 0;
    for (size_t i = 0; i < count; i++) {
        const Google__Protobuf__SourceCodeInfo__Location *at = file->source_code_info->location[i];
        if (at->n_path == place->depth && at->n_span > 0 &&
            memcmp(at->path, place->path, place->depth * sizeof *at->path) == 0)
            return at->span[0] + 1;
    }
    return 1;
}

static nx_status check_fields(const Google__Protobuf__FileDescriptorProto *file,
                              const Google__Protobuf__DescriptorProto *message, struct place place,
                              struct nx_arena *arena)
{
    for (size_t i = 0; i < message->n_field; i++) {
        const Google__Protobuf__FieldDescriptorProto *field = message->field[i];
        if (!field->proto3_optional)
            continue;
        struct place at = place_below(place, MESSAGE_FIELD, i);
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "%s:%d: field %s.%s is optional, which protobuf-c cannot express; use a "
                       "wrapper message (google/protobuf/wrappers.proto) or a oneof",
                       file->name, line_of(file, &at), message->name, field->name);
    }
    for (size_t i = 0; i < message->n_nested_type; i++)
        NX_TRY(check_fields(file, message->nested_type[i], place_below(place, MESSAGE_NESTED, i),
                            arena));
    return NX_STATUS_OK;
}

static nx_status check_method(const Google__Protobuf__FileDescriptorProto *file, size_t service,
                              size_t method, struct nx_arena *arena)
{
    const Google__Protobuf__ServiceDescriptorProto *of = file->service[service];
    const Google__Protobuf__MethodDescriptorProto *it = of->method[method];
    struct place at = place_below(place_below((struct place){.depth = 0}, FILE_SERVICE, service),
                                  SERVICE_METHOD, method);
    char *name = gen_name_member(arena, it->name);
    for (size_t i = 0; i < method; i++) {
        char *other = gen_name_member(arena, of->method[i]->name);
        if (!name || !other)
            return nx_fail_memory();
        if (strcmp(name, other) == 0)
            return nx_fail(arena, NX_INVALID_ARGUMENT,
                           "%s:%d: methods %s and %s of %s would both be %s in C; rename one",
                           file->name, line_of(file, &at), of->method[i]->name, it->name, of->name,
                           name);
    }
    return NX_STATUS_OK;
}

nx_status gen_file_check(const Google__Protobuf__FileDescriptorProto *file, struct nx_arena *arena)
{
    for (size_t i = 0; i < file->n_message_type; i++)
        NX_TRY(check_fields(file, file->message_type[i],
                            place_below((struct place){.depth = 0}, FILE_MESSAGE, i), arena));
    for (size_t i = 0; i < file->n_service; i++) {
        for (size_t j = 0; j < file->service[i]->n_method; j++)
            NX_TRY(check_method(file, i, j, arena));
    }
    return NX_STATUS_OK;
}
