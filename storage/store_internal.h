/* What the files of the storage engine share. The life of an op is told in README.md.
 *
 * Rules: everything here belongs to the loop thread, except where a line says otherwise. An op is
 * in exactly one place: the arrivals, the wait queue, or the pipeline of one connection. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

#include "nx_queue.h"
#include "store.h"
#include "store_query.h"

/* How often an op is sent at most: once, and again after what is not its fault; but for cancels
 * that were meant for others, which end by themselves. */
#define STORE_MAX_SENDS 4
/* Of these, how often when the connection is lost under it. */
#define STORE_MAX_SENDS_WHEN_LOST 3

#define STORE_NS_PER_MS INT64_C(1000000)

/* 2000-01-01, PostgreSQL's epoch, in Unix time. */
#define STORE_EPOCH_US INT64_C(946684800000000)

/* --- Ops: the bits of store_op.phase --- */

enum {
    STORE_OP_ACCEPTED = 1,  /* in the wait queue or in a pipeline */
    STORE_OP_CANCELLED = 2, /* store_cancel() was called for it while it was under way */
    STORE_OP_EXPIRED = 4,   /* its deadline passed while it was under way */
    STORE_OP_ALONE = 8,     /* is not sent with others any more, as that has failed */
};

/* Whether an op may be carried out twice. */
static inline bool store_op_is_repeatable(const struct store_op *op)
{
    return !(op->flags & STORE_WRITE) || (op->flags & STORE_ROLLBACK);
}

/* The name of a step's statement, for the log. */
const char *store_step_name(const struct store *store, const struct store_step *step);

/* A parameter of a query; libpq's formats: 0 text, 1 binary. */
struct store_query_param {
    unsigned type;
    int format;
    struct store_param value;
};

struct store_query {
    struct nx_arena *arena;
    const char *name;
    char *text; /* NUL-terminated once there is any */
    size_t length;
    size_t capacity;
    struct store_query_param *params;
    unsigned param_count;
    unsigned param_capacity;
    bool is_inverted;
    bool failed;
};

/* Values in PostgreSQL's binary format, made in the arena. False: it is full. */
bool store_encode_jsonb(struct nx_arena *arena, struct nx_str json, struct store_param *ret);
bool store_encode_int8s(struct nx_arena *arena, const int64_t *values, size_t count,
                        struct store_param *ret);
bool store_encode_texts(struct nx_arena *arena, const struct nx_str *values, size_t count,
                        struct store_param *ret);

/* Whether what is sent behind an op may wait long: a write waits for the disk, and perhaps for
 * locks. */
static inline bool store_op_is_slow(const struct store_op *op)
{
    return op->flags & (STORE_WRITE | STORE_SLOW);
}

/* Whether it is one of the reads that take the server's processors long. */
static inline bool store_op_is_query(const struct store_op *op)
{
    return (op->flags & (STORE_WRITE | STORE_SLOW)) == STORE_SLOW;
}

/* How many ops go into one statement at most. */
#define STORE_MAX_GROUP 64

/* Whether it may be sent with others as one statement: store_op_step_keyed(). */
static inline bool store_op_is_keyed(const struct store_op *op)
{
    return op->flags == STORE_READ && op->step_count == 1 && op->steps[0]->is_keyed &&
           !(op->phase & STORE_OP_ALONE);
}

/* Whether one may be sent together with another, which is keyed. */
static inline bool store_op_are_alike(const struct store_op *one, const struct store_op *other)
{
    return store_op_is_keyed(other) && one->steps[0]->sql == other->steps[0]->sql;
}

/* A first-in, first-out list of ops, linked by op->next. */
struct store_op_list {
    struct store_op *first;
    struct store_op *last;
    unsigned count;
};

void store_op_list_append(struct store_op_list *list, struct store_op *op);
struct store_op *store_op_list_take_first(struct store_op_list *list);
/* Put all of `head` before the list; `head` is empty afterwards. */
void store_op_list_prepend_all(struct store_op_list *list, struct store_op_list *head);

/* Put all of `tail` behind the list; `tail` is empty afterwards. */
void store_op_list_append_all(struct store_op_list *list, struct store_op_list *tail);

