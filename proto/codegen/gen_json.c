#include "gen_json.h"

#include "gen_name.h"

#include <stdbool.h>

typedef Google__Protobuf__DescriptorProto Message;
typedef Google__Protobuf__FieldDescriptorProto Field;

/* A message of which some field has a name of its own. */
struct named {
    const Message *message;
    struct nx_str array; /* of its fields' descriptors */
    const struct named *next;
};

struct names {
    struct nx_arena *arena;
    const struct named *first;
    size_t left; /* fields that have not been met yet */
};

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Whether a field's JSON name is not what protoc makes of foo_bar: fooBar. */
static bool has_own_name(const Field *field)
{
    const char *json = field->json_name;
    if (!json)
        return false;
    bool raise = false;
    for (const char *c = field->name; *c; c++) {
        if (*c != '_' && *json++ != (raise ? upper(*c) : *c))
            return true;
        raise = *c == '_';
    }
    return *json != '\0';
}

static nx_status collect(struct names *names, const char *scope, Message *const *messages,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Message *message = messages[i];
        const char *full_name =
            nx_arena_printf(names->arena, "%s%s%s", scope, *scope ? "." : "", message->name);
        if (!full_name)
            return nx_fail_memory();
        size_t own = 0;
        for (size_t k = 0; k < message->n_field; k++)
            own += has_own_name(message->field[k]);
        if (own > 0) {
            struct named *named = nx_arena_alloc(names->arena, sizeof *named);
            const char *array = gen_name_lower(names->arena, full_name, "__field_descriptors");
            if (!named || !array)
                return nx_fail_memory();
            *named = (struct named){message, nx_str_from(array), names->first};
            names->first = named;
            names->left += own;
        }
        NX_TRY(collect(names, full_name, message->nested_type, message->n_nested_type));
    }
    return NX_STATUS_OK;
}

/* What a line has between what it begins with and a mark; without a pointer when it has not. */
static struct nx_str between(struct nx_str line, struct nx_str before, char mark)
{
    if (!nx_str_starts_with(line, before))
        return (struct nx_str){0};
    const char *from = line.ptr + before.len;
    const char *to = memchr(from, mark, line.len - before.len);
    return to ? (struct nx_str){from, (size_t)(to - from)} : (struct nx_str){0};
}

static const Message *find_message(const struct names *names, struct nx_str array)
{
    for (const struct named *named = names->first; named; named = named->next)
        if (nx_str_equal(named->array, array))
            return named->message;
    return NULL;
}

static const Field *find_field(const Message *message, struct nx_str name)
{
    for (size_t i = 0; i < message->n_field; i++)
        if (nx_str_equal(nx_str_from(message->field[i]->name), name))
            return has_own_name(message->field[i]) ? message->field[i] : NULL;
    return NULL;
}

static void append_literal(struct nx_buf *out, const char *text)
{
    nx_buf_append_char(out, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\')
            nx_buf_printf(out, "\\%03o", c);
        else
            nx_buf_append_char(out, *text);
    }
    nx_buf_append_char(out, '"');
}

/* Line by line: the array that a line opens, the field that it begins, and the field's spare
 * members, which its last line has. */
static void append_named(struct names *names, struct nx_str text, struct nx_buf *out)
{
    static const struct nx_str spare = {"    0,NULL,NULL", 15};
    const Message *message = NULL;
    const Field *field = NULL;
    while (text.len > 0) {
        const char *end = memchr(text.ptr, '\n', text.len);
        struct nx_str line = {text.ptr, end ? (size_t)(end - text.ptr) + 1 : text.len};
        text = (struct nx_str){text.ptr + line.len, text.len - line.len};
        struct nx_str array = between(line, NX_STR("static const ProtobufCFieldDescriptor "), '[');
        struct nx_str name = between(line, NX_STR("    \""), '"');
        if (array.ptr) {
            message = find_message(names, array);
            field = NULL;
        } else if (message && name.ptr) {
            field = find_field(message, name);
        } else if (field && nx_str_starts_with(line, spare)) {
            nx_buf_append_str(out, NX_STR("    0,(void *) "));
            append_literal(out, field->json_name);
            nx_buf_append_str(out, NX_STR(",NULL"));
            line = (struct nx_str){line.ptr + spare.len, line.len - spare.len};
            field = NULL;
            names->left--;
        }
        nx_buf_append_str(out, line);
    }
}

nx_status gen_json_names(const Google__Protobuf__FileDescriptorProto *file, struct nx_str text,
                         struct nx_arena *arena, struct nx_buf *out)
{
    struct names names = {.arena = arena};
    const char *package = file->package ? file->package : "";
    NX_TRY(collect(&names, package, file->message_type, file->n_message_type));
    append_named(&names, text, out);
    if (names.left > 0)
        return nx_fail(arena, NX_INTERNAL,
                       "%s: what protobuf-c's compiler made of it has no place for a json_name",
                       file->name);
    return NX_STATUS_OK;
}
