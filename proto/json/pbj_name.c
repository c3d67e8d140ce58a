#include <google/protobuf/any.pb-c.h>
#include <google/protobuf/duration.pb-c.h>
#include <google/protobuf/field_mask.pb-c.h>
#include <google/protobuf/struct.pb-c.h>
#include <google/protobuf/timestamp.pb-c.h>
#include <google/protobuf/wrappers.pb-c.h>

#include "pbj_internal.h"

static const struct {
    const ProtobufCMessageDescriptor *type;
    enum pbj_wellknown kind;
} wellknown[] = {
    {&google__protobuf__any__descriptor, PBJ_ANY},
    {&google__protobuf__bool_value__descriptor, PBJ_WRAPPER},
    {&google__protobuf__bytes_value__descriptor, PBJ_WRAPPER},
    {&google__protobuf__double_value__descriptor, PBJ_WRAPPER},
    {&google__protobuf__duration__descriptor, PBJ_DURATION},
    {&google__protobuf__field_mask__descriptor, PBJ_FIELD_MASK},
    {&google__protobuf__float_value__descriptor, PBJ_WRAPPER},
    {&google__protobuf__int32_value__descriptor, PBJ_WRAPPER},
    {&google__protobuf__int64_value__descriptor, PBJ_WRAPPER},
    {&google__protobuf__list_value__descriptor, PBJ_LIST},
    {&google__protobuf__string_value__descriptor, PBJ_WRAPPER},
    {&google__protobuf__struct__descriptor, PBJ_STRUCT},
    {&google__protobuf__timestamp__descriptor, PBJ_TIMESTAMP},
    {&google__protobuf__uint32_value__descriptor, PBJ_WRAPPER},
    {&google__protobuf__uint64_value__descriptor, PBJ_WRAPPER},
    {&google__protobuf__value__descriptor, PBJ_VALUE},
};

enum pbj_wellknown pbj_wellknown_of(const ProtobufCMessageDescriptor *type)
{
    if (strcmp(type->package_name, "google.protobuf") != 0)
        return PBJ_PLAIN;
    for (size_t i = 0; i < sizeof wellknown / sizeof *wellknown; i++)
        if (wellknown[i].type == type)
            return wellknown[i].kind;
    return PBJ_PLAIN;
}

const ProtobufCMessageDescriptor *pbj_wellknown_at(size_t index)
{
    return index < sizeof wellknown / sizeof *wellknown ? wellknown[index].type : NULL;
}

bool pbj_takes_null(const ProtobufCFieldDescriptor *field)
{
    return field->descriptor == &google__protobuf__value__descriptor ||
           field->descriptor == &google__protobuf__null_value__descriptor;
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

size_t pbj_camel(struct nx_str name, char *to)
{
    size_t len = 0;
    bool raise = false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c != '_')
            to[len++] = raise ? upper(c) : c;
        raise = c == '_';
    }
    return len;
}

const char *pbj_own_json_name(const ProtobufCFieldDescriptor *field)
{
    return field->reserved2;
}

/* Whether a text is the name that a field has in JSON. */
static bool is_json_name(const ProtobufCFieldDescriptor *field, struct nx_str name)
{
    if (pbj_own_json_name(field))
        return nx_str_equal(nx_str_from(pbj_own_json_name(field)), name);
    size_t at = 0;
    bool raise = false;
    for (const char *c = field->name; *c; c++) {
        if (*c != '_' && (at >= name.len || name.ptr[at++] != (raise ? upper(*c) : *c)))
            return false;
        raise = *c == '_';
    }
    return at == name.len;
}

static int compare(const char *a, struct nx_str b)
{
    int order = strncmp(a, b.ptr, b.len);
    return order == 0 && a[b.len] != '\0' ? 1 : order;
}

static const ProtobufCFieldDescriptor *search_field(const ProtobufCMessageDescriptor *type,
                                                    struct nx_str name)
{
    size_t low = 0;
    size_t high = type->n_fields;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const ProtobufCFieldDescriptor *field = &type->fields[type->fields_sorted_by_name[middle]];
        int order = compare(field->name, name);
        if (order == 0)
            return field;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

#define MAX_GUESS 128

/* fooBar to foo_bar: the name that it most likely has in the proto. */
static struct nx_str guess_proto_name(struct nx_str name, char guess[MAX_GUESS])
{
    size_t len = 0;
    for (size_t i = 0; i < name.len && len + 2 <= MAX_GUESS; i++) {
        char c = name.ptr[i];
        if (c >= 'A' && c <= 'Z') {
            guess[len++] = '_';
            c = (char)(c - 'A' + 'a');
        }
        guess[len++] = c;
    }
    return (struct nx_str){guess, len};
}

const ProtobufCFieldDescriptor *pbj_find_field(const ProtobufCMessageDescriptor *type,
                                               struct nx_str name)
{
    if (name.len == 0 || memchr(name.ptr, '\0', name.len))
        return NULL;
    char guess[MAX_GUESS];
    const ProtobufCFieldDescriptor *field = search_field(type, guess_proto_name(name, guess));
    if (field && is_json_name(field, name))
        return field;
    /* A field may have the JSON name that another has in the proto. */
    for (unsigned i = 0; i < type->n_fields; i++)
        if (is_json_name(&type->fields[i], name))
            return &type->fields[i];
    return search_field(type, name);
}

/* Whether a type is named as protoc names the entries of a map field: FooBarEntry for foo_bar. */
static bool is_entry_name(const char *type_name, const char *field_name)
{
    bool raise = true;
    for (const char *c = field_name; *c; c++) {
        if (*c != '_' && *type_name++ != (raise ? upper(*c) : *c))
            return false;
        raise = *c == '_';
    }
    return strcmp(type_name, "Entry") == 0;
}

static bool can_be_key(const ProtobufCFieldDescriptor *field)
{
    return field->label != PROTOBUF_C_LABEL_REPEATED && field->type != PROTOBUF_C_TYPE_FLOAT &&
           field->type != PROTOBUF_C_TYPE_DOUBLE && field->type != PROTOBUF_C_TYPE_ENUM &&
           field->type != PROTOBUF_C_TYPE_BYTES && field->type != PROTOBUF_C_TYPE_MESSAGE;
}

bool pbj_is_map(const ProtobufCMessageDescriptor *parent, const ProtobufCFieldDescriptor *field)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE)
        return false;
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    if (entry->n_fields != 2 || !can_be_key(&entry->fields[0]) ||
        entry->fields[1].label == PROTOBUF_C_LABEL_REPEATED || entry->fields[0].id != 1 ||
        entry->fields[1].id != 2 || strcmp(entry->fields[0].name, "key") != 0 ||
        strcmp(entry->fields[1].name, "value") != 0)
        return false;
    size_t parent_len = strlen(parent->name);
    return strncmp(entry->name, parent->name, parent_len) == 0 && entry->name[parent_len] == '.' &&
           strcmp(entry->name + parent_len + 1, entry->short_name) == 0 &&
           is_entry_name(entry->short_name, field->name);
}

bool pbj_enum_by_name(const ProtobufCEnumDescriptor *type, struct nx_str name, int32_t *ret_value)
{
    size_t low = 0;
    size_t high = type->n_value_names;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const ProtobufCEnumValueIndex *value = &type->values_by_name[middle];
        int order = compare(value->name, name);
        if (order == 0) {
            *ret_value = type->values[value->index].value;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

size_t pbj_size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    default:
        return 4;
    }
}
