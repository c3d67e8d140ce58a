/* Waiting for an op: for what happens before there are calls, and for commands. */
#ifndef SVC_AWAIT_H
#define SVC_AWAIT_H

#include "store.h"

/* Sees the rows while they are there. Thread: the store's loop. */
typedef void (*svc_await_rows)(const struct store_rows *rows, void *result);

struct svc_await {
    struct store_op op; /* begun by svc_await_begin(); the caller adds steps */
    svc_await_rows read;
    void *result;
    int done_fd;
};

/* Begin an op that svc_await_submit() will wait for. `read` is called if it succeeds.
 * Fails:   RESOURCE_EXHAUSTED when there is no file descriptor. */
nx_status svc_await_begin(struct svc_await *await, struct nx_arena *arena, unsigned flags,
                          int64_t deadline_ns, svc_await_rows read, void *result) NX_MUST_USE;

/* Submit it and wait until it has completed. */
nx_status svc_await_submit(struct svc_await *await, struct store *store) NX_MUST_USE;

#endif
