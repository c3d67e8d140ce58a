#include <stdlib.h>

#include "nx_utf8.h"
#include "pbj_internal.h"

#define DEFAULT_MAX_DEPTH 100
#define FIRST_ELEMENTS 4
#define LOOKAHEAD_FACTOR 4 /* how often a text may be read in search of "@type" */

/* What generated code does: all zero but for the texts, which are empty. Types made at run time
 * have no other defaults. */
static void init_message(const ProtobufCMessageDescriptor *type, ProtobufCMessage *message)
{
    memset(message, 0, type->sizeof_message);
    message->descriptor = type;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (field->type == PROTOBUF_C_TYPE_STRING && field->label == PROTOBUF_C_LABEL_NONE &&
            !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
            *(const char **)pbj_member(message, field->offset) = protobuf_c_empty_string;
    }
}

ProtobufCMessage *pbj_new_message(struct nx_arena *arena, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = nx_arena_alloc(arena, type->sizeof_message);
    if (message && type->message_init)
        protobuf_c_message_init(type, message);
    else if (message)
        init_message(type, message);
    return message;
}

void *pbj_append(struct nx_arena *arena, ProtobufCMessage *message,
                 const ProtobufCFieldDescriptor *field)
{
    size_t size = pbj_size_of(field->type);
    size_t count = *(size_t *)pbj_member(message, field->quantifier_offset);
    char **elements = pbj_member(message, field->offset);
    bool full = count == 0 || (count >= FIRST_ELEMENTS && (count & (count - 1)) == 0);
    if (full) {
        char *grown = nx_arena_calloc(arena, count ? count * 2 : FIRST_ELEMENTS, size);
        if (!grown)
            return NULL;
        if (count > 0)
            memcpy(grown, *elements, count * size);
        *elements = grown;
    }
    return *elements + count * size;
}

static void count_element(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    ++*(size_t *)pbj_member(message, field->quantifier_offset);
}

nx_status pbj_read_message(struct pbj_in *in, const ProtobufCMessageDescriptor *type,
                           const struct json_token *token, ProtobufCMessage **ret_message)
{
    ProtobufCMessage *message = pbj_new_message(in->arena, type);
    if (!message)
        return nx_fail_memory();
    enum pbj_wellknown kind = pbj_wellknown_of(type);
    if (kind != PBJ_PLAIN) {
        NX_TRY(pbj_read_wellknown(in, kind, token, message));
    } else if (token->kind == JSON_OBJECT_BEGIN) {
        NX_TRY(pbj_read_members(in, message, false));
    } else {
        return pbj_fail_kind(in, token, "an object");
    }
    *ret_message = message;
    return NX_STATUS_OK;
}

nx_status pbj_read_value(struct pbj_in *in, const ProtobufCFieldDescriptor *field,
                         const struct json_token *token, void *slot)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return pbj_read_message(in, field->descriptor, token, slot);
    return pbj_read_scalar(in, field, token, slot);
}

/* Whether a value is a name that its enum does not have, which is then no more than an unknown
 * field is: it is left out, of a list or a map too. */
static bool is_ignored(const struct pbj_in *in, const ProtobufCFieldDescriptor *field,
                       const struct json_token *token)
{
    int32_t value;
    return in->options->ignore_unknown && field->type == PROTOBUF_C_TYPE_ENUM &&
           token->kind == JSON_STRING && !pbj_enum_by_name(field->descriptor, token->text, &value);
}

static nx_status read_elements(struct pbj_in *in, ProtobufCMessage *message,
                               const ProtobufCFieldDescriptor *field, size_t *index)
{
    for (;; ++*index) {
        struct json_token element;
        NX_TRY(pbj_next(in, &element));
        if (element.kind == JSON_ARRAY_END)
            return NX_STATUS_OK;
        if (element.kind == JSON_NULL && !pbj_takes_null(field))
            return pbj_fail(in, "must not be null: it is an element of a list");
        if (is_ignored(in, field, &element))
            continue;
        void *slot = pbj_append(in->arena, message, field);
        if (!slot)
            return nx_fail_memory();
        NX_TRY(pbj_read_value(in, field, &element, slot));
        count_element(message, field);
    }
}

nx_status pbj_read_list(struct pbj_in *in, ProtobufCMessage *message,
                        const ProtobufCFieldDescriptor *field, const struct json_token *token)
{
    if (token->kind != JSON_ARRAY_BEGIN)
        return pbj_fail_kind(in, token, "a list");
    struct pbj_path here = {.parent = in->path, .step = PBJ_INDEX};
    in->path = &here;
    nx_status status = read_elements(in, message, field, &here.index);
    in->path = here.parent;
    return status;
}

