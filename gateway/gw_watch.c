#include "gw_watch.h"

#include "nx_clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_EVENTS 64
#define TICK_MS 100
#define GRACE_NS (INT64_C(1000000) * GW_WATCH_GRACE_MS)

/* The event of the file that wakes the thread; others have a slot and its generation. */
#define WAKE UINT64_MAX

/* One for each number of a socket. */
struct slot {
    struct wire_client_call *call; /* under way and not cancelled, or NULL */
    int64_t began_ns;              /* the call */
    int64_t deadline_ns;           /* for what is to come; NX_DEADLINE_NEVER: nothing is */
    uint32_t generation;           /* of connections that had this number */
    void (*wake)(void *arg);       /* NULL: nothing is attended to */
    void *wake_arg;
    int64_t wake_ns;
    bool is_open;
    bool is_gone; /* the client */
};

struct gw_watch {
    pthread_mutex_t mutex; /* guards all of the slots */
    struct slot *slots;
    unsigned count;
    unsigned used; /* slots from here on were never open */
    unsigned open;
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

/* Cancel the calls, and cut off the connections, whose time has come. */
static void act_when_due(struct gw_watch *watch, int64_t now_ns)
{
    for (unsigned i = 0; i < watch->used; i++) {
        struct slot *slot = &watch->slots[i];
        if (slot->is_open && slot->deadline_ns <= now_ns) {
            slot->deadline_ns = NX_DEADLINE_NEVER;
            (void)shutdown((int)i, SHUT_RDWR); /* its thread finds it closed */
        }
        if (slot->is_gone && slot->call && slot->began_ns + GRACE_NS <= now_ns) {
            wire_client_cancel(slot->call);
            slot->call = NULL;
        }
        if (slot->wake && slot->wake_ns <= now_ns) {
            slot->wake_ns = NX_DEADLINE_NEVER;
            slot->wake(slot->wake_arg);
        }
    }
}

static void on_event(struct gw_watch *watch, uint64_t data)
{
    eventfd_t count;
    if (data == WAKE) {
        (void)eventfd_read(watch->wake, &count);
        return;
    }
    struct slot *slot = &watch->slots[data & UINT32_MAX];
    if (slot->generation == data >> 32) /* else of a connection before */
        slot->is_gone = true;
}

static void *run(void *arg)
{
    struct gw_watch *watch = arg;
    struct epoll_event events[MAX_EVENTS];
    bool is_needed = false;
    while (!atomic_load(&watch->stopping)) {
        int count = epoll_wait(watch->epoll, events, MAX_EVENTS, is_needed ? TICK_MS : -1);
        pthread_mutex_lock(&watch->mutex);
        for (int i = 0; i < count; i++)
            on_event(watch, events[i].data.u64);
        act_when_due(watch, nx_clock_monotonic_ns());
        is_needed = watch->open > 0;
        pthread_mutex_unlock(&watch->mutex);
    }
    return NULL;
}

void gw_watch_open(struct gw_watch *watch, int socket, int64_t deadline_ns)
{
    struct slot *slot = slot_of(watch, socket);
    if (!slot)
        return;
    pthread_mutex_lock(&watch->mutex);
    *slot = (struct slot){
        .deadline_ns = deadline_ns, .generation = slot->generation + 1, .is_open = true};
    uint64_t data = (uint64_t)slot->generation << 32 | (uint32_t)socket;
    if ((unsigned)socket >= watch->used)
        watch->used = (unsigned)socket + 1;
    bool is_first = watch->open++ == 0;
    pthread_mutex_unlock(&watch->mutex);
    /* Once is enough. The watch ends when the socket is closed. */
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLET, .data.u64 = data};
    (void)epoll_ctl(watch->epoll, EPOLL_CTL_ADD, socket, &event); /* else it goes unnoticed */
    if (is_first)
        (void)eventfd_write(watch->wake, 1);
}

void gw_watch_close(struct gw_watch *watch, int socket)
{
    struct slot *slot = slot_of(watch, socket);
    if (!slot)
        return;
    pthread_mutex_lock(&watch->mutex);
    slot->is_open = false;
    watch->open--;
    pthread_mutex_unlock(&watch->mutex);
}

void gw_watch_expect(struct gw_watch *watch, int socket, int64_t deadline_ns)
{
    struct slot *slot = slot_of(watch, socket);
    if (!slot)
        return;
    pthread_mutex_lock(&watch->mutex);
    slot->deadline_ns = deadline_ns;
    pthread_mutex_unlock(&watch->mutex);
}

void gw_watch_call(struct gw_watch *watch, int socket, struct wire_client_call *call)
{
    struct slot *slot = slot_of(watch, socket);
    if (!slot)
        return;
    pthread_mutex_lock(&watch->mutex);
    slot->call = call;
    slot->began_ns = nx_clock_monotonic_ns();
    pthread_mutex_unlock(&watch->mutex);
}

void gw_watch_attend(struct gw_watch *watch, int socket, int64_t deadline_ns,
                     void (*wake)(void *arg), void *arg)
{
    struct slot *slot = slot_of(watch, socket);
    if (!slot)
        return;
    pthread_mutex_lock(&watch->mutex);
    slot->wake = wake;
    slot->wake_arg = arg;
    slot->wake_ns = deadline_ns;
    pthread_mutex_unlock(&watch->mutex);
}

void gw_watch_wake_all(struct gw_watch *watch)
{
    pthread_mutex_lock(&watch->mutex);
    for (unsigned i = 0; i < watch->used; i++) {
        if (watch->slots[i].wake)
            watch->slots[i].wake(watch->slots[i].wake_arg);
    }
    pthread_mutex_unlock(&watch->mutex);
}

void gw_watch_abort_all(struct gw_watch *watch)
{
    pthread_mutex_lock(&watch->mutex);
    for (unsigned i = 0; i < watch->used; i++) {
        struct slot *slot = &watch->slots[i];
        if (!slot->wake)
            continue;
        wire_client_cancel(slot->call);
        slot->call = NULL;
        (void)shutdown((int)i, SHUT_RDWR);
    }
    pthread_mutex_unlock(&watch->mutex);
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
    watch->count = files;
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
