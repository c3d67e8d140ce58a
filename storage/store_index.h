/* Indexes of single keys of product attributes, so that lists can be ordered by them, and ranges of
 * them are found fast. The table catalog.attribute_index says which there are.
 *
 * An index is built beside the running service (CREATE INDEX CONCURRENTLY), which takes a scan of
 * the products and waits for transactions under way. What an interrupted build has left is removed
 * by the next one.
 *
 * These functions block; they are for nexusctl, and need a role that owns the catalog. Their
 * messages hold the database's own words. */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include <stdbool.h>

#include "nx_arena.h"
#include "nx_status.h"

/* Declare a key, "color" or "size.width", and build its index; TYPE is "text", "number" or
 * "boolean". *ret_built is false when it was there.
 * Fails:   INVALID_ARGUMENT, FAILED_PRECONDITION (declared as another type; another runner is at
 *          work; refused by the database), UNAVAILABLE. */
nx_status store_index_add(struct nx_arena *arena, const char *conninfo, const char *key,
                          const char *type, bool *ret_built) NX_MUST_USE;

/* Take a key back, and drop its index. *ret_dropped is false when there was none. */
nx_status store_index_drop(struct nx_arena *arena, const char *conninfo, const char *key,
                           bool *ret_dropped) NX_MUST_USE;

struct store_index_entry {
    const char *key;
    const char *type;
    const char *size;  /* "12 MB" */
    const char *state; /* "ready", or "unfinished" */
};

/* The keys in the order of their names. */
nx_status store_index_list(struct nx_arena *arena, const char *conninfo,
                           struct store_index_entry **ret_entries, int *ret_count) NX_MUST_USE;

#endif
