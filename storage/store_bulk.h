/* Filling the table of products when it is empty: what each row would pay for, such as an index, is
 * taken away before, and brought back for all rows at once. What guards the rows comes back in the
 * transaction of the COPY; the other indexes are pending then (store_pending.h). */
#ifndef STORE_BULK_H
#define STORE_BULK_H

#include "store_copy.h"

struct store_bulk;

/* Take them away, if the table is empty and belongs to the role; it is locked until the end.
 * Result:  *ret_bulk, in the arena; NULL when it is not so. */
nx_status store_bulk_begin(struct store_copy *copy, struct nx_arena *arena,
                           struct store_bulk **ret_bulk) NX_MUST_USE;

/* How many steps store_bulk_restore() has, and what it is at: called before each. */
unsigned store_bulk_step_count(const struct store_bulk *bulk);
typedef void (*store_bulk_progress)(void *context, unsigned step, const char *name);

/* Bring back what does not stay pending. */
nx_status store_bulk_restore(struct store_bulk *bulk, store_bulk_progress progress,
                             void *context) NX_MUST_USE;

#endif
