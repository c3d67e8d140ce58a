/* What generated code cannot express, and where it stands in the .proto file. */
#include "gen_file.h"
#include "gen_name.h"
#include "gen_place.h"
#include "gen_wire.h"

#include <ctype.h>
#include <string.h>

typedef Google__Protobuf__FileDescriptorProto File;
typedef Google__Protobuf__DescriptorProto Message;
typedef Google__Protobuf__EnumDescriptorProto Enum;
typedef Google__Protobuf__FieldDescriptorProto Field;
typedef Google__Protobuf__ServiceDescriptorProto Service;
typedef Google__Protobuf__MethodDescriptorProto Method;

/* --- Names: protoc sends only good ones, but who else runs this may not --- */

/* Identifiers with a '.' between each two. */
static bool is_dotted(const char *name)
{
    bool begins = true;
    for (; *name; name++) {
        bool fits = begins ? isalpha((unsigned char)*name) || *name == '_'
                           : isalnum((unsigned char)*name) || *name == '_' || *name == '.';
        if (!fits)
            return false;
        begins = *name == '.';
    }
    return !begins;
}

static bool is_identifier(const char *name)
{
    return name && !strchr(name, '.') && is_dotted(name);
}

static bool is_type(const char *name)
{
    return name && *name == '.' && is_dotted(name + 1);
}

/* Whether a file can be named in an #include and in a comment. */
static bool is_file_name(const char *name)
{
    if (!name || !*name || *name == '/' || strstr(name, "??"))
        return false;
    for (const char *c = name; *c; c++) {
        if (iscntrl((unsigned char)*c) || strchr("\"\\*", *c))
            return false;
    }
    for (const char *step = name; step; step = strchr(step, '/')) {
        step += *step == '/';
        if (strcmp(step, "..") == 0 || strncmp(step, "../", 3) == 0)
            return false;
    }
    return true;
}

static nx_status check_name(const File *file, bool is_good, const char *what, const char *name,
                            struct nx_arena *arena)
{
    if (is_good)
        return NX_STATUS_OK;
    return nx_fail(arena, NX_INVALID_ARGUMENT, "%s:1: \"%s\" cannot be the name of a %s",
                   file->name, name ? name : "", what);
}

static nx_status check_enum_names(const File *file, const Enum *it, struct nx_arena *arena)
{
    NX_TRY(check_name(file, is_identifier(it->name), "enum", it->name, arena));
    for (size_t i = 0; i < it->n_value; i++)
        NX_TRY(check_name(file, is_identifier(it->value[i]->name), "value", it->value[i]->name,
                          arena));
    return NX_STATUS_OK;
}

static nx_status check_field_names(const File *file, const Message *message, struct nx_arena *arena)
{
    for (size_t i = 0; i < message->n_field; i++) {
        const Field *field = message->field[i];
        NX_TRY(check_name(file, is_identifier(field->name), "field", field->name, arena));
        if (!field->has_oneof_index)
            continue;
        if (field->oneof_index < 0 || (size_t)field->oneof_index >= message->n_oneof_decl)
            return nx_fail(arena, NX_INVALID_ARGUMENT, "%s:1: field %s is of no oneof", file->name,
                           field->name);
    }
    for (size_t i = 0; i < message->n_oneof_decl; i++) {
        const char *name = message->oneof_decl[i]->name;
        NX_TRY(check_name(file, is_identifier(name), "oneof", name, arena));
    }
    return NX_STATUS_OK;
}

static nx_status check_message_names(const File *file, const Message *it, struct nx_arena *arena)
{
    NX_TRY(check_name(file, is_identifier(it->name), "message", it->name, arena));
    NX_TRY(check_field_names(file, it, arena));
    for (size_t i = 0; i < it->n_enum_type; i++)
        NX_TRY(check_enum_names(file, it->enum_type[i], arena));
    for (size_t i = 0; i < it->n_nested_type; i++)
        NX_TRY(check_message_names(file, it->nested_type[i], arena));
    return NX_STATUS_OK;
}

static nx_status check_service_names(const File *file, const Service *it, struct nx_arena *arena)
{
    NX_TRY(check_name(file, is_identifier(it->name), "service", it->name, arena));
    for (size_t i = 0; i < it->n_method; i++) {
        const Method *method = it->method[i];
        NX_TRY(check_name(file, is_identifier(method->name), "method", method->name, arena));
        NX_TRY(check_name(file, is_type(method->input_type), "request", method->input_type, arena));
        NX_TRY(
            check_name(file, is_type(method->output_type), "response", method->output_type, arena));
    }
    return NX_STATUS_OK;
}

