/* Which RPC a verb and a path mean.
 *
 * The routes are compiled once into a tree by segments. Their order does not matter: where several
 * match, a literal goes before "*", and "*" before "**", from left to right; and where two end at
 * the same node, the one for this method before the one for any. Each node of the tree is looked at
 * twice at most, with and without ":verb", so that a match costs the segments of the path and the
 * rules that begin alike, whatever the path is. */
#ifndef GW_ROUTER_H
#define GW_ROUTER_H

#include "gw_route.h"

struct gw_router;

/* What was found for a path. */
struct gw_match {
    const struct gw_route *route; /* NULL: none for this verb */
    struct nx_str *values;        /* of the route's variables, decoded */
    unsigned allowed;             /* bit 1 << verb for each verb the path has; 0: no such path */
    size_t visits;                /* of the tree's nodes: what it cost to find */
};

/* Compile the routes of a spec. `file` is its name in messages.
 * Borrows: spec and services, as long as the result.   Result: in the arena.
 * Fails:   INVALID_ARGUMENT, with a message that begins with "file:line: "; RESOURCE_EXHAUSTED. */
nx_status gw_router_compile(const struct oas_spec *spec, const char *file,
                            const struct wire_service *const *services, size_t service_count,
                            struct nx_arena *arena, struct gw_router **ret_router) NX_MUST_USE;

/* The spec that it was made of. */
const struct oas_spec *gw_router_spec(const struct gw_router *router);

/* gw_route_learn() for every route; before the first match. */
nx_status gw_router_learn(struct gw_router *router, const struct oas_model *model,
                          struct nx_arena *arena) NX_MUST_USE;

/* Look a raw path up: "/v1/products/42", percent-encoded, without the query.
 * Thread:  any. The router is not changed.
 * Fails:   INVALID_ARGUMENT: the path is badly encoded; RESOURCE_EXHAUSTED. */
nx_status gw_router_match(const struct gw_router *router, enum oas_verb verb, struct nx_str path,
                          struct nx_arena *arena, struct gw_match *ret_match) NX_MUST_USE;

/* The same for a method as it stands in the request: "GET". HEAD is a GET where no rule is for HEAD
 * itself; OPTIONS has no route. */
nx_status gw_router_match_method(const struct gw_router *router, const char *method,
                                 struct nx_str path, struct nx_arena *arena,
                                 struct gw_match *ret_match) NX_MUST_USE;

#endif
