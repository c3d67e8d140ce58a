#include "wire_bytes.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>

struct nx_str wire_bytes_of_slice(const grpc_slice *slice)
{
    return (struct nx_str){(const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

bool wire_bytes_open(struct wire_bytes *bytes, grpc_byte_buffer *buffer)
{
    *bytes = (struct wire_bytes){.is_joined = false};
    size_t total = grpc_byte_buffer_length(buffer);
    if (total == 0)
        return true;
    grpc_byte_buffer_reader reader;
    grpc_slice *first;
    if (!grpc_byte_buffer_reader_init(&reader, buffer))
        return false;
    /* Most messages are one piece: then it is read in place. */
    if (grpc_byte_buffer_reader_peek(&reader, &first) && GRPC_SLICE_LENGTH(*first) == total) {
        bytes->text = wire_bytes_of_slice(first);
        grpc_byte_buffer_reader_destroy(&reader);
        return true;
    }
    grpc_byte_buffer_reader_destroy(&reader);
    if (!grpc_byte_buffer_reader_init(&reader, buffer))
        return false;
    bytes->joined = grpc_byte_buffer_reader_readall(&reader);
    bytes->is_joined = true;
    bytes->text = wire_bytes_of_slice(&bytes->joined);
    grpc_byte_buffer_reader_destroy(&reader);
    return true;
}

void wire_bytes_close(struct wire_bytes *bytes)
{
    if (bytes->is_joined)
        grpc_slice_unref(bytes->joined);
    *bytes = (struct wire_bytes){.is_joined = false};
}

grpc_byte_buffer *wire_bytes_pack(const ProtobufCMessage *message)
{
    grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));
    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}