static int compare_keys(const void *left, const void *right, void *context)
{
    const ProtobufCFieldDescriptor *key = context;
    const void *a = pbj_member_const(*(const ProtobufCMessage *const *)left, key->offset);
    const void *b = pbj_member_const(*(const ProtobufCMessage *const *)right, key->offset);
    if (key->type == PROTOBUF_C_TYPE_STRING)
        return strcmp(*(const char *const *)a, *(const char *const *)b);
    return memcmp(a, b, pbj_size_of(key->type));
}

/* Sorted, equal keys are neighbours: O(n log n) whatever the keys are, and nothing to flood. */
static nx_status refuse_same_keys(struct pbj_in *in, const ProtobufCMessage *message,
                                  const ProtobufCFieldDescriptor *field)
{
    size_t count = *(const size_t *)pbj_member_const(message, field->quantifier_offset);
    if (count < 2)
        return NX_STATUS_OK;
    const ProtobufCMessage **entries = nx_arena_calloc(in->arena, count, sizeof *entries);
    if (!entries)
        return nx_fail_memory();
    memcpy(entries, *(void *const *)pbj_member_const(message, field->offset),
           count * sizeof *entries);
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    void *key = (void *)&entry->fields[0];
    qsort_r(entries, count, sizeof *entries, compare_keys, key);
    for (size_t i = 1; i < count; i++) {
        if (compare_keys(&entries[i - 1], &entries[i], key) != 0)
            continue;
        if (entry->fields[0].type != PROTOBUF_C_TYPE_STRING)
            return pbj_fail(in, "has the same key twice");
        const char *text = *(char *const *)pbj_member_const(entries[i], entry->fields[0].offset);
        struct pbj_path here = {.parent = in->path, .step = PBJ_KEY, .key = nx_str_from(text)};
        return pbj_fail_at(in, &here, "is given twice");
    }
    return NX_STATUS_OK;
}

/* The entry stays NULL when its value is ignored. */
static nx_status read_entry(struct pbj_in *in, const ProtobufCMessageDescriptor *type,
                            const struct json_token *key, ProtobufCMessage **ret_entry)
{
    ProtobufCMessage *entry = pbj_new_message(in->arena, type);
    if (!entry)
        return nx_fail_memory();
    const ProtobufCFieldDescriptor *value = &type->fields[1];
    NX_TRY(pbj_read_scalar(in, &type->fields[0], key, pbj_member(entry, type->fields[0].offset)));
    struct json_token token;
    NX_TRY(pbj_next(in, &token));
    if (token.kind == JSON_NULL && !pbj_takes_null(value))
        return pbj_fail(in, "must not be null: it is a value of a map");
    if (is_ignored(in, value, &token))
        return NX_STATUS_OK;
    NX_TRY(pbj_read_value(in, value, &token, pbj_member(entry, value->offset)));
    *ret_entry = entry;
    return NX_STATUS_OK;
}

nx_status pbj_read_map(struct pbj_in *in, ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *field, const struct json_token *token)
{
    if (token->kind != JSON_OBJECT_BEGIN)
        return pbj_fail_kind(in, token, "an object");
    for (;;) {
        struct json_token key;
        NX_TRY(pbj_next(in, &key));
        if (key.kind == JSON_OBJECT_END)
            break;
        ProtobufCMessage **slot = pbj_append(in->arena, message, field);
        if (!slot)
            return nx_fail_memory();
        struct pbj_path here = {.parent = in->path, .step = PBJ_KEY, .key = key.text};
        in->path = &here;
        nx_status status = read_entry(in, field->descriptor, &key, slot);
        in->path = here.parent;
        NX_TRY(status);
        if (*slot)
            count_element(message, field);
    }
    return refuse_same_keys(in, message, field);
}

/* The other member of the field's oneof that is set already, or NULL. */
static const ProtobufCFieldDescriptor *rival(const ProtobufCMessage *message,
                                             const ProtobufCFieldDescriptor *field)
{
    if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return NULL;
    uint32_t set = *(const uint32_t *)pbj_member_const(message, field->quantifier_offset);
    if (set == 0 || set == field->id)
        return NULL;
    return protobuf_c_message_descriptor_get_field(message->descriptor, set);
}