nx_status gen_file_check_names(const File *file, struct nx_arena *arena)
{
    if (!is_file_name(file->name))
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "%s: a file of this name cannot be included in C",
                       file->name && *file->name ? file->name : "(no name)");
    bool is_good = !file->package || !*file->package || is_dotted(file->package);
    NX_TRY(check_name(file, is_good, "package", file->package, arena));
    for (size_t i = 0; i < file->n_message_type; i++)
        NX_TRY(check_message_names(file, file->message_type[i], arena));
    for (size_t i = 0; i < file->n_enum_type; i++)
        NX_TRY(check_enum_names(file, file->enum_type[i], arena));
    for (size_t i = 0; i < file->n_service; i++)
        NX_TRY(check_service_names(file, file->service[i], arena));
    return NX_STATUS_OK;
}

/* --- What cannot be expressed --- */

static nx_status check_field(const File *file, const Message *message, const Field *field,
                             const struct gen_place *place, struct nx_arena *arena)
{
    if (field->proto3_optional)
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "%s:%d: field %s.%s is optional, which protobuf-c cannot express; use a "
                       "wrapper message (google/protobuf/wrappers.proto) or a oneof",
                       file->name, gen_place_line(file, place), message->name, field->name);
    if (field->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP)
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "%s:%d: field %s.%s is a group, which protobuf-c cannot express; use a "
                       "message",
                       file->name, gen_place_line(file, place), message->name, field->name);
    return NX_STATUS_OK;
}

/* Options of protobuf-c that change names. It keeps options as unknown fields: a message each. */
enum {
    PROTOBUF_C_OPTIONS = 1019,
    C_PACKAGE = 6,       /* of the file's */
    BASE_FIELD_NAME = 3, /* of a message's */
};

static bool has_option(const ProtobufCMessage *options, uint32_t number)
{
    for (unsigned i = 0; options && i < options->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *unknown = &options->unknown_fields[i];
        if (unknown->tag != PROTOBUF_C_OPTIONS)
            continue;
        struct nx_str rest = {(const char *)unknown->data, unknown->len};
        struct gen_wire_field field;
        if (!gen_wire_body(&rest))
            continue;
        while (gen_wire_next(&rest, &field)) {
            if (field.number == number)
                return true;
        }
    }
    return false;
}

static nx_status check_fields(const File *file, const Message *message, struct gen_place place,
                              struct nx_arena *arena)
{
    if (message->options && has_option(&message->options->base, BASE_FIELD_NAME))
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "%s:%d: option (pb_c_msg).base_field_name is not understood", file->name,
                       gen_place_line(file, &place));
    for (size_t i = 0; i < message->n_field; i++) {
        struct gen_place at = gen_place_below(place, GEN_MESSAGE_FIELD, i);
        NX_TRY(check_field(file, message, message->field[i], &at, arena));
    }
    for (size_t i = 0; i < message->n_nested_type; i++)
        NX_TRY(check_fields(file, message->nested_type[i],
                            gen_place_below(place, GEN_MESSAGE_NESTED, i), arena));
    return NX_STATUS_OK;
}

/* Of a name that begins with '_' and a digit, the type in C has the digit alone; and what
 * protobuf-c calls its own cannot be renamed, since generated code uses both. */
static nx_status check_type(const File *file, const char *name, struct gen_place place,
                            struct nx_arena *arena)
{
    const char *package = file->package ? file->package : "";
    const char *full = nx_arena_printf(arena, "%s%s%s", package, *package ? "." : "", name);
    const char *type = full ? gen_name_type(arena, full) : NULL;
    if (!type)
        return nx_fail_memory();
    if (!isalpha((unsigned char)*type) && *type != '_')
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "%s:%d: %s would be \"%s\" in C, which is no name", file->name,
                       gen_place_line(file, &place), full, type);
    if (nx_str_starts_with(nx_str_from(type), NX_STR("ProtobufC")) && !strchr(type, '_'))
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "%s:%d: %s has a name of protobuf-c's; put it into a package", file->name,
                       gen_place_line(file, &place), full);
    return NX_STATUS_OK;
}

static nx_status check_types(const File *file, struct nx_arena *arena)
{
    for (size_t i = 0; i < file->n_message_type; i++)
        NX_TRY(check_type(file, file->message_type[i]->name, gen_place_top(GEN_FILE_MESSAGE, i),
                          arena));
    for (size_t i = 0; i < file->n_enum_type; i++)
        NX_TRY(check_type(file, file->enum_type[i]->name, gen_place_top(GEN_FILE_ENUM, i), arena));
    return NX_STATUS_OK;
}

nx_status gen_file_check(const File *file, struct nx_arena *arena)
{
    if (file->options && has_option(&file->options->base, C_PACKAGE))
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "%s:1: option (pb_c_file).c_package is not understood", file->name);
    NX_TRY(check_types(file, arena));
    for (size_t i = 0; i < file->n_message_type; i++)
        NX_TRY(
            check_fields(file, file->message_type[i], gen_place_top(GEN_FILE_MESSAGE, i), arena));
    return NX_STATUS_OK;
}
