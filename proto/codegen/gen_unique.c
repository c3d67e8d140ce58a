#include "gen_unique.h"

#include "gen_emit.h"
#include "gen_method.h"
#include "gen_name.h"
#include "gen_place.h"
#include "nx_buf.h"

#include <stdlib.h>
#include <string.h>

typedef Google__Protobuf__FileDescriptorProto File;
typedef Google__Protobuf__DescriptorProto Message;
typedef Google__Protobuf__EnumDescriptorProto Enum;
typedef Google__Protobuf__FieldDescriptorProto Field;
typedef Google__Protobuf__ServiceDescriptorProto Service;
typedef Google__Protobuf__MethodDescriptorProto Method;

#define MAX_NAMES_BYTES ((size_t)1 << 30)

/* A thing of a .proto file that has names in C. */
struct origin {
    const File *file;
    const char *what; /* "message a.B" */
    struct gen_place place;
};

/* One name in C. Names are compared within a scope: 0 is the program, others are structs. */
struct entry {
    size_t scope;
    size_t order;
    const char *name;
    const struct origin *origin;
};

struct names {
    struct nx_arena *arena;
    struct nx_buf entries; /* of struct entry */
    size_t count;
    size_t scopes;
};

static const struct origin *origin_new(struct names *names, const File *file, const char *kind,
                                       const char *full_name, struct gen_place place)
{
    struct origin *origin = nx_arena_alloc(names->arena, sizeof *origin);
    if (origin)
        *origin =
            (struct origin){file, nx_arena_printf(names->arena, "%s %s", kind, full_name), place};
    return origin;
}

/* Without memory the arena is exhausted, which is asked for in the end. */
static void add(struct names *names, size_t scope, const char *name, const struct origin *origin)
{
    struct entry entry = {scope, names->count++, name, origin};
    if (name && origin)
        nx_buf_append(&names->entries, &entry, sizeof entry);
}

static const char *join(struct names *names, const char *scope, const char *name)
{
    const char *full = nx_arena_printf(names->arena, "%s%s%s", scope, *scope ? "." : "", name);
    return full ? full : "";
}

static void add_enum(struct names *names, const File *file, const char *scope, const Enum *it,
                     struct gen_place place)
{
    struct nx_arena *arena = names->arena;
    const char *full = join(names, scope, it->name);
    const struct origin *origin = origin_new(names, file, "enum", full, place);
    add(names, 0, gen_name_type(arena, full), origin);
    add(names, 0, gen_name_descriptor(arena, full), origin);
    const char *prefix = gen_name_upper(arena, full, "__");
    for (size_t i = 0; i < it->n_value; i++) {
        const char *value = it->value[i]->name;
        add(names, 0, nx_arena_printf(arena, "%s%s", prefix ? prefix : "", value),
            origin_new(names, file, "enum value", join(names, full, value),
                       gen_place_below(place, GEN_ENUM_VALUE, i)));
    }
}

/* The cases of a oneof, and the member that tells which one is set. */
static void add_oneof(struct names *names, const struct origin *message, const char *scope_name,
                      const Message *of, size_t index, size_t scope)
{
    struct nx_arena *arena = names->arena;
    const char *name = of->oneof_decl[index]->name;
    const char *full = join(names, scope_name, name);
    const struct origin *origin =
        origin_new(names, message->file, "oneof", full,
                   gen_place_below(message->place, GEN_MESSAGE_ONEOF, index));
    const char *type = gen_name_type(arena, full);
    const char *prefix = gen_name_upper(arena, full, "_");
    if (!type || !prefix)
        return;
    add(names, 0, nx_arena_printf(arena, "%sCase", type), origin);
    add(names, 0, nx_arena_printf(arena, "%s_NOT_SET", prefix), origin);
    add(names, scope, gen_name_lower(arena, name, "_case"), origin);
    for (size_t i = 0; i < of->n_field; i++) {
        const Field *field = of->field[i];
        if (!field->has_oneof_index || (size_t)field->oneof_index != index)
            continue;
        const char *upper = gen_name_upper(arena, field->name, "");
        add(names, 0, nx_arena_printf(arena, "%s%s", prefix, upper ? upper : ""),
            origin_new(names, message->file, "field", join(names, scope_name, field->name),
                       gen_place_below(message->place, GEN_MESSAGE_FIELD, i)));
    }
}

