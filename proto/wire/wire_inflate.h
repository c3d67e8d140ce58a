/* Compressed messages (the gRPC document compression.md: gzip and deflate), unpacked up to a limit.
 * The core would unpack them too, but without any limit. Internal to wire. */
#ifndef WIRE_INFLATE_H
#define WIRE_INFLATE_H

#include <grpc/byte_buffer.h>
#include <stdbool.h>

#include "nx_buf.h"

enum wire_inflated {
    WIRE_INFLATED,
    WIRE_INFLATE_TOO_LARGE,
    WIRE_INFLATE_NO_MEMORY,
    WIRE_INFLATE_MALFORMED,
};

/* Append the unpacked bytes of a buffer, at most max_bytes of them. */
enum wire_inflated wire_inflate(grpc_byte_buffer *buffer, size_t max_bytes, struct nx_buf *out);

#endif
