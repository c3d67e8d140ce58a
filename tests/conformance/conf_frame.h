/* The frames of protobuf's conformance protocol: a length of 4 bytes, the least significant first,
 * and as many bytes. */
#ifndef CONF_FRAME_H
#define CONF_FRAME_H

#include <stdio.h>

#include "nx_buf.h"

enum conf_frame {
    CONF_FRAME_WHOLE,
    CONF_FRAME_END,       /* of the input, where a frame would begin */
    CONF_FRAME_CUT,       /* the input ends within a frame */
    CONF_FRAME_TOO_LARGE, /* for the buffer's limit, or for memory */
    CONF_FRAME_ERROR,     /* errno tells */
};

/* Read one frame into an empty buffer. What a length says is taken only as it arrives, so that a
 * wrong one costs nothing. */
enum conf_frame conf_frame_read(FILE *from, struct nx_buf *ret_bytes);

/* Write one frame, and flush it. False: errno tells. */
bool conf_frame_write(FILE *to, struct nx_str bytes);

#endif