/* Whether proto2 gives the field a member that says whether it is there. */
static bool has_presence(const File *file, const Field *field)
{
    bool is_proto2 = !file->syntax || strcmp(file->syntax, "proto3") != 0;
    return is_proto2 && !field->has_oneof_index &&
           field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_OPTIONAL &&
           field->type != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING &&
           field->type != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE;
}

static void add_field(struct names *names, const File *file, const char *scope_name,
                      const Field *field, struct gen_place place, size_t scope)
{
    struct nx_arena *arena = names->arena;
    const struct origin *origin =
        origin_new(names, file, "field", join(names, scope_name, field->name), place);
    const char *member = gen_name_field(arena, field->name);
    if (!member)
        return;
    add(names, scope, member, origin);
    if (field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED)
        add(names, scope, nx_arena_printf(arena, "n_%s", member), origin);
    else if (has_presence(file, field))
        add(names, scope, nx_arena_printf(arena, "has_%s", member), origin);
}

static void add_message(struct names *names, const File *file, const char *outer, const Message *it,
                        struct gen_place place)
{
    struct nx_arena *arena = names->arena;
    const char *full = join(names, outer, it->name);
    const struct origin *origin = origin_new(names, file, "message", full, place);
    if (!origin)
        return;
    add(names, 0, gen_name_type(arena, full), origin);
    add(names, 0, gen_name_descriptor(arena, full), origin);
    add(names, 0, gen_name_upper(arena, full, "__INIT"), origin);
    size_t scope = ++names->scopes;
    for (size_t i = 0; i < it->n_field; i++)
        add_field(names, file, full, it->field[i], gen_place_below(place, GEN_MESSAGE_FIELD, i),
                  scope);
    for (size_t i = 0; i < it->n_oneof_decl; i++)
        add_oneof(names, origin, full, it, i, scope);
    for (size_t i = 0; i < it->n_enum_type; i++)
        add_enum(names, file, full, it->enum_type[i], gen_place_below(place, GEN_MESSAGE_ENUM, i));
    for (size_t i = 0; i < it->n_nested_type; i++)
        add_message(names, file, full, it->nested_type[i],
                    gen_place_below(place, GEN_MESSAGE_NESTED, i));
}

/* Add what a method declares: whatever its templates call by the service's and its own name. */
static void add_templates(struct names *names, const char *template_text,
                          const struct gen_var *vars, const struct origin *origin)
{
    static const char begin[] = "$symbol$_", own[] = "$member$";
    for (const char *at = strstr(template_text, begin); at; at = strstr(at + 1, begin)) {
        size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz_$");
        const char *pattern = nx_arena_strdup(names->arena, (struct nx_str){at, len});
        if (!pattern || !strstr(pattern, own))
            continue;
        struct nx_buf text;
        nx_buf_init(&text, MAX_NAMES_BYTES);
        gen_emit(&text, vars, pattern);
        if (!text.failed)
            add(names, 0, nx_arena_strdup(names->arena, nx_buf_str(&text)), origin);
        nx_buf_cleanup(&text);
    }
}