/* The parameter of this number of each op, as an array; its bytes. */
#define STORE_INT8_ARRAY_BYTES(count_) (20 + 12 * (size_t)(count_))
int store_encode_keys(const struct store_op_list *ops, unsigned param, char *ret_array);

/* Give an op its status and rows, and call its completion. The op may be gone afterwards. */
void store_op_complete(struct store_op *op, nx_status status, const PGresult *result);

/* --- Connections: store_conn.c, store_pipeline.c --- */

enum store_conn_state {
    STORE_CONN_DOWN,       /* no connection; tried again at wake_at_ns */
    STORE_CONN_CONNECTING, /* libpq is at it; given up at wake_at_ns */
    STORE_CONN_PREPARING,  /* the statements are being prepared; given up at wake_at_ns */
    STORE_CONN_READY,      /* takes ops */
};

enum store_segment_kind { STORE_SEGMENT_OP, STORE_SEGMENT_SETUP, STORE_SEGMENT_PREPARE };

/* What has been sent and not yet been answered: one transaction, ended by a sync. */
struct store_segment {
    enum store_segment_kind kind;
    unsigned sql;        /* PREPARE: which statement; of a group, that for many */
    struct store_op *op; /* OP; those of a group that have not left it are linked by op->next */
    unsigned group_size; /* how many were sent by one statement; 0: it is no group */
    bool is_keyed;       /* OP: is, or could have been, a group */
    unsigned syncs;      /* answers to a sync that are still to come */
};

enum store_statement_state {
    STORE_STATEMENT_ABSENT, /* could not be prepared */
    STORE_STATEMENT_ASKED,  /* its PREPARE is in the pipeline */
    STORE_STATEMENT_THERE,
    STORE_STATEMENT_STALE, /* prepared, but for another schema: to be prepared anew */
};

struct store_conn {
    struct store *store;
    const char *name; /* for the log: "1", "2", ... */
    enum store_conn_state state;
    PGconn *pg;
    int watched_fd; /* in the store's epoll set, or -1 */
    unsigned watched_events;
    bool needs_flush;
    bool is_leaving; /* takes no more ops; closed once its pipeline is empty */
    int64_t wake_at_ns;
    unsigned failures; /* in a row, since it was ready */

    enum store_statement_state *statements;
    int64_t prepare_again_at_ns;

    /* The pipeline: a ring of segments, oldest at `head`. */
    struct store_segment *segments;
    unsigned capacity;
    unsigned head;
    unsigned length;
    unsigned op_count;    /* segments that are ops */
    unsigned slow_count;  /* of these, those that quick reads do not wait behind */
    unsigned query_count; /* of these, the reads */
    unsigned keyed_count; /* segments that are groups, or could have been */

    /* The answer to the oldest segment, as far as it has come. */
    int64_t head_since_ns; /* when it became the oldest */
    int64_t cancel_at_ns;  /* when a cancel for it may be sent (again) */
    unsigned results;      /* of statements, the errors too */
    PGresult *rows;        /* of its last step */
    PGresult *error;       /* the first one */
    unsigned error_result; /* which result that was */
};

/* Begin to connect. In state DOWN. */
void store_conn_connect(struct store_conn *conn);

/* Act on what epoll reported. */
void store_conn_on_event(struct store_conn *conn);

/* Act on what is due at this time. */
void store_conn_on_time(struct store_conn *conn, int64_t now_ns);

/* When store_conn_on_time() is to be called next. */
int64_t store_conn_next_time(const struct store_conn *conn);

/* Close the connection and give its ops back: to the wait queue, or completed. Connects again
 * after a pause. `why` goes to the log. */
void store_conn_drop(struct store_conn *conn, const char *why);

/* Send what is buffered and watch for what is awaited; once a turn. False: it was lost by that. */
bool store_conn_flush(struct store_conn *conn);

/* Whether it can take an op. */
bool store_conn_has_room(const struct store_conn *conn);

/* Send (buffer) the set-up of the session and its statements. False: the connection is unusable. */
bool store_pipeline_begin(struct store_conn *conn);

/* Send (buffer) one op, or as one statement up to STORE_MAX_GROUP that are alike, and take them off
 * the list. False: the connection is unusable; they have not been sent. */
