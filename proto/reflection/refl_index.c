#include "refl_index.h"

#include "wire_pb.h"

#include "google/protobuf/descriptor.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PARSED_BYTES ((size_t)1 << 30)

static const struct wire_pb_limits limits = {.max_depth = 100, .max_fields = 100000000};

/* A file while the index is made. */
struct source {
    const Google__Protobuf__FileDescriptorProto *proto;
    ProtobufCBinaryData bytes;
};

/* One walk through all files. The first only counts; then the tables are made, and the second fills
 * them. */
struct walk {
    struct nx_arena *arena;
    struct refl_index *index;
    const struct refl_file *file; /* being walked */
    bool is_counting;
    bool out_of_memory;
};

/* --- Order --- */

static int compare_sources(const void *a, const void *b)
{
    const struct source *left = a;
    const struct source *right = b;
    return strcmp(left->proto->name, right->proto->name);
}

static int compare_files(const void *a, const void *b)
{
    const struct refl_file *left = a;
    const struct refl_file *right = b;
    return strcmp(left->name, right->name);
}

static int compare_symbols(const void *a, const void *b)
{
    const struct refl_symbol *left = a;
    const struct refl_symbol *right = b;
    return strcmp(left->name, right->name);
}

static int compare_extensions(const void *a, const void *b)
{
    const struct refl_extension *left = a;
    const struct refl_extension *right = b;
    int by_message = strcmp(left->extended, right->extended);
    return by_message ? by_message
                      : (left->number > right->number) - (left->number < right->number);
}

/* --- Walking --- */

/* Returns the full name; "" where that is not made. */
static const char *add(struct walk *walk, const char *scope, const char *name, bool is_message)
{
    struct refl_index *index = walk->index;
    if (walk->is_counting) {
        index->symbol_count++;
        return "";
    }
    const char *full =
        nx_arena_printf(walk->arena, "%s%s%s", scope, *scope ? "." : "", name ? name : "");
    if (!full) {
        walk->out_of_memory = true;
        full = "";
    }
    index->symbols[index->symbol_count++] =
        (struct refl_symbol){.name = full, .file = walk->file, .is_message = is_message};
    return full;
}

static void add_extension(struct walk *walk, const Google__Protobuf__FieldDescriptorProto *field)
{
    struct refl_index *index = walk->index;
    size_t i = index->extension_count++;
    if (walk->is_counting)
        return;
    struct nx_str extended = nx_str_from(field->extendee ? field->extendee : "");
    if (nx_str_starts_with(extended, NX_STR(".")))
        extended = (struct nx_str){extended.ptr + 1, extended.len - 1};
    const char *name = nx_arena_strdup(walk->arena, extended);
    walk->out_of_memory = walk->out_of_memory || !name;
    index->extensions[i] = (struct refl_extension){
        .extended = name ? name : "", .number = field->number, .file = walk->file};
}

static void walk_extensions(struct walk *walk, const char *scope,
                            Google__Protobuf__FieldDescriptorProto *const *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add(walk, scope, fields[i]->name, false);
        add_extension(walk, fields[i]);
    }
}

/* The values of an enum are named beside it, not in it. */
static void walk_enum(struct walk *walk, const char *scope,
                      const Google__Protobuf__EnumDescriptorProto *type)
{
    add(walk, scope, type->name, false);
    for (size_t i = 0; i < type->n_value; i++)
        add(walk, scope, type->value[i]->name, false);
}

static void walk_message(struct walk *walk, const char *scope,
                         const Google__Protobuf__DescriptorProto *message)
{
    const char *name = add(walk, scope, message->name, true);
    for (size_t i = 0; i < message->n_field; i++)
        add(walk, name, message->field[i]->name, false);
    for (size_t i = 0; i < message->n_oneof_decl; i++)
        add(walk, name, message->oneof_decl[i]->name, false);
    for (size_t i = 0; i < message->n_enum_type; i++)
        walk_enum(walk, name, message->enum_type[i]);
    for (size_t i = 0; i < message->n_nested_type; i++)
        walk_message(walk, name, message->nested_type[i]);
    walk_extensions(walk, name, message->extension, message->n_extension);
}

