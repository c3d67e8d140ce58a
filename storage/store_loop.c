/* The loop thread: epoll over the two queues from other threads and the connections' sockets.
 *
 * A turn:  take what has arrived, and let connections read and complete ops -> look at deadlines
 *          -> hand waiting ops to connections -> flush each connection once -> sleep
 *
 * Cancellations are taken before arrivals and looked at after them: whoever cancels an op has
 * submitted it before, so it is then found. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "nx_clock.h"
#include "nx_log.h"
#include "store_internal.h"

#define MAX_EVENTS 64
/* How many reads a connection gets before the next one is begun. Measured: with 8, point reads come
 * 20 % faster than spread evenly, and pages of 20 as fast; with 32, 30 % faster, and 20 % slower.
 */
#define READS_TOGETHER 8
/* How many statements for keyed ops a connection has under way before further ops gather: one that
 * runs, and the next, so that the server does not wait for us. And how many gather before another
 * connection is begun for them. Measured on two processors: 1 to 8, and 8 to 64, differ by no more
 * than one measurement does from the next. */
#define KEYED_UNDER_WAY 2
#define KEYED_TOGETHER 16
#define MAX_CONNECTIONS 256
#define MAX_OPTION (1U << 20)
#define MAX_TIMEOUT_MS (24U * 3600 * 1000)

#define OP_OF_NODE(node_)                                                                          \
    ((struct store_op *)(void *)((char *)(node_)-offsetof(struct store_op, node)))
#define CANCEL_OF_NODE(node_)                                                                      \
    ((struct store_cancel *)(void *)((char *)(node_)-offsetof(struct store_cancel, node)))

static const struct nx_error queue_full = {
    .message = "the server is busy; try again", .reason = "QUEUE_FULL", .retry_after_ms = 100};
static const struct nx_error unreachable = {.message = "the database cannot be reached",
                                            .reason = "DATABASE_UNAVAILABLE",
                                            .retry_after_ms = 1000};
static const struct nx_error expired = {.message = "the deadline passed while the request waited"};
static const struct nx_error cancelled = {.message = "the request was cancelled"};
static const struct nx_error stopping = {
    .message = "the server is being stopped", .reason = "STOPPING", .retry_after_ms = 1000};
static const struct nx_error unavailable = {
    .message = "the database's schema is not the one that is expected",
    .reason = "STATEMENT_UNAVAILABLE"};

_Noreturn void store_bug(const char *what, const char *subject)
{
    nx_log(NX_LOG_ERROR, "bug", "what", what, "subject", subject, NULL);
    abort();
}

void store_note_deadline(struct store *store, int64_t deadline_ns)
{
    if (deadline_ns < store->look_at_deadlines_ns)
        store->look_at_deadlines_ns = deadline_ns;
}

static bool is_stopping(const struct store *store)
{
    return atomic_load(&store->stop_at_ns) != NX_DEADLINE_NEVER;
}

/* --- Sending --- */

/* How much is in the way of an op on a connection. What is slow holds up all that is sent behind
 * it: so reads avoid connections that have such, slow ones avoid one another, and the first
 * connection, if there are others, is left to the quick. Reads fill one connection before they
 * begin with the next: what is sent together costs both sides less. */
static uint64_t wait_on(const struct store *store, const struct store_conn *conn, bool is_slow)
{
    const uint64_t unless_all_else_is_full = UINT64_C(1) << 62;
    uint64_t wait = (uint64_t)conn->slow_count * store->options.max_pipelined;
    if (!is_slow)
        return wait + conn->op_count / READS_TOGETHER;
    return wait + conn->op_count + (conn == store->conns ? unless_all_else_is_full : 0);
}

/* Queries are run one at a time on each of half of the connections, and the others wait for the
 * first that is done: so many at once that each takes twice as long would only make the longest
 * ones longer, and writes find a connection without a query. */
static bool has_room_for_query(const struct store *store)
{
    unsigned running = 0;
    for (unsigned i = 0; i < store->options.connections; i++)
        running += store->conns[i].query_count;
    return running < (store->options.connections + 1) / 2;
}

static struct store_conn *best_for(struct store *store, const struct store_op *op)
{
    struct store_conn *best = NULL;
    uint64_t least = 0;
    bool is_query = store_op_is_query(op);
    if (is_query && !has_room_for_query(store))
        return NULL;
    for (unsigned i = 0; i < store->options.connections; i++) {
        struct store_conn *conn = &store->conns[i];
        if (!store_conn_has_room(conn) || (is_query && conn->query_count > 0))
            continue;
        uint64_t wait = wait_on(store, conn, store_op_is_slow(op));
        if (!best || wait < least) {
            best = conn;
            least = wait;
        }
    }
    return best;
}

