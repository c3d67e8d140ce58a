/* A message lies in memory as protoc-gen-c declares its struct: the members in the order of the
 * .proto, each after what counts or marks it, and behind them each oneof, its case before a union
 * of its members. */
#include "dyn_internal.h"

#include <stdlib.h>
#include <string.h>

#define MAX_FIELD_NUMBER 536870911

typedef Google__Protobuf__FieldDescriptorProto field_proto;

/* A message while it is filled in. */
struct filling {
    const struct dyn_set *set;
    const struct dyn_type *type;
    struct nx_arena *arena;
    ProtobufCFieldDescriptor *fields; /* in the order of the .proto, until they are sorted */
    size_t size;                      /* of the message, so far */
};

/* What a kind of field is to protobuf-c; 0 bytes: it is none that can be. */
struct kind {
    ProtobufCType type;
    size_t bytes;
};

static const struct kind kinds[] = {
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_DOUBLE] = {PROTOBUF_C_TYPE_DOUBLE, 8},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FLOAT] = {PROTOBUF_C_TYPE_FLOAT, 4},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT64] = {PROTOBUF_C_TYPE_INT64, 8},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT64] = {PROTOBUF_C_TYPE_UINT64, 8},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32] = {PROTOBUF_C_TYPE_INT32, 4},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED64] = {PROTOBUF_C_TYPE_FIXED64, 8},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED32] = {PROTOBUF_C_TYPE_FIXED32, 4},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BOOL] = {PROTOBUF_C_TYPE_BOOL, 4},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING] = {PROTOBUF_C_TYPE_STRING,
                                                                     sizeof(char *)},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE] = {PROTOBUF_C_TYPE_MESSAGE,
                                                                      sizeof(ProtobufCMessage *)},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES] = {PROTOBUF_C_TYPE_BYTES,
                                                                    sizeof(ProtobufCBinaryData)},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT32] = {PROTOBUF_C_TYPE_UINT32, 4},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_ENUM] = {PROTOBUF_C_TYPE_ENUM, 4},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED32] = {PROTOBUF_C_TYPE_SFIXED32, 4},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED64] = {PROTOBUF_C_TYPE_SFIXED64, 8},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT32] = {PROTOBUF_C_TYPE_SINT32, 4},
    [GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT64] = {PROTOBUF_C_TYPE_SINT64, 8},
};

static size_t bytes_of(const field_proto *proto)
{
    size_t type = (size_t)proto->type;
    return type < sizeof kinds / sizeof *kinds ? kinds[type].bytes : 0;
}

/* Members have 4 bytes, or are aligned as pointers are. */
static size_t alignment_of(size_t bytes)
{
    return bytes <= sizeof(uint32_t) ? sizeof(uint32_t) : sizeof(void *);
}

/* Room for so many bytes, at their alignment. Returns where. */
static unsigned take_room(struct filling *filling, size_t bytes)
{
    size_t alignment = alignment_of(bytes);
    size_t offset = (filling->size + alignment - 1) / alignment * alignment;
    filling->size = offset + bytes;
    return (unsigned)offset;
}

static bool is_repeated(const field_proto *proto)
{
    return proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
}

/* The oneof of a proto3 `optional` field is only its mark. */
static bool in_oneof(const field_proto *proto)
{
    return proto->has_oneof_index && !proto->proto3_optional;
}

static bool is_packed(const struct filling *filling, const field_proto *proto)
{
    const Google__Protobuf__FieldOptions *options = proto->options;
    ProtobufCType type = kinds[proto->type].type;
    bool packable = is_repeated(proto) && type != PROTOBUF_C_TYPE_STRING &&
                    type != PROTOBUF_C_TYPE_BYTES && type != PROTOBUF_C_TYPE_MESSAGE;
    bool wanted = options && options->has_packed ? options->packed : filling->type->is_proto3;
    return packable && wanted;
}

static ProtobufCLabel label_of(const struct filling *filling, const field_proto *proto)
{
    if (is_repeated(proto))
        return PROTOBUF_C_LABEL_REPEATED;
    if (proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED)
        return PROTOBUF_C_LABEL_REQUIRED;
    return filling->type->is_proto3 && !proto->proto3_optional ? PROTOBUF_C_LABEL_NONE
                                                               : PROTOBUF_C_LABEL_OPTIONAL;
}

static nx_status fail_field(const struct filling *filling, const field_proto *proto,
                            const char *message)
{
    return dyn_fail(filling->arena, filling->type->full_name, proto->name, message);
}

