#include "svc_mask.h"

#include "google/protobuf/struct.pb-c.h"

#include <string.h>

/* Of the names in a path, and of the paths to parts in a mask. */
#define MAX_PATH_NAMES 32
#define MAX_PARTS 64

/* A path being read. */
struct path {
    const struct svc_resource *resource;
    const char *text;
    const char *at; /* where the mask stands */
    struct nx_arena *arena;
    const char *rest; /* what has not been read yet */
    bool is_quoted;   /* the name that was read last */
};

static nx_status fail(const struct path *path, const char *what)
{
    return nx_fail_field(path->arena, path->at, "\"%s\" %s", path->text, what);
}

static nx_status fail_unknown(const struct path *path)
{
    return nx_fail_field(path->arena, path->at, "\"%s\" is not a field of a %s", path->text,
                         path->resource->singular);
}

/* Read a name between backquotes, into `to`, which has room for the rest. */
static nx_status read_quoted(struct path *path, char *to)
{
    const char *from = path->rest + 1;
    for (; *from && (from[0] != '`' || from[1] == '`'); from++) {
        if (*from == '`')
            from++;
        *to++ = *from;
    }
    *to = '\0';
    if (*from != '`' || (from[1] != '\0' && from[1] != '.'))
        return fail(path, "has a backquote without its like");
    path->rest = from + 1;
    return NX_STATUS_OK;
}

/* Read the next name of the path, and the dot behind it. */
static nx_status read_name(struct path *path, const char **ret_name)
{
    char *name = nx_arena_alloc(path->arena, strlen(path->rest) + 1);
    if (!name)
        return nx_fail_memory();
    path->is_quoted = *path->rest == '`';
    if (path->is_quoted) {
        NX_TRY(read_quoted(path, name));
    } else {
        size_t len = strcspn(path->rest, ".`");
        if (len == 0 || path->rest[len] == '`')
            return fail_unknown(path);
        memcpy(name, path->rest, len);
        name[len] = '\0';
        path->rest += len;
    }
    if (*path->rest == '.' && *++path->rest == '\0')
        return fail_unknown(path);
    *ret_name = name;
    return NX_STATUS_OK;
}

/* The type of a field that has parts a path can name; NULL for any other. */
static const ProtobufCMessageDescriptor *type_of_parts(const ProtobufCFieldDescriptor *field)
{
    bool has_parts = field->type == PROTOBUF_C_TYPE_MESSAGE &&
                     field->label != PROTOBUF_C_LABEL_REPEATED &&
                     !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF);
    return has_parts ? field->descriptor : NULL;
}

