#include "store_pending.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>

#define TICK_MS 200
#define CONNECT_TIMEOUT_S "10"
/* More use more memory, and wait for the disk. */
#define CONNECTIONS 2

static const char set_session[] = "select set_config('statement_timeout', '0', false),"
                                  " set_config('client_min_messages', 'warning', false),"
                                  " set_config('maintenance_work_mem', '512MB', false),"
                                  " set_config('max_parallel_maintenance_workers', '1', false)";
static const char count_all[] = "select count(*) from catalog.index_pending";
static const char build_next[] = "select catalog.index_build_next()";
/* When all stand: indexes of expressions have statistics of their own. */
static const char *const analyses[] = {
    "analyze catalog.product",
    "analyze catalog.search_entry",
    "analyze catalog.search_word, catalog.category, catalog.product_tally",
};

#define ANALYSIS_COUNT (sizeof analyses / sizeof *analyses)

struct builder {
    struct nx_arena *arena;
    const struct store_pending_options *options;
    PGconn *pgs[CONNECTIONS];
    bool is_busy[CONNECTIONS];
    unsigned count; /* of connections */
    unsigned total;
    unsigned built;
    unsigned analyzed;
};

static nx_status fail(const struct builder *builder, const PGconn *pg)
{
    struct nx_str text = nx_str_from(PQerrorMessage(pg));
    while (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    bool is_lost = PQstatus(pg) != CONNECTION_OK;
    return nx_fail(builder->arena, is_lost ? NX_UNAVAILABLE : NX_FAILED_PRECONDITION, "%.*s",
                   (int)text.len, text.ptr);
}

/* --- Connections --- */

/* Run a statement that gives a row. */
static nx_status ask(const struct builder *builder, PGconn *pg, const char *sql,
                     PGresult **ret_result)
{
    *ret_result = PQexecParams(pg, sql, 0, NULL, NULL, NULL, NULL, 0);
    return PQresultStatus(*ret_result) == PGRES_TUPLES_OK ? NX_STATUS_OK : fail(builder, pg);
}

static nx_status connect_one(struct builder *builder)
{
    static const char *const keys[] = {"dbname", "fallback_application_name", "client_encoding",
                                       "connect_timeout", NULL};
    const char *const values[] = {builder->options->conninfo, "nexus-index", "UTF8",
                                  CONNECT_TIMEOUT_S, NULL};
    PGconn *pg = PQconnectdbParams(keys, values, 1);
    PGresult *result = NULL;
    if (!pg)
        return nx_fail_memory();
    nx_status status =
        PQstatus(pg) == CONNECTION_OK ? ask(builder, pg, set_session, &result) : fail(builder, pg);
    PQclear(result);
    if (status.code == NX_OK)
        builder->pgs[builder->count++] = pg;
    else
        PQfinish(pg);
    return status;
}

static nx_status count_pending(struct builder *builder)
{
    PGresult *result;
    nx_status status = ask(builder, builder->pgs[0], count_all, &result);
    if (status.code == NX_OK)
        builder->total = (unsigned)strtoul(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return status;
}

/* --- The work --- */

static nx_status send(struct builder *builder, unsigned i, const char *sql)
{
    if (PQsendQuery(builder->pgs[i], sql) != 1)
        return fail(builder, builder->pgs[i]);
    builder->is_busy[i] = true;
    return NX_STATUS_OK;
}

/* Give a connection its next work, of that kind: none is left, or the result of the last. */
typedef nx_status (*worker)(struct builder *builder, unsigned i, const PGresult *last);

static nx_status build(struct builder *builder, unsigned i, const PGresult *last)
{
    if (last && PQgetisnull(last, 0, 0))
        return NX_STATUS_OK;
    if (last)
        builder->options->progress(builder->options->context, ++builder->built, builder->total);
    return send(builder, i, build_next);
}

static nx_status analyze(struct builder *builder, unsigned i, const PGresult *last)
{
    (void)last;
    if (builder->analyzed == ANALYSIS_COUNT)
        return NX_STATUS_OK;
    return send(builder, i, analyses[builder->analyzed++]);
}

static nx_status take_result(struct builder *builder, unsigned i, worker work)
{
    PGconn *pg = builder->pgs[i];
    if (PQconsumeInput(pg) != 1)
        return fail(builder, pg);
    if (PQisBusy(pg))
        return NX_STATUS_OK;
    PGresult *result = PQgetResult(pg);
    ExecStatusType kind = PQresultStatus(result);
    bool is_right = kind == PGRES_TUPLES_OK || kind == PGRES_COMMAND_OK;
    nx_status status = is_right ? NX_STATUS_OK : fail(builder, pg);
    for (PGresult *more; (more = PQgetResult(pg));)
        PQclear(more);
    builder->is_busy[i] = false;
    if (is_right)
        status = work(builder, i, result);
    PQclear(result);
    return status;
}

/* Wait for any, for a tick at most. False: none is at work. */
static bool wait_for_any(const struct builder *builder)
{
    struct pollfd fds[CONNECTIONS];
    nfds_t count = 0;
    for (unsigned i = 0; i < builder->count; i++) {
        if (builder->is_busy[i])
            fds[count++] = (struct pollfd){.fd = PQsocket(builder->pgs[i]), .events = POLLIN};
    }
    if (count > 0)
        (void)poll(fds, count, TICK_MS);
    return count > 0;
}

static nx_status do_all(struct builder *builder, worker work)
{
    const struct store_pending_options *options = builder->options;
    for (unsigned i = 0; i < builder->count; i++)
        NX_TRY(work(builder, i, NULL));
    while (wait_for_any(builder)) {
        if (!options->tick(options->context))
            return nx_fail(builder->arena, NX_CANCELLED, "interrupted");
        for (unsigned i = 0; i < builder->count; i++) {
            if (builder->is_busy[i])
                NX_TRY(take_result(builder, i, work));
        }
    }
    return NX_STATUS_OK;
}

static nx_status run(struct builder *builder)
{
    NX_TRY(connect_one(builder));
    NX_TRY(count_pending(builder));
    if (builder->total == 0)
        return NX_STATUS_OK;
    builder->options->progress(builder->options->context, 0, builder->total);
    while (builder->count < CONNECTIONS && connect_one(builder).code == NX_OK)
        continue; /* where no more are allowed, those do that are */
    NX_TRY(do_all(builder, build));
    return do_all(builder, analyze);
}

static void close_one(PGconn *pg, bool is_busy)
{
    char ignored[256];
    PGcancel *cancel = is_busy ? PQgetCancel(pg) : NULL;
    if (cancel)
        (void)PQcancel(cancel, ignored, sizeof ignored);
    PQfreeCancel(cancel);
    PQfinish(pg);
}

nx_status store_pending_build(struct nx_arena *arena, const struct store_pending_options *options,
                              unsigned *ret_built)
{
    struct builder builder = {.arena = arena, .options = options};
    nx_status status = run(&builder);
    for (unsigned i = 0; i < builder.count; i++)
        close_one(builder.pgs[i], builder.is_busy[i]);
    *ret_built = builder.built;
    return status;
}
