#include "corpus_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LEVELS 3
#define ELEMENTS 2

static void *allocate(struct nx_arena *arena, size_t size)
{
    void *memory = nx_arena_calloc(arena, 1, size);
    assert_non_null(memory);
    return memory;
}

static ProtobufCMessage *message_at(const ProtobufCMessageDescriptor *type, unsigned levels,
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
static void set(void *value, const ProtobufCFieldDescriptor *field, unsigned levels,
                struct nx_arena *arena)
{
    static const char text[] = "a text";
    int number = (int)(field->id % 100) + 1;
    switch (field->type) {
    case PROTOBUF_C_TYPE_FLOAT:
        *(float *)value = (float)number;
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *)value = number;
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)value = 1;
        break;
    case PROTOBUF_C_TYPE_ENUM: {
        const ProtobufCEnumDescriptor *type = field->descriptor;
        *(int *)value = type->values[type->n_values - 1].value;
        break;
    }
    case PROTOBUF_C_TYPE_STRING:
        *(char **)value = strcpy(allocate(arena, sizeof text), text);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *)value =
            (ProtobufCBinaryData){sizeof text, memcpy(allocate(arena, sizeof text), text, 7)};
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)value = message_at(field->descriptor, levels - 1, arena);
        break;
    default:
        if (size_of(field->type) == sizeof(int64_t))
            *(int64_t *)value = number;
        else
            *(int32_t *)value = number;
        break;
    }
}

static void set_repeated(char *message, const ProtobufCFieldDescriptor *field, unsigned levels,
                         struct nx_arena *arena)
{
    size_t size = size_of(field->type);
    char *elements = allocate(arena, ELEMENTS * size);
    for (size_t i = 0; i < ELEMENTS; i++)
        set(elements + i * size, field, levels, arena);
    *(size_t *)(void *)(message + field->quantifier_offset) = ELEMENTS;
    *(char **)(void *)(message + field->offset) = elements;
}

static void set_field(char *message, const ProtobufCFieldDescriptor *field, unsigned levels,
                      struct nx_arena *arena)
{
    void *quantifier = message + field->quantifier_offset;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && levels == 1)
        return;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        set_repeated(message, field, levels, arena);
        return;
    }
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (*(uint32_t *)quantifier != 0)
            return;
        *(uint32_t *)quantifier = field->id;
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset != 0) {
        *(protobuf_c_boolean *)quantifier = 1;
    }
    set(message + field->offset, field, levels, arena);
}

static ProtobufCMessage *message_at(const ProtobufCMessageDescriptor *type, unsigned levels,
                                    struct nx_arena *arena)
{
    ProtobufCMessage *message = allocate(arena, type->sizeof_message);
    protobuf_c_message_init(type, message);
    for (unsigned i = 0; i < type->n_fields; i++)
        set_field((char *)message, &type->fields[i], levels, arena);
    return message;
}

ProtobufCMessage *corpus_message(const ProtobufCMessageDescriptor *type, struct nx_arena *arena)
{
    return message_at(type, LEVELS, arena);
}

struct nx_str corpus_pack(const ProtobufCMessage *message, struct nx_arena *arena)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = allocate(arena, size + 1);
    assert_int_equal(protobuf_c_message_pack(message, bytes), size);
    return (struct nx_str){(char *)bytes, size};
}