/* Note that a field has been set, where the message keeps a note of it. */
static void mark_present(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    void *quantifier = pbj_member(message, field->quantifier_offset);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        *(uint32_t *)quantifier = field->id;
    else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_MESSAGE &&
             field->type != PROTOBUF_C_TYPE_STRING)
        *(protobuf_c_boolean *)quantifier = 1;
}

static nx_status read_single(struct pbj_in *in, ProtobufCMessage *message,
                             const ProtobufCFieldDescriptor *field, const struct json_token *token)
{
    const ProtobufCFieldDescriptor *other = rival(message, field);
    if (other)
        return pbj_fail(in, "excludes %s: only one of the two may be given", other->name);
    NX_TRY(pbj_read_value(in, field, token, pbj_member(message, field->offset)));
    mark_present(message, field);
    return NX_STATUS_OK;
}

static bool is_leaf(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE ||
           pbj_wellknown_of(field->descriptor) != PBJ_PLAIN;
}

static nx_status read_field(struct pbj_in *in, ProtobufCMessage *message,
                            const ProtobufCFieldDescriptor *field, const struct json_token *token)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED && is_ignored(in, field, token))
        return NX_STATUS_OK;
    struct pbj_leaves *leaves = in->leaves;
    bool absent = token->kind == JSON_NULL &&
                  (field->label == PROTOBUF_C_LABEL_REPEATED || !pbj_takes_null(field));
    if (leaves && (absent || is_leaf(field))) {
        NX_TRY(pbj_add_leaf(in));
        in->leaves = NULL;
    }
    if (absent) {
        /* null stands for the default, which the new message has already */
    } else if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        NX_TRY(read_single(in, message, field, token));
    } else if (pbj_is_map(message->descriptor, field)) {
        NX_TRY(pbj_read_map(in, message, field, token));
    } else {
        NX_TRY(pbj_read_list(in, message, field, token));
    }
    in->leaves = leaves;
    return NX_STATUS_OK;
}

/* Which fields of one object have been read: a bit for each. */
struct seen {
    uint64_t few;
    uint64_t *many; /* for types of more than 64 fields */
};

static nx_status mark_seen(struct pbj_in *in, const ProtobufCMessageDescriptor *type,
                           const ProtobufCFieldDescriptor *field, struct seen *seen)
{
    size_t index = (size_t)(field - type->fields);
    uint64_t *word = &seen->few;
    if (type->n_fields > 64) {
        if (!seen->many)
            seen->many = nx_arena_calloc(in->arena, type->n_fields / 64 + 1, sizeof *seen->many);
        if (!seen->many)
            return nx_fail_memory();
        word = &seen->many[index / 64];
    }
    if (*word >> index % 64 & 1)
        return pbj_fail(in, "is given twice");
    *word |= UINT64_C(1) << index % 64;
    return NX_STATUS_OK;
}

/* An identifier is shown in a path as a field is, anything else quoted. */
static bool is_identifier(struct nx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-' || c == '@';
        if (!fits)
            return false;
    }
    return text.len > 0;
}

nx_status pbj_read_unknown(struct pbj_in *in, const ProtobufCMessageDescriptor *type,
                           const struct json_token *key)
{
    if (in->options->ignore_unknown) {
        struct json_token token;
        NX_TRY(pbj_next(in, &token));
        return pbj_skip(in, &token);
    }
    struct pbj_path here = {.parent = in->path, .step = PBJ_KEY, .key = key->text};
    if (is_identifier(key->text)) {
        here.step = PBJ_FIELD;
        here.field = nx_arena_strdup(in->arena, pbj_clip(key->text));
        if (!here.field)
            return nx_fail_memory();
    }
    return pbj_fail_at(in, &here, "is not a field of %s", type->name);
}

/* Read the value of a member whose name has been read. */
static nx_status read_member(struct pbj_in *in, ProtobufCMessage *message,
                             const ProtobufCFieldDescriptor *field, struct seen *seen)
{
    NX_TRY(mark_seen(in, message->descriptor, field, seen));
    struct json_token token;
    NX_TRY(pbj_next(in, &token));
    return read_field(in, message, field, &token);
}

