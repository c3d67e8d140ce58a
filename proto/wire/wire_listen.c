/* The thread that accepts. All of a listener but `stop` is the thread's own while it runs.
 *
 * One event is taken from epoll at a time: what an event does may close any connection that waits,
 * and then no other event of it is left over. */
#include "wire_listen.h"

#include "nx_clock.h"
#include "nx_log.h"

#include <errno.h>
#include <fcntl.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTED_AT_ONCE 64
#define PAUSE_NS INT64_C(50000000)
#define REPORT_NS INT64_C(1000000000)
#define MOST_FILES_KEPT_BACK 32
#define MOST_WAITING 1024

/* RFC 9113, 3.4: what every client says first. */
static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
#define PREFACE_BYTES (sizeof preface - 1)

/* What epoll watches, at the head of what it belongs to. */
struct watched {
    void (*ready)(struct wire_listener *listener, struct watched *watched);
};

struct listening {
    struct watched watched;
    struct wire_socket socket;
};

/* An accepted connection that has not yet spoken. */
struct waiting {
    struct watched watched;
    int fd;
    int64_t deadline_ns;
    struct waiting *next, *previous;
};

struct wire_listener {
    grpc_server *core;
    const struct wire_server_options *options;
    grpc_server_credentials *insecure;
    struct listening *sockets;
    size_t socket_count;
    int epoll;
    int stop; /* an eventfd */
    struct watched stop_watched;
    bool stopping;
    pthread_t thread;
    bool running;

    int first_kept_file;             /* files from this number on are kept back */
    struct waiting *slots;           /* MOST_WAITING */
    struct waiting *unused;          /* of them, linked by next */
    struct waiting *oldest, *newest; /* the others, in the order of their deadlines */
    int64_t paused_until_ns;         /* out of files; 0: not paused */
    unsigned refused;                /* connections since the last report */
    const char *refused_why;
    int64_t reported_ns;
};

/* --- Those that wait --- */

static void unlink_waiting(struct wire_listener *listener, struct waiting *waiting)
{
    if (waiting->previous)
        waiting->previous->next = waiting->next;
    else
        listener->oldest = waiting->next;
    if (waiting->next)
        waiting->next->previous = waiting->previous;
    else
        listener->newest = waiting->previous;
}

/* Takes the connection out of the list, and gives its socket to whoever is next. */
static int release(struct wire_listener *listener, struct waiting *waiting)
{
    int fd = waiting->fd;
    unlink_waiting(listener, waiting);
    waiting->next = listener->unused;
    listener->unused = waiting;
    return fd;
}

static void drop(struct wire_listener *listener, struct waiting *waiting)
{
    close(release(listener, waiting)); /* which also ends epoll's watch */
}

static void hand_on(struct wire_listener *listener, struct waiting *waiting)
{
    int fd = release(listener, waiting);
    if (epoll_ctl(listener->epoll, EPOLL_CTL_DEL, fd, NULL) != 0) {
        close(fd);
        return;
    }
    grpc_server_add_channel_from_fd(listener->core, fd, listener->insecure);
}

static void on_spoken(struct wire_listener *listener, struct watched *watched)
{
    struct waiting *waiting = WIRE_OWNER(watched, struct waiting, watched);
    char said[PREFACE_BYTES];
    ssize_t count = recv(waiting->fd, said, sizeof said, MSG_PEEK | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0 || memcmp(said, preface, (size_t)count) != 0)
        drop(listener, waiting);
    else if ((size_t)count == sizeof said)
        hand_on(listener, waiting);
}

