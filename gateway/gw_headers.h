/* What the request's method and headers mean. A header that is absent is NULL. */
#ifndef GW_HEADERS_H
#define GW_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

#include "nx_arena.h"
#include "oas_spec.h"

#define GW_REQUEST_ID_BYTES 129

/* Whether a method reads: GET, or HEAD, which is a GET without the content. */
bool gw_headers_is_get(const char *method);

/* The value of the header Allow for a set of a spec's verbs, bit 1 << verb each. NULL: no memory.
 */
const char *gw_headers_allow(const struct oas_spec *spec, unsigned verbs, struct nx_arena *arena);

/* Whether all of a text is printable ASCII, and there is some. */
bool gw_headers_is_printable(const char *text);

/* The client's X-Request-Id if it is printable and at most 128 bytes long, else a new UUID. */
void gw_headers_request_id(const char *header, char ret_id[GW_REQUEST_ID_BYTES]);

/* A traceparent (W3C Trace Context) that is fit to be passed on, else NULL. */
const char *gw_headers_traceparent(const char *header);

/* Whether a Content-Type is JSON in UTF-8. */
bool gw_headers_is_json(const char *header);

/* Whether an Accept header, which may be NULL, takes application/json: by that name, as
 * application/ or any type with an asterisk; the most exact range counts, and not with q=0 (RFC
 * 9110, 12.5.1). */
bool gw_headers_accepts_json(const char *header);

/* Shorten a timeout to what the header Grpc-Timeout says, "500m". False: it is badly written. */
bool gw_headers_timeout(const char *header, int64_t *ret_timeout_ns);

/* Whether an If-Match or If-None-Match header, "*" or a list of entity tags, names the tag; weakly
 * compared (RFC 9110, 8.8.3.2). */
bool gw_headers_lists_etag(const char *header, const char *etag);

#endif