static void walk_service(struct walk *walk, const char *scope,
                         const Google__Protobuf__ServiceDescriptorProto *service)
{
    const char *name = add(walk, scope, service->name, false);
    for (size_t i = 0; i < service->n_method; i++)
        add(walk, name, service->method[i]->name, false);
    size_t number = walk->index->service_count++;
    if (!walk->is_counting)
        walk->index->services[number] = name;
}

static void walk_file(struct walk *walk, const Google__Protobuf__FileDescriptorProto *proto)
{
    const char *package = proto->package ? proto->package : "";
    for (size_t i = 0; i < proto->n_message_type; i++)
        walk_message(walk, package, proto->message_type[i]);
    for (size_t i = 0; i < proto->n_enum_type; i++)
        walk_enum(walk, package, proto->enum_type[i]);
    for (size_t i = 0; i < proto->n_service; i++)
        walk_service(walk, package, proto->service[i]);
    walk_extensions(walk, package, proto->extension, proto->n_extension);
}

static bool walk_all(struct refl_index *index, const struct source *sources, bool is_counting,
                     struct nx_arena *arena)
{
    struct walk walk = {.arena = arena, .index = index, .is_counting = is_counting};
    index->symbol_count = 0;
    index->extension_count = 0;
    index->service_count = 0;
    for (size_t i = 0; i < index->file_count; i++) {
        walk.file = &index->files[i];
        walk_file(&walk, sources[i].proto);
    }
    return !walk.out_of_memory;
}

/* --- Building --- */

static nx_status link_imports(struct refl_index *index, const struct source *sources,
                              struct nx_arena *arena)
{
    for (size_t i = 0; i < index->file_count; i++) {
        const Google__Protobuf__FileDescriptorProto *proto = sources[i].proto;
        struct refl_file *file = &index->files[i];
        file->imports = nx_arena_calloc(arena, proto->n_dependency, sizeof(struct refl_file *));
        if (!file->imports)
            return nx_fail_memory();
        file->import_count = proto->n_dependency;
        for (size_t j = 0; j < proto->n_dependency; j++) {
            file->imports[j] = refl_index_file(index, proto->dependency[j]);
            if (!file->imports[j])
                return nx_fail(arena, NX_INVALID_ARGUMENT,
                               "%s imports %s, which is not in the descriptor set", file->name,
                               proto->dependency[j]);
        }
    }
    return NX_STATUS_OK;
}

static nx_status make_files(struct refl_index *index, const struct source *sources, size_t count,
                            struct nx_arena *arena)
{
    index->files = nx_arena_calloc(arena, count, sizeof *index->files);
    if (!index->files)
        return nx_fail_memory();
    index->file_count = count;
    for (size_t i = 0; i < count; i++) {
        struct refl_file *file = &index->files[i];
        file->name = nx_arena_strdup(arena, nx_str_from(sources[i].proto->name));
        file->bytes = sources[i].bytes;
        if (!file->name)
            return nx_fail_memory();
        if (i > 0 && strcmp(file->name, file[-1].name) == 0)
            return nx_fail(arena, NX_INVALID_ARGUMENT, "%s is in the descriptor set twice",
                           file->name);
    }
    return link_imports(index, sources, arena);
}

static nx_status make_tables(struct refl_index *index, const struct source *sources,
                             struct nx_arena *arena)
{
    walk_all(index, sources, true, arena);
    index->symbols = nx_arena_calloc(arena, index->symbol_count, sizeof *index->symbols);
    index->extensions = nx_arena_calloc(arena, index->extension_count, sizeof *index->extensions);
    index->numbers = nx_arena_calloc(arena, index->extension_count, sizeof *index->numbers);
    index->services = nx_arena_calloc(arena, index->service_count, sizeof(const char *));
    if (!index->symbols || !index->extensions || !index->numbers || !index->services ||
        !walk_all(index, sources, false, arena))
        return nx_fail_memory();
    qsort(index->symbols, index->symbol_count, sizeof *index->symbols, compare_symbols);
    qsort(index->extensions, index->extension_count, sizeof *index->extensions, compare_extensions);
    for (size_t i = 0; i < index->extension_count; i++)
        index->numbers[i] = index->extensions[i].number;
    return NX_STATUS_OK;
}

