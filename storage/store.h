/* The database as the service sees it: statements, parameters, rows.
 *
 * A store is one loop thread with a few pipelined connections to PostgreSQL. An operation (op) is
 * handed over whole with store_submit(); the loop queues it, sends it with whatever else the turn
 * brings, and completes it on the loop thread with its rows. Nothing here knows protobuf or gRPC.
 *
 *   caller thread:  store_op_init -> store_bind_* ... -> store_submit
 *   loop thread:    wait queue -> connection's pipeline -> result -> op->done(op)
 *
 * Every op completes exactly once, never inline in store_submit(), also on failure, on
 * cancellation and when the store is stopped. */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nx_arena.h"
#include "nx_queue.h"
#include "nx_status.h"
#include "nx_str.h"
#include "store_sql.h" /* generated: enum store_sql { STORE_SQL_PRODUCT_GET, ... } */

struct store;

struct store_options {
    const char *conninfo;          /* libpq connection string or URL */
    unsigned connections;          /* 0: 2 */
    unsigned max_waiting;          /* ops accepted and not yet sent; 0: 1024; half for queries */
    unsigned max_pipelined;        /* ops, or groups, under way on one connection; 0: 64 */
    unsigned statement_timeout_ms; /* of any one statement; 0: 5000 */
    unsigned connect_timeout_ms;   /* 0: 5000 */
};

/* Make a store and start its loop. Returns at once; connections are made in the background and
 * made again, with backoff, whenever they are lost. */
nx_status store_start(const struct store_options *options, struct store **ret_store) NX_MUST_USE;

/* Complete what is under way within grace_ms, fail the rest with UNAVAILABLE, stop. Takes NULL. */
void store_stop(struct store *store, unsigned grace_ms);

/* Whether at least one connection is ready. Thread: any. */
bool store_is_ready(const struct store *store);

#define STORE_MAX_PARAMS 24
#define STORE_MAX_STEPS 3
#define STORE_MAX_KEYS 2

struct store_op;
struct store_conn;

/* Completion: op->status and, when it is OK, op->rows are set.
 * Thread: the loop. Rows and their bytes are valid until this returns; the op may be reused (from
 * store_op_init on) or freed in here. */
typedef void (*store_done)(struct store_op *op);

/* The rows of a statement; cells in PostgreSQL's binary format. */
struct store_rows {
    const void *result; /* PGresult */
    int count;
    int first; /* which one of the result is row 0 */
};

enum store_flags {
    STORE_READ = 0,     /* may be sent again if its connection is lost before the answer */
    STORE_WRITE = 1,    /* is sent once; a lost answer is UNKNOWN (reason OUTCOME_UNKNOWN) */
    STORE_SLOW = 4,     /* may take long: quick reads do not wait behind it. What has a query is */
    STORE_ROLLBACK = 2, /* with WRITE: carry it out, then roll back (validate_only) */
};

struct store_param {
    int length; /* -1: NULL */
    const char *value;
};

struct store_query;

/* One statement of an op with its parameters. */
struct store_step {
    enum store_sql sql;
    enum store_sql many;             /* for several ops at once, when is_keyed */
    bool is_keyed;                   /* store_op_step_keyed() */
    const struct store_query *query; /* instead of sql, when not NULL: it has its own parameters */
    unsigned param_count;
    struct store_param params[STORE_MAX_PARAMS];
};

/* One unit of work: one or more statements that run in order in one transaction and one round
 * trip; the rows are those of the last. Lives in the caller's storage, usually the call's arena. */
struct store_op {
    /* Set by store_op_init(). */
    struct nx_arena *arena; /* for parameters and errors */
    store_done done;
    void *context;
    int64_t deadline_ns; /* monotonic; NX_DEADLINE_NEVER becomes the store's own limit */
    unsigned flags;
    unsigned step_count;
    struct store_step *steps[STORE_MAX_STEPS];
    bool out_of_memory; /* a bind failed; the op will complete with that */

    /* Set when it completes. */
    nx_status status;
    struct store_rows rows;
    const char *constraint; /* of the database constraint that refused it, or NULL */

