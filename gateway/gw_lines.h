/* A body of lines (NDJSON), which comes in parts, as lines. It knows no connection. */
#ifndef GW_LINES_H
#define GW_LINES_H

#include <stdint.h>

#include "nx_buf.h"

struct gw_lines {
    struct nx_buf begun; /* of a line whose end has not come */
    size_t max_bytes;    /* of a line, without its end */
    uint64_t number;     /* of the line that was found last, from 1; empty ones count */
    bool is_found;       /* what has begun was found, and is to be forgotten */
};

enum gw_lines_found {
    GW_LINES_MORE, /* the input is used up */
    GW_LINES_ONE,
    GW_LINES_TOO_LONG,
    GW_LINES_NO_MEMORY,
};

void gw_lines_init(struct gw_lines *lines, size_t max_bytes);
void gw_lines_cleanup(struct gw_lines *lines);

/* Take the next line off the input that is not empty, nor blank: without its "\n" or "\r\n".
 * Result:  lives as long as the input, and until the next call. */
enum gw_lines_found gw_lines_next(struct gw_lines *lines, struct nx_str *input,
                                  struct nx_str *ret_line);

/* There is no more input: the last line, if it has no end; GW_LINES_MORE: there is none. */
enum gw_lines_found gw_lines_last(struct gw_lines *lines, struct nx_str *ret_line);

#endif
