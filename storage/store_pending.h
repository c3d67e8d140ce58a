/* Indexes that were put off while much was loaded (the table index_pending), made by several
 * connections at once: PostgreSQL makes a GIN index with one process.
 *
 * Each is a transaction; what is interrupted stays pending. Readers go on meanwhile, and writers of
 * the table wait. These functions block; they are for nexusctl, and need a role that owns the
 * catalog. Their messages hold the database's own words. */
#ifndef STORE_PENDING_H
#define STORE_PENDING_H

#include <stdbool.h>

#include "nx_arena.h"
#include "nx_status.h"

struct store_pending_options {
    const char *conninfo;
    /* Called about five times a second. False: give up. */
    bool (*tick)(void *context);
    /* Called before the first, and after each. */
    void (*progress)(void *context, unsigned done, unsigned total);
    void *context;
};

/* Make all that are pending, and have the planner look at what was loaded, if there were any.
 * Result:  *ret_built is how many were made, also of a run that fails.
 * Fails:   FAILED_PRECONDITION (refused by the database), UNAVAILABLE, CANCELLED (`tick`). */
nx_status store_pending_build(struct nx_arena *arena, const struct store_pending_options *options,
                              unsigned *ret_built) NX_MUST_USE;

#endif
