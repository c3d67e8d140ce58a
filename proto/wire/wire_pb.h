/* Messages in and out of bytes that a stranger sent.
 *
 * protobuf-c trusts its input: it recurses without limit, takes any bytes for a string, and can be
 * made to allocate 60 times what it is sent. So untrusted bytes are walked once before they are
 * unpacked (wire_pb_check), and unpacked into a capped arena.
 * Encoding: https://protobuf.dev/programming-guides/encoding/ */
#ifndef WIRE_PB_H
#define WIRE_PB_H

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "nx_arena.h"
#include "nx_status.h"
#include "nx_str.h"

struct wire_pb_limits {
    uint32_t max_depth;  /* message nesting, the outermost being 1 */
    uint32_t max_fields; /* fields of the message and all in it */
};

/* Check that bytes are a well-formed message of the type within the limits: whole fields, known
 * wire types, matched groups, valid UTF-8 without NUL in strings.
 * Fails:   INVALID_ARGUMENT; the violation names the field, as in "product.tags". */
nx_status wire_pb_check(const ProtobufCMessageDescriptor *type, struct nx_str bytes,
                        const struct wire_pb_limits *limits, struct nx_arena *arena) NX_MUST_USE;

/* Check, then unpack into the arena; nothing needs to be freed.
 * Fails:   INVALID_ARGUMENT as above; RESOURCE_EXHAUSTED when the arena is full. */
nx_status wire_pb_unpack(const ProtobufCMessageDescriptor *type, struct nx_str bytes,
                         const struct wire_pb_limits *limits, struct nx_arena *arena,
                         ProtobufCMessage **ret_message) NX_MUST_USE;

/* An allocator for protobuf-c that takes from the arena and never frees. */
ProtobufCAllocator wire_pb_allocator(struct nx_arena *arena);

#endif
