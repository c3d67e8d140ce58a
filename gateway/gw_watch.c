#include "gw_watch.h"

#include "nx_clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MAX_EVENTS 64
#define GRACE_NS (INT64_C(1000000) * GW_WATCH_GRACE_MS)

/* The event of the file that wakes the thread; others have a slot and its generation. */
#define WAKE UINT64_MAX

/* One for each number of a socket. */
struct slot {
    struct wire_client_call *call; /* under way, or NULL */
    int64_t began_ns;              /* the call */
    uint32_t generation;           /* of connections that had this number */
    bool is_gone;                  /* the client */
    bool is_listed;
    unsigned next; /* in the list of those to be cancelled */
};

struct gw_watch {
    pthread_mutex_t mutex; /* guards the slots and the list */
    struct slot *slots;
    unsigned count;
    unsigned first; /* of the list; `count`: it is empty */
    int epoll;
    int wake; /* an eventfd */
    atomic_bool stopping;
    pthread_t thread;
    bool running;
};

static struct slot *slot_of(struct gw_watch *watch, int socket)
{
    return socket >= 0 && (unsigned)socket < watch->count ? &watch->slots[socket] : NULL;
}

static void list(struct gw_watch *watch, struct slot *slot)
{
    if (slot->is_listed)
        return;
    slot->is_listed = true;
    slot->next = watch->first;
    watch->first = (unsigned)(slot - watch->slots);
}

/* Cancel the calls whose time has come. Returns when the next one's will, or NX_DEADLINE_NEVER. */
static int64_t cancel_due(struct gw_watch *watch, int64_t now_ns)
{
    int64_t next_ns = NX_DEADLINE_NEVER;
    unsigned *link = &watch->first;
    while (*link != watch->count) {
        struct slot *slot = &watch->slots[*link];
        int64_t due_ns = slot->began_ns + GRACE_NS;
        if (slot->is_gone && slot->call && due_ns > now_ns) {
            next_ns = due_ns < next_ns ? due_ns : next_ns;
            link = &slot->next;
            continue;
        }
        if (slot->is_gone && slot->call)
            wire_client_cancel(slot->call);
        slot->is_listed = false;
        *link = slot->next;
    }
    return next_ns;
}

static void on_event(struct gw_watch *watch, uint64_t data)
{
    eventfd_t count;
    if (data == WAKE) {
        (void)eventfd_read(watch->wake, &count);
        return;
    }
    struct slot *slot = &watch->slots[data & UINT32_MAX];
    if (slot->generation != data >> 32) /* of a connection before */
        return;
    slot->is_gone = true;
    if (slot->call)
        list(watch, slot);
}

static void *run(void *arg)
{
    struct gw_watch *watch = arg;
    struct epoll_event events[MAX_EVENTS];
    int64_t next_ns = NX_DEADLINE_NEVER;
    while (!atomic_load(&watch->stopping)) {
        int64_t left_ns = next_ns - nx_clock_monotonic_ns();
        int timeout_ms = left_ns <= 0 ? 0 : (int)(left_ns / 1000000 + 1);
        int count = epoll_wait(watch->epoll, events, MAX_EVENTS,
                               next_ns == NX_DEADLINE_NEVER ? -1 : timeout_ms);
        pthread_mutex_lock(&watch->mutex);
        for (int i = 0; i < count; i++)
            on_event(watch, events[i].data.u64);
        next_ns = cancel_due(watch, nx_clock_monotonic_ns());
        pthread_mutex_unlock(&watch->mutex);
    }
    return NULL;
}

void gw_watch_open(struct gw_watch *watch, int socket)
{
    struct slot *slot = slot_of(watch, socket);
    if (!slot)
        return;
    pthread_mutex_lock(&watch->mutex);
    slot->generation++;
    slot->is_gone = false;
    slot->call = NULL;
    uint64_t data = (uint64_t)slot->generation << 32 | (uint32_t)socket;
    pthread_mutex_unlock(&watch->mutex);
    /* Once is enough. The watch ends when the socket is closed. */
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLET, .data.u64 = data};
    (void)epoll_ctl(watch->epoll, EPOLL_CTL_ADD, socket, &event); /* else it goes unnoticed */
}

void gw_watch_call(struct gw_watch *watch, int socket, struct wire_client_call *call)
{
    struct slot *slot = slot_of(watch, socket);
    if (!slot)
        return;
    pthread_mutex_lock(&watch->mutex);
    slot->call = call;
    bool is_gone = call && slot->is_gone;
    if (is_gone)
        list(watch, slot);
    if (call)
        slot->began_ns = nx_clock_monotonic_ns();
    pthread_mutex_unlock(&watch->mutex);
    if (is_gone)
        (void)eventfd_write(watch->wake, 1);
}

nx_status gw_watch_start(unsigned files, struct gw_watch **ret_watch)
{
    static const struct nx_error no_thread = {.message = "cannot start a thread"};
    struct gw_watch *watch = calloc(1, sizeof *watch);
    struct slot *slots = calloc(files, sizeof *slots);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = WAKE};
    if (!watch || !slots) {
        free(watch);
        free(slots);
        return nx_fail_memory();
    }
    watch->slots = slots;
    watch->count = watch->first = files;
    watch->epoll = epoll_create1(EPOLL_CLOEXEC);
    watch->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&watch->mutex, NULL);
    watch->running = watch->epoll >= 0 && watch->wake >= 0 &&
                     epoll_ctl(watch->epoll, EPOLL_CTL_ADD, watch->wake, &event) == 0 &&
                     pthread_create(&watch->thread, NULL, run, watch) == 0;
    if (!watch->running) {
        gw_watch_stop(watch);
        return (nx_status){NX_INTERNAL, &no_thread};
    }
    *ret_watch = watch;
    return NX_STATUS_OK;
}

void gw_watch_stop(struct gw_watch *watch)
{
    if (!watch)
        return;
    atomic_store(&watch->stopping, true);
    if (watch->running) {
        (void)eventfd_write(watch->wake, 1);
        pthread_join(watch->thread, NULL);
    }
    if (watch->epoll >= 0)
        close(watch->epoll);
    if (watch->wake >= 0)
        close(watch->wake);
    pthread_mutex_destroy(&watch->mutex);
    free(watch->slots);
    free(watch);
}
