/* The target of a request: taking a raw URL apart, and undoing percent-encoding (RFC 3986). */
#ifndef GW_URL_H
#define GW_URL_H

#include <stdbool.h>

#include "nx_arena.h"
#include "nx_status.h"
#include "nx_str.h"

/* What gw_url_decode() does beside %41 -> A. */
enum gw_url_mode {
    GW_URL_SEGMENT,  /* nothing else */
    GW_URL_SEGMENTS, /* leave "%2F" as it is, so that it is no slash between segments */
    GW_URL_RESERVED, /* leave what RFC 3986 reserves as it is: ":/?#[]@" and "!$&'()*+,;=" */
    GW_URL_QUERY,    /* '+' is a space */
};

/* Decode a piece of a URL. The result is the text itself when there is nothing to decode, else in
 * the arena. `what` names the piece in messages, as in "the path".
 * Fails:  INVALID_ARGUMENT: a bad escape, NUL, or what is not UTF-8; RESOURCE_EXHAUSTED. */
nx_status gw_url_decode(struct nx_str text, enum gw_url_mode mode, const char *what,
                        struct nx_arena *arena, struct nx_str *ret_text) NX_MUST_USE;

/* Cut a target, "/path?query" or "http://host/path?query", at its first '?'. */
void gw_url_split(struct nx_str target, struct nx_str *ret_path, struct nx_str *ret_query);

/* Take the next "name=value" off a raw query, skipping empty ones. False: there is none. */
bool gw_url_next_parameter(struct nx_str *query, struct nx_str *ret_name, struct nx_str *ret_value);

#endif
