/* Between the core's byte buffers and contiguous bytes; internal to wire. */
#ifndef WIRE_BYTES_H
#define WIRE_BYTES_H

#include <grpc/byte_buffer.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "nx_status.h"
#include "nx_str.h"
#include "wire_inflate.h"

/* A received message in one piece. */
struct wire_bytes {
    struct nx_str text;     /* valid until wire_bytes_close(), and as long as the buffer */
    grpc_slice joined;      /* owns the text when the buffer had many pieces */
    struct nx_buf inflated; /* owns the text when the message came compressed */
    bool is_joined;
};

/* Anything but WIRE_INFLATED: the message cannot be had, and there is nothing to close. */
enum wire_inflated wire_bytes_open(struct wire_bytes *bytes, grpc_byte_buffer *buffer,
                                   size_t max_bytes);
void wire_bytes_close(struct wire_bytes *bytes);

/* The status of what cannot be had; the reason is for a message that is too large. */
nx_status wire_bytes_failure(enum wire_inflated outcome, const char *reason, size_t max_bytes,
                             struct nx_arena *arena) NX_MUST_USE;

/* A message packed into a new buffer, which the caller destroys. */
grpc_byte_buffer *wire_bytes_pack(const ProtobufCMessage *message);

/* The slice's bytes, as long as the slice lives. */
struct nx_str wire_bytes_of_slice(const grpc_slice *slice);

#endif
