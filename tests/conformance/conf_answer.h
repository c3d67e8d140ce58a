/* One request of protobuf's conformance suite, and what this codec makes of it.
 * Protocol: https://protobuf.dev, conformance.proto of the suite. */
#ifndef CONF_ANSWER_H
#define CONF_ANSWER_H

#include "nx_arena.h"
#include "nx_buf.h"
#include "pbj_types.h"

/* The messages that the suite may ask for, and those that an Any of it may hold.
 * Fails:   RESOURCE_EXHAUSTED. */
nx_status conf_types(struct nx_arena *arena, struct pbj_types *ret_types) NX_MUST_USE;

/* Append the packed ConformanceResponse to a packed ConformanceRequest: what the codec made of the
 * payload, or why it made nothing of it. A request that is none, or that needs more memory than
 * the arena or the buffer has, is answered as well, as a `runtime_error`.
 * Borrows: the request, until it returns.
 * Fails:   false: not even that could be written. */
bool conf_answer(struct pbj_types *types, struct nx_str request, struct nx_arena *arena,
                 struct nx_buf *ret_response);

#endif
