/* Messages out of bytes that a stranger sent, and into bytes.
 *
 * protobuf-c's own unpack trusts its input: it recurses without limit, takes any bytes for a
 * string, refuses fields of an unexpected wire type, and replaces a oneof's message seen twice.
 * So untrusted bytes are checked and decoded here, in one pass and by descriptor, into the structs
 * that protobuf-c packs, checks and frees no differently from its own.
 * Encoding: https://protobuf.dev/programming-guides/encoding/ */
#ifndef WIRE_PB_H
#define WIRE_PB_H

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "nx_arena.h"
#include "nx_status.h"
#include "nx_str.h"

struct wire_pb_limits {
    uint32_t max_depth;  /* nesting of messages and groups, the outermost message being 1 */
    uint32_t max_fields; /* fields of the message and all in it; values in a packed list are free */
};

/* Decode a message into the arena; nothing needs to be freed, and the bytes may be let go after.
 *
 * As the specification has it: of a field seen twice the last value counts, and messages merge, in
 * a oneof too; lists take packed and single values, whichever they are declared with; of the
 * entries of a map that share a key the last is kept, and what an entry lacks is its default;
 * fields that are unknown or of another wire type, and groups, are kept in `unknown_fields`, and
 * packed again; enums keep numbers that have no name. Strings must be valid UTF-8 without NUL.
 * What protobuf-c adds: a proto2 `required` field must be in each occurrence of its message.
 *
 * Fails:   INVALID_ARGUMENT; the violation names the field, as in "product.tags".
 *          RESOURCE_EXHAUSTED when the arena is full. */
nx_status wire_pb_unpack(const ProtobufCMessageDescriptor *type, struct nx_str bytes,
                         const struct wire_pb_limits *limits, struct nx_arena *arena,
                         ProtobufCMessage **ret_message) NX_MUST_USE;

/* Pack a message into the end of this room, fields in the order of their numbers and unknown ones
 * behind. As protobuf-c does, but that a negative zero is a value, not a default to be left out,
 * and so is an empty string in a oneof. Result:  how many bytes it has. If there was no room for
 * them, none of the room is of use. */
size_t wire_pb_pack(const ProtobufCMessage *message, uint8_t *bytes, size_t room);

/* How many bytes a message has when it is packed. */
size_t wire_pb_packed_size(const ProtobufCMessage *message);

#endif