nx_status pbj_read_members(struct pbj_in *in, ProtobufCMessage *message, bool in_any)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    struct seen seen = {0};
    for (bool empty = true;; empty = false) {
        struct json_token token;
        NX_TRY(pbj_next(in, &token));
        if (token.kind == JSON_OBJECT_END)
            return empty ? pbj_add_leaf(in) : NX_STATUS_OK;
        const ProtobufCFieldDescriptor *field = pbj_find_field(type, token.text);
        if (field) {
            struct pbj_path here = {.parent = in->path, .step = PBJ_FIELD, .field = field->name};
            in->path = &here;
            nx_status status = read_member(in, message, field, &seen);
            in->path = here.parent;
            NX_TRY(status);
        } else if (in_any && nx_str_equal(token.text, NX_STR("@type"))) {
            NX_TRY(pbj_next(in, &token));
            in_any = false;
        } else {
            NX_TRY(pbj_read_unknown(in, type, &token));
        }
    }
}

static struct pbj_in begin(struct nx_str text, const struct pbj_read_options *options,
                           struct nx_arena *arena)
{
    static const struct pbj_read_options defaults = {0};
    struct pbj_in in = {
        .arena = arena,
        .options = options ? options : &defaults,
        .lookahead_left = text.len < SIZE_MAX / LOOKAHEAD_FACTOR ? text.len * LOOKAHEAD_FACTOR : 0,
    };
    uint32_t max_depth = in.options->max_depth ? in.options->max_depth : DEFAULT_MAX_DEPTH;
    json_reader_init(&in.json, text, max_depth, arena);
    return in;
}

static nx_status read_text(const ProtobufCMessageDescriptor *type, struct nx_str text,
                           const struct pbj_read_options *options, struct nx_arena *arena,
                           struct pbj_leaves *leaves, ProtobufCMessage **ret_message)
{
    struct pbj_in in = begin(text, options, arena);
    in.leaves = pbj_wellknown_of(type) == PBJ_PLAIN ? leaves : NULL;
    struct json_token token;
    NX_TRY(pbj_next(&in, &token));
    ProtobufCMessage *message = NULL;
    NX_TRY(pbj_read_message(&in, type, &token, &message));
    NX_TRY(pbj_next(&in, &token));
    *ret_message = message;
    return NX_STATUS_OK;
}

nx_status pbj_read(const ProtobufCMessageDescriptor *type, struct nx_str text,
                   const struct pbj_read_options *options, struct nx_arena *arena,
                   ProtobufCMessage **ret_message)
{
    return read_text(type, text, options, arena, NULL, ret_message);
}

nx_status pbj_read_with_paths(const ProtobufCMessageDescriptor *type, struct nx_str text,
                              const struct pbj_read_options *options, struct nx_arena *arena,
                              ProtobufCMessage **ret_message, const char ***ret_paths,
                              size_t *ret_path_count)
{
    struct pbj_leaves leaves = {0};
    NX_TRY(read_text(type, text, options, arena, &leaves, ret_message));
    *ret_paths = leaves.paths;
    *ret_path_count = leaves.count;
    return NX_STATUS_OK;
}

nx_status pbj_read_field(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                         struct nx_str text, const struct pbj_read_options *options,
                         struct nx_arena *arena)
{
    struct pbj_in in = begin(text, options, arena);
    const struct pbj_path here = {.step = PBJ_FIELD, .field = field->name};
    struct json_token token;
    in.path = &here;
    NX_TRY(pbj_next(&in, &token));
    NX_TRY(read_field(&in, message, field, &token));
    return pbj_next(&in, &token);
}

/* Whether a type can be had from a single text. */
static bool has_text_form(const ProtobufCMessageDescriptor *type)
{
    enum pbj_wellknown kind = pbj_wellknown_of(type);
    return kind == PBJ_TIMESTAMP || kind == PBJ_DURATION || kind == PBJ_FIELD_MASK ||
           kind == PBJ_WRAPPER;
}

nx_status pbj_set_from_text(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                            const char *path, struct nx_str text, struct nx_arena *arena)
{
    struct pbj_path here = {.step = PBJ_FIELD, .field = path};
    struct pbj_in in = {.arena = arena, .path = &here};
    struct json_token token = {.kind = JSON_KEY, .text = text};
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && !has_text_form(field->descriptor))
        return pbj_fail(&in, "is an object: it cannot be given as a text");
    if (!nx_utf8_valid(text))
        return pbj_fail(&in, "is not valid UTF-8");
    if (text.len > 0 && memchr(text.ptr, '\0', text.len))
        return pbj_fail(&in, "contains a NUL character");
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return read_single(&in, message, field, &token);
    void *slot = pbj_append(arena, message, field);
    if (!slot)
        return nx_fail_memory();
    NX_TRY(pbj_read_value(&in, field, &token, slot));
    count_element(message, field);
    return NX_STATUS_OK;
}
