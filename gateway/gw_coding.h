/* Content codings (RFC 9110, 8.4): gzip (RFC 1952), br (RFC 7932) and zstd (RFC 8878). */
#ifndef GW_CODING_H
#define GW_CODING_H

#include <stdbool.h>

#include "nx_buf.h"

enum gw_coding {
    GW_IDENTITY,
    GW_GZIP,
    GW_BR,
    GW_ZSTD,
    GW_CODING_COUNT,
};

/* For Accept-Encoding, where it says which there are. */
#define GW_CODINGS "zstd, br, gzip"

/* As headers have it; NULL for identity. */
const char *gw_coding_name(enum gw_coding coding);

/* The coding of a Content-Encoding header, one alone; NULL or "identity": none. False: unknown, or
 * several. */
bool gw_coding_parse(const char *header, enum gw_coding *ret_coding);

/* What an Accept-Encoding header likes best, of equals what is fastest; identity if it is NULL. */
enum gw_coding gw_coding_choose(const char *header);

/* Append the text, coded. False: no memory, or more than the buffer takes. */
bool gw_coding_encode(enum gw_coding coding, struct nx_str text, struct nx_buf *out);

enum gw_decoded {
    GW_DECODED,
    GW_DECODE_MALFORMED, /* also when it ends early, or something follows */
    GW_DECODE_TOO_LARGE, /* for the buffer */
    GW_DECODE_NO_MEMORY,
};

/* Append what a coded text means. Memory: the buffer's, and up to 8 MiB of window. */
enum gw_decoded gw_coding_decode(enum gw_coding coding, struct nx_str coded, struct nx_buf *out);

#endif
