/* What an Any may hold: the messages that are linked in and can be reached from a few of them. */
#ifndef PBJ_TYPES_H
#define PBJ_TYPES_H

#include "pbj.h"

/* Sorted by full name; set up once, and then read by any thread. */
struct pbj_types {
    const ProtobufCMessageDescriptor **types;
    size_t count;
};

/* Collect the well-known types, these, and all that are the type of a field of one of them.
 * Result: in the arena.
 * Fails:  RESOURCE_EXHAUSTED. */
nx_status pbj_types_collect(const ProtobufCMessageDescriptor *const *roots, size_t count,
                            struct nx_arena *arena, struct pbj_types *ret_types) NX_MUST_USE;

/* A pbj_resolve, whose context is a struct pbj_types. */
const ProtobufCMessageDescriptor *pbj_types_find(void *types, struct nx_str full_name);

#endif
