/* Answers that send the client on: a GET of something by a value that it had before. */
#ifndef GW_REDIRECT_H
#define GW_REDIRECT_H

#include "gw_route.h"

/* Where the rule sends the client for this response: the raw path and query of its request, with
 * the rule's parameter replaced. NULL: nowhere.   Result: in the arena, printable ASCII. Fails:
 * RESOURCE_EXHAUSTED; INVALID_ARGUMENT for a query that has been refused before. */
nx_status gw_redirect_find(const struct gw_route *route, const ProtobufCMessage *response,
                           struct nx_str path, struct nx_str query, struct nx_arena *arena,
                           const char **ret_location) NX_MUST_USE;

#endif
