#include "wire_bytes.h"
#include "wire_pb.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>
#include <string.h>

#define SMALL_BYTES 4096

struct nx_str wire_bytes_of_slice(const grpc_slice *slice)
{
    return (struct nx_str){(const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

static void join(struct wire_bytes *bytes, grpc_byte_buffer *buffer)
{
    grpc_byte_buffer_reader reader;
    grpc_byte_buffer_reader_init(&reader, buffer);
    bytes->joined = grpc_byte_buffer_reader_readall(&reader);
    bytes->is_joined = true;
    bytes->text = wire_bytes_of_slice(&bytes->joined);
    grpc_byte_buffer_reader_destroy(&reader);
}

/* The whole text when it is one piece, as most are: then it is read in place. */
static bool is_one_piece(grpc_byte_buffer *buffer, size_t total, struct nx_str *ret_text)
{
    grpc_byte_buffer_reader reader;
    grpc_slice *first;
    grpc_byte_buffer_reader_init(&reader, buffer);
    bool one = grpc_byte_buffer_reader_peek(&reader, &first) && GRPC_SLICE_LENGTH(*first) == total;
    if (one)
        *ret_text = wire_bytes_of_slice(first);
    grpc_byte_buffer_reader_destroy(&reader);
    return one;
}

enum wire_inflated wire_bytes_open(struct wire_bytes *bytes, grpc_byte_buffer *buffer,
                                   size_t max_bytes)
{
    *bytes = (struct wire_bytes){.is_joined = false};
    if (buffer->data.raw.compression != GRPC_COMPRESS_NONE) {
        nx_buf_init(&bytes->inflated, max_bytes);
        enum wire_inflated outcome = wire_inflate(buffer, max_bytes, &bytes->inflated);
        bytes->text = nx_buf_str(&bytes->inflated);
        if (outcome != WIRE_INFLATED)
            wire_bytes_close(bytes);
        return outcome;
    }
    size_t total = grpc_byte_buffer_length(buffer);
    if (total > 0 && !is_one_piece(buffer, total, &bytes->text))
        join(bytes, buffer);
    return WIRE_INFLATED;
}

void wire_bytes_close(struct wire_bytes *bytes)
{
    if (bytes->is_joined)
        grpc_slice_unref(bytes->joined);
    nx_buf_cleanup(&bytes->inflated);
    *bytes = (struct wire_bytes){.is_joined = false};
}

nx_status wire_bytes_failure(enum wire_inflated outcome, const char *reason, size_t max_bytes,
                             struct nx_arena *arena)
{
    if (outcome == WIRE_INFLATE_TOO_LARGE)
        return nx_fail_reason(arena, NX_RESOURCE_EXHAUSTED, reason,
                              "the message is larger than %zu bytes when it is unpacked",
                              max_bytes);
    if (outcome == WIRE_INFLATE_NO_MEMORY)
        return nx_fail_memory();
    return nx_fail(arena, NX_INTERNAL, "the message cannot be decompressed");
}

grpc_byte_buffer *wire_bytes_pack(const ProtobufCMessage *message)
{
    uint8_t small[SMALL_BYTES]; /* most fit, and need not be measured before */
    size_t size = wire_pb_pack(message, small, sizeof small);
    grpc_slice slice = grpc_slice_malloc(size);
    if (size <= sizeof small)
        memcpy(GRPC_SLICE_START_PTR(slice), small + sizeof small - size, size);
    else
        wire_pb_pack(message, GRPC_SLICE_START_PTR(slice), size);
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}
