/* The pipeline of one connection: what has been sent and not yet been answered.
 *
 * A segment is a transaction of its own: its statements, then a sync. Several statements before
 * one sync are one implicit transaction, and an error in it skips the rest of the segment and
 * touches no other (PostgreSQL documentation, "Pipeline Mode"). It is over when the answer to its
 * sync has come, not before: only then is it known to be committed.
 *
 *   op                 steps, sync; a step is Bind and Execute, of a query Parse as well
 *   group of ops       one step for all of them, sync
 *   op with ROLLBACK   begin, steps, set constraints, sync, rollback, sync
 *                      (the second segment also ends a transaction that has failed)
 *   set-up             one statement, sync
 *   prepare            Parse, sync                      for each statement
 *
 * Results arrive in the order of sending, so the answer always belongs to the oldest segment. */
#include <stdio.h>
#include <string.h>

#include "nx_clock.h"
#include "nx_log.h"
#include "store_internal.h"

#define PREPARE_PAUSE_NS (1000 * STORE_NS_PER_MS)
#define ANSWER_PATIENCE_NS (1000 * STORE_NS_PER_MS)

#define BINARY 1

/* --- The ring --- */

static struct store_segment *oldest(const struct store_conn *conn)
{
    return conn->length > 0 ? &conn->segments[conn->head] : NULL;
}

static void begin_head(struct store_conn *conn, int64_t now_ns)
{
    conn->head_since_ns = now_ns;
    conn->cancel_at_ns = 0;
    conn->results = 0;
    PQclear(conn->rows);
    PQclear(conn->error);
    conn->rows = NULL;
    conn->error = NULL;
}

static void push(struct store_conn *conn, struct store_segment segment, int64_t now_ns)
{
    if (conn->length == conn->capacity)
        store_bug("a pipeline is over its capacity", conn->name);
    conn->segments[(conn->head + conn->length) % conn->capacity] = segment;
    conn->length++;
    if (segment.op) {
        conn->op_count++;
        conn->keyed_count += segment.is_keyed;
        conn->slow_count += store_op_is_slow(segment.op);
        conn->query_count += store_op_is_query(segment.op);
    }
    if (conn->length == 1)
        begin_head(conn, now_ns);
    conn->needs_flush = true;
}

static struct store_segment pop(struct store_conn *conn)
{
    struct store_segment segment = conn->segments[conn->head];
    conn->head = (conn->head + 1) % conn->capacity;
    conn->length--;
    if (segment.op) {
        conn->op_count--;
        conn->keyed_count -= segment.is_keyed;
        conn->slow_count -= store_op_is_slow(segment.op);
        conn->query_count -= store_op_is_query(segment.op);
    }
    return segment;
}

struct store_op *store_pipeline_running(const struct store_conn *conn)
{
    const struct store_segment *segment = oldest(conn);
    return segment ? segment->op : NULL;
}

int64_t store_pipeline_limit_ns(const struct store_conn *conn)
{
    const struct store_op *op = store_pipeline_running(conn);
    unsigned statements = op ? op->step_count : 1;
    return conn->head_since_ns + ANSWER_PATIENCE_NS +
           (int64_t)statements * conn->store->options.statement_timeout_ms * STORE_NS_PER_MS;
}

/* --- Sending --- */

static bool send_text(struct store_conn *conn, const char *sql)
{
    return PQsendQueryParams(conn->pg, sql, 0, NULL, NULL, NULL, NULL, BINARY) == 1;
}

/* Parse, bind and execute in one; the statement is gone with the next one that has no name. */
static bool send_query(struct store_conn *conn, const struct store_query *query)
{
    Oid types[STORE_QUERY_MAX_PARAMS];
    const char *values[STORE_QUERY_MAX_PARAMS];
    int lengths[STORE_QUERY_MAX_PARAMS];
    int formats[STORE_QUERY_MAX_PARAMS];
    for (unsigned i = 0; i < query->param_count; i++) {
        types[i] = query->params[i].type;
        values[i] = query->params[i].value.value;
        lengths[i] = query->params[i].value.length;
        formats[i] = query->params[i].format;
    }
    return PQsendQueryParams(conn->pg, query->text, (int)query->param_count, types, values, lengths,
                             formats, BINARY) == 1;
}

static bool send_step(struct store_conn *conn, const struct store_step *step)
{
    if (step->query)
        return send_query(conn, step->query);
    const char *values[STORE_MAX_PARAMS];
    int lengths[STORE_MAX_PARAMS];
    int formats[STORE_MAX_PARAMS];
    for (unsigned i = 0; i < step->param_count; i++) {
        values[i] = step->params[i].value;
        lengths[i] = step->params[i].length;
        formats[i] = BINARY;
    }
    return PQsendQueryPrepared(conn->pg, conn->store->texts[step->sql].name, (int)step->param_count,
                               values, lengths, formats, BINARY) == 1;
}

