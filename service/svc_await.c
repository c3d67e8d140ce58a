#include "svc_await.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void on_done(struct store_op *op)
{
    struct svc_await *await = op->context;
    if (op->status.code == NX_OK)
        await->read(&op->rows, await->result);
    uint64_t one = 1;
    ssize_t written = write(await->done_fd, &one, sizeof one);
    (void)written;
}

nx_status svc_await_begin(struct svc_await *await, struct nx_arena *arena, unsigned flags,
                          int64_t deadline_ns, svc_await_rows read, void *result)
{
    await->read = read;
    await->result = result;
    await->done_fd = eventfd(0, EFD_CLOEXEC);
    if (await->done_fd < 0)
        return nx_fail(arena, NX_RESOURCE_EXHAUSTED, "no file descriptor is free");
    store_op_init(&await->op, arena, deadline_ns, flags, on_done, await);
    return NX_STATUS_OK;
}

nx_status svc_await_submit(struct svc_await *await, struct store *store)
{
    store_submit(store, &await->op);
    uint64_t count;
    while (read(await->done_fd, &count, sizeof count) < 0 && errno == EINTR)
        continue;
    close(await->done_fd);
    return await->op.status;
}
