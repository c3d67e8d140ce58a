/* Messages into bytes, from the last field to the first: then a length is known when it is written,
 * and nothing is measured twice. */
#include "wire_pb_internal.h"

#include <endian.h>
#include <string.h>

/* Bytes that are put before those that are there already. Once there is no room they are counted.
 */
struct packing {
    uint8_t *end;
    size_t room;
    size_t len;
};

static inline uint8_t *reserve(struct packing *packing, size_t size)
{
    packing->len += size;
    return packing->len <= packing->room ? packing->end - packing->len : NULL;
}

static inline void put_varint(struct packing *packing, uint64_t value)
{
    if (value < 0x80) {
        uint8_t *at = reserve(packing, 1);
        if (at)
            *at = (uint8_t)value;
        return;
    }
    size_t size = (size_t)(70 - __builtin_clzll(value | 1)) / 7;
    uint8_t *at = reserve(packing, size);
    if (!at)
        return;
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at = (uint8_t)value;
}

static void put_bytes(struct packing *packing, const void *bytes, size_t size)
{
    uint8_t *at = reserve(packing, size);
    if (at && size > 0)
        memcpy(at, bytes, size);
}

static void put_delimited(struct packing *packing, const void *bytes, size_t size)
{
    put_bytes(packing, bytes, size);
    put_varint(packing, size);
}

static void put_tag(struct packing *packing, uint32_t number, enum wire_type type)
{
    put_varint(packing, (uint64_t)number << 3 | type);
}

static void put_message(struct packing *packing, const ProtobufCMessage *message);

static void put_nested(struct packing *packing, const ProtobufCMessage *message)
{
    size_t behind = packing->len;
    if (message)
        put_message(packing, message);
    put_varint(packing, packing->len - behind);
}

static uint32_t load32(const void *from)
{
    uint32_t bits;
    memcpy(&bits, from, sizeof bits);
    return bits;
}

static uint64_t load64(const void *from)
{
    uint64_t bits;
    memcpy(&bits, from, sizeof bits);
    return bits;
}

/* Put a value without its tag. */
static void put_value(struct packing *packing, ProtobufCType type, const void *value)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        put_varint(packing, (uint64_t)(int64_t)(int32_t)load32(value));
        break;
    case PROTOBUF_C_TYPE_SINT32:
        put_varint(packing, load32(value) << 1 ^ (0 - (load32(value) >> 31)));
        break;
    case PROTOBUF_C_TYPE_UINT32:
        put_varint(packing, load32(value));
        break;
    case PROTOBUF_C_TYPE_BOOL:
        put_varint(packing, load32(value) != 0);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        put_varint(packing, load64(value));
        break;
    case PROTOBUF_C_TYPE_SINT64:
        put_varint(packing, load64(value) << 1 ^ (0 - (load64(value) >> 63)));
        break;
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        put_bytes(packing, &(uint32_t){htole32(load32(value))}, sizeof(uint32_t));
        break;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        put_bytes(packing, &(uint64_t){htole64(load64(value))}, sizeof(uint64_t));
        break;
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)value;
        put_delimited(packing, text, text ? strlen(text) : 0);
        break;
    }
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *bytes = value;
        put_delimited(packing, bytes->data, bytes->len);
        break;
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        put_nested(packing, *(ProtobufCMessage *const *)value);
        break;
    }
}

/* Whether a proto3 field without presence has a value to be told. Zeros are compared by their bits:
 * negative zero is one. */
static bool is_nonzero(const ProtobufCFieldDescriptor *field, const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)value;
        return text && *text;
    }
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)value)->len > 0;
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(ProtobufCMessage *const *)value != NULL;
    default:
        return wire_pb_kinds[field->type].size == 8 ? load64(value) != 0 : load32(value) != 0;
    }
}

static bool is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const void *value = wire_pb_at(message, field->offset);
    const void *quantifier = wire_pb_at(message, field->quantifier_offset);
    bool by_pointer =
        field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return load32(quantifier) == field->id && (!by_pointer || *(void *const *)value);
    if (field->label == PROTOBUF_C_LABEL_REQUIRED)
        return true;
    if (field->label == PROTOBUF_C_LABEL_NONE)
        return is_nonzero(field, value);
    if (by_pointer) /* of a proto2 string, the default itself stands for an absent one */
        return *(void *const *)value && *(void *const *)value != field->default_value;
    return load32(quantifier) != 0;
}

static void put_list(struct packing *packing, const ProtobufCMessage *message,
                     const ProtobufCFieldDescriptor *field)
{
    const struct wire_pb_kind *kind = &wire_pb_kinds[field->type];
    size_t count;
    memcpy(&count, wire_pb_at(message, field->quantifier_offset), sizeof count);
    const char *values = *(char *const *)wire_pb_at(message, field->offset);
    bool is_packed = field->flags & PROTOBUF_C_FIELD_FLAG_PACKED;
    size_t behind = packing->len;
    for (size_t i = count; i-- > 0;) {
        put_value(packing, field->type, values + i * kind->size);
        if (!is_packed)
            put_tag(packing, field->id, (enum wire_type)kind->wire_type);
    }
    if (is_packed && count > 0) {
        put_varint(packing, packing->len - behind);
        put_tag(packing, field->id, LENGTH);
    }
}

static void put_message(struct packing *packing, const ProtobufCMessage *message)
{
    for (unsigned i = message->n_unknown_fields; i-- > 0;) {
        const ProtobufCMessageUnknownField *unknown = &message->unknown_fields[i];
        put_bytes(packing, unknown->data, unknown->len);
        put_tag(packing, unknown->tag, (enum wire_type)unknown->wire_type);
    }
    for (unsigned i = message->descriptor->n_fields; i-- > 0;) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            put_list(packing, message, field);
        } else if (is_set(message, field)) {
            put_value(packing, field->type, wire_pb_at(message, field->offset));
            put_tag(packing, field->id, (enum wire_type)wire_pb_kinds[field->type].wire_type);
        }
    }
}

size_t wire_pb_pack(const ProtobufCMessage *message, uint8_t *bytes, size_t room)
{
    struct packing packing = {.end = bytes + room, .room = room};
    put_message(&packing, message);
    return packing.len;
}

size_t wire_pb_packed_size(const ProtobufCMessage *message)
{
    uint8_t none;
    return wire_pb_pack(message, &none, 0);
}
