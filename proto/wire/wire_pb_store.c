#include "wire_pb_internal.h"

#include <string.h>

enum form { LOW32, LOW64, ZIGZAG32, ZIGZAG64, TRUTH };

const struct wire_pb_kind wire_pb_kinds[PROTOBUF_C_TYPE_MESSAGE + 1] = {
    [PROTOBUF_C_TYPE_INT32] = {VARINT, 4, LOW32},
    [PROTOBUF_C_TYPE_SINT32] = {VARINT, 4, ZIGZAG32},
    [PROTOBUF_C_TYPE_SFIXED32] = {FIXED32, 4, LOW32},
    [PROTOBUF_C_TYPE_INT64] = {VARINT, 8, LOW64},
    [PROTOBUF_C_TYPE_SINT64] = {VARINT, 8, ZIGZAG64},
    [PROTOBUF_C_TYPE_SFIXED64] = {FIXED64, 8, LOW64},
    [PROTOBUF_C_TYPE_UINT32] = {VARINT, 4, LOW32},
    [PROTOBUF_C_TYPE_FIXED32] = {FIXED32, 4, LOW32},
    [PROTOBUF_C_TYPE_UINT64] = {VARINT, 8, LOW64},
    [PROTOBUF_C_TYPE_FIXED64] = {FIXED64, 8, LOW64},
    [PROTOBUF_C_TYPE_FLOAT] = {FIXED32, 4, LOW32},
    [PROTOBUF_C_TYPE_DOUBLE] = {FIXED64, 8, LOW64},
    [PROTOBUF_C_TYPE_BOOL] = {VARINT, sizeof(protobuf_c_boolean), TRUTH},
    [PROTOBUF_C_TYPE_ENUM] = {VARINT, 4, LOW32},
    [PROTOBUF_C_TYPE_STRING] = {LENGTH, sizeof(char *), 0},
    [PROTOBUF_C_TYPE_BYTES] = {LENGTH, sizeof(ProtobufCBinaryData), 0},
    [PROTOBUF_C_TYPE_MESSAGE] = {LENGTH, sizeof(ProtobufCMessage *), 0},
};

void wire_pb_store_number(void *to, const struct wire_pb_kind *kind, uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    switch ((enum form)kind->form) {
    case LOW32:
        break;
    case ZIGZAG32:
        low = low >> 1 ^ (0 - (low & 1));
        break;
    case TRUTH:
        low = bits != 0;
        break;
    case ZIGZAG64:
        bits = bits >> 1 ^ (0 - (bits & 1));
        memcpy(to, &bits, sizeof bits);
        return;
    case LOW64:
        memcpy(to, &bits, sizeof bits);
        return;
    }
    memcpy(to, &low, sizeof low);
}

/* How many elements an array of `count` has room for. Told by the count alone, so that a list can
 * go on growing, by doubling, when its message is merged with another. */
static size_t room_for(size_t count)
{
    size_t room = count > 0 ? 4 : 0;
    while (room < count)
        room *= 2;
    return room;
}

/* The array, or a larger one of the same elements, with room for `more`. NULL: out of memory. */
static void *grow(struct nx_arena *arena, void *array, size_t size, size_t count, size_t more)
{
    if (count + more <= room_for(count))
        return array;
    void *grown = nx_arena_alloc(arena, room_for(count + more) * size);
    if (grown && count > 0)
        memcpy(grown, array, count * size);
    return grown;
}

void *wire_pb_append(const struct wire_pb_scan *scan, ProtobufCMessage *message,
                     const ProtobufCFieldDescriptor *field, size_t more)
{
    size_t size = wire_pb_kinds[field->type].size;
    size_t *count = wire_pb_at(message, field->quantifier_offset);
    void **array = wire_pb_at(message, field->offset);
    void *grown = grow(scan->arena, *array, size, *count, more);
    if (!grown)
        return NULL;
    void *slots = (char *)grown + *count * size;
    *array = grown;
    *count += more;
    return slots;
}

/* Make the field the one that its oneof has; a value of another is forgotten. */
static void choose(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    uint32_t *chosen = wire_pb_at(message, field->quantifier_offset);
    if (*chosen == field->id)
        return;
    if (*chosen != 0) {
        const ProtobufCFieldDescriptor *old =
            protobuf_c_message_descriptor_get_field(message->descriptor, *chosen);
        memset(wire_pb_at(message, old->offset), 0, wire_pb_kinds[old->type].size);
    }
    *chosen = field->id;
}

void *wire_pb_slot(const struct wire_pb_scan *scan, ProtobufCMessage *message,
                   const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return wire_pb_append(scan, message, field, 1);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        choose(message, field);
    else if (field->quantifier_offset != 0)
        *(protobuf_c_boolean *)wire_pb_at(message, field->quantifier_offset) = 1;
    return wire_pb_at(message, field->offset);
}

nx_status wire_pb_keep_unknown(const struct wire_pb_scan *scan, ProtobufCMessage *message,
                               uint32_t number, enum wire_type type, struct nx_str bytes)
{
    ProtobufCMessageUnknownField *fields =
        grow(scan->arena, message->unknown_fields, sizeof *fields, message->n_unknown_fields, 1);
    uint8_t *copy = nx_arena_alloc(scan->arena, bytes.len);
    if (!fields || !copy)
        return nx_fail_memory();
    memcpy(copy, bytes.ptr, bytes.len);
    /* The type is wider than protobuf-c's names for it: groups have none there, yet are packed. */
    fields[message->n_unknown_fields++] = (ProtobufCMessageUnknownField){
        .tag = number, .wire_type = (ProtobufCWireType)type, .len = bytes.len, .data = copy};
    message->unknown_fields = fields;
    return NX_STATUS_OK;
}