static void add_method(struct names *names, const struct origin *service, const char *symbol,
                       const char *full_service, size_t scope, const Method *it, size_t index)
{
    const char *member = gen_name_member(names->arena, it->name);
    const struct origin *origin =
        origin_new(names, service->file, "method", join(names, full_service, it->name),
                   gen_place_below(service->place, GEN_SERVICE_METHOD, index));
    if (!member)
        return;
    const struct gen_var vars[] = {{"symbol", symbol}, {"member", member}, {NULL, NULL}};
    const struct gen_method_templates *templates =
        gen_method_templates(it->client_streaming != 0, it->server_streaming != 0);
    add(names, scope, member, origin);
    add_templates(names, templates->server_header, vars, origin);
    add_templates(names, templates->client_header, vars, origin);
    add_templates(names, templates->dispatch, vars, origin);
    add_templates(names, templates->server_source, vars, origin);
    add_templates(names, templates->client_source, vars, origin);
}

static void add_service(struct names *names, const File *file, const char *package,
                        const Service *it, struct gen_place place)
{
    const char *full = join(names, package, it->name);
    const char *symbol = gen_name_symbol(names->arena, full);
    const struct origin *origin = origin_new(names, file, "service", full, place);
    size_t scope = ++names->scopes;
    if (!symbol || !origin)
        return;
    add(names, 0, symbol, origin);
    add(names, 0, nx_arena_printf(names->arena, "%s_serve", symbol), origin);
    add(names, 0, nx_arena_printf(names->arena, "%s_methods", symbol), origin);
    for (size_t i = 0; i < it->n_method; i++)
        add_method(names, origin, symbol, full, scope, it->method[i], i);
}

static void add_file(struct names *names, const File *file)
{
    const char *package = file->package ? file->package : "";
    for (size_t i = 0; i < file->n_message_type; i++)
        add_message(names, file, package, file->message_type[i],
                    gen_place_top(GEN_FILE_MESSAGE, i));
    for (size_t i = 0; i < file->n_enum_type; i++)
        add_enum(names, file, package, file->enum_type[i], gen_place_top(GEN_FILE_ENUM, i));
    for (size_t i = 0; i < file->n_service; i++)
        add_service(names, file, package, file->service[i], gen_place_top(GEN_FILE_SERVICE, i));
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->scope != b->scope)
        return a->scope < b->scope ? -1 : 1;
    int order = strcmp(a->name, b->name);
    if (order != 0)
        return order;
    return a->order < b->order ? -1 : a->order > b->order;
}

static nx_status refuse(const struct entry *first, const struct entry *second,
                        struct nx_arena *arena)
{
    const struct origin *a = first->origin, *b = second->origin;
    return nx_fail(arena, NX_INVALID_ARGUMENT,
                   "%s:%d: %s and %s (%s:%d) would both be %s in C; rename one", b->file->name,
                   gen_place_line(b->file, &b->place), b->what, a->what, a->file->name,
                   gen_place_line(a->file, &a->place), first->name);
}

/* Names of one origin may well be equal; of those of two, the pair that comes first is told of. */
static nx_status find_equal(struct names *names)
{
    struct entry *entries = (struct entry *)(void *)names->entries.ptr;
    size_t count = names->entries.len / sizeof *entries;
    const struct entry *found = NULL;
    qsort(entries, count, sizeof *entries, compare_entries);
    for (size_t i = 1; i < count; i++) {
        const struct entry *it = &entries[i];
        if (it->scope == it[-1].scope && strcmp(it->name, it[-1].name) == 0 &&
            it->origin != it[-1].origin && (!found || it->order < found->order))
            found = it;
    }
    return found ? refuse(found - 1, found, names->arena) : NX_STATUS_OK;
}

nx_status gen_unique_check(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                           struct nx_arena *arena)
{
    struct names names = {.arena = arena};
    nx_buf_init(&names.entries, MAX_NAMES_BYTES);
    for (size_t i = 0; i < request->n_proto_file; i++)
        add_file(&names, request->proto_file[i]);
    bool failed = names.entries.failed || nx_arena_exhausted(arena);
    nx_status status = failed              ? nx_fail_memory()
                       : names.entries.ptr ? find_equal(&names)
                                           : NX_STATUS_OK;
    nx_buf_cleanup(&names.entries);
    return status;
}
