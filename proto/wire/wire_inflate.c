#include "wire_inflate.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>
#include <zlib.h>

#define CHUNK_BYTES 16384
#define ZLIB_OR_GZIP (MAX_WBITS + 32) /* zlib tells the two by their first bytes */

/* Unpack one piece of the input, appending what comes out. */
static enum wire_inflated inflate_piece(z_stream *stream, grpc_slice piece, size_t max_bytes,
                                        struct nx_buf *out, int *ret_result)
{
    unsigned char chunk[CHUNK_BYTES];
    stream->next_in = GRPC_SLICE_START_PTR(piece);
    stream->avail_in = (uInt)GRPC_SLICE_LENGTH(piece);
    do {
        stream->next_out = chunk;
        stream->avail_out = sizeof chunk;
        *ret_result = inflate(stream, Z_NO_FLUSH);
        size_t made = sizeof chunk - stream->avail_out;
        if (*ret_result == Z_MEM_ERROR)
            return WIRE_INFLATE_NO_MEMORY;
        if (*ret_result != Z_OK && *ret_result != Z_STREAM_END && *ret_result != Z_BUF_ERROR)
            return WIRE_INFLATE_MALFORMED;
        if (made > max_bytes - out->len)
            return WIRE_INFLATE_TOO_LARGE;
        nx_buf_append(out, chunk, made);
        if (out->failed)
            return WIRE_INFLATE_NO_MEMORY;
    } while (*ret_result != Z_STREAM_END && (stream->avail_in > 0 || stream->avail_out == 0));
    return stream->avail_in > 0 ? WIRE_INFLATE_MALFORMED : WIRE_INFLATED;
}

enum wire_inflated wire_inflate(grpc_byte_buffer *buffer, size_t max_bytes, struct nx_buf *out)
{
    z_stream stream = {.zalloc = NULL};
    if (inflateInit2(&stream, ZLIB_OR_GZIP) != Z_OK)
        return WIRE_INFLATE_NO_MEMORY;
    enum wire_inflated outcome = WIRE_INFLATED;
    int result = Z_OK;
    grpc_byte_buffer_reader reader;
    grpc_slice *piece;
    if (grpc_byte_buffer_reader_init(&reader, buffer)) {
        while (outcome == WIRE_INFLATED && grpc_byte_buffer_reader_peek(&reader, &piece)) {
            if (GRPC_SLICE_LENGTH(*piece) == 0) /* where a frame ended with its packet */
                continue;
            /* Nothing may follow the end. */
            outcome = result == Z_STREAM_END
                          ? WIRE_INFLATE_MALFORMED
                          : inflate_piece(&stream, *piece, max_bytes, out, &result);
        }
        grpc_byte_buffer_reader_destroy(&reader);
    }
    inflateEnd(&stream);
    return outcome == WIRE_INFLATED && result != Z_STREAM_END ? WIRE_INFLATE_MALFORMED : outcome;
}
