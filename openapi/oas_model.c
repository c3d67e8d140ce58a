/* Built in two passes over the set: the first names every type, so that the second can resolve the
 * fields and methods that mention them. Comments are found by SourceCodeInfo's paths: the field
 * numbers and indexes that lead to an element from its file. */
#include "oas_model.h"

#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* descriptor.proto's field numbers, of which paths are made. */
enum {
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SERVICE = 6,
    MESSAGE_FIELD = 2,
    MESSAGE_NESTED = 3,
    MESSAGE_ENUM = 4,
    ENUM_VALUE = 2,
    SERVICE_METHOD = 2,
};

/* google.api.field_behavior's number in FieldOptions. */
#define FIELD_BEHAVIOR_TAG 1052
#define MAX_PATH 64

typedef Google__Protobuf__FileDescriptorProto file_proto;
typedef Google__Protobuf__DescriptorProto message_proto;
typedef Google__Protobuf__EnumDescriptorProto enum_proto;
typedef Google__Protobuf__FieldDescriptorProto field_proto;
typedef Google__Protobuf__ServiceDescriptorProto service_proto;
typedef Google__Protobuf__MethodDescriptorProto method_proto;

/* Where the walk is. */
struct walk {
    struct nx_arena *arena;
    struct oas_model *model;
    const file_proto *file;
    int32_t path[MAX_PATH];
    size_t path_len;
    bool resolving; /* the second pass */
    size_t next_type;
};

static void *allocate(void *arena, size_t size)
{
    return nx_arena_alloc(arena, size);
}

static void release(void *arena, void *memory)
{
    (void)arena;
    (void)memory;
}

static ProtobufCAllocator arena_allocator(struct nx_arena *arena)
{
    return (ProtobufCAllocator){allocate, release, arena};
}

static bool enter(struct walk *walk, int32_t number, size_t index)
{
    if (walk->path_len + 2 > MAX_PATH)
        return false;
    walk->path[walk->path_len++] = number;
    walk->path[walk->path_len++] = (int32_t)index;
    return true;
}

static void leave(struct walk *walk)
{
    walk->path_len -= 2;
}

/* A comment as protoc hands it over has the blank behind each "//" still in it. */
static const char *clean_comment(const char *raw, struct nx_arena *arena)
{
    char *text = nx_arena_strdup(arena, nx_str_from(raw));
    if (!text)
        return "";
    char *out = text;
    bool line_start = true;
    for (const char *c = text; *c; c++) {
        if (!(line_start && *c == ' '))
            *out++ = *c;
        line_start = *c == '\n';
    }
    while (out > text && (out[-1] == '\n' || out[-1] == ' '))
        out--;
    *out = '\0';
    return text;
}

/* The comment of the element at the walk's path; "" for none. */
static const char *comment_here(const struct walk *walk)
{
    const Google__Protobuf__SourceCodeInfo *info = walk->file->source_code_info;
    for (size_t i = 0; info && i < info->n_location; i++) {
        const Google__Protobuf__SourceCodeInfo__Location *location = info->location[i];
        if (location->leading_comments && location->n_path == walk->path_len &&
            memcmp(location->path, walk->path, walk->path_len * sizeof walk->path[0]) == 0)
            return clean_comment(location->leading_comments, walk->arena);
    }
    return "";
}

/* "a.b" and "C" to "a.b.C"; an empty scope adds nothing. */
static const char *join(struct nx_arena *arena, const char *scope, const char *name)
{
    return scope && *scope ? nx_arena_printf(arena, "%s.%s", scope, name)
                           : nx_arena_strdup(arena, nx_str_from(name));
}

/* protobuf's rule: an underscore goes, and capitalizes the letter behind it. */
static const char *make_json_name(const char *name, struct nx_arena *arena)
{
    char *text = nx_arena_strdup(arena, nx_str_from(name));
    if (!text)
        return NULL;
    char *out = text;
    bool upper = false;
    for (const char *c = text; *c; c++) {
        if (*c != '_') {
            *out++ = *c;
            if (upper)
                out[-1] = (char)toupper((unsigned char)*c);
        }
        upper = *c == '_';
    }
    *out = '\0';
    return text;
}

/* Behaviours are varints, one by one or packed behind a length; both are read as varints, of which
 * the packed form's first is its length. */
static unsigned read_behaviours(const Google__Protobuf__FieldOptions *options)
{
    unsigned found = 0;
    for (unsigned i = 0; options && i < options->base.n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *field = &options->base.unknown_fields[i];
        if (field->tag != FIELD_BEHAVIOR_TAG)
            continue;
        bool skip = field->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
        uint64_t value = 0;
        unsigned shift = 0;
        for (size_t at = 0; at < field->len && shift < 64; at++) {
            value |= (uint64_t)(field->data[at] & 0x7f) << shift;
            shift += 7;
            if (field->data[at] & 0x80)
                continue;
            if (!skip && value < 32)
                found |= 1U << (unsigned)value;
            skip = false;
            value = 0;
            shift = 0;
        }
    }
    return found;
}

