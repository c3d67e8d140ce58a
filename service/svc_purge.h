/* Removing for good what is past its purge_time, and answers to requests that are older than a
 * retry may be; and adding up the tally of products.
 *
 * Works in small batches, one at a time, each a transaction of its own, with a pause after each
 * that is as long as the batch took. Several processes may do so at once: an advisory lock lets one
 * of them work, and what others have locked is passed over. It may be interrupted anywhere; the
 * next run goes on. */
#ifndef SVC_PURGE_H
#define SVC_PURGE_H

#include "store.h"

struct svc_purge;

/* What a run has removed, or would remove. */
struct svc_purge_totals {
    int64_t products;
    int64_t categories;
    int64_t unfiled; /* products that were filed in them */
    int64_t requests;
};

/* Borrows the store until svc_purge_destroy(). */
nx_status svc_purge_new(struct store *store, struct svc_purge **ret_purge) NX_MUST_USE;

/* Stops first what svc_purge_start() has started. Takes NULL. */
void svc_purge_destroy(struct svc_purge *purge);

/* Purge every interval_ms from now on, and keep the tally short, on a thread of its own.
 * interval_ms 0: the tally alone. */
nx_status svc_purge_start(struct svc_purge *purge, unsigned interval_ms) NX_MUST_USE;

/* End the thread; what it has under way in the database is cancelled. Takes NULL. */
void svc_purge_stop(struct svc_purge *purge);

/* Count what a run would remove now. Blocks; not after svc_purge_start().
 * Result:  *ret_totals, set on success. */
nx_status svc_purge_preview(struct svc_purge *purge,
                            struct svc_purge_totals *ret_totals) NX_MUST_USE;

/* Purge once, until nothing is left that is due. Blocks; not after svc_purge_start().
 * Result:  *ret_totals, what was removed, on failure too. */
nx_status svc_purge_run(struct svc_purge *purge, struct svc_purge_totals *ret_totals) NX_MUST_USE;

#endif
