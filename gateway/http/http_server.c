/* Threads, each with its connections: the first of them also accepts those of all. */
#include "http_internal.h"
#include "nx_clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_EVENTS 64
#define MAX_ACCEPTED 64 /* at once */
#define TICK_MS 100
#define TICK_NS (INT64_C(1000000) * TICK_MS)

#define CONNECTION_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

/* What a thread is asked to do. */
enum request {
    STOP = 1,
    WAKE_ALL = 2,
    ABORT_ALL = 4,
};

struct http_loop {
    struct http_server *server;
    pthread_t thread;
    bool is_running;
    int epoll;
    int wake; /* an eventfd */
    char *scratch;

    /* Of the thread alone. */
    struct http_connection **connections; /* room for max_connections */
    unsigned listed;
    int64_t tick_ns;

    pthread_mutex_t queue_mutex;   /* taken within those of connections, and nothing within it */
    struct http_connection *queue; /* first in, first out, so that all have their turn */
    struct http_connection *last_queued;

    atomic_uint asked; /* of enum request */
    atomic_uint count; /* connections given to it */
};

struct http_server {
    struct http_options options;
    struct http_loop *loops;
    atomic_uint connections;
    atomic_bool quiesced;
    atomic_bool is_crowded;

    /* Of the first loop's thread. */
    bool is_listening;
};

const struct http_options *http_loop_options(const struct http_loop *loop)
{
    return &loop->server->options;
}

bool http_loop_is_crowded(const struct http_loop *loop)
{
    return atomic_load(&loop->server->is_crowded);
}

static void rouse(struct http_loop *loop)
{
    (void)eventfd_write(loop->wake, 1);
}

/* --- The queue --- */

void http_loop_queue(struct http_connection *connection, bool is_woken)
{
    struct http_loop *loop = connection->loop;
    pthread_mutex_lock(&loop->queue_mutex);
    bool is_first = !loop->queue;
    bool is_new = !connection->is_queued;
    connection->is_woken |= is_woken;
    if (is_new) {
        connection->is_queued = true;
        connection->next_queued = NULL;
        *(is_first ? &loop->queue : &loop->last_queued->next_queued) = connection;
        loop->last_queued = connection;
    }
    pthread_mutex_unlock(&loop->queue_mutex);
    if (is_first && is_new)
        rouse(loop);
}

void http_loop_forget_wake(struct http_connection *connection)
{
    struct http_loop *loop = connection->loop;
    pthread_mutex_lock(&loop->queue_mutex);
    connection->is_woken = false;
    pthread_mutex_unlock(&loop->queue_mutex);
}

static struct http_connection *take_queued(struct http_loop *loop, bool *ret_is_woken)
{
    pthread_mutex_lock(&loop->queue_mutex);
    struct http_connection *connection = loop->queue;
    if (connection) {
        loop->queue = connection->next_queued;
        *ret_is_woken = connection->is_woken;
        connection->is_queued = false;
        connection->is_woken = false;
    }
    pthread_mutex_unlock(&loop->queue_mutex);
    return connection;
}

static void unqueue(struct http_connection *connection)
{
    struct http_loop *loop = connection->loop;
    struct http_connection *before = NULL;
    pthread_mutex_lock(&loop->queue_mutex);
    if (connection->is_queued) {
        for (struct http_connection *it = loop->queue; it != connection; it = it->next_queued)
            before = it;
        *(before ? &before->next_queued : &loop->queue) = connection->next_queued;
        if (loop->last_queued == connection)
            loop->last_queued = before;
        connection->is_queued = false;
    }
    pthread_mutex_unlock(&loop->queue_mutex);
}

/* --- Connections --- */

static struct http_connection *new_connection(struct http_loop *loop, int socket)
{
    struct http_connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    connection->loop = loop;
    connection->socket = socket;
    connection->arrival_ns = NX_DEADLINE_NEVER;
    connection->wake_ns = NX_DEADLINE_NEVER;
    connection->deadline_ns =
        nx_clock_monotonic_ns() + INT64_C(1000000000) * loop->server->options.idle_timeout_s;
    nx_buf_init(&connection->head, SIZE_MAX);
    nx_buf_init(&connection->rest, SIZE_MAX);
    nx_buf_init(&connection->out, SIZE_MAX);
    pthread_mutex_init(&connection->mutex, NULL);
    return connection;
}

static void unlist(struct http_connection *connection)
{
    struct http_loop *loop = connection->loop;
    struct http_connection *last = loop->connections[--loop->listed];
    loop->connections[connection->index] = last;
    last->index = connection->index;
}

/* Nobody else knows it any more. */
static void free_connection(struct http_connection *connection)
{
    struct http_loop *loop = connection->loop;
    unqueue(connection);
    atomic_fetch_sub(&loop->count, 1);
    atomic_fetch_sub(&loop->server->connections, 1);
    pthread_mutex_destroy(&connection->mutex);
    free(connection);
}

