/* From an HTTP request to the request message of an RPC: google/api/http.proto's transcoding, with
 * the conventions of headers (If-Match, Idempotency-Key) and of PATCH (AIP-134).
 *
 * A function of its input alone: it knows no server and no connection. */
#ifndef GW_TRANSCODE_H
#define GW_TRANSCODE_H

#include "gw_router.h"

/* What a request says beside its verb and path. Texts are raw; headers are NULL when absent. */
struct gw_input {
    struct nx_str query;
    struct nx_str body;
    const char *if_match;
    const char *idempotency_key;
    const char *last_event_id;
    uint32_t max_depth; /* of the body's JSON */
    bool is_raw; /* the body is for `stream_bytes` of further messages: it has no part in it */
};

/* Make the request message of a match, which has a route.
 * Borrows: the body, until return.   Result: in the arena.
 * Fails:   INVALID_ARGUMENT; violations name fields of the request message ("product.title") or the
 *          query parameter that is none. ABORTED: If-Match contradicts the body.
 *          RESOURCE_EXHAUSTED. */
nx_status gw_transcode(const struct gw_match *match, const struct gw_input *input,
                       struct nx_arena *arena, ProtobufCMessage **ret_request) NX_MUST_USE;

#endif