static bool send_prepare(struct store_conn *conn, unsigned sql, int64_t now_ns)
{
    const struct store_sql_text *text = &conn->store->texts[sql];
    if (conn->statements[sql] == STORE_STATEMENT_STALE) {
        char deallocate[128];
        int len = snprintf(deallocate, sizeof deallocate, "deallocate \"%s\"", text->name);
        if (len < 0 || (size_t)len >= sizeof deallocate || !send_text(conn, deallocate) ||
            PQpipelineSync(conn->pg) != 1)
            return false;
        push(conn, (struct store_segment){.kind = STORE_SEGMENT_SETUP, .syncs = 1}, now_ns);
    }
    if (PQsendPrepare(conn->pg, text->name, text->text, 0, NULL) != 1 ||
        PQpipelineSync(conn->pg) != 1)
        return false;
    conn->statements[sql] = STORE_STATEMENT_ASKED;
    push(conn, (struct store_segment){.kind = STORE_SEGMENT_PREPARE, .sql = sql, .syncs = 1},
         now_ns);
    return true;
}

bool store_pipeline_begin(struct store_conn *conn)
{
    char setup[128];
    int64_t now_ns = nx_clock_monotonic_ns();
    snprintf(setup, sizeof setup, "select set_config('statement_timeout', '%u', false)",
             conn->store->options.statement_timeout_ms);
    if (!send_text(conn, setup) || PQpipelineSync(conn->pg) != 1)
        return false;
    push(conn, (struct store_segment){.kind = STORE_SEGMENT_SETUP, .syncs = 1}, now_ns);
    conn->prepare_again_at_ns = now_ns + PREPARE_PAUSE_NS;
    for (unsigned sql = 0; sql < conn->store->text_count; sql++) {
        conn->statements[sql] = STORE_STATEMENT_ABSENT;
        if (!send_prepare(conn, sql, now_ns))
            return false;
    }
    return true;
}

/* Prepare a statement if it has to be, and may be by now. */
static bool prepare_if_due(struct store_conn *conn, unsigned sql, int64_t now_ns)
{
    enum store_statement_state state = conn->statements[sql];
    bool is_due = state == STORE_STATEMENT_ABSENT && now_ns >= conn->prepare_again_at_ns;
    if (is_due)
        conn->prepare_again_at_ns = now_ns + PREPARE_PAUSE_NS;
    return !(is_due || state == STORE_STATEMENT_STALE) || send_prepare(conn, sql, now_ns);
}

/* The same of what an op needs, before it. */
static bool prepare_for(struct store_conn *conn, const struct store_op *op, int64_t now_ns)
{
    for (unsigned i = 0; i < op->step_count; i++) {
        if (!op->steps[i]->query && !prepare_if_due(conn, op->steps[i]->sql, now_ns))
            return false;
    }
    return true;
}

/* Send the steps of one op, to the last sync. */
static bool send_op(struct store_conn *conn, const struct store_op *op, int64_t now_ns)
{
    bool rolls_back = op->flags & STORE_ROLLBACK;
    bool sent = prepare_for(conn, op, now_ns) && (!rolls_back || send_text(conn, "begin"));
    for (unsigned i = 0; sent && i < op->step_count; i++)
        sent = send_step(conn, op->steps[i]);
    /* What is checked at commit must be checked here, as there will be none. */
    if (sent && rolls_back)
        sent = send_text(conn, "set constraints all immediate") && PQpipelineSync(conn->pg) == 1 &&
               send_text(conn, "rollback");
    return sent && PQpipelineSync(conn->pg) == 1;
}

/* Send one statement for all, to the sync. */
static bool send_group(struct store_conn *conn, const struct store_op_list *ops, int64_t now_ns)
{
    char arrays[STORE_MAX_KEYS][STORE_INT8_ARRAY_BYTES(STORE_MAX_GROUP)];
    const char *values[STORE_MAX_KEYS];
    int lengths[STORE_MAX_KEYS];
    int formats[STORE_MAX_KEYS];
    const struct store_step *step = ops->first->steps[0];
    if (step->param_count > STORE_MAX_KEYS)
        store_bug("a key has too many parts", "store_op_step_keyed");
    for (unsigned i = 0; i < step->param_count; i++) {
        values[i] = arrays[i];
        lengths[i] = store_encode_keys(ops, i, arrays[i]);
        formats[i] = BINARY;
    }
    return prepare_if_due(conn, step->many, now_ns) &&
           PQsendQueryPrepared(conn->pg, conn->store->texts[step->many].name,
                               (int)step->param_count, values, lengths, formats, BINARY) == 1 &&
           PQpipelineSync(conn->pg) == 1;
}

bool store_pipeline_send(struct store_conn *conn, struct store_op_list *ops, int64_t now_ns)
{
    struct store_op *first = ops->first;
    struct store_segment segment = {
        .kind = STORE_SEGMENT_OP,
        .op = first,
        .is_keyed = store_op_is_keyed(first),
        .syncs = first->flags & STORE_ROLLBACK ? 2 : 1,
    };
    if (ops->count > 1) {
        segment.sql = first->steps[0]->many;
        segment.group_size = ops->count;
    }
    if (!(ops->count > 1 ? send_group(conn, ops, now_ns) : send_op(conn, first, now_ns)))
        return false;
    unsigned place = 0;
    for (struct store_op *op = first; op; op = op->next) {
        op->attempts++;
        op->conn = conn;
        op->place = place++;
    }
    *ops = (struct store_op_list){NULL, NULL, 0};
    push(conn, segment, now_ns);
    return true;
}