static bool watch(struct wire_listener *listener, int fd, struct watched *watched, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watched};
    return epoll_ctl(listener->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* There is no allocation here: with little memory calls fail one by one, and no connection with
 * all of its calls. */
static void wait_for_preface(struct wire_listener *listener, int fd)
{
    if (!listener->unused)
        drop(listener, listener->oldest);
    struct waiting *waiting = listener->unused;
    /* Edge-triggered: bytes that are peeked at stay, and are news only once. */
    if (!watch(listener, fd, &waiting->watched, EPOLLIN | EPOLLRDHUP | EPOLLET)) {
        close(fd);
        return;
    }
    listener->unused = waiting->next;
    *waiting = (struct waiting){
        .watched = {on_spoken},
        .fd = fd,
        .deadline_ns =
            nx_clock_monotonic_ns() + (int64_t)listener->options->handshake_timeout_ms * 1000000,
        .previous = listener->newest,
    };
    if (listener->newest)
        listener->newest->next = waiting;
    else
        listener->oldest = waiting;
    listener->newest = waiting;
}

/* --- Accepting --- */

static void report(struct wire_listener *listener, int64_t now_ns)
{
    if (listener->refused == 0 || now_ns - listener->reported_ns < REPORT_NS)
        return;
    char count[12];
    snprintf(count, sizeof count, "%u", listener->refused);
    nx_log(NX_LOG_WARN, "short of files for connections", "times", count, "why",
           listener->refused_why, NULL);
    listener->refused = 0;
    listener->reported_ns = now_ns;
}

static void refused(struct wire_listener *listener, const char *why)
{
    listener->refused++;
    listener->refused_why = why;
    report(listener, nx_clock_monotonic_ns());
}

static void watch_sockets(struct wire_listener *listener, uint32_t events)
{
    for (size_t i = 0; i < listener->socket_count; i++) {
        struct listening *socket = &listener->sockets[i];
        struct epoll_event event = {.events = events, .data.ptr = &socket->watched};
        epoll_ctl(listener->epoll, EPOLL_CTL_MOD, socket->socket.fd, &event);
    }
}

/* Without files or memory a connection stays where it is; look again in a moment. */
static void pause_accepting(struct wire_listener *listener, int error)
{
    refused(listener, strerror(error));
    listener->paused_until_ns = nx_clock_monotonic_ns() + PAUSE_NS;
    watch_sockets(listener, 0);
}

/* A file that is kept back is given up for the one of a connection that has not spoken. Returns the
 * other number, or -1: there is none, and the connection is closed. */
static int trade(struct wire_listener *listener, int fd)
{
    int other = -1;
    if (listener->oldest) {
        drop(listener, listener->oldest);
        other = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }
    close(fd);
    return other;
}

static void take(struct wire_listener *listener, int fd)
{
    if (fd >= listener->first_kept_file) {
        refused(listener, "too many open files");
        fd = trade(listener, fd);
    }
    if (fd >= 0)
        wait_for_preface(listener, fd);
}

/* Whether to go on accepting after it has failed. */
static bool overcome(struct wire_listener *listener, int error)
{
    bool is_shortage = error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
    if (!is_shortage)
        return error != EAGAIN; /* else the connection was gone before it was accepted */
    if (!listener->oldest) {
        pause_accepting(listener, error);
        return false;
    }
    refused(listener, strerror(error));
    drop(listener, listener->oldest);
    return true;
}

static void on_connecting(struct wire_listener *listener, struct watched *watched)
{
    int from = WIRE_OWNER(watched, struct listening, watched)->socket.fd;
    for (int i = 0; i < ACCEPTED_AT_ONCE; i++) {
        int fd = accept4(from, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            take(listener, fd);
        else if (!overcome(listener, errno))
            return;
    }
}

static void on_stop(struct wire_listener *listener, struct watched *watched)
{
    (void)watched;
    listener->stopping = true;
}

/* --- The thread --- */

static void expire(struct wire_listener *listener, int64_t now_ns)
{
    while (listener->oldest && listener->oldest->deadline_ns <= now_ns)
        drop(listener, listener->oldest);
    if (listener->paused_until_ns != 0 && listener->paused_until_ns <= now_ns) {
        listener->paused_until_ns = 0;
        watch_sockets(listener, EPOLLIN);
    }
    report(listener, now_ns);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When there is something to do without an event, as epoll_wait() takes it. */
static int milliseconds_left(const struct wire_listener *listener, int64_t now_ns)
{
    int64_t next = NX_DEADLINE_NEVER;
    if (listener->oldest)
        next = earlier(next, listener->oldest->deadline_ns);
    if (listener->paused_until_ns != 0)
        next = earlier(next, listener->paused_until_ns);
    if (listener->refused > 0)
        next = earlier(next, listener->reported_ns + REPORT_NS);
    if (next == NX_DEADLINE_NEVER)
        return -1;
    return next <= now_ns ? 0 : (int)earlier((next - now_ns) / 1000000 + 1, INT_MAX);
}

static void *run(void *arg)
{
    struct wire_listener *listener = arg;
    while (!listener->stopping) {
        struct epoll_event event;
        int timeout_ms = milliseconds_left(listener, nx_clock_monotonic_ns());
        if (epoll_wait(listener->epoll, &event, 1, timeout_ms) > 0) {
            struct watched *watched = event.data.ptr;
            watched->ready(listener, watched);
        }
        expire(listener, nx_clock_monotonic_ns());
    }
    return NULL;
}

/* --- Life --- */

/* The number of the first file that is not for connections: the process needs some for itself. */
static int first_kept_file(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX)
        return INT_MAX;
    rlim_t kept = limit.rlim_cur / 4;
    return (int)(limit.rlim_cur - (kept < MOST_FILES_KEPT_BACK ? kept : MOST_FILES_KEPT_BACK));
}

nx_status wire_listener_new(grpc_server *core, const struct wire_server_options *options,
                            struct wire_listener **ret_listener)
{
    static const struct nx_error no_files = {.message = "cannot open an epoll and an event file"};
    struct wire_listener *listener = calloc(1, sizeof *listener);
    struct listening *sockets =
        calloc(options->address_count * WIRE_SOCKETS_PER_ADDRESS, sizeof *sockets);
    struct waiting *slots = calloc(MOST_WAITING, sizeof *slots);
    if (!listener || !sockets || !slots) {
        free(listener);
        free(sockets);
        free(slots);
        return nx_fail_memory();
    }
    for (size_t i = 1; i < MOST_WAITING; i++)
        slots[i - 1].next = &slots[i];
    *listener = (struct wire_listener){
        .core = core,
        .options = options,
        .insecure = grpc_insecure_server_credentials_create(),
        .sockets = sockets,
        .slots = slots,
        .unused = slots,
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
        .stop_watched = {on_stop},
    };
    if (listener->epoll < 0 || listener->stop < 0 ||
        !watch(listener, listener->stop, &listener->stop_watched, EPOLLIN)) {
        wire_listener_destroy(listener);
        return (nx_status){NX_UNAVAILABLE, &no_files};
    }
    *ret_listener = listener;
    return NX_STATUS_OK;
}

nx_status wire_listener_add(struct wire_listener *listener, const char *address,
                            struct nx_arena *arena, int *ret_port)
{
    const struct wire_socket_options options = {
        .unix_mode = listener->options->unix_mode,
        .user_timeout_ms = listener->options->keepalive_timeout_ms,
    };
    struct wire_socket opened[WIRE_SOCKETS_PER_ADDRESS];
    size_t count = 0;
    NX_TRY(wire_socket_open(address, &options, arena, opened, &count));
    for (size_t i = 0; i < count; i++) {
        struct listening *socket = &listener->sockets[listener->socket_count++];
        *socket = (struct listening){{on_connecting}, opened[i]};
    }
    *ret_port = opened[0].port;
    return NX_STATUS_OK;
}

nx_status wire_listener_start(struct wire_listener *listener)
{
    static const struct nx_error cannot = {.message =
                                               "cannot start a thread to accept connections"};
    if (listener->socket_count == 0)
        return NX_STATUS_OK;
    listener->first_kept_file = first_kept_file();
    for (size_t i = 0; i < listener->socket_count; i++) {
        struct listening *socket = &listener->sockets[i];
        if (!watch(listener, socket->socket.fd, &socket->watched, EPOLLIN))
            return nx_fail_memory();
    }
    if (pthread_create(&listener->thread, NULL, run, listener) != 0)
        return (nx_status){NX_INTERNAL, &cannot};
    listener->running = true;
    return NX_STATUS_OK;
}

void wire_listener_stop(struct wire_listener *listener)
{
    if (!listener)
        return;
    if (listener->running) {
        (void)eventfd_write(listener->stop, 1);
        pthread_join(listener->thread, NULL);
        listener->running = false;
    }
    while (listener->oldest)
        drop(listener, listener->oldest);
    while (listener->socket_count > 0)
        wire_socket_close(&listener->sockets[--listener->socket_count].socket);
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

void wire_listener_destroy(struct wire_listener *listener)
{
    if (!listener)
        return;
    wire_listener_stop(listener);
    close_if_open(listener->epoll);
    close_if_open(listener->stop);
    grpc_server_credentials_release(listener->insecure);
    free(listener->sockets);
    free(listener->slots);
    free(listener);
}