/* The connections that quick reads go to: those with the least of what is slow. */
static unsigned least_slow_count(const struct store *store)
{
    unsigned least = ~0U;
    for (unsigned i = 0; i < store->options.connections; i++) {
        const struct store_conn *conn = &store->conns[i];
        if (store_conn_has_room(conn) && conn->slow_count < least)
            least = conn->slow_count;
    }
    return least;
}

/* Where as many keyed ops go now that are alike; NULL: they wait, for others to go with. One alone
 * goes at once. Behind those under way they gather, and go when these are answered; when there are
 * many, another connection is begun. */
static struct store_conn *best_for_keyed(struct store *store, unsigned count)
{
    struct store_conn *fresh = NULL;
    struct store_conn *begun = NULL;
    bool is_any_begun = false;
    unsigned slow_count = least_slow_count(store);
    for (unsigned i = 0; i < store->options.connections; i++) {
        struct store_conn *conn = &store->conns[i];
        if (!store_conn_has_room(conn) || conn->slow_count > slow_count)
            continue;
        is_any_begun |= conn->keyed_count > 0;
        if (conn->keyed_count == 0 && !fresh)
            fresh = conn;
        if (conn->keyed_count > 0 && conn->keyed_count < KEYED_UNDER_WAY && !begun)
            begun = conn;
    }
    bool begins = fresh && (!is_any_begun || count >= KEYED_TOGETHER);
    return begins ? fresh : begun;
}

static bool is_usable(const struct store_conn *conn, unsigned sql, int64_t now_ns)
{
    return conn->statements[sql] != STORE_STATEMENT_ABSENT || now_ns >= conn->prepare_again_at_ns;
}

/* Whether all of the op's statements are there, or may be tried. */
static bool can_run(const struct store_conn *conn, const struct store_op *op, int64_t now_ns)
{
    for (unsigned i = 0; i < op->step_count; i++) {
        if (!op->steps[i]->query && !is_usable(conn, op->steps[i]->sql, now_ns))
            return false;
    }
    return true;
}

/* Send one op, or a group as one statement. */
static void send_ops(struct store *store, struct store_conn *conn, struct store_op_list *ops,
                     int64_t now_ns)
{
    if (ops->count == 1 && !can_run(conn, ops->first, now_ns)) {
        struct store_op *op = store_op_list_take_first(ops);
        store_op_complete(op, (nx_status){NX_INTERNAL, &unavailable}, NULL);
    } else if (!store_pipeline_send(conn, ops, now_ns)) {
        /* Without its sync it cannot have taken effect. */
        store_op_list_prepend_all(&store->waiting, ops);
        store_conn_drop(conn, "cannot send");
    }
}

/* Take the first of the waiting, and all that may be sent together with it. */
static struct store_op_list take_alike(struct store *store)
{
    struct store_op_list alike = {NULL, NULL, 0};
    struct store_op_list others = {NULL, NULL, 0};
    const struct store_op *first = store->waiting.first;
    for (struct store_op *op; (op = store_op_list_take_first(&store->waiting)) != NULL;)
        store_op_list_append(store_op_are_alike(first, op) ? &alike : &others, op);
    store->waiting = others;
    return alike;
}

/* Send ops that are alike, as many together as go into a statement. What is left has to wait. */
static void distribute_alike(struct store *store, struct store_op_list *alike, int64_t now_ns)
{
    struct store_conn *conn;
    while (alike->first && (conn = best_for_keyed(store, alike->count)) != NULL) {
        struct store_op_list group = {NULL, NULL, 0};
        unsigned most = is_usable(conn, alike->first->steps[0]->many, now_ns) ? STORE_MAX_GROUP : 1;
        while (alike->first && group.count < most)
            store_op_list_append(&group, store_op_list_take_first(alike));
        send_ops(store, conn, &group, now_ns);
    }
}