    /* The loop's own. */
    struct nx_queue_node node;
    struct store_op *next;
    struct store_conn *conn;
    unsigned phase;
    unsigned attempts;
    unsigned place; /* in its group: which row is its own */
};

/* Begin an op; steps follow with store_op_step(). */
void store_op_init(struct store_op *op, struct nx_arena *arena, int64_t deadline_ns, unsigned flags,
                   store_done done, void *context);

/* Begin the next statement; store_bind_*() then give its parameters, in order: $1, $2, ... */
void store_op_step(struct store_op *op, enum store_sql sql);

/* As store_op_step(), of a read of at most one row by at most STORE_MAX_KEYS parameters, all of
 * them store_bind_int8(). Ops of this one step that wait at the same time are sent as one
 * statement, `many`: it takes an array in the place of each parameter, and gives as many rows, in
 * their order; of a key that is not there, the first column is NULL, as it must not be else.
 * Who submits an op sees nothing of it but that it takes less. */
void store_op_step_keyed(struct store_op *op, enum store_sql sql, enum store_sql many);

/* Bind the next parameter. Values are copied into the arena unless said otherwise. */
void store_bind_null(struct store_op *op);
void store_bind_bool(struct store_op *op, bool value);
void store_bind_int4(struct store_op *op, int32_t value);
void store_bind_int8(struct store_op *op, int64_t value);
void store_bind_text(struct store_op *op, struct nx_str value);  /* borrowed until completion */
void store_bind_bytes(struct store_op *op, struct nx_str value); /* borrowed until completion */
void store_bind_jsonb(struct store_op *op, struct nx_str json);
void store_bind_uuid(struct store_op *op, const uint8_t value[16]);
void store_bind_int8_array(struct store_op *op, const int64_t *values, size_t count);

/* Hand the op over. Thread: any. Completes: once, on the loop, never inline.
 * Fails (through op->done): RESOURCE_EXHAUSTED when the wait queue is full, UNAVAILABLE when there
 * is no connection before the deadline, DEADLINE_EXCEEDED, CANCELLED, what the SQLSTATE table says
 * otherwise, INTERNAL for a statement that is wrong. */
void store_submit(struct store *store, struct store_op *op);

/* Ask for an op to end early. Thread: any. `released` runs on the loop once the request has been
 * looked at, whether the op was still there or not; it may be NULL. The caller keeps op's memory
 * until then. A statement under way is cancelled in the database. */
struct store_cancel {
    struct nx_queue_node node;
    struct store_op *op;
    void (*released)(void *arg);
    void *arg;
};
void store_cancel(struct store *store, struct store_cancel *request);

/* --- Cells of a row. Column numbers are those of the SELECT list. A NULL reads as 0, false or
 * empty. To read a cell as another type than the statement gives is a bug, and aborts. --- */

bool store_is_null(const struct store_rows *rows, int row, int column);
bool store_bool(const struct store_rows *rows, int row, int column);
int32_t store_int4(const struct store_rows *rows, int row, int column); /* int2 and int4 */
int64_t store_int8(const struct store_rows *rows, int row, int column);
/* text, varchar, bytea, and jsonb without its version byte; NUL-terminated behind the end. */
struct nx_str store_text(const struct store_rows *rows, int row, int column);
/* The bytes of a cell of any type, as they can be bound again: store_query_add_cell(). */
struct nx_str store_cell(const struct store_rows *rows, int row, int column);
/* Microseconds since 1970-01-01T00:00:00Z. */
int64_t store_timestamp_us(const struct store_rows *rows, int row, int column);
/* A NUMERIC as units and billionths of one sign. False: it has more digits than fit. */
bool store_numeric(const struct store_rows *rows, int row, int column, int64_t *ret_units,
                   int32_t *ret_nanos);
/* A one-dimensional array without NULLs: its length, and its elements one by one. */
struct store_array {
    const unsigned char *next;
    const unsigned char *end;
    int count;
};
struct store_array store_array(const struct store_rows *rows, int row, int column);
bool store_array_next(struct store_array *array, struct nx_str *ret_element);
int64_t store_array_int8(struct nx_str element);

#endif