static nx_status check_field(const struct filling *filling, const field_proto *proto)
{
    if (!dyn_is_identifier(proto->name))
        return dyn_fail(filling->arena, filling->type->full_name, NULL,
                        "a field has no name that is one");
    if (proto->number < 1 || proto->number > MAX_FIELD_NUMBER)
        return fail_field(filling, proto, "a number that no field can have");
    if (!proto->has_type || bytes_of(proto) == 0)
        return fail_field(filling, proto, "a type that is not known here, or a group");
    if (proto->has_oneof_index &&
        (proto->oneof_index < 0 ||
         (size_t)proto->oneof_index >= filling->type->message_proto->n_oneof_decl))
        return fail_field(filling, proto, "its oneof does not exist");
    if (proto->has_oneof_index && is_repeated(proto))
        return fail_field(filling, proto, "a list in a oneof");
    return NX_STATUS_OK;
}

static nx_status resolve_type(const struct filling *filling, const field_proto *proto,
                              ProtobufCFieldDescriptor *field)
{
    if (field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_ENUM)
        return NX_STATUS_OK;
    const struct dyn_type *type = dyn_find(filling->set, proto->type_name);
    bool wants_message = field->type == PROTOBUF_C_TYPE_MESSAGE;
    if (!type || (wants_message ? !type->message : !type->enumeration))
        return fail_field(filling, proto, "its type is not in the set");
    if (wants_message)
        field->descriptor = type->message;
    else
        field->descriptor = type->enumeration;
    return NX_STATUS_OK;
}

/* protobuf's rule for the JSON name: an underscore goes, and capitalizes the letter behind it. */
static const char *make_json_name(const char *name, struct nx_arena *arena)
{
    char *text = nx_arena_strdup(arena, nx_str_from(name));
    char *out = text;
    bool raise = false;
    if (!text)
        return NULL;
    for (const char *c = name; *c; c++) {
        if (*c != '_')
            *out++ = raise && *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
        raise = *c == '_';
    }
    *out = '\0';
    return text;
}

static nx_status describe(const struct filling *filling, const field_proto *proto,
                          ProtobufCFieldDescriptor *field)
{
    NX_TRY(check_field(filling, proto));
    *field = (ProtobufCFieldDescriptor){
        .name = proto->name,
        .id = (uint32_t)proto->number,
        .label = label_of(filling, proto),
        .type = kinds[proto->type].type,
    };
    const char *json_name =
        proto->json_name ? proto->json_name : make_json_name(proto->name, filling->arena);
    if (!json_name)
        return nx_fail_memory();
    field->reserved2 = (void *)json_name;
    if (field->type == PROTOBUF_C_TYPE_STRING && filling->type->is_proto3 &&
        field->label != PROTOBUF_C_LABEL_OPTIONAL)
        field->default_value = &protobuf_c_empty_string;
    if (is_packed(filling, proto))
        field->flags |= PROTOBUF_C_FIELD_FLAG_PACKED;
    if (proto->options && proto->options->deprecated)
        field->flags |= PROTOBUF_C_FIELD_FLAG_DEPRECATED;
    if (in_oneof(proto))
        field->flags |= PROTOBUF_C_FIELD_FLAG_ONEOF;
    return resolve_type(filling, proto, field);
}

/* A field that no oneof has. */
static void place(struct filling *filling, ProtobufCFieldDescriptor *field, size_t bytes)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        field->quantifier_offset = take_room(filling, sizeof(size_t));
        bytes = sizeof(void *);
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_STRING &&
               field->type != PROTOBUF_C_TYPE_MESSAGE) {
        field->quantifier_offset = take_room(filling, sizeof(protobuf_c_boolean));
    }
    field->offset = take_room(filling, bytes);
}

struct oneof {
    size_t bytes; /* of the largest member, which is the strictest in alignment; 0: it has none */
    unsigned case_offset;
    unsigned offset;
};

/* The case and the union of each oneof that has members. */
static nx_status place_oneofs(struct filling *filling)
{
    const Google__Protobuf__DescriptorProto *proto = filling->type->message_proto;
    struct oneof *oneofs = nx_arena_calloc(filling->arena, proto->n_oneof_decl, sizeof *oneofs);
    if (!oneofs)
        return nx_fail_memory();
    for (size_t i = 0; i < proto->n_field; i++) {
        const field_proto *field = proto->field[i];
        if (!in_oneof(field))
            continue;
        struct oneof *oneof = &oneofs[field->oneof_index];
        size_t bytes = bytes_of(field);
        if (bytes > oneof->bytes)
            oneof->bytes = bytes;
    }
    for (size_t i = 0; i < proto->n_oneof_decl; i++) {
        if (oneofs[i].bytes == 0)
            continue;
        oneofs[i].case_offset = take_room(filling, sizeof(uint32_t));
        oneofs[i].offset = take_room(filling, oneofs[i].bytes);
    }
    for (size_t i = 0; i < proto->n_field; i++) {
        if (!in_oneof(proto->field[i]))
            continue;
        filling->fields[i].quantifier_offset = oneofs[proto->field[i]->oneof_index].case_offset;
        filling->fields[i].offset = oneofs[proto->field[i]->oneof_index].offset;
    }
    return NX_STATUS_OK;
}