/* Hand waiting ops, oldest first, to the connections where they wait least. */
static void distribute(struct store *store, int64_t now_ns)
{
    struct store_op_list kept = {NULL, NULL, 0};
    while (store->waiting.first) {
        struct store_op *op = store->waiting.first;
        struct store_op_list ops = {NULL, NULL, 0};
        if (store_op_is_keyed(op)) {
            ops = take_alike(store);
            distribute_alike(store, &ops, now_ns);
            store_op_list_append_all(&kept, &ops);
            continue;
        }
        store_op_list_append(&ops, store_op_list_take_first(&store->waiting));
        struct store_conn *conn = best_for(store, op);
        if (conn) {
            send_ops(store, conn, &ops, now_ns);
        } else {
            store_op_list_append_all(&kept, &ops);
            if (!store_op_is_query(op))
                break;
        }
    }
    store_op_list_prepend_all(&store->waiting, &kept);
}

/* --- Arrivals --- */

/* Queries, which wait longer, leave room for others. */
static unsigned most_waiting(const struct store *store, const struct store_op *op)
{
    unsigned most = store->options.max_waiting;
    return store_op_is_query(op) ? most / 2 + most % 2 : most;
}

static void accept_op(struct store *store, struct store_op *op, int64_t now_ns)
{
    if (op->step_count == 0 && !op->out_of_memory)
        store_bug("an op has no step", "store_submit");
    if (op->deadline_ns == NX_DEADLINE_NEVER) {
        int64_t limit_ms = (int64_t)store->options.connect_timeout_ms +
                           (int64_t)op->step_count * store->options.statement_timeout_ms;
        op->deadline_ns = now_ns + limit_ms * STORE_NS_PER_MS;
    }
    unsigned most = most_waiting(store, op);
    if (store->waiting.count >= most)
        distribute(store, now_ns);
    if (op->out_of_memory) {
        store_op_complete(op, nx_fail_memory(), NULL);
    } else if (is_stopping(store)) {
        store_op_complete(op, (nx_status){NX_UNAVAILABLE, &stopping}, NULL);
    } else if (store->waiting.count >= most) {
        store_op_complete(op, (nx_status){NX_RESOURCE_EXHAUSTED, &queue_full}, NULL);
    } else {
        op->phase = STORE_OP_ACCEPTED;
        store_op_list_append(&store->waiting, op);
        store_note_deadline(store, op->deadline_ns);
    }
}

static void remove_waiting(struct store *store, const struct store_op *op)
{
    struct store_op_list kept = {NULL, NULL, 0};
    for (struct store_op *each; (each = store_op_list_take_first(&store->waiting)) != NULL;) {
        if (each != op)
            store_op_list_append(&kept, each);
    }
    store->waiting = kept;
}

static void carry_out_cancel(struct store *store, const struct store_cancel *request)
{
    struct store_op *op = request->op;
    if (op->phase & STORE_OP_ACCEPTED && op->conn) {
        store_op_give_up(op, STORE_OP_CANCELLED);
    } else if (op->phase & STORE_OP_ACCEPTED) {
        remove_waiting(store, op);
        store_op_complete(op, (nx_status){NX_CANCELLED, &cancelled}, NULL);
    }
    if (request->released)
        request->released(request->arg);
}

static void take_arrivals(struct store *store)
{
    struct nx_queue_node *node = nx_queue_take(&store->arrivals);
    int64_t now_ns = nx_clock_monotonic_ns();
    while (node) {
        struct store_op *op = OP_OF_NODE(node);
        node = node->next; /* the op may be gone once it is completed */
        accept_op(store, op, now_ns);
    }
}

static void take_cancellations(struct store *store)
{
    struct nx_queue_node *node = nx_queue_take(&store->cancellations);
    take_arrivals(store);
    while (node) {
        const struct store_cancel *request = CANCEL_OF_NODE(node);
        node = node->next; /* released() may free the request */
        carry_out_cancel(store, request);
    }
}

/* --- Deadlines --- */

/* Give up what is under way past its deadline. */
static void expire_pipeline(struct store *store, const struct store_conn *conn, int64_t now_ns)
{
    for (unsigned i = 0; i < conn->length; i++) {
        struct store_op *op = conn->segments[(conn->head + i) % conn->capacity].op;
        while (op) {
            struct store_op *next = op->next; /* the op may be gone once it is given up */
            if (op->phase & STORE_OP_EXPIRED)
                ;
            else if (now_ns >= op->deadline_ns)
                store_op_give_up(op, STORE_OP_EXPIRED);
            else
                store_note_deadline(store, op->deadline_ns);
            op = next;
        }
    }
}

