#include "corpus_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LEVELS 4
#define ELEMENTS 2

static void *allocate(struct nx_arena *arena, size_t size)
{
    void *memory = nx_arena_calloc(arena, 1, size);
    assert_non_null(memory);
    return memory;
}

/* Where a message is: how deep it may still go, and which element of a list it is, or is in; so
 * that the entries of a map have keys of their own. */
struct position {
    unsigned levels;
    unsigned index;
};

static ProtobufCMessage *message_at(const ProtobufCMessageDescriptor *type, struct position at,
                                    struct nx_arena *arena);

static size_t size_of(ProtobufCType type)
{
    static const size_t sizes[] = {
        [PROTOBUF_C_TYPE_INT32] = 4,
        [PROTOBUF_C_TYPE_SINT32] = 4,
        [PROTOBUF_C_TYPE_SFIXED32] = 4,
        [PROTOBUF_C_TYPE_INT64] = 8,
        [PROTOBUF_C_TYPE_SINT64] = 8,
        [PROTOBUF_C_TYPE_SFIXED64] = 8,
        [PROTOBUF_C_TYPE_UINT32] = 4,
        [PROTOBUF_C_TYPE_FIXED32] = 4,
        [PROTOBUF_C_TYPE_UINT64] = 8,
        [PROTOBUF_C_TYPE_FIXED64] = 8,
        [PROTOBUF_C_TYPE_FLOAT] = 4,
        [PROTOBUF_C_TYPE_DOUBLE] = 8,
        [PROTOBUF_C_TYPE_ENUM] = 4,
        [PROTOBUF_C_TYPE_BOOL] = sizeof(protobuf_c_boolean),
        [PROTOBUF_C_TYPE_STRING] = sizeof(char *),
        [PROTOBUF_C_TYPE_BYTES] = sizeof(ProtobufCBinaryData),
        [PROTOBUF_C_TYPE_MESSAGE] = sizeof(ProtobufCMessage *),
    };
    return sizes[type];
}

/* Give a field's value, or an element of it, what tells its type and number. */
static void set(void *value, const ProtobufCFieldDescriptor *field, struct position at,
                struct nx_arena *arena)
{
    static const char *const texts[ELEMENTS] = {"one text", "two"};
    const char *text = texts[at.index];
    size_t size = strlen(text) + 1;
    int number = (int)(field->id % 100) + 1 + (int)at.index;
    switch (field->type) {
    case PROTOBUF_C_TYPE_FLOAT:
        *(float *)value = (float)number;
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *)value = number;
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)value = at.index == 0;
        break;
    case PROTOBUF_C_TYPE_ENUM: {
        const ProtobufCEnumDescriptor *type = field->descriptor;
        *(int *)value = type->values[type->n_values - 1].value;
        break;
    }
    case PROTOBUF_C_TYPE_STRING:
        *(char **)value = memcpy(allocate(arena, size), text, size);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *)value =
            (ProtobufCBinaryData){size, memcpy(allocate(arena, size), text, size)};
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)value =
            message_at(field->descriptor, (struct position){at.levels - 1, at.index}, arena);
        break;
    default:
        if (size_of(field->type) == sizeof(int64_t))
            *(int64_t *)value = number;
        else
            *(int32_t *)value = number;
        break;
    }
}

static void set_repeated(char *message, const ProtobufCFieldDescriptor *field, struct position at,
                         struct nx_arena *arena)
{
    size_t size = size_of(field->type);
    char *elements = allocate(arena, ELEMENTS * size);
    for (unsigned i = 0; i < ELEMENTS; i++)
        set(elements + i * size, field, (struct position){at.levels, i}, arena);
    *(size_t *)(void *)(message + field->quantifier_offset) = ELEMENTS;
    *(char **)(void *)(message + field->offset) = elements;
}

static bool is_map_entry(const ProtobufCMessageDescriptor *type)
{
    return type->n_fields == 2 && strcmp(type->fields[0].name, "key") == 0 &&
           strcmp(type->fields[1].name, "value") == 0;
}

/* Whether a field is left out for being too deep. An entry of a map needs a level for its value:
 * that of an entry which has none is read as an empty message. */
static bool is_too_deep(const ProtobufCFieldDescriptor *field, struct position at)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE &&
           at.levels <= (is_map_entry(field->descriptor) ? 2 : 1);
}

static void set_field(char *message, const ProtobufCFieldDescriptor *field, struct position at,
                      struct nx_arena *arena)
{
    void *quantifier = message + field->quantifier_offset;
    if (is_too_deep(field, at))
        return;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        set_repeated(message, field, at, arena);
        return;
    }
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (*(uint32_t *)quantifier != 0)
            return;
        *(uint32_t *)quantifier = field->id;
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset != 0) {
        *(protobuf_c_boolean *)quantifier = 1;
    }
    set(message + field->offset, field, at, arena);
}

static ProtobufCMessage *message_at(const ProtobufCMessageDescriptor *type, struct position at,
                                    struct nx_arena *arena)
{
    ProtobufCMessage *message = allocate(arena, type->sizeof_message);
    protobuf_c_message_init(type, message);
    for (unsigned i = 0; i < type->n_fields; i++)
        set_field((char *)message, &type->fields[i], at, arena);
    return message;
}

ProtobufCMessage *corpus_message(const ProtobufCMessageDescriptor *type, struct nx_arena *arena)
{
    return message_at(type, (struct position){LEVELS, 0}, arena);
}

struct nx_str corpus_pack(const ProtobufCMessage *message, struct nx_arena *arena)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = allocate(arena, size + 1);
    assert_int_equal(protobuf_c_message_pack(message, bytes), size);
    return (struct nx_str){(char *)bytes, size};
}