/* Let go of the lock, and of the connection if it is over. */
static void leave(struct http_connection *connection)
{
    bool is_over = connection->state == HTTP_CLOSED && !connection->is_held;
    if (is_over)
        http_connection_end(connection);
    pthread_mutex_unlock(&connection->mutex);
    if (is_over) {
        unlist(connection);
        free_connection(connection);
    }
}

/* The first thing that is done with a connection, on its own thread. */
static void list(struct http_loop *loop, struct http_connection *connection)
{
    struct epoll_event event = {.events = CONNECTION_EVENTS, .data.ptr = connection};
    connection->is_listed = true;
    connection->index = loop->listed++;
    loop->connections[connection->index] = connection;
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, connection->socket, &event) != 0)
        http_connection_close(connection);
}

static void serve_queue(struct http_loop *loop)
{
    struct http_connection *connection;
    bool is_woken;
    /* Those that come back meanwhile rouse the thread again. */
    for (unsigned left = MAX_EVENTS; left > 0; left--) {
        connection = take_queued(loop, &is_woken);
        if (!connection)
            return;
        pthread_mutex_lock(&connection->mutex);
        if (!connection->is_listed)
            list(loop, connection);
        if (is_woken)
            http_connection_tell(connection);
        http_connection_run(connection, loop->scratch);
        leave(connection);
    }
    rouse(loop);
}

/* --- Accepting --- */

static bool listen_for(struct http_loop *loop, bool listens)
{
    struct http_server *server = loop->server;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = server};
    if (listens == server->is_listening)
        return true;
    int operation = listens ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;
    if (epoll_ctl(loop->epoll, operation, server->options.listener, &event) != 0)
        return false;
    server->is_listening = listens;
    return true;
}

static struct http_loop *least_busy(struct http_server *server)
{
    struct http_loop *best = &server->loops[0];
    for (unsigned i = 1; i < server->options.threads; i++) {
        if (atomic_load(&server->loops[i].count) < atomic_load(&best->count))
            best = &server->loops[i];
    }
    return best;
}

static void take_socket(struct http_server *server, int socket)
{
    struct http_loop *loop = least_busy(server);
    struct http_connection *connection = new_connection(loop, socket);
    if (!connection) {
        close(socket);
        return;
    }
    atomic_fetch_add(&loop->count, 1);
    atomic_fetch_add(&server->connections, 1);
    http_loop_queue(connection, false);
}

/* What cannot be accepted now (no files, no memory, too many already) waits for the next tick. */
static void accept_some(struct http_loop *loop)
{
    struct http_server *server = loop->server;
    for (unsigned i = 0; i < MAX_ACCEPTED; i++) {
        bool is_full = atomic_load(&server->connections) >= server->options.max_connections;
        int socket =
            is_full ? -1
                    : accept4(server->options.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket >= 0) {
            take_socket(server, socket);
        } else if (is_full || (errno != EINTR && errno != ECONNABORTED)) {
            if (is_full || (errno != EAGAIN && errno != EWOULDBLOCK))
                (void)listen_for(loop, false);
            return;
        }
    }
}

static void listen_again(struct http_loop *loop)
{
    struct http_server *server = loop->server;
    struct pollfd waiting = {.fd = server->options.listener, .events = POLLIN};
    if (loop != server->loops || atomic_load(&server->quiesced))
        return;
    bool is_crowded = !server->is_listening && poll(&waiting, 1, 0) > 0;
    atomic_store(&server->is_crowded, is_crowded);
    if (server->is_listening)
        return;
    if (atomic_load(&server->connections) < server->options.max_connections)
        (void)listen_for(loop, true);
}

/* --- All connections of a thread --- */

static void tick(struct http_loop *loop, int64_t now_ns)
{
    for (unsigned i = loop->listed; i-- > 0;) { /* from the end, since they may leave */
        struct http_connection *it = loop->connections[i];
        pthread_mutex_lock(&it->mutex);
        if (http_connection_tick(it, now_ns))
            http_connection_run(it, loop->scratch);
        leave(it);
    }
}

static void wake_or_abort(struct http_loop *loop, bool aborts)
{
    for (unsigned i = loop->listed; i-- > 0;) {
        struct http_connection *it = loop->connections[i];
        pthread_mutex_lock(&it->mutex);
        if (it->is_attended) {
            http_connection_tell(it);
            http_connection_run(it, loop->scratch);
        }
        if (it->is_attended && aborts)
            http_connection_close(it);
        leave(it);
    }
}

/* --- The thread --- */

static void on_event(struct http_loop *loop, const struct epoll_event *event)
{
    struct http_connection *connection = event->data.ptr;
    eventfd_t count;
    if (event->data.ptr == loop) {
        (void)eventfd_read(loop->wake, &count);
        return;
    }
    if (event->data.ptr == loop->server) {
        accept_some(loop);
        return;
    }
    pthread_mutex_lock(&connection->mutex);
    http_connection_note(connection, event->events);
    http_connection_run(connection, loop->scratch);
    leave(connection);
}

