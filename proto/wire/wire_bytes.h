/* Between the core's byte buffers and contiguous bytes; internal to wire. */
#ifndef WIRE_BYTES_H
#define WIRE_BYTES_H

#include <grpc/byte_buffer.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "nx_str.h"

/* A received message in one piece. */
struct wire_bytes {
    struct nx_str text; /* valid until wire_bytes_close(), and as long as the buffer */
    grpc_slice joined;  /* owns the text when the buffer had many pieces */
    bool is_joined;
};

/* False: the buffer cannot be read. */
bool wire_bytes_open(struct wire_bytes *bytes, grpc_byte_buffer *buffer);
void wire_bytes_close(struct wire_bytes *bytes);

/* A message packed into a new buffer, which the caller destroys. */
grpc_byte_buffer *wire_bytes_pack(const ProtobufCMessage *message);

/* The slice's bytes, as long as the slice lives. */
struct nx_str wire_bytes_of_slice(const grpc_slice *slice);

#endif
