/* Metadata as the core has it, to be sent and received; internal to wire. */
#ifndef WIRE_PAIRS_H
#define WIRE_PAIRS_H

#include <grpc/grpc.h>

#include "wire.h"

struct wire_pairs {
    grpc_metadata *items; /* in the arena; the slices are owned */
    size_t count;
    size_t room;
};

/* A text without the blanks at its ends: peers that keep to RFC 9113, 8.2.1 drop a header field
 * that has them, with all that is in it. */
struct nx_str wire_trim(struct nx_str text);

/* Append a copy of a pair, a text trimmed.
 * Fails:   INVALID_ARGUMENT for what cannot be metadata, RESOURCE_EXHAUSTED. */
nx_status wire_pairs_add(struct wire_pairs *pairs, struct nx_arena *arena, const char *key,
                         struct nx_str value) NX_MUST_USE;

/* Give the slices back. */
void wire_pairs_clear(struct wire_pairs *pairs);

/* The first value of a key; ret_value is untouched when it is absent. As long as the array. */
bool wire_metadata_find(const grpc_metadata_array *array, const char *key,
                        struct nx_str *ret_value);

/* The pair of an index; false beyond the last. As long as the array. */
bool wire_metadata_at(const grpc_metadata_array *array, size_t index, struct nx_str *ret_key,
                      struct nx_str *ret_value);

#endif