static void expire_waiting(struct store *store, int64_t now_ns)
{
    struct store_op_list all = store->waiting;
    store->waiting = (struct store_op_list){NULL, NULL, 0};
    nx_status late = {NX_DEADLINE_EXCEEDED, &expired};
    if (atomic_load(&store->ready_connections) == 0)
        late = (nx_status){NX_UNAVAILABLE, &unreachable};
    for (struct store_op *op; (op = store_op_list_take_first(&all)) != NULL;) {
        if (now_ns >= op->deadline_ns) {
            store_op_complete(op, late, NULL);
        } else {
            store_op_list_append(&store->waiting, op);
            store_note_deadline(store, op->deadline_ns);
        }
    }
}

static void look_at_deadlines(struct store *store, int64_t now_ns)
{
    if (now_ns < store->look_at_deadlines_ns)
        return;
    store->look_at_deadlines_ns = NX_DEADLINE_NEVER;
    for (unsigned i = 0; i < store->options.connections; i++)
        expire_pipeline(store, &store->conns[i], now_ns);
    expire_waiting(store, now_ns);
}

/* --- The turn --- */

/* Do what is due. Returns when the next thing will be. */
static int64_t on_time(struct store *store)
{
    int64_t now_ns = nx_clock_monotonic_ns();
    look_at_deadlines(store, now_ns);
    for (unsigned i = 0; i < store->options.connections; i++)
        store_conn_on_time(&store->conns[i], now_ns);
    distribute(store, now_ns);
    int64_t next_ns = atomic_load(&store->stop_at_ns);
    bool is_lost = false;
    for (unsigned i = 0; i < store->options.connections; i++) {
        is_lost |= !store_conn_flush(&store->conns[i]);
        int64_t at_ns = store_conn_next_time(&store->conns[i]);
        next_ns = at_ns < next_ns ? at_ns : next_ns;
    }
    if (is_lost)
        return now_ns; /* its ops may go to another one */
    return store->look_at_deadlines_ns < next_ns ? store->look_at_deadlines_ns : next_ns;
}

static int wait_ms(int64_t until_ns)
{
    if (until_ns == NX_DEADLINE_NEVER)
        return -1;
    int64_t left_ns = until_ns - nx_clock_monotonic_ns();
    if (left_ns <= 0)
        return 0;
    int64_t left_ms = (left_ns + STORE_NS_PER_MS - 1) / STORE_NS_PER_MS;
    return left_ms < 60000 ? (int)left_ms : 60000;
}

static void turn(struct store *store, int64_t until_ns)
{
    struct epoll_event events[MAX_EVENTS];
    int count = epoll_wait(store->epoll_fd, events, MAX_EVENTS, wait_ms(until_ns));
    if (count < 0 && errno != EINTR)
        store_bug("epoll_wait has failed", strerror(errno));
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == &store->arrivals)
            take_arrivals(store);
        else if (events[i].data.ptr == &store->cancellations)
            take_cancellations(store);
        else
            store_conn_on_event(events[i].data.ptr);
    }
}

static bool is_idle(const struct store *store)
{
    for (unsigned i = 0; i < store->options.connections; i++) {
        if (store->conns[i].op_count > 0)
            return false;
    }
    return !store->waiting.first;
}

/* Complete all that is left: first what connections give back, then what waits. */
static void fail_the_rest(struct store *store)
{
    for (unsigned i = 0; i < store->options.connections; i++) {
        /* Else the server would go on with it, and hold its locks, for nobody. */
        if (store->conns[i].op_count > 0)
            store_canceller_send(store->canceller, store->conns[i].pg);
        store_conn_drop(&store->conns[i], "the store is stopped");
    }
    take_cancellations(store);
    for (struct store_op *op; (op = store_op_list_take_first(&store->waiting)) != NULL;)
        store_op_complete(op, (nx_status){NX_UNAVAILABLE, &stopping}, NULL);
}

static void *run(void *arg)
{
    struct store *store = arg;
    int64_t next_ns = on_time(store);
    for (;;) {
        turn(store, next_ns);
        int64_t stop_at_ns = atomic_load(&store->stop_at_ns);
        if (stop_at_ns != NX_DEADLINE_NEVER &&
            (is_idle(store) || nx_clock_monotonic_ns() >= stop_at_ns))
            break;
        next_ns = on_time(store);
    }
    fail_the_rest(store);
    return NULL;
}

/* --- Start and stop --- */

static unsigned or_default(unsigned value, unsigned fallback, unsigned most)
{
    if (value == 0)
        return fallback;
    return value < most ? value : most;
}

