#include "store_copy.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>

#include "store_internal.h"

#define TICK_MS 200
#define CONNECT_TIMEOUT_S "10"

struct store_copy {
    struct nx_arena *arena;
    const struct store_copy_options *options;
    PGconn *pg;
    bool is_committing; /* and cannot be told any more not to */
};

static nx_status fail(struct store_copy *copy)
{
    struct nx_str text = nx_str_from(PQerrorMessage(copy->pg));
    while (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    bool is_lost = PQstatus(copy->pg) != CONNECTION_OK;
    return nx_fail(copy->arena, is_lost ? NX_UNAVAILABLE : NX_FAILED_PRECONDITION, "%.*s",
                   (int)text.len, text.ptr);
}

/* --- Waiting --- */

static nx_status give_up(struct store_copy *copy)
{
    char ignored[256];
    PGcancel *cancel = PQgetCancel(copy->pg);
    if (cancel)
        (void)PQcancel(cancel, ignored, sizeof ignored);
    PQfreeCancel(cancel);
    return nx_fail(copy->arena, NX_CANCELLED, "interrupted; the database is as it was before");
}

/* Until the socket is ready, for a tick at most. */
static nx_status wait_for(struct store_copy *copy, short events)
{
    struct pollfd ready = {.fd = PQsocket(copy->pg), .events = events};
    (void)poll(&ready, 1, TICK_MS);
    const struct store_copy_options *options = copy->options;
    bool goes_on = !options->tick || options->tick(options->context);
    return goes_on || copy->is_committing ? NX_STATUS_OK : give_up(copy);
}

/* The next result; NULL behind the last. */
static nx_status next_result(struct store_copy *copy, PGresult **ret_result)
{
    for (int flushed; (flushed = PQflush(copy->pg)) != 0;) {
        if (flushed < 0 || PQconsumeInput(copy->pg) != 1)
            return fail(copy);
        NX_TRY(wait_for(copy, POLLIN | POLLOUT));
    }
    while (PQisBusy(copy->pg)) {
        NX_TRY(wait_for(copy, POLLIN));
        if (PQconsumeInput(copy->pg) != 1)
            return fail(copy);
    }
    *ret_result = PQgetResult(copy->pg);
    return NX_STATUS_OK;
}

static void show_rows(const PGresult *result, store_copy_row row, void *context)
{
    const char *values[STORE_COPY_MAX_COLUMNS];
    int columns = PQnfields(result);
    if (columns > STORE_COPY_MAX_COLUMNS)
        store_bug("a statement has too many columns", PQcmdStatus((PGresult *)result));
    for (int i = 0; i < PQntuples(result); i++) {
        for (int k = 0; k < columns; k++)
            values[k] = PQgetvalue(result, i, k);
        row(context, values);
    }
}

/* All results of what was sent, up to a COPY that takes rows. */
static nx_status finish(struct store_copy *copy, store_copy_row row, void *context)
{
    nx_status status = NX_STATUS_OK;
    for (;;) {
        PGresult *result = NULL;
        NX_TRY(next_result(copy, &result));
        if (!result)
            return status;
        ExecStatusType kind = PQresultStatus(result);
        if (kind == PGRES_TUPLES_OK && row && status.code == NX_OK)
            show_rows(result, row, context);
        else if (kind != PGRES_TUPLES_OK && kind != PGRES_COMMAND_OK && kind != PGRES_COPY_IN &&
                 status.code == NX_OK)
            status = fail(copy);
        PQclear(result);
        if (kind == PGRES_COPY_IN)
            return status;
    }
}

/* --- Statements --- */

nx_status store_copy_query(struct store_copy *copy, enum store_sql sql, const char *param,
                           store_copy_row row, void *context)
{
    const char *const params[] = {param};
    if (PQsendQueryParams(copy->pg, store_sql_texts[sql].text, param ? 1 : 0, NULL, params, NULL,
                          NULL, 0) != 1)
        return fail(copy);
    return finish(copy, row, context);
}

nx_status store_copy_run(struct store_copy *copy, const char *sql)
{
    if (PQsendQuery(copy->pg, sql) != 1)
        return fail(copy);
    return finish(copy, NULL, NULL);
}

nx_status store_copy_begin(struct store_copy *copy, enum store_sql sql)
{
    return store_copy_query(copy, sql, NULL, NULL, NULL);
}

nx_status store_copy_send(struct store_copy *copy, struct nx_str rows)
{
    for (;;) {
        int sent = PQputCopyData(copy->pg, rows.ptr, (int)rows.len);
        if (sent == 1)
            return NX_STATUS_OK;
        if (sent < 0)
            return fail(copy);
        NX_TRY(wait_for(copy, POLLOUT));
    }
}

nx_status store_copy_end(struct store_copy *copy)
{
    int ended;
    while ((ended = PQputCopyEnd(copy->pg, NULL)) == 0)
        NX_TRY(wait_for(copy, POLLOUT));
    return ended == 1 ? finish(copy, NULL, NULL) : fail(copy);
}

/* --- The transaction --- */

nx_status store_copy_open(struct nx_arena *arena, const struct store_copy_options *options,
                          struct store_copy **ret_copy)
{
    static const char *const keys[] = {"dbname", "fallback_application_name", "client_encoding",
                                       "connect_timeout", NULL};
    const char *const values[] = {options->conninfo, "nexus-load", "UTF8", CONNECT_TIMEOUT_S, NULL};
    struct store_copy *copy = calloc(1, sizeof *copy);
    if (!copy)
        return nx_fail_memory();
    copy->arena = arena;
    copy->options = options;
    copy->pg = PQconnectdbParams(keys, values, 1);
    nx_status status = nx_fail_memory();
    if (copy->pg)
        status = PQstatus(copy->pg) == CONNECTION_OK && PQsetnonblocking(copy->pg, 1) == 0
                     ? store_copy_run(copy, "begin; set local statement_timeout = 0;"
                                            " set local client_min_messages = warning")
                     : fail(copy);
    if (status.code == NX_OK)
        *ret_copy = copy;
    else
        store_copy_close(copy);
    return status;
}

nx_status store_copy_commit(struct store_copy *copy)
{
    copy->is_committing = true;
    return store_copy_run(copy, "commit");
}

void store_copy_close(struct store_copy *copy)
{
    if (!copy)
        return;
    PQfinish(copy->pg);
    free(copy);
}
