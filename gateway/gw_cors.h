/* Which web pages of other origins may call (the CORS protocol of the Fetch standard). */
#ifndef GW_CORS_H
#define GW_CORS_H

#include <stdbool.h>

#include "gw_answer.h"
#include "nx_arena.h"
#include "nx_status.h"

struct gw_cors {
    const char **origins;        /* ended by NULL; empty: none */
    bool any;                    /* whoever asks */
    bool credentials;            /* with cookies and the like */
    const char *max_age;         /* seconds, as text */
    const char *request_headers; /* that they may send */
    const char *answer_headers;  /* that they may read */
};

/* Read the configuration: origins by commas, "https://shop.example, http://localhost:3000", or "*".
 * Fails:   INVALID_ARGUMENT (what is no origin; "*" with credentials), RESOURCE_EXHAUSTED. */
nx_status gw_cors_parse(const char *origins, bool credentials, unsigned max_age_s,
                        struct nx_arena *arena, struct gw_cors *ret_cors) NX_MUST_USE;

/* Let them send, and read, further headers. The lists are ended by NULL.
 * Fails:   RESOURCE_EXHAUSTED. */
nx_status gw_cors_name_headers(struct gw_cors *cors, const char *const *sent,
                               const char *const *returned, struct nx_arena *arena) NX_MUST_USE;

/* Add the headers for an answer to a request of this origin; NULL: it has none. */
void gw_cors_answer(const struct gw_cors *cors, const char *origin, struct http_answer *answer);

/* Add what a preflight wants to know besides, to an answer that `Allow` is in already. */
void gw_cors_preflight(const struct gw_cors *cors, const char *origin, const char *allow,
                       struct http_answer *answer);

#endif