static bool needs_ticks(const struct http_loop *loop)
{
    return loop->listed > 0 || (loop == loop->server->loops && !loop->server->is_listening);
}

static void on_tick(struct http_loop *loop)
{
    int64_t now_ns = nx_clock_monotonic_ns();
    if (now_ns < loop->tick_ns)
        return;
    loop->tick_ns = now_ns + TICK_NS;
    tick(loop, now_ns);
    listen_again(loop);
}

static void *run(void *arg)
{
    struct http_loop *loop = arg;
    struct epoll_event events[MAX_EVENTS];
    unsigned asked = 0;
    while (!(asked & STOP)) {
        int count = epoll_wait(loop->epoll, events, MAX_EVENTS, needs_ticks(loop) ? TICK_MS : -1);
        for (int i = 0; i < count; i++)
            on_event(loop, &events[i]);
        serve_queue(loop);
        asked = atomic_exchange(&loop->asked, 0);
        if (asked & (WAKE_ALL | ABORT_ALL))
            wake_or_abort(loop, asked & ABORT_ALL);
        on_tick(loop);
    }
    return NULL;
}

/* --- Start and stop --- */

static bool start_loop(struct http_loop *loop)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = loop};
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop->scratch = calloc(1, HTTP_READ_BYTES);
    loop->connections = calloc(loop->server->options.max_connections, sizeof *loop->connections);
    loop->is_running = loop->scratch && loop->connections && loop->epoll >= 0 && loop->wake >= 0 &&
                       epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event) == 0 &&
                       (loop != loop->server->loops || listen_for(loop, true)) &&
                       pthread_create(&loop->thread, NULL, run, loop) == 0;
    return loop->is_running;
}

static void ask(struct http_loop *loop, enum request request)
{
    atomic_fetch_or(&loop->asked, request);
    rouse(loop);
}

static void join(struct http_loop *loop)
{
    if (!loop->is_running)
        return;
    ask(loop, STOP);
    pthread_join(loop->thread, NULL);
    loop->is_running = false;
}

/* The threads have ended. */
static void free_loop(struct http_loop *loop)
{
    struct http_connection *connection;
    bool is_woken;
    while ((connection = take_queued(loop, &is_woken))) {
        if (connection->is_listed)
            continue;
        http_connection_close(connection);
        http_connection_end(connection);
        free_connection(connection);
    }
    for (unsigned i = 0; i < loop->listed; i++) {
        http_connection_close(loop->connections[i]);
        http_connection_end(loop->connections[i]);
        free_connection(loop->connections[i]);
    }
    if (loop->epoll >= 0)
        close(loop->epoll);
    if (loop->wake >= 0)
        close(loop->wake);
    pthread_mutex_destroy(&loop->queue_mutex);
    free(loop->connections);
    free(loop->scratch);
}

static void free_server(struct http_server *server)
{
    for (unsigned i = 0; i < server->options.threads; i++)
        join(&server->loops[i]);
    for (unsigned i = 0; i < server->options.threads; i++)
        free_loop(&server->loops[i]);
    free(server->loops);
    free(server);
}

nx_status http_server_start(const struct http_options *options, struct http_server **ret_server)
{
    static const struct nx_error no_thread = {.message = "cannot start a thread"};
    struct http_server *server = calloc(1, sizeof *server);
    struct http_loop *loops = calloc(options->threads, sizeof *loops);
    if (!server || !loops) {
        free(server);
        free(loops);
        return nx_fail_memory();
    }
    server->options = *options;
    server->loops = loops;
    for (unsigned i = 0; i < options->threads; i++) {
        loops[i].server = server;
        loops[i].epoll = -1;
        loops[i].wake = -1;
        pthread_mutex_init(&loops[i].queue_mutex, NULL);
    }
    bool is_started = true;
    for (unsigned i = options->threads; is_started && i-- > 0;) /* the one that accepts last */
        is_started = start_loop(&loops[i]);
    if (!is_started) {
        free_server(server);
        return (nx_status){NX_INTERNAL, &no_thread};
    }
    *ret_server = server;
    return NX_STATUS_OK;
}

void http_server_quiesce(struct http_server *server)
{
    if (!atomic_exchange(&server->quiesced, true))
        (void)shutdown(server->options.listener, SHUT_RDWR); /* accept() fails from here on */
}

static void ask_all(struct http_server *server, enum request request)
{
    for (unsigned i = 0; i < server->options.threads; i++)
        ask(&server->loops[i], request);
}

void http_server_wake_all(struct http_server *server)
{
    ask_all(server, WAKE_ALL);
}

void http_server_abort_all(struct http_server *server)
{
    ask_all(server, ABORT_ALL);
}

void http_server_stop(struct http_server *server)
{
    if (!server)
        return;
    int listener = server->options.listener;
    http_server_quiesce(server);
    free_server(server);
    close(listener);
}
