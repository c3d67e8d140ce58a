/* PQcancel() connects to the server anew and blocks while it does; so a thread of its own calls
 * it. The thread and the store share the struct; whoever lets go last frees it, so that a thread
 * that is stuck in the network cannot hold up store_stop(). */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "nx_log.h"
#include "store_internal.h"

#define STOP_PATIENCE_S 1

struct request {
    struct nx_queue_node node;
    PGcancel *cancel;
};

struct store_canceller {
    struct nx_queue requests;
    atomic_bool is_stopping;
    atomic_uint holders;
    pthread_t thread;
};

static void carry_out(struct request *request, bool for_real)
{
    char message[256] = "";
    if (for_real && !PQcancel(request->cancel, message, sizeof message))
        nx_log(NX_LOG_WARN, "database_cancel_failed", "error", message, NULL);
    PQfreeCancel(request->cancel);
    free(request);
}

static void take_requests(struct store_canceller *canceller, bool for_real)
{
    struct nx_queue_node *node = nx_queue_take(&canceller->requests);
    while (node) {
        struct nx_queue_node *next = node->next;
        carry_out((struct request *)node, for_real);
        node = next;
    }
}

static void let_go(struct store_canceller *canceller)
{
    if (atomic_fetch_sub(&canceller->holders, 1) > 1)
        return;
    take_requests(canceller, false);
    nx_queue_cleanup(&canceller->requests);
    free(canceller);
}

static void *run(void *arg)
{
    struct store_canceller *canceller = arg;
    struct pollfd readable = {.fd = canceller->requests.event_fd, .events = POLLIN};
    bool is_last = false;
    while (!is_last) {
        (void)poll(&readable, 1, -1);
        is_last = atomic_load(&canceller->is_stopping); /* what was sent before that still counts */
        take_requests(canceller, true);
    }
    let_go(canceller);
    return NULL;
}

struct store_canceller *store_canceller_new(void)
{
    struct store_canceller *canceller = calloc(1, sizeof *canceller);
    if (!canceller)
        return NULL;
    if (!nx_queue_init(&canceller->requests)) {
        free(canceller);
        return NULL;
    }
    atomic_init(&canceller->is_stopping, false);
    atomic_init(&canceller->holders, 2);
    if (pthread_create(&canceller->thread, NULL, run, canceller) != 0) {
        nx_queue_cleanup(&canceller->requests);
        free(canceller);
        return NULL;
    }
    return canceller;
}

void store_canceller_send(struct store_canceller *canceller, PGconn *pg)
{
    struct request *request = calloc(1, sizeof *request);
    if (request)
        request->cancel = PQgetCancel(pg);
    if (!request || !request->cancel) {
        free(request); /* it is sent again, and the statement timeout stands behind it */
        return;
    }
    nx_queue_push(&canceller->requests, &request->node);
}

void store_canceller_destroy(struct store_canceller *canceller)
{
    if (!canceller)
        return;
    uint64_t one = 1;
    struct timespec until;
    atomic_store(&canceller->is_stopping, true);
    ssize_t written = write(canceller->requests.event_fd, &one, sizeof one);
    (void)written;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_PATIENCE_S;
    if (pthread_timedjoin_np(canceller->thread, NULL, &until) != 0)
        pthread_detach(canceller->thread);
    let_go(canceller);
}
