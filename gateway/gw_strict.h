/* Whether the head of a request is just what RFC 9112 says, byte for byte (2.2, 5.1, 5.2, 6.1): a
 * proxy that reads it otherwise would let one request hide in another.
 *
 * libmicrohttpd 0.9.75 lets bare LF, NUL, continued lines and names with blanks through, and hands
 * on strings that it has cut out of the head where that lies. So it can be seen from where they
 * are: each name must begin two bytes behind the value before, which were CR and LF. (Or one
 * of the two was a NUL: they are overwritten with NULs by then. Later versions have a strict
 * mode of their own, MHD_OPTION_CLIENT_DISCIPLINE_LVL.) */
#ifndef GW_STRICT_H
#define GW_STRICT_H

#include <stdbool.h>
#include <stddef.h>

#include "nx_str.h"

struct gw_strict {
    const char *begin, *end; /* of what has been looked at */
    const char *fault;       /* the first; NULL: there is none */
    bool needs_host;         /* HTTP/1.0 does not */
    unsigned hosts;
    unsigned framing; /* headers that say where the body ends */
};

/* The request line: "METHOD TARGET VERSION". Borrows method and version, until the last function;
 * the target may be a copy. */
void gw_strict_begin(struct gw_strict *strict, const char *method, struct nx_str target,
                     const char *version);

/* Each header in its order. */
void gw_strict_header(void *strict, const char *name, const char *value);

/* Returns: NULL, or what is wrong. `head_len`: of all of it, with the empty line. */
const char *gw_strict_end(struct gw_strict *strict, size_t head_len);

#endif
