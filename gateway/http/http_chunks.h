/* A body in chunks (RFC 9112, 7.1), as it comes, in parts of any size.
 *
 * Lines end with CR LF, and with nothing else: where a bare LF is a line end for some and not for
 * others, they see other requests behind the body. Extensions and trailers are read over. */
#ifndef HTTP_CHUNKS_H
#define HTTP_CHUNKS_H

#include <stdint.h>

#include "nx_str.h"

/* Most of one line of a size with its extensions, and of all trailers. */
#define HTTP_MAX_CHUNK_LINE 1024
#define HTTP_MAX_TRAILER_BYTES 8192

/* Zeroed at the beginning. */
struct http_chunks {
    unsigned state;
    uint64_t left;   /* of the chunk */
    size_t overhead; /* of the line, or of the trailers */
};

enum http_chunk {
    HTTP_CHUNK_MORE, /* all of the input is taken, and there is more to come */
    HTTP_CHUNK_DATA,
    HTTP_CHUNK_END, /* what is left of the input is behind the body */
    HTTP_CHUNK_BAD,
};

/* Go on to the next piece of the body. The input is left to begin with that; pass on as much of it
 * as will do with http_chunks_take(), and call again. */
enum http_chunk http_chunks_next(struct http_chunks *chunks, struct nx_str *input,
                                 struct nx_str *ret_data);

void http_chunks_take(struct http_chunks *chunks, struct nx_str *input, size_t len);

#endif
