/* What becomes of an op: completed, or sent again. The rules are in README.md, "Outcomes". */
#include <string.h>

#include "nx_clock.h"
#include "nx_log.h"
#include "store_internal.h"

static const struct nx_error cancelled = {.message = "the request was cancelled"};
static const struct nx_error expired = {.message = "the deadline passed before the answer came"};
static const struct nx_error lost = {.message = "the connection to the database was lost",
                                     .reason = "DATABASE_UNAVAILABLE",
                                     .retry_after_ms = 1000};
static const struct nx_error unknown = {
    .message = "the connection to the database was lost before the outcome was known; the change "
               "may or may not have been made",
    .reason = "OUTCOME_UNKNOWN"};

void store_op_list_append(struct store_op_list *list, struct store_op *op)
{
    op->next = NULL;
    if (list->last)
        list->last->next = op;
    else
        list->first = op;
    list->last = op;
    list->count++;
}

struct store_op *store_op_list_take_first(struct store_op_list *list)
{
    struct store_op *op = list->first;
    if (!op)
        return NULL;
    list->first = op->next;
    if (!list->first)
        list->last = NULL;
    list->count--;
    op->next = NULL;
    return op;
}

void store_op_list_prepend_all(struct store_op_list *list, struct store_op_list *head)
{
    if (!head->first)
        return;
    head->last->next = list->first;
    if (!list->last)
        list->last = head->last;
    list->first = head->first;
    list->count += head->count;
    *head = (struct store_op_list){NULL, NULL, 0};
}

void store_op_list_append_all(struct store_op_list *list, struct store_op_list *tail)
{
    store_op_list_prepend_all(tail, list);
    *list = *tail;
    *tail = (struct store_op_list){NULL, NULL, 0};
}

static void complete(struct store_op *op, nx_status status, struct store_rows rows)
{
    op->phase = 0;
    op->status = status;
    op->rows = rows;
    op->done(op);
}

void store_op_complete(struct store_op *op, nx_status status, const PGresult *result)
{
    complete(op, status, (struct store_rows){result, result ? PQntuples(result) : 0, 0});
}

static bool was_given_up(const struct store_op *op)
{
    return op->phase & (STORE_OP_CANCELLED | STORE_OP_EXPIRED);
}

static nx_status given_up_status(const struct store_op *op)
{
    if (op->phase & STORE_OP_CANCELLED)
        return (nx_status){NX_CANCELLED, &cancelled};
    return (nx_status){NX_DEADLINE_EXCEEDED, &expired};
}

void store_op_give_up(struct store_op *op, unsigned why)
{
    op->phase |= why; /* of one that is alone, store_conn_on_time() does the rest */
    if (store_pipeline_leave(op->conn, op))
        store_op_complete(op, given_up_status(op), NULL);
}

/* Whether 57014 came from a cancel that was meant for a neighbour: a statement that hits the
 * timeout has run for as long as that. The clock here starts a little after the server's. */
static bool is_stray_cancel(const struct store_conn *conn)
{
    int64_t timeout_ns = (int64_t)conn->store->options.statement_timeout_ms * STORE_NS_PER_MS;
    return nx_clock_monotonic_ns() - conn->head_since_ns < timeout_ns - timeout_ns / 10;
}

/* Which step the result of the segment's error belongs to; NULL: begin, commit or rollback. */
static const struct store_step *failed_step(const struct store_conn *conn,
                                            const struct store_op *op)
{
    unsigned before = op->flags & STORE_ROLLBACK ? 1 : 0;
    unsigned at = conn->error_result - before; /* wraps for the "begin" */
    return at < op->step_count ? op->steps[at] : NULL;
}

static void copy_constraint(struct store_op *op, const PGresult *error)
{
    const char *name = PQresultErrorField(error, PG_DIAG_CONSTRAINT_NAME);
    if (name)
        op->constraint = nx_arena_strdup(op->arena, nx_str_from(name));
}

/* Do what an error asks for before an op can be sent again. */
static void apply_remedy(struct store_conn *conn, const struct store_segment *segment,
                         const struct store_step *step, enum store_remedy remedy)
{
    if (remedy == STORE_REMEDY_MOVE)
        conn->is_leaving = true;
    if (remedy == STORE_REMEDY_PREPARE && step && !step->query) {
        unsigned sql = segment->group_size > 0 ? segment->sql : step->sql;
        if (conn->statements[sql] == STORE_STATEMENT_THERE)
            conn->statements[sql] = STORE_STATEMENT_STALE;
    }
}

static void log_refusal(const struct store_conn *conn, const struct store_segment *segment,
                        const struct store_step *step, const char *sqlstate)
{
    const char *name = step ? store_step_name(conn->store, step) : "(transaction)";
    if (segment->group_size > 0)
        name = conn->store->texts[segment->sql].name;
    nx_log(NX_LOG_ERROR, "statement_failed", "statement", name, "sqlstate", sqlstate, NULL);
}