bool store_pipeline_leave(struct store_conn *conn, struct store_op *op)
{
    for (unsigned i = 0; i < conn->length; i++) {
        struct store_segment *segment = &conn->segments[(conn->head + i) % conn->capacity];
        if (!segment->op || !segment->op->next)
            continue;
        for (struct store_op **at = &segment->op; *at; at = &(*at)->next) {
            if (*at != op)
                continue;
            *at = op->next;
            op->next = NULL;
            op->conn = NULL;
            return true;
        }
    }
    return false;
}

/* --- Receiving --- */

static void finish_prepare(struct store_conn *conn, const struct store_segment *segment)
{
    if (!conn->error) {
        conn->statements[segment->sql] = STORE_STATEMENT_THERE;
        return;
    }
    conn->statements[segment->sql] = STORE_STATEMENT_ABSENT;
    /* The message names what is missing; there are no values in it yet. */
    nx_log(NX_LOG_ERROR, "statement_unavailable", "statement",
           conn->store->texts[segment->sql].name, "sqlstate",
           PQresultErrorField(conn->error, PG_DIAG_SQLSTATE), "error",
           PQresultErrorField(conn->error, PG_DIAG_MESSAGE_PRIMARY), NULL);
}

static void finish_setup(const struct store_conn *conn)
{
    if (conn->error)
        nx_log(NX_LOG_WARN, "database_setup_failed", "sqlstate",
               PQresultErrorField(conn->error, PG_DIAG_SQLSTATE), "error",
               PQresultErrorField(conn->error, PG_DIAG_MESSAGE_PRIMARY), NULL);
}

/* The oldest segment has its last answer. */
static void finish_head(struct store_conn *conn)
{
    struct store_segment segment = pop(conn);
    switch (segment.kind) {
    case STORE_SEGMENT_OP:
        store_segment_answered(conn, &segment);
        break;
    case STORE_SEGMENT_PREPARE:
        finish_prepare(conn, &segment);
        break;
    case STORE_SEGMENT_SETUP:
        finish_setup(conn);
        break;
    }
    begin_head(conn, nx_clock_monotonic_ns());
}

static bool is_last_step(const struct store_conn *conn, const struct store_op *op)
{
    unsigned before = op->flags & STORE_ROLLBACK ? 1 : 0; /* the "begin" */
    return conn->results == before + op->step_count - 1;
}

/* Take an error. False: it ends the session. */
static bool take_error(struct store_conn *conn, PGresult *result, const char **ret_why)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool ends_session =
        !sqlstate || !severity || strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0;
    if (ends_session) {
        *ret_why = sqlstate ? "the server has ended the session" : "the connection was lost";
        PQclear(result);
        return false;
    }
    if (conn->error) {
        PQclear(result);
    } else {
        conn->error = result;
        conn->error_result = conn->results;
    }
    conn->results++;
    return true;
}

/* Take a result over. False: the connection is of no more use. */
static bool take_result(struct store_conn *conn, PGresult *result, const char **ret_why)
{
    struct store_segment *segment = oldest(conn);
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        if (--segment->syncs == 0)
            finish_head(conn);
        return true;
    case PGRES_FATAL_ERROR:
        return take_error(conn, result, ret_why);
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        if (segment->op && is_last_step(conn, segment->op))
            conn->rows = result;
        else
            PQclear(result);
        conn->results++;
        return true;
    case PGRES_PIPELINE_ABORTED:
    case PGRES_EMPTY_QUERY:
        PQclear(result);
        conn->results++;
        return true;
    default: /* COPY and the like: not possible in a pipeline */
        PQclear(result);
        *ret_why = "a statement is not one for a pipeline";
        return false;
    }
}

bool store_pipeline_receive(struct store_conn *conn, const char **ret_why)
{
    bool readable = PQconsumeInput(conn->pg) == 1;
    bool after_null = false;
    /* What came before the end still counts, so this is done also when reading failed. */
    while (PQisBusy(conn->pg) == 0 && conn->length > 0) {
        PGresult *result = PQgetResult(conn->pg);
        if (!result && after_null)
            break;
        after_null = !result;
        if (result && !take_result(conn, result, ret_why))
            return false;
    }
    if (!readable || PQstatus(conn->pg) == CONNECTION_BAD) {
        *ret_why = "the connection was lost";
        return false;
    }
    return true;
}

void store_pipeline_abandon(struct store_conn *conn)
{
    struct store_op_list again = {NULL, NULL, 0};
    while (conn->length > 0) {
        struct store_op *op = pop(conn).op;
        while (op) {
            struct store_op *next = op->next; /* the op may be gone once it is completed */
            store_op_lost(conn->store, op, &again);
            op = next;
        }
    }
    begin_head(conn, 0);
    store_op_list_prepend_all(&conn->store->waiting, &again);
}