static const struct oas_type *find_type(const struct oas_model *model, const char *name)
{
    if (!name)
        return NULL;
    if (*name == '.')
        name++;
    for (size_t i = 0; i < model->type_count; i++) {
        if (strcmp(model->types[i].full_name, name) == 0)
            return &model->types[i];
    }
    return NULL;
}

static nx_status build_field(struct walk *walk, const field_proto *proto,
                             struct oas_field *ret_field)
{
    *ret_field = (struct oas_field){
        .name = proto->name,
        .json_name = proto->json_name ? proto->json_name : make_json_name(proto->name, walk->arena),
        .comment = comment_here(walk),
        .kind = proto->type,
        .type = find_type(walk->model, proto->type_name),
        .behaviours = read_behaviours(proto->options),
        .repeated = proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED,
        .deprecated = proto->options && proto->options->deprecated,
    };
    if (!ret_field->json_name)
        return nx_fail_memory();
    if (proto->type_name && !ret_field->type)
        return nx_fail(walk->arena, NX_INVALID_ARGUMENT,
                       "descriptor set: no %s; was it made with --include_imports?",
                       proto->type_name);
    return NX_STATUS_OK;
}

static nx_status build_fields(struct walk *walk, const message_proto *proto, struct oas_type *type)
{
    type->fields = nx_arena_calloc(walk->arena, proto->n_field, sizeof *type->fields);
    if (!type->fields)
        return nx_fail_memory();
    for (size_t i = 0; i < proto->n_field; i++) {
        if (!enter(walk, MESSAGE_FIELD, i))
            return nx_fail_memory();
        NX_TRY(build_field(walk, proto->field[i], &type->fields[i]));
        leave(walk);
    }
    type->field_count = proto->n_field;
    return NX_STATUS_OK;
}

static nx_status build_values(struct walk *walk, const enum_proto *proto, struct oas_type *type)
{
    type->values = nx_arena_calloc(walk->arena, proto->n_value, sizeof *type->values);
    if (!type->values)
        return nx_fail_memory();
    for (size_t i = 0; i < proto->n_value; i++) {
        if (!enter(walk, ENUM_VALUE, i))
            return nx_fail_memory();
        type->values[i] = (struct oas_enum_value){proto->value[i]->name, comment_here(walk)};
        leave(walk);
    }
    type->value_count = proto->n_value;
    return NX_STATUS_OK;
}

static nx_status walk_enum(struct walk *walk, const enum_proto *proto, const char *scope)
{
    struct oas_type *type = &walk->model->types[walk->next_type++];
    if (walk->resolving)
        return build_values(walk, proto, type);
    *type = (struct oas_type){
        .full_name = join(walk->arena, scope, proto->name),
        .package = walk->file->package ? walk->file->package : "",
        .comment = comment_here(walk),
        .is_enum = true,
    };
    return type->full_name ? NX_STATUS_OK : nx_fail_memory();
}

static nx_status walk_nested(struct walk *walk, const message_proto *proto, const char *scope);

static nx_status walk_message(struct walk *walk, const message_proto *proto, const char *scope)
{
    struct oas_type *type = &walk->model->types[walk->next_type++];
    if (walk->resolving) {
        NX_TRY(build_fields(walk, proto, type));
    } else {
        *type = (struct oas_type){
            .full_name = join(walk->arena, scope, proto->name),
            .package = walk->file->package ? walk->file->package : "",
            .comment = comment_here(walk),
            .is_map_entry = proto->options && proto->options->map_entry,
        };
        if (!type->full_name)
            return nx_fail_memory();
    }
    return walk_nested(walk, proto, type->full_name);
}

static nx_status walk_nested(struct walk *walk, const message_proto *proto, const char *scope)
{
    for (size_t i = 0; i < proto->n_nested_type; i++) {
        if (!enter(walk, MESSAGE_NESTED, i))
            return nx_fail_memory();
        NX_TRY(walk_message(walk, proto->nested_type[i], scope));
        leave(walk);
    }
    for (size_t i = 0; i < proto->n_enum_type; i++) {
        if (!enter(walk, MESSAGE_ENUM, i))
            return nx_fail_memory();
        NX_TRY(walk_enum(walk, proto->enum_type[i], scope));
        leave(walk);
    }
    return NX_STATUS_OK;
}