/* Complete an op whose statement was refused, or append it to `again`. */
static void op_refused(struct store_conn *conn, const struct store_segment *segment,
                       struct store_op *op, bool is_first, struct store_op_list *again)
{
    const char *sqlstate = PQresultErrorField(conn->error, PG_DIAG_SQLSTATE);
    const struct store_sqlstate *row = store_sqlstate_find(sqlstate);
    const struct store_step *step = failed_step(conn, op);
    bool is_cancel = strcmp(sqlstate, "57014") == 0;
    bool is_stray = is_cancel && is_stray_cancel(conn);
    enum store_remedy remedy = is_stray ? STORE_REMEDY_AGAIN : row->remedy;
    if (segment->group_size > 0 && remedy == STORE_REMEDY_NONE && !is_cancel) {
        op->phase |= STORE_OP_ALONE; /* it may be for one of them only */
        remedy = STORE_REMEDY_AGAIN;
    }
    if (was_given_up(op) && (is_cancel || remedy != STORE_REMEDY_NONE)) {
        store_op_complete(op, given_up_status(op), NULL);
        return;
    }
    apply_remedy(conn, segment, step, remedy);
    /* Neighbours may be cancelled one after the other: it is sent again as often as that hits it.
     */
    if (is_stray || (remedy != STORE_REMEDY_NONE && op->attempts < STORE_MAX_SENDS)) {
        op->conn = NULL;
        store_op_list_append(again, op); /* it was rolled back: safe for writes, too */
        return;
    }
    if (row->is_ours && is_first)
        log_refusal(conn, segment, step, sqlstate);
    copy_constraint(op, conn->error);
    const char *message = PQresultErrorField(conn->error, PG_DIAG_MESSAGE_PRIMARY);
    store_op_complete(op, store_sqlstate_status(op->arena, sqlstate, message), NULL);
}

/* One of a group gets the row that is its own, if there is one. */
static void op_dealt(struct store_op *op, const PGresult *result)
{
    int row = (int)op->place;
    int count = PQgetisnull(result, row, 0) ? 0 : 1;
    complete(op, NX_STATUS_OK, (struct store_rows){result, count, row});
}

/* Whether there is a row for each key. There may be more where an index is damaged: whose they are
 * cannot be told, but of one key alone it can. */
static bool is_dealt(const struct store_conn *conn, const struct store_segment *segment)
{
    if (PQntuples(conn->rows) == (int)segment->group_size)
        return true;
    nx_log(NX_LOG_ERROR, "statement_failed", "statement", conn->store->texts[segment->sql].name,
           "why", "it does not give a row for each key", NULL);
    return false;
}

static void group_answered(struct store_conn *conn, const struct store_segment *segment,
                           struct store_op_list *again)
{
    bool good = is_dealt(conn, segment);
    for (struct store_op *op = segment->op, *next; op; op = next) {
        next = op->next; /* the op may be gone once it is completed */
        if (good) {
            op_dealt(op, conn->rows);
        } else if (was_given_up(op)) {
            store_op_complete(op, given_up_status(op), NULL);
        } else {
            op->phase |= STORE_OP_ALONE;
            op->conn = NULL;
            store_op_list_append(again, op);
        }
    }
}

static void segment_refused(struct store_conn *conn, const struct store_segment *segment,
                            struct store_op_list *again)
{
    bool is_first = true;
    for (struct store_op *op = segment->op, *next; op; op = next) {
        next = op->next;
        op_refused(conn, segment, op, is_first, again);
        is_first = false;
    }
}

void store_segment_answered(struct store_conn *conn, const struct store_segment *segment)
{
    struct store_op_list again = {NULL, NULL, 0};
    if (conn->error)
        segment_refused(conn, segment, &again);
    else if (segment->group_size > 0)
        group_answered(conn, segment, &again);
    else
        store_op_complete(segment->op, NX_STATUS_OK, conn->rows);
    store_op_list_prepend_all(&conn->store->waiting, &again);
}

void store_op_lost(struct store *store, struct store_op *op, struct store_op_list *again)
{
    bool is_stopping = atomic_load(&store->stop_at_ns) != NX_DEADLINE_NEVER;
    op->conn = NULL;
    if (!store_op_is_repeatable(op))
        store_op_complete(op, (nx_status){NX_UNKNOWN, &unknown}, NULL);
    else if (was_given_up(op))
        store_op_complete(op, given_up_status(op), NULL);
    else if (op->attempts < STORE_MAX_SENDS_WHEN_LOST && !is_stopping)
        store_op_list_append(again, op);
    else
        store_op_complete(op, (nx_status){NX_UNAVAILABLE, &lost}, NULL);
}
