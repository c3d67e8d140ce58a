/* One connection as a state machine. conn_set_state() alone changes the state; the edges:
 *
 *            store_conn_connect()      libpq is done          all prepared
 *      DOWN ---------------------> CONNECTING ------> PREPARING ------> READY
 *       ^                              |                  |               |
 *       +------------------------------+------------------+---------------+
 *                              store_conn_drop()
 *
 * Nothing here waits: libpq is driven by epoll and by store_conn_on_time(). (One exception is
 * libpq's: it looks up a host's name while it connects. Use an address, or a Unix socket.) */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "nx_clock.h"
#include "nx_log.h"
#include "store_internal.h"

#define FIRST_PAUSE_MS 100U
#define LAST_PAUSE_MS 1000U
#define CANCEL_PAUSE_NS (500 * STORE_NS_PER_MS)

static const char *const state_names[] = {"DOWN", "CONNECTING", "PREPARING", "READY"};

/* legal_edges[from]: a bit for each state that may follow. */
static const unsigned legal_edges[] = {
    [STORE_CONN_DOWN] = 1U << STORE_CONN_CONNECTING,
    [STORE_CONN_CONNECTING] = 1U << STORE_CONN_PREPARING | 1U << STORE_CONN_DOWN,
    [STORE_CONN_PREPARING] = 1U << STORE_CONN_READY | 1U << STORE_CONN_DOWN,
    [STORE_CONN_READY] = 1U << STORE_CONN_DOWN,
};

static void conn_set_state(struct store_conn *conn, enum store_conn_state state)
{
    if (!(legal_edges[conn->state] & 1U << state))
        store_bug("a connection's state cannot follow", state_names[conn->state]);
    if (conn->state == STORE_CONN_READY)
        atomic_fetch_sub(&conn->store->ready_connections, 1);
    conn->state = state;
    if (state == STORE_CONN_READY)
        atomic_fetch_add(&conn->store->ready_connections, 1);
}

static void log_notice(void *arg, const char *message)
{
    const struct store_conn *conn = arg;
    nx_log(NX_LOG_DEBUG, "database_notice", "connection", conn->name, "notice", message, NULL);
}

/* --- epoll --- */

static void unwatch(struct store_conn *conn)
{
    /* libpq may have closed it already, which has removed it. */
    if (conn->watched_fd >= 0)
        (void)epoll_ctl(conn->store->epoll_fd, EPOLL_CTL_DEL, conn->watched_fd, NULL);
    conn->watched_fd = -1;
    conn->watched_events = 0;
}

/* libpq may change its socket while it connects, even to one of the same number. */
static bool watch(struct store_conn *conn, unsigned events)
{
    int fd = PQsocket(conn->pg);
    if (fd < 0)
        return false;
    bool is_new = conn->state == STORE_CONN_CONNECTING || fd != conn->watched_fd;
    if (!is_new && events == conn->watched_events)
        return true;
    struct epoll_event event = {.events = events, .data.ptr = conn};
    if (is_new)
        unwatch(conn);
    int operation = is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(conn->store->epoll_fd, operation, fd, &event) != 0)
        return false;
    conn->watched_fd = fd;
    conn->watched_events = events;
    return true;
}

/* --- Down and up --- */

/* 100 ms, 200, 400, 800, then 1 s; half of it random, so that servers do not come back all at once.
 */
static int64_t pause_ns(unsigned failures)
{
    unsigned pause_ms = failures < 4 ? FIRST_PAUSE_MS << failures : LAST_PAUSE_MS;
    return (pause_ms / 2 + arc4random_uniform(pause_ms / 2)) * STORE_NS_PER_MS;
}

void store_conn_drop(struct store_conn *conn, const char *why)
{
    if (conn->state == STORE_CONN_DOWN)
        return;
    if (atomic_load(&conn->store->stop_at_ns) == NX_DEADLINE_NEVER)
        nx_log(NX_LOG_WARN, "database_connection_lost", "connection", conn->name, "state",
               state_names[conn->state], "why", why, "error", PQerrorMessage(conn->pg), NULL);
    conn_set_state(conn, STORE_CONN_DOWN);
    unwatch(conn);
    store_pipeline_abandon(conn);
    PQfinish(conn->pg);
    conn->pg = NULL;
    conn->needs_flush = false;
    conn->is_leaving = false;
    conn->wake_at_ns = nx_clock_monotonic_ns() + pause_ns(conn->failures);
    conn->failures++;
}

