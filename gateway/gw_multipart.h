/* A body of the type multipart/form-data (RFC 7578, RFC 2046), which comes in parts, piece by
 * piece. It knows no connection, and keeps no more than the headers of one part. */
#ifndef GW_MULTIPART_H
#define GW_MULTIPART_H

#include <stdbool.h>

#include "nx_buf.h"

#define GW_MULTIPART_MAX_BOUNDARY 70
#define GW_MULTIPART_MAX_NAME 255
#define GW_MULTIPART_MAX_HEADERS ((size_t)8192) /* of one part */

struct gw_multipart {
    char delimiter[4 + GW_MULTIPART_MAX_BOUNDARY + 1]; /* CRLF, "--" and the boundary */
    size_t delimiter_len;
    unsigned state;
    size_t matched;      /* of the delimiter */
    size_t presumed;     /* of that: was not there, and is no content */
    struct nx_buf line;  /* of the headers, or behind a delimiter */
    size_t header_bytes; /* of this part */
    const char *problem; /* what is wrong, once GW_PART_BAD was found */

    /* The part that has begun. */
    char name[GW_MULTIPART_MAX_NAME + 1];
    bool has_name;
    bool is_file; /* it has a filename */
};

enum gw_part {
    GW_PART_MORE,  /* the input is used up */
    GW_PART_BEGIN, /* its name is known */
    GW_PART_DATA,
    GW_PART_END,
    GW_PART_BAD, /* `problem` says why; there is nothing more to find */
};

/* Begin, by the header Content-Type: `multipart/form-data; boundary=...`. False: it has no boundary
 * that could be one. */
bool gw_multipart_init(struct gw_multipart *multipart, const char *content_type);
void gw_multipart_cleanup(struct gw_multipart *multipart);

/* Take the next of it off the input.
 * Result:  data that lives as long as the input and the parser. */
enum gw_part gw_multipart_next(struct gw_multipart *multipart, struct nx_str *input,
                               struct nx_str *ret_data);

/* Whether the last delimiter has been there. */
bool gw_multipart_is_whole(const struct gw_multipart *multipart);

#endif