bool store_pipeline_send(struct store_conn *conn, struct store_op_list *ops, int64_t now_ns);

/* Take an op that is under way out of its group. False: there is nobody else in it. */
bool store_pipeline_leave(struct store_conn *conn, struct store_op *op);

/* Take the answers that have come. False: the connection is unusable, `*ret_why` says why. */
bool store_pipeline_receive(struct store_conn *conn, const char **ret_why);

/* Forget the pipeline; hand each op, oldest first, to store_op_lost(). */
void store_pipeline_abandon(struct store_conn *conn);

/* The op that is under way in the database, or NULL. */
struct store_op *store_pipeline_running(const struct store_conn *conn);

/* By when the oldest segment has to be answered. In state READY, with a pipeline. */
int64_t store_pipeline_limit_ns(const struct store_conn *conn);

/* --- Outcomes: store_outcome.c --- */

/* Complete the ops of a segment by its result, or send them again. Takes neither result over. */
void store_segment_answered(struct store_conn *conn, const struct store_segment *segment);

/* Have an op that is under way end early, for one reason or both: STORE_OP_CANCELLED,
 * STORE_OP_EXPIRED. One of a group is completed, the others go on. */
void store_op_give_up(struct store_op *op, unsigned why);

/* Complete an op whose connection is gone, or append it to `again`. */
void store_op_lost(struct store *store, struct store_op *op, struct store_op_list *again);

/* --- Cancelling: store_cancel.c --- */

struct store_canceller;

/* A thread for PQcancel(), which blocks. NULL: no memory or no thread. */
struct store_canceller *store_canceller_new(void);

/* Ask the server to cancel what runs on the connection. */
void store_canceller_send(struct store_canceller *canceller, PGconn *pg);

/* Takes NULL. Waits a moment; a thread that is stuck in the network is left behind. */
void store_canceller_destroy(struct store_canceller *canceller);

/* --- SQLSTATE: store_sqlstate.c --- */

/* What an error asks for besides telling the client. */
enum store_remedy {
    STORE_REMEDY_NONE,
    STORE_REMEDY_AGAIN,   /* the transaction was rolled back through no fault of its own */
    STORE_REMEDY_MOVE,    /* as AGAIN, on another server: this one no longer takes writes */
    STORE_REMEDY_PREPARE, /* as AGAIN, once the statement is prepared anew */
};

struct store_sqlstate {
    const char *prefix; /* a whole SQLSTATE, or its class */
    enum nx_code code;
    enum store_remedy remedy;
    bool is_ours; /* whoever runs the server should know: it is logged */
    struct nx_error error;
};

/* The row for a SQLSTATE. Never NULL: what is not in the table is INTERNAL. */
const struct store_sqlstate *store_sqlstate_find(const char *sqlstate);

/* The status for an error. `message` is the database's, and is passed on only for the SQLSTATEs
 * NXnnn, which our own SQL raises: nnn is the code, the message is fit for clients. */
nx_status store_sqlstate_status(struct nx_arena *arena, const char *sqlstate,
                                const char *message) NX_MUST_USE;

/* --- The loop: store_loop.c --- */

struct store {
    /* Set by store_start(), then constant. */
    struct store_options options; /* without zeros; conninfo is our copy */
    const struct store_sql_text *texts;
    unsigned text_count;
    struct store_canceller *canceller;
    pthread_t thread;
    int epoll_fd;

    /* Any thread. */
    struct nx_queue arrivals;      /* ops */
    struct nx_queue cancellations; /* struct store_cancel */
    atomic_uint ready_connections;
    _Atomic int64_t stop_at_ns; /* NX_DEADLINE_NEVER until store_stop() */

    /* The loop's. */
    struct store_conn *conns;
    struct store_op_list waiting;
    int64_t look_at_deadlines_ns; /* no op's deadline is before this */
};

/* As store_start(), with another table of statements: for tests. */
nx_status store_start_with(const struct store_options *options, const struct store_sql_text *texts,
                           unsigned text_count, struct store **ret_store) NX_MUST_USE;

/* Let the loop look at deadlines no later than this. */
void store_note_deadline(struct store *store, int64_t deadline_ns);

/* Report a bug of the caller, and abort. */
_Noreturn void store_bug(const char *what, const char *subject);

#endif