static int compare_ids(const void *a, const void *b)
{
    const ProtobufCFieldDescriptor *left = a;
    const ProtobufCFieldDescriptor *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

static int compare_names(const void *a, const void *b, void *fields)
{
    const ProtobufCFieldDescriptor *list = fields;
    return strcmp(list[*(const unsigned *)a].name, list[*(const unsigned *)b].name);
}

static int field_number(const void *elements, unsigned index)
{
    const ProtobufCFieldDescriptor *fields = elements;
    return (int)fields[index].id;
}

static int compare_texts(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    return strcmp(*left, *right);
}

/* No two have the same text. */
static nx_status check_names(const struct filling *filling, const char **names, unsigned count)
{
    if (count > 0)
        qsort(names, count, sizeof *names, compare_texts);
    for (unsigned i = 1; i < count; i++) {
        if (strcmp(names[i], names[i - 1]) == 0)
            return dyn_fail(filling->arena, filling->type->full_name, names[i],
                            "two fields have this name, in JSON or in the .proto");
    }
    return NX_STATUS_OK;
}

/* A field may have the JSON name that another has in the .proto: in JSON it is the former's. */
static nx_status check_spellings(const struct filling *filling, unsigned count)
{
    const char **names = nx_arena_calloc(filling->arena, count, sizeof *names);
    if (!names)
        return nx_fail_memory();
    for (unsigned i = 0; i < count; i++)
        names[i] = filling->fields[i].name;
    NX_TRY(check_names(filling, names, count));
    for (unsigned i = 0; i < count; i++)
        names[i] = filling->fields[i].reserved2;
    return check_names(filling, names, count);
}

static nx_status index_fields(const struct filling *filling, unsigned count)
{
    ProtobufCMessageDescriptor *made = filling->type->message;
    ProtobufCFieldDescriptor *fields = filling->fields;
    unsigned *by_name = nx_arena_calloc(filling->arena, count, sizeof *by_name);
    if (!by_name)
        return nx_fail_memory();
    for (unsigned i = 0; i < count; i++)
        by_name[i] = i;
    if (count > 0) {
        qsort(fields, count, sizeof *fields, compare_ids);
        qsort_r(by_name, count, sizeof *by_name, compare_names, fields);
    }
    for (unsigned i = 1; i < count; i++) {
        if (fields[i].id == fields[i - 1].id)
            return dyn_fail(filling->arena, filling->type->full_name, fields[i].name,
                            "there are two of this number");
    }
    NX_TRY(check_spellings(filling, count));
    made->n_fields = count;
    made->fields = fields;
    made->fields_sorted_by_name = by_name;
    made->field_ranges =
        dyn_ranges(fields, count, field_number, filling->arena, &made->n_field_ranges);
    return made->field_ranges ? NX_STATUS_OK : nx_fail_memory();
}

nx_status dyn_message_fill(const struct dyn_set *set, const struct dyn_type *type,
                           struct nx_arena *arena)
{
    const Google__Protobuf__DescriptorProto *proto = type->message_proto;
    struct filling filling = {
        .set = set,
        .type = type,
        .arena = arena,
        .size = sizeof(ProtobufCMessage),
    };
    if (proto->n_field > DYN_MAX_MEMBERS || proto->n_oneof_decl > DYN_MAX_MEMBERS)
        return dyn_fail(arena, type->full_name, NULL, "too many fields");
    filling.fields = nx_arena_calloc(arena, proto->n_field, sizeof *filling.fields);
    if (!filling.fields)
        return nx_fail_memory();
    for (size_t i = 0; i < proto->n_field; i++) {
        NX_TRY(describe(&filling, proto->field[i], &filling.fields[i]));
        if (!in_oneof(proto->field[i]))
            place(&filling, &filling.fields[i], bytes_of(proto->field[i]));
    }
    NX_TRY(place_oneofs(&filling));
    *type->message = (ProtobufCMessageDescriptor){
        .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
        .name = type->full_name,
        .short_name = proto->name,
        .c_name = type->full_name,
        .package_name = type->package,
        .sizeof_message = (filling.size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *),
    };
    return index_fields(&filling, (unsigned)proto->n_field);
}