/* Read the names of what is below a field; its type says which there are. */
static nx_status read_below(struct path *path, const ProtobufCFieldDescriptor *field,
                            struct svc_mask_part *part)
{
    part->below = nx_arena_calloc(path->arena, MAX_PATH_NAMES, sizeof *part->below);
    if (!part->below)
        return nx_fail_memory();
    while (*path->rest) {
        const ProtobufCMessageDescriptor *type = type_of_parts(field);
        const char *name = "";
        if (!type)
            return fail(path, "names a part of what has none");
        if (part->below_count == MAX_PATH_NAMES)
            return fail(path, "is too long");
        NX_TRY(read_name(path, &name));
        part->below[part->below_count++] = name;
        if (type == &google__protobuf__struct__descriptor) { /* the rest are keys */
            if (!path->is_quoted && strcmp(name, "*") == 0)
                return fail(path, "names no key");
            continue;
        }
        field = protobuf_c_message_descriptor_get_field_by_name(type, name);
        if (!field || (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
            return fail_unknown(path);
    }
    return NX_STATUS_OK;
}

static nx_status read_path(struct path *path, struct svc_mask *mask)
{
    const struct svc_resource *resource = path->resource;
    const char *name = "";
    path->rest = path->text;
    if (strcmp(path->text, "*") == 0) {
        mask->fields |= svc_resource_writable(resource);
        return NX_STATUS_OK;
    }
    NX_TRY(read_name(path, &name));
    int index = svc_resource_find(resource, nx_str_from(name));
    if (index < 0 && !protobuf_c_message_descriptor_get_field_by_name(resource->type, name))
        return fail_unknown(path);
    if (index < 0 || !resource->fields[index].column)
        return fail(path, "cannot be written");
    if (*path->rest == '\0') {
        mask->fields |= (svc_field_set)1 << index;
        return NX_STATUS_OK;
    }
    if (mask->part_count == MAX_PARTS)
        return fail(path, "is one part too many; name whole fields");
    struct svc_mask_part *part = &mask->parts[mask->part_count++];
    part->field = (unsigned)index;
    return read_below(path, resource->fields[index].descriptor, part);
}

/* Forget the parts of fields that are named as a whole as well. */
static void drop_needless_parts(struct svc_mask *mask)
{
    size_t kept = 0;
    for (size_t i = 0; i < mask->part_count; i++) {
        if (!(mask->fields >> mask->parts[i].field & 1))
            mask->parts[kept++] = mask->parts[i];
    }
    mask->part_count = kept;
}

nx_status svc_mask_read(const struct svc_resource *resource,
                        const Google__Protobuf__FieldMask *mask, const ProtobufCMessage *message,
                        const char *at, struct nx_arena *arena, struct svc_mask *ret)
{
    struct svc_mask read = {.fields = 0};
    size_t count = mask ? mask->n_paths : 0;
    if (count == 0) {
        ret->part_count = 0;
        ret->fields = svc_resource_present(resource, message);
        return NX_STATUS_OK;
    }
    read.parts = nx_arena_calloc(arena, MAX_PARTS, sizeof *read.parts);
    if (!read.parts)
        return nx_fail_memory();
    for (size_t i = 0; i < count; i++) {
        struct path path = {.resource = resource, .text = mask->paths[i], .at = at, .arena = arena};
        NX_TRY(read_path(&path, &read));
    }
    drop_needless_parts(&read);
    *ret = read;
    return NX_STATUS_OK;
}

svc_field_set svc_mask_fields(const struct svc_mask *mask)
{
    svc_field_set fields = mask->fields;
    for (size_t i = 0; i < mask->part_count; i++)
        fields |= (svc_field_set)1 << mask->parts[i].field;
    return fields;
}

/* --- Merging --- */

/* A part on its way from one message to another. */
struct move {
    struct nx_arena *arena;
    const char *const *below; /* the names that are left */
    size_t below_count;
};

static ProtobufCMessage *new_message(const ProtobufCMessageDescriptor *type, struct nx_arena *arena)
{
    ProtobufCMessage *message = nx_arena_alloc(arena, type->sizeof_message);
    if (message)
        protobuf_c_message_init(type, message);
    return message;
}

static Google__Protobuf__Struct__FieldsEntry *find_entry(const Google__Protobuf__Struct *object,
                                                         const char *key)
{
    for (size_t i = object ? object->n_fields : 0; i-- > 0;) { /* of two the last one counts */
        if (strcmp(object->fields[i]->key, key) == 0)
            return object->fields[i];
    }
    return NULL;
}

static Google__Protobuf__Struct *object_in(const Google__Protobuf__Struct__FieldsEntry *entry)
{
    bool is_object = entry && entry->value &&
                     entry->value->kind_case == GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE;
    return is_object ? entry->value->struct_value : NULL;
}

static void remove_key(Google__Protobuf__Struct *object, const char *key)
{
    size_t kept = 0;
    for (size_t i = 0; i < object->n_fields; i++) {
        if (strcmp(object->fields[i]->key, key) != 0)
            object->fields[kept++] = object->fields[i];
    }
    object->n_fields = kept;
}

/* Give a key this value, whether it has been there or not. */
static void put_key(Google__Protobuf__Struct *object, const char *key,
                    Google__Protobuf__Value *value, struct nx_arena *arena)
{
    Google__Protobuf__Struct__FieldsEntry *entry = find_entry(object, key);
    if (entry) {
        entry->value = value;
        return;
    }
    entry = (Google__Protobuf__Struct__FieldsEntry *)new_message(
        &google__protobuf__struct__fields_entry__descriptor, arena);
    Google__Protobuf__Struct__FieldsEntry **entries =
        nx_arena_calloc(arena, object->n_fields + 1, sizeof(void *));
    if (!entry || !entries)
        return; /* the arena knows, and is asked at the end */
    for (size_t i = 0; i < object->n_fields; i++)
        entries[i] = object->fields[i];
    entry->key = (char *)key;
    entry->value = value;
    entries[object->n_fields++] = entry;
    object->fields = entries;
}

/* The object at a key, made where there is none. NULL: no memory. */
static Google__Protobuf__Struct *descend_key(Google__Protobuf__Struct *object, const char *key,
                                             struct nx_arena *arena)
{
    Google__Protobuf__Struct *inner = object_in(find_entry(object, key));
    if (inner)
        return inner;
    inner = (Google__Protobuf__Struct *)new_message(&google__protobuf__struct__descriptor, arena);
    Google__Protobuf__Value *value =
        (Google__Protobuf__Value *)new_message(&google__protobuf__value__descriptor, arena);
    if (!inner || !value)
        return NULL;
    value->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE;
    value->struct_value = inner;
    put_key(object, key, value, arena);
    return inner;
}

/* What stands at the end of the keys; NULL when there is nothing. */
static Google__Protobuf__Struct__FieldsEntry *find_leaf(const Google__Protobuf__Struct *object,
                                                        const struct move *move)
{
    for (size_t i = 0; i + 1 < move->below_count; i++)
        object = object_in(find_entry(object, move->below[i]));
    return find_entry(object, move->below[move->below_count - 1]);
}

/* Give the key at the end of the names the value it has in `from`, or take it away. */
static void merge_keys(Google__Protobuf__Struct *to, const Google__Protobuf__Struct *from,
                       const struct move *move)
{
    const Google__Protobuf__Struct__FieldsEntry *leaf = find_leaf(from, move);
    const char *last = move->below[move->below_count - 1];
    if (!leaf && !find_leaf(to, move))
        return;
    for (size_t i = 0; to && i + 1 < move->below_count; i++)
        to = descend_key(to, move->below[i], move->arena);
    if (!to)
        return; /* the arena knows */
    if (leaf)
        put_key(to, last, leaf->value, move->arena);
    else
        remove_key(to, last);
}

/* The bytes that a field's value has in a message. */
static size_t value_size(const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return sizeof(void *);
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(int64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    default:
        return sizeof(int32_t);
    }
}

static void copy_field(ProtobufCMessage *to, const ProtobufCMessage *from,
                       const ProtobufCFieldDescriptor *field)
{
    memcpy(svc_value_at(to, field), svc_value_at(from, field), value_size(field));
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        *svc_count_at(to, field) = *svc_count_at(from, field);
}

/* Take a part of the message in this slot from `from`, which may be NULL: then it is reset. */
static void merge_message(ProtobufCMessage **slot, const ProtobufCMessage *from,
                          const ProtobufCMessageDescriptor *type, struct move move)
{
    while (*slot || from) {
        if (!*slot)
            *slot = new_message(type, move.arena);
        if (!*slot)
            return; /* the arena knows */
        if (type == &google__protobuf__struct__descriptor) {
            merge_keys((Google__Protobuf__Struct *)*slot, (const Google__Protobuf__Struct *)from,
                       &move);
            return;
        }
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(type, *move.below);
        if (move.below_count == 1) {
            const ProtobufCMessage *source = from ? from : new_message(type, move.arena);
            if (source)
                copy_field(*slot, source, field);
            return;
        }
        slot = svc_value_at(*slot, field);
        from = from ? *(ProtobufCMessage *const *)svc_value_at(from, field) : NULL;
        type = field->descriptor;
        move.below++;
        move.below_count--;
    }
}

ProtobufCMessage *svc_mask_merge(const struct svc_resource *resource, const struct svc_mask *mask,
                                 const ProtobufCMessage *body, ProtobufCMessage *current,
                                 struct nx_arena *arena)
{
    ProtobufCMessage *merged = nx_arena_alloc(arena, resource->type->sizeof_message);
    if (!merged)
        return NULL;
    memcpy(merged, body, resource->type->sizeof_message);
    for (size_t i = 0; i < mask->part_count; i++) {
        const struct svc_mask_part *part = &mask->parts[i];
        const ProtobufCFieldDescriptor *field = resource->fields[part->field].descriptor;
        ProtobufCMessage **slot = svc_value_at(current, field);
        merge_message(slot, *(ProtobufCMessage *const *)svc_value_at(body, field),
                      field->descriptor, (struct move){arena, part->below, part->below_count});
        *(ProtobufCMessage **)svc_value_at(merged, field) = *slot;
    }
    return nx_arena_exhausted(arena) ? NULL : merged;
}