static nx_status build_method(struct walk *walk, const service_proto *service,
                              const char *service_comment, const method_proto *proto)
{
    const char *service_name = join(walk->arena, walk->file->package, service->name);
    struct oas_method method = {
        .full_name = service_name ? join(walk->arena, service_name, proto->name) : NULL,
        .name = proto->name,
        .service = service->name,
        .service_comment = service_comment,
        .comment = comment_here(walk),
        .input = find_type(walk->model, proto->input_type),
        .output = find_type(walk->model, proto->output_type),
        .deprecated = proto->options && proto->options->deprecated,
        .requests_stream = proto->client_streaming,
        .responses_stream = proto->server_streaming,
    };
    if (!method.full_name)
        return nx_fail_memory();
    if (!method.input || !method.output)
        return nx_fail(walk->arena, NX_INVALID_ARGUMENT,
                       "descriptor set: a type of %s is not in it", method.full_name);
    walk->model->methods[walk->model->method_count++] = method;
    return NX_STATUS_OK;
}

static nx_status walk_service(struct walk *walk, const service_proto *service)
{
    const char *comment = comment_here(walk);
    for (size_t i = 0; i < service->n_method; i++) {
        if (!enter(walk, SERVICE_METHOD, i))
            return nx_fail_memory();
        NX_TRY(build_method(walk, service, comment, service->method[i]));
        leave(walk);
    }
    return NX_STATUS_OK;
}

static nx_status walk_file(struct walk *walk)
{
    const file_proto *file = walk->file;
    for (size_t i = 0; i < file->n_message_type; i++) {
        (void)enter(walk, FILE_MESSAGE, i); /* the outermost level always has room */
        NX_TRY(walk_message(walk, file->message_type[i], file->package));
        leave(walk);
    }
    for (size_t i = 0; i < file->n_enum_type; i++) {
        (void)enter(walk, FILE_ENUM, i);
        NX_TRY(walk_enum(walk, file->enum_type[i], file->package));
        leave(walk);
    }
    for (size_t i = 0; walk->resolving && i < file->n_service; i++) {
        (void)enter(walk, FILE_SERVICE, i);
        NX_TRY(walk_service(walk, file->service[i]));
        leave(walk);
    }
    return NX_STATUS_OK;
}

static size_t count_types(const message_proto *proto)
{
    size_t count = 1 + proto->n_enum_type;
    for (size_t i = 0; i < proto->n_nested_type; i++)
        count += count_types(proto->nested_type[i]);
    return count;
}

/* The greatest numbers of types and methods there can be. */
static void count_elements(const Google__Protobuf__FileDescriptorSet *set, size_t *ret_types,
                           size_t *ret_methods)
{
    *ret_types = 0;
    *ret_methods = 0;
    for (size_t i = 0; i < set->n_file; i++) {
        const file_proto *file = set->file[i];
        *ret_types += file->n_enum_type;
        for (size_t j = 0; j < file->n_message_type; j++)
            *ret_types += count_types(file->message_type[j]);
        for (size_t j = 0; j < file->n_service; j++)
            *ret_methods += file->service[j]->n_method;
    }
}

nx_status oas_model_build(struct nx_str serialized, struct nx_arena *arena,
                          struct oas_model *ret_model)
{
    ProtobufCAllocator allocator = arena_allocator(arena);
    const Google__Protobuf__FileDescriptorSet *set = google__protobuf__file_descriptor_set__unpack(
        &allocator, serialized.len, (const uint8_t *)serialized.ptr);
    if (!set)
        return nx_fail(arena, NX_INVALID_ARGUMENT, "not a FileDescriptorSet");
    size_t method_count;
    struct oas_model model = {0};
    count_elements(set, &model.type_count, &method_count);
    model.types = nx_arena_calloc(arena, model.type_count, sizeof *model.types);
    model.methods = nx_arena_calloc(arena, method_count, sizeof *model.methods);
    if (!model.types || !model.methods)
        return nx_fail_memory();
    for (int pass = 0; pass < 2; pass++) {
        struct walk walk = {.arena = arena, .model = &model, .resolving = pass == 1};
        for (size_t i = 0; i < set->n_file; i++) {
            walk.file = set->file[i];
            NX_TRY(walk_file(&walk));
        }
        assert(walk.next_type == model.type_count);
    }
    *ret_model = model;
    return NX_STATUS_OK;
}

const struct oas_method *oas_model_method(const struct oas_model *model, const char *full_name)
{
    for (size_t i = 0; i < model->method_count; i++) {
        if (strcmp(model->methods[i].full_name, full_name) == 0)
            return &model->methods[i];
    }
    return NULL;
}

const struct oas_field *oas_type_field(const struct oas_type *type, struct nx_str name)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (nx_str_equal(nx_str_from(type->fields[i].name), name))
            return &type->fields[i];
    }
    return NULL;
}

bool oas_field_is_message(const struct oas_field *field)
{
    return field->type && !field->type->is_enum;
}

bool oas_field_is_map(const struct oas_field *field)
{
    return field->repeated && oas_field_is_message(field) && field->type->is_map_entry;
}