static bool init_conn(struct store *store, struct store_conn *conn, unsigned number)
{
    char *name = calloc(1, 12);
    conn->store = store;
    conn->watched_fd = -1;
    conn->name = name;
    /* Besides ops: the set-up, and for each statement a deallocate and a prepare. */
    conn->capacity = store->options.max_pipelined + 2 * store->text_count + 1;
    conn->segments = calloc(conn->capacity, sizeof *conn->segments);
    conn->statements = calloc(store->text_count + 1, sizeof *conn->statements);
    if (!name || !conn->segments || !conn->statements)
        return false;
    snprintf(name, 12, "%u", number);
    return true;
}

static bool watch_queue(struct store *store, struct nx_queue *queue)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = queue};
    return nx_queue_init(queue) &&
           epoll_ctl(store->epoll_fd, EPOLL_CTL_ADD, queue->event_fd, &event) == 0;
}

static void destroy(struct store *store)
{
    store_canceller_destroy(store->canceller);
    for (unsigned i = 0; store->conns && i < store->options.connections; i++) {
        free((char *)store->conns[i].name);
        free(store->conns[i].segments);
        free(store->conns[i].statements);
    }
    free(store->conns);
    nx_queue_cleanup(&store->arrivals);
    nx_queue_cleanup(&store->cancellations);
    if (store->epoll_fd >= 0)
        close(store->epoll_fd);
    free((char *)store->options.conninfo);
    free(store);
}

static bool init(struct store *store, const struct store_options *options)
{
    store->options = (struct store_options){
        .conninfo = strdup(options->conninfo ? options->conninfo : ""),
        .connections = or_default(options->connections, 2, MAX_CONNECTIONS),
        .max_waiting = or_default(options->max_waiting, 1024, MAX_OPTION),
        .max_pipelined = or_default(options->max_pipelined, 64, MAX_OPTION),
        .statement_timeout_ms = or_default(options->statement_timeout_ms, 5000, MAX_TIMEOUT_MS),
        .connect_timeout_ms = or_default(options->connect_timeout_ms, 5000, MAX_TIMEOUT_MS),
    };
    atomic_init(&store->ready_connections, 0);
    atomic_init(&store->stop_at_ns, NX_DEADLINE_NEVER);
    store->look_at_deadlines_ns = NX_DEADLINE_NEVER;
    store->arrivals.event_fd = -1;
    store->cancellations.event_fd = -1;
    store->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    store->conns = calloc(store->options.connections, sizeof *store->conns);
    if (!store->options.conninfo || store->epoll_fd < 0 || !store->conns ||
        !watch_queue(store, &store->arrivals) || !watch_queue(store, &store->cancellations))
        return false;
    for (unsigned i = 0; i < store->options.connections; i++) {
        if (!init_conn(store, &store->conns[i], i + 1))
            return false;
    }
    return true;
}

/* Start the store's threads; signals are for others. */
static bool start_threads(struct store *store)
{
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    store->canceller = store_canceller_new();
    bool started = store->canceller && pthread_create(&store->thread, NULL, run, store) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return started;
}

nx_status store_start_with(const struct store_options *options, const struct store_sql_text *texts,
                           unsigned text_count, struct store **ret_store)
{
    static const struct nx_error no_resources = {
        .message = "the store cannot be started: memory, threads or file descriptors are short"};
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        return nx_fail_memory();
    store->texts = texts;
    store->text_count = text_count;
    if (!init(store, options) || !start_threads(store)) {
        destroy(store);
        return (nx_status){NX_RESOURCE_EXHAUSTED, &no_resources};
    }
    *ret_store = store;
    return NX_STATUS_OK;
}

nx_status store_start(const struct store_options *options, struct store **ret_store)
{
    return store_start_with(options, store_sql_texts, STORE_SQL_COUNT, ret_store);
}

void store_stop(struct store *store, unsigned grace_ms)
{
    if (!store)
        return;
    uint64_t one = 1;
    int64_t stop_at_ns = nx_clock_monotonic_ns() + grace_ms * STORE_NS_PER_MS;
    atomic_store(&store->stop_at_ns, stop_at_ns);
    ssize_t written = write(store->arrivals.event_fd, &one, sizeof one);
    (void)written;
    pthread_join(store->thread, NULL);
    take_cancellations(store); /* what came after the loop's last look */
    destroy(store);
}

bool store_is_ready(const struct store *store)
{
    return atomic_load(&store->ready_connections) > 0;
}

void store_submit(struct store *store, struct store_op *op)
{
    nx_queue_push(&store->arrivals, &op->node);
}

void store_cancel(struct store *store, struct store_cancel *request)
{
    nx_queue_push(&store->cancellations, &request->node);
}