void store_conn_connect(struct store_conn *conn)
{
    const char *const keys[] = {"dbname", "fallback_application_name", "client_encoding", NULL};
    const char *const values[] = {conn->store->options.conninfo, "nexus", "UTF8", NULL};
    conn_set_state(conn, STORE_CONN_CONNECTING);
    conn->wake_at_ns =
        nx_clock_monotonic_ns() + conn->store->options.connect_timeout_ms * STORE_NS_PER_MS;
    conn->pg = PQconnectStartParams(keys, values, 1);
    if (!conn->pg || PQstatus(conn->pg) == CONNECTION_BAD) {
        store_conn_drop(conn, "cannot connect");
        return;
    }
    PQsetNoticeProcessor(conn->pg, log_notice, conn);
    if (!watch(conn, EPOLLOUT))
        store_conn_drop(conn, "cannot watch the socket");
}

static void connected(struct store_conn *conn)
{
    conn_set_state(conn, STORE_CONN_PREPARING);
    if (PQsetnonblocking(conn->pg, 1) != 0 || PQenterPipelineMode(conn->pg) != 1 ||
        !watch(conn, EPOLLIN) || !store_pipeline_begin(conn))
        store_conn_drop(conn, "cannot prepare the statements");
}

static void keep_connecting(struct store_conn *conn)
{
    switch (PQconnectPoll(conn->pg)) {
    case PGRES_POLLING_OK:
        connected(conn);
        break;
    case PGRES_POLLING_READING:
        if (!watch(conn, EPOLLIN))
            store_conn_drop(conn, "cannot watch the socket");
        break;
    case PGRES_POLLING_WRITING:
        if (!watch(conn, EPOLLOUT))
            store_conn_drop(conn, "cannot watch the socket");
        break;
    default:
        store_conn_drop(conn, "cannot connect");
        break;
    }
}

static void receive(struct store_conn *conn)
{
    const char *why = "";
    if (!store_pipeline_receive(conn, &why)) {
        store_conn_drop(conn, why);
        return;
    }
    conn->needs_flush = true; /* libpq may have more to write after reading */
    if (conn->state == STORE_CONN_PREPARING && conn->length == 0) {
        conn_set_state(conn, STORE_CONN_READY);
        conn->failures = 0;
        nx_log(NX_LOG_INFO, "database_connected", "connection", conn->name, NULL);
    }
    if (conn->is_leaving && conn->length == 0)
        store_conn_drop(conn, "the server takes no writes");
}

void store_conn_on_event(struct store_conn *conn)
{
    if (conn->state == STORE_CONN_CONNECTING)
        keep_connecting(conn);
    else if (conn->state != STORE_CONN_DOWN)
        receive(conn);
}

bool store_conn_flush(struct store_conn *conn)
{
    if (!conn->needs_flush || !conn->pg || conn->state == STORE_CONN_CONNECTING)
        return true;
    int left = PQflush(conn->pg);
    if (left < 0 || !watch(conn, left > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN)) {
        /* What the server has said before it closed is still to be read. */
        const char *why = "cannot send";
        (void)store_pipeline_receive(conn, &why);
        store_conn_drop(conn, why);
        return false;
    }
    conn->needs_flush = left > 0;
    return true;
}

bool store_conn_has_room(const struct store_conn *conn)
{
    return conn->state == STORE_CONN_READY && !conn->is_leaving &&
           conn->op_count < conn->store->options.max_pipelined;
}

/* --- Time --- */

/* Only what runs can be cancelled, and nothing else may be: a cancel hits whatever runs. */
static bool wants_cancel(const struct store_conn *conn)
{
    const struct store_op *op = store_pipeline_running(conn);
    return op && op->phase & (STORE_OP_CANCELLED | STORE_OP_EXPIRED);
}

void store_conn_on_time(struct store_conn *conn, int64_t now_ns)
{
    switch (conn->state) {
    case STORE_CONN_DOWN:
        if (now_ns >= conn->wake_at_ns)
            store_conn_connect(conn);
        break;
    case STORE_CONN_CONNECTING:
    case STORE_CONN_PREPARING:
        if (now_ns >= conn->wake_at_ns)
            store_conn_drop(conn, "connecting takes too long");
        break;
    case STORE_CONN_READY:
        if (conn->length > 0 && now_ns >= store_pipeline_limit_ns(conn)) {
            store_conn_drop(conn, "the server does not answer");
        } else if (wants_cancel(conn) && now_ns >= conn->cancel_at_ns) {
            store_canceller_send(conn->store->canceller, conn->pg);
            conn->cancel_at_ns = now_ns + CANCEL_PAUSE_NS; /* it may come too early to hit it */
        }
        break;
    }
}

int64_t store_conn_next_time(const struct store_conn *conn)
{
    if (conn->state != STORE_CONN_READY)
        return conn->wake_at_ns;
    if (conn->length == 0)
        return NX_DEADLINE_NEVER;
    int64_t limit_ns = store_pipeline_limit_ns(conn);
    return wants_cancel(conn) && conn->cancel_at_ns < limit_ns ? conn->cancel_at_ns : limit_ns;
}
