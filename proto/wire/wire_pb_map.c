/* protobuf-c has a map as a list of entries, and no mark on it. What is taken for a map is a list
 * of messages that is declared as protoc declares the entries of one: nested in the message that
 * has the field, named FooBarEntry for foo_bar, with the two fields key = 1 and value = 2, the key
 * being of a type that keys may have. A list that somebody declares just so in a .proto file cannot
 * be told from a map, and on the wire there is no difference. */
#include "wire_pb_internal.h"

#include <string.h>

#define FEW 8 /* entries that are compared each with each, which needs no memory */

static bool can_be_key(ProtobufCType type)
{
    return type != PROTOBUF_C_TYPE_FLOAT && type != PROTOBUF_C_TYPE_DOUBLE &&
           type != PROTOBUF_C_TYPE_ENUM && type != PROTOBUF_C_TYPE_BYTES &&
           type != PROTOBUF_C_TYPE_MESSAGE;
}

/* Whether a type is named as protoc names the entries of the map field. */
static bool is_entry_name(const char *type_name, const char *field_name)
{
    bool raise = true;
    for (const char *c = field_name; *c; c++) {
        char expected = raise && *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
        if (*c != '_' && *type_name++ != expected)
            return false;
        raise = *c == '_';
    }
    return strcmp(type_name, "Entry") == 0;
}

static bool is_map(const ProtobufCMessageDescriptor *parent, const ProtobufCFieldDescriptor *field)
{
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    if (entry->n_fields != 2 || entry->fields[0].id != 1 || entry->fields[1].id != 2 ||
        entry->fields[0].label == PROTOBUF_C_LABEL_REPEATED ||
        entry->fields[1].label == PROTOBUF_C_LABEL_REPEATED || !can_be_key(entry->fields[0].type) ||
        strcmp(entry->fields[0].name, "key") != 0 || strcmp(entry->fields[1].name, "value") != 0 ||
        !is_entry_name(entry->short_name, field->name))
        return false;
    size_t parent_len = strlen(parent->name);
    return strncmp(entry->name, parent->name, parent_len) == 0 && entry->name[parent_len] == '.' &&
           strcmp(entry->name + parent_len + 1, entry->short_name) == 0;
}

nx_status wire_pb_note_map(struct wire_pb_scan *scan, const struct wire_pb_frame *frame)
{
    const ProtobufCFieldDescriptor *field = frame->field;
    if (!is_map(frame->message->descriptor, field))
        return NX_STATUS_OK;
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    if (entry->fields[1].type == PROTOBUF_C_TYPE_MESSAGE &&
        frame->depth + 1 >= scan->limits->max_depth)
        return wire_pb_malformed(scan, frame, "messages are nested too deep");
    struct wire_pb_map *map = nx_arena_alloc(scan->arena, sizeof *map);
    if (!map)
        return nx_fail_memory();
    *map = (struct wire_pb_map){scan->maps, frame->message, field};
    scan->maps = map;
    return NX_STATUS_OK;
}

/* Order by key: any order, as long as equal keys are equal. */
static int compare_keys(const ProtobufCMessage *a, const ProtobufCMessage *b,
                        const ProtobufCFieldDescriptor *key)
{
    const void *left = wire_pb_at(a, key->offset);
    const void *right = wire_pb_at(b, key->offset);
    if (key->type != PROTOBUF_C_TYPE_STRING)
        return memcmp(left, right, wire_pb_kinds[key->type].size);
    const char *left_text = *(const char *const *)left;
    const char *right_text = *(const char *const *)right;
    return strcmp(left_text ? left_text : "", right_text ? right_text : "");
}

/* Merge two sorted runs, [0, middle) and [middle, count). */
static void merge(ProtobufCMessage **from, size_t middle, size_t count, ProtobufCMessage **to,
                  const ProtobufCFieldDescriptor *key)
{
    size_t left = 0;
    size_t right = middle;
    for (size_t i = 0; i < count; i++) {
        bool take_left =
            left < middle && (right == count || compare_keys(from[left], from[right], key) <= 0);
        to[i] = from[take_left ? left++ : right++];
    }
}

/* A stable sort. Returns the one of the two arrays that then has the entries. */
static ProtobufCMessage **sort(ProtobufCMessage **from, ProtobufCMessage **to, size_t count,
                               const ProtobufCFieldDescriptor *key)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t left = count - i;
            merge(from + i, left < width ? left : width, left < 2 * width ? left : 2 * width,
                  to + i, key);
        }
        ProtobufCMessage **sorted = to;
        to = from;
        from = sorted;
    }
    return from;
}

/* An entry that another follows of the same key is marked by having no descriptor. */
static nx_status mark_superseded(const struct wire_pb_scan *scan, ProtobufCMessage **entries,
                                 size_t count, const ProtobufCFieldDescriptor *key)
{
    if (count <= FEW) {
        for (size_t i = 0; i < count; i++)
            for (size_t k = i + 1; k < count && entries[i]->descriptor; k++)
                if (compare_keys(entries[i], entries[k], key) == 0)
                    entries[i]->descriptor = NULL;
        return NX_STATUS_OK;
    }
    ProtobufCMessage **sorted = nx_arena_alloc(scan->arena, count * sizeof(ProtobufCMessage *) * 2);
    if (!sorted)
        return nx_fail_memory();
    memcpy(sorted, entries, count * sizeof *sorted);
    sorted = sort(sorted, sorted + count, count, key);
    for (size_t i = 0; i + 1 < count; i++)
        if (compare_keys(sorted[i], sorted[i + 1], key) == 0)
            sorted[i]->descriptor = NULL;
    return NX_STATUS_OK;
}

/* Give an entry the message that it lacks for a value. */
static nx_status fill_value(const struct wire_pb_scan *scan, ProtobufCMessage *entry,
                            const ProtobufCFieldDescriptor *value)
{
    ProtobufCMessage **slot = wire_pb_at(entry, value->offset);
    if (*slot)
        return NX_STATUS_OK;
    const ProtobufCMessageDescriptor *type = value->descriptor;
    ProtobufCMessage *empty = nx_arena_alloc(scan->arena, type->sizeof_message);
    if (!empty)
        return nx_fail_memory();
    protobuf_c_message_init(type, empty);
    *slot = empty;
    return NX_STATUS_OK;
}

static nx_status settle(const struct wire_pb_scan *scan, const struct wire_pb_map *map)
{
    const ProtobufCMessageDescriptor *type = map->field->descriptor;
    size_t *count = wire_pb_at(map->message, map->field->quantifier_offset);
    ProtobufCMessage **entries =
        *(ProtobufCMessage ***)wire_pb_at(map->message, map->field->offset);
    NX_TRY(mark_superseded(scan, entries, *count, &type->fields[0]));
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (entries[i]->descriptor)
            entries[kept++] = entries[i];
    *count = kept;
    for (size_t i = 0; i < kept && type->fields[1].type == PROTOBUF_C_TYPE_MESSAGE; i++)
        NX_TRY(fill_value(scan, entries[i], &type->fields[1]));
    return NX_STATUS_OK;
}

nx_status wire_pb_settle_maps(const struct wire_pb_scan *scan)
{
    for (const struct wire_pb_map *map = scan->maps; map; map = map->next)
        NX_TRY(settle(scan, map));
    return NX_STATUS_OK;
}