/* On the wire, a FileDescriptorSet is the answer that has all files: so their bytes are had as they
 * are, with what this program knows nothing of. */
static nx_status parse(struct nx_str set, struct nx_arena *arena, struct nx_arena *scratch,
                       struct source **ret_sources, size_t *ret_count)
{
    ProtobufCMessage *message;
    NX_TRY(wire_pb_unpack(&grpc__reflection__v1__file_descriptor_response__descriptor, set, &limits,
                          arena, &message));
    const Grpc__Reflection__V1__FileDescriptorResponse *files = (const void *)message;
    size_t count = files->n_file_descriptor_proto;
    struct source *sources = nx_arena_calloc(scratch, count, sizeof *sources);
    if (!sources)
        return nx_fail_memory();
    for (size_t i = 0; i < count; i++) {
        sources[i].bytes = files->file_descriptor_proto[i];
        const struct nx_str bytes = {(const char *)sources[i].bytes.data, sources[i].bytes.len};
        NX_TRY(wire_pb_unpack(&google__protobuf__file_descriptor_proto__descriptor, bytes, &limits,
                              scratch, &message));
        sources[i].proto = (const void *)message;
        if (!sources[i].proto->name)
            return nx_fail(arena, NX_INVALID_ARGUMENT, "a file of the descriptor set has no name");
    }
    qsort(sources, count, sizeof *sources, compare_sources);
    *ret_sources = sources;
    *ret_count = count;
    return NX_STATUS_OK;
}

static nx_status build(struct nx_str set, struct nx_arena *arena, struct nx_arena *scratch,
                       struct refl_index *index)
{
    struct source *sources = NULL;
    size_t count = 0;
    NX_TRY(parse(set, arena, scratch, &sources, &count));
    NX_TRY(make_files(index, sources, count, arena));
    return make_tables(index, sources, arena);
}

nx_status refl_index_build(struct nx_str descriptor_set, struct nx_arena *arena,
                           struct refl_index *ret_index)
{
    struct refl_index index = {.files = NULL};
    struct nx_arena *scratch = nx_arena_new(MAX_PARSED_BYTES);
    if (!scratch)
        return nx_fail_memory();
    nx_status status = build(descriptor_set, arena, scratch, &index);
    status = nx_status_copy(arena, status);
    nx_arena_destroy(scratch);
    if (status.code == NX_OK)
        *ret_index = index;
    return status;
}

/* --- Finding --- */

const struct refl_file *refl_index_file(const struct refl_index *index, const char *name)
{
    const struct refl_file key = {.name = name};
    return bsearch(&key, index->files, index->file_count, sizeof key, compare_files);
}

const struct refl_symbol *refl_index_symbol(const struct refl_index *index, const char *name)
{
    const struct refl_symbol key = {.name = name};
    return bsearch(&key, index->symbols, index->symbol_count, sizeof key, compare_symbols);
}

const struct refl_extension *refl_index_extension(const struct refl_index *index,
                                                  const char *extended, int32_t number)
{
    const struct refl_extension key = {.extended = extended, .number = number};
    return bsearch(&key, index->extensions, index->extension_count, sizeof key, compare_extensions);
}

size_t refl_index_numbers(const struct refl_index *index, const char *extended, size_t *ret_count)
{
    size_t first = 0;
    while (first < index->extension_count &&
           strcmp(index->extensions[first].extended, extended) != 0)
        first++;
    size_t end = first;
    while (end < index->extension_count && strcmp(index->extensions[end].extended, extended) == 0)
        end++;
    *ret_count = end - first;
    return first;
}
