/* The migration runner. One connection, used one statement at a time:
 *
 *   connect -> lock -> make nexus_migration -> read it -> compare -> begin, text, record, commit
 *
 * The advisory lock belongs to the session, so it ends with the connection whatever happens. */
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nx_clock.h"
#include "nx_str.h"
#include "store_migrate_internal.h"

/* Any number that nothing else in the database locks: "nexusmig" in ASCII. */
#define LOCK_KEY "7954896762662906215"
#define DEFAULT_LOCK_TIMEOUT_MS 60000
#define DEFAULT_CONNECT_TIMEOUT_S 10
#define MAX_STATEMENT_PARAMS 3

static const char create_table[] = "create table if not exists nexus_migration ("
                                   " number integer primary key check (number > 0),"
                                   " name text not null,"
                                   " checksum text not null,"
                                   " applied_at timestamptz not null default now())";
static const char table_exists[] = "select to_regclass('nexus_migration') is not null";
static const char read_table[] =
    "select number, name, checksum,"
    " to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    " from nexus_migration order by number";
static const char checksum_of[] = "select encode(sha256(convert_to($1, 'UTF8')), 'hex')";
static const char take_lock[] = "select pg_advisory_lock(" LOCK_KEY ")";
static const char set_lock_timeout[] = "select set_config('lock_timeout', $1, false)";
static const char set_no_limit[] = "select set_config('statement_timeout', '0', false)";
static const char record[] =
    "insert into nexus_migration (number, name, checksum)"
    " values ($1::integer, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'))";
static const char unrecord[] = "delete from nexus_migration where number = $1::integer";

/* A run over one connection. */
struct runner {
    const struct store_migrate_options *options;
    const struct store_migration *set;
    struct nx_arena *arena;
    PGconn *pg;
    const struct store_migration *current; /* whose notices these are; NULL: nobody's */
    PGresult *applied;                     /* rows of nexus_migration; NULL: no table */
};

/* --- The connection --- */

static void report(const struct runner *runner, enum store_migrate_event event, const char *text)
{
    struct store_migrate_progress progress = {.event = event, .name = "", .text = text};
    if (!runner->options->progress)
        return;
    if (runner->current) {
        progress.number = runner->current->number;
        progress.name = runner->current->name;
    }
    runner->options->progress(runner->options->context, &progress);
}

static void on_notice(void *arg, const PGresult *result)
{
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    report(arg, STORE_MIGRATE_NOTICE, text ? text : "");
}

/* The database's last message without its line end. */
static const char *last_error(const struct runner *runner)
{
    struct nx_str text = nx_str_from(PQerrorMessage(runner->pg));
    while (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    const char *copy = nx_arena_strdup(runner->arena, text);
    return copy ? copy : "";
}

static nx_status open_runner(struct runner *runner)
{
    char timeout[16];
    const char *const keys[] = {"dbname", "fallback_application_name", "client_encoding",
                                "connect_timeout", NULL};
    const char *const values[] = {runner->options->conninfo, "nexus-migrate", "UTF8", timeout,
                                  NULL};
    unsigned timeout_s = runner->options->connect_timeout_s;
    snprintf(timeout, sizeof timeout, "%u", timeout_s ? timeout_s : DEFAULT_CONNECT_TIMEOUT_S);
    runner->pg = PQconnectdbParams(keys, values, 1);
    if (!runner->pg)
        return nx_fail_memory();
    if (PQstatus(runner->pg) != CONNECTION_OK)
        return nx_fail(runner->arena, NX_UNAVAILABLE, "cannot connect to the database: %s",
                       last_error(runner));
    PQsetNoticeReceiver(runner->pg, on_notice, runner);
    return NX_STATUS_OK;
}

static void close_runner(struct runner *runner)
{
    PQclear(runner->applied);
    PQfinish(runner->pg);
}

/* Wait for all results of what was sent; the last good one is handed over, if wanted. */
static nx_status finish(struct runner *runner, bool sent, PGresult **ret_result)
{
    nx_status status = NX_STATUS_OK;
    PGresult *last = NULL;
    if (!sent)
        return nx_fail(runner->arena, NX_UNAVAILABLE, "%s", last_error(runner));
    for (PGresult *result; (result = PQgetResult(runner->pg)) != NULL;) {
        ExecStatusType kind = PQresultStatus(result);
        bool good =
            kind == PGRES_TUPLES_OK || kind == PGRES_COMMAND_OK || kind == PGRES_EMPTY_QUERY;
        PQclear(last);
        last = result;
        if (!good && status.code == NX_OK)
            status = nx_fail(runner->arena,
                             PQstatus(runner->pg) == CONNECTION_OK ? NX_FAILED_PRECONDITION
                                                                   : NX_UNAVAILABLE,
                             "%s", last_error(runner));
        if (kind == PGRES_COPY_IN || kind == PGRES_COPY_OUT || kind == PGRES_COPY_BOTH)
            break; /* would never end; the connection is closed after this error */
    }
    if (status.code == NX_OK && ret_result)
        *ret_result = last;
    else
        PQclear(last);
    return status;
}

/* One statement with text parameters. */
static nx_status query(struct runner *runner, const char *sql, const char *const *params,
                       PGresult **ret_result)
{
    int count = 0;
    while (params && count < MAX_STATEMENT_PARAMS && params[count])
        count++;
    bool sent = PQsendQueryParams(runner->pg, sql, count, NULL, params, NULL, NULL, 0) == 1;
    return finish(runner, sent, ret_result);
}

/* Many statements in one text, without parameters. */
static nx_status script(struct runner *runner, const char *sql)
{
    return finish(runner, PQsendQuery(runner->pg, sql) == 1, NULL);
}

static nx_status lock(struct runner *runner)
{
    char timeout[16];
    const char *const params[] = {timeout, NULL};
    const char *const none[] = {"0", NULL};
    unsigned timeout_ms = runner->options->lock_timeout_ms;
    snprintf(timeout, sizeof timeout, "%u", timeout_ms ? timeout_ms : DEFAULT_LOCK_TIMEOUT_MS);
    NX_TRY(query(runner, set_no_limit, NULL, NULL));
    NX_TRY(query(runner, set_lock_timeout, params, NULL));
    nx_status status = query(runner, take_lock, NULL, NULL);
    if (status.code == NX_FAILED_PRECONDITION)
        return nx_fail(runner->arena, NX_FAILED_PRECONDITION,
                       "another migration runner is at work; wait for it to end, or stop it (%s)",
                       nx_status_message(status));
    NX_TRY(status);
    return query(runner, set_lock_timeout, none, NULL);
}

/* --- What has been applied --- */

static nx_status read_applied(struct runner *runner)
{
    PGresult *exists = NULL;
    NX_TRY(query(runner, table_exists, NULL, &exists));
    bool is_there = strcmp(PQgetvalue(exists, 0, 0), "t") == 0;
    PQclear(exists);
    return is_there ? query(runner, read_table, NULL, &runner->applied) : NX_STATUS_OK;
}

static int applied_count(const struct runner *runner)
{
    return runner->applied ? PQntuples(runner->applied) : 0;
}

static int applied_number(const struct runner *runner, int row)
{
    return (int)strtol(PQgetvalue(runner->applied, row, 0), NULL, 10);
}

/* The row of a migration, or -1. */
static int applied_row(const struct runner *runner, int number)
{
    for (int row = 0; row < applied_count(runner); row++) {
        if (applied_number(runner, row) == number)
            return row;
    }
    return -1;
}

static const struct store_migration *find(const struct store_migration *set, int number)
{
    for (; set->number != 0; set++) {
        if (set->number == number)
            return set;
    }
    return NULL;
}

/* How a row compares with this binary's migration of its number. */
static nx_status compare(struct runner *runner, int row, enum store_migrate_state *ret_state)
{
    const struct store_migration *ours = find(runner->set, applied_number(runner, row));
    if (!ours) {
        *ret_state = STORE_MIGRATE_IS_UNKNOWN;
        return NX_STATUS_OK;
    }
    const char *const params[] = {ours->up, NULL};
    PGresult *checksum = NULL;
    NX_TRY(query(runner, checksum_of, params, &checksum));
    bool same = strcmp(PQgetvalue(checksum, 0, 0), PQgetvalue(runner->applied, row, 2)) == 0;
    PQclear(checksum);
    *ret_state = same ? STORE_MIGRATE_IS_APPLIED : STORE_MIGRATE_IS_CHANGED;
    return NX_STATUS_OK;
}

/* The embedded set itself: 1, 2, 3 ... */
static nx_status check_set(const struct runner *runner)
{
    for (int i = 0; runner->set[i].number != 0; i++) {
        if (runner->set[i].number != i + 1)
            return nx_fail(runner->arena, NX_FAILED_PRECONDITION,
                           "the migrations of this program go from %d to %d; number them without "
                           "a gap, and build it again",
                           i, runner->set[i].number);
    }
    return NX_STATUS_OK;
}

/* Refuse a database that was migrated by something else. */
static nx_status check_applied(struct runner *runner)
{
    for (int row = 0; row < applied_count(runner); row++) {
        enum store_migrate_state state;
        int number = applied_number(runner, row);
        const char *name = PQgetvalue(runner->applied, row, 1);
        NX_TRY(compare(runner, row, &state));
        if (state == STORE_MIGRATE_IS_UNKNOWN)
            return nx_fail(runner->arena, NX_FAILED_PRECONDITION,
                           "the database has migration %03d_%s, which this program does not know; "
                           "use the newer release that brought it",
                           number, name);
        if (state == STORE_MIGRATE_IS_CHANGED)
            return nx_fail(runner->arena, NX_FAILED_PRECONDITION,
                           "migration %03d_%s was changed after it had been applied; restore its "
                           "text, and put the change into a new migration",
                           number, name);
        if (number != row + 1)
            return nx_fail(runner->arena, NX_FAILED_PRECONDITION,
                           "the database has migration %03d_%s, and lacks %03d before it; restore "
                           "the rows of nexus_migration",
                           number, name, row + 1);
    }
    return NX_STATUS_OK;
}

static nx_status begin_work(struct runner *runner)
{
    NX_TRY(check_set(runner));
    NX_TRY(open_runner(runner));
    NX_TRY(lock(runner));
    /* First look: "create ... if not exists" would say with a notice that there is nothing to do.
     */
    NX_TRY(read_applied(runner));
    if (!runner->applied) {
        NX_TRY(query(runner, create_table, NULL, NULL));
        NX_TRY(read_applied(runner));
    }
    return check_applied(runner);
}

/* --- Steps --- */

/* Run a text and its record in one transaction. */
static nx_status run_in_transaction(struct runner *runner, const char *text, const char *record_sql,
                                    const char *const *params)
{
    NX_TRY(script(runner, "begin"));
    nx_status status = script(runner, text);
    if (status.code == NX_OK && PQtransactionStatus(runner->pg) != PQTRANS_INTRANS)
        status = nx_fail(runner->arena, NX_FAILED_PRECONDITION,
                         "the text ends the transaction that it runs in; take its commit or "
                         "rollback out");
    if (status.code == NX_OK)
        status = query(runner, record_sql, params, NULL);
    if (status.code == NX_OK)
        return script(runner, "commit");
    nx_status rolled_back = script(runner, "rollback");
    (void)rolled_back; /* without it, closing the connection rolls back */
    return status;
}

static nx_status migrate(struct runner *runner, const struct store_migration *migration,
                         bool forward)
{
    char number[16];
    const char *const up_params[] = {number, migration->name, migration->up, NULL};
    const char *const down_params[] = {number, NULL};
    snprintf(number, sizeof number, "%d", migration->number);
    runner->current = migration;
    nx_status status = forward ? run_in_transaction(runner, migration->up, record, up_params)
                               : run_in_transaction(runner, migration->down, unrecord, down_params);
    if (status.code == NX_OK)
        report(runner, forward ? STORE_MIGRATE_APPLIED : STORE_MIGRATE_REVERTED, "");
    else
        status = nx_fail(runner->arena, status.code,
                         "migration %03d_%s failed and has changed "
                         "nothing: %s",
                         migration->number, migration->name, nx_status_message(status));
    runner->current = NULL;
    return status;
}

nx_status store_migrate_up_with(const struct store_migration *set, struct nx_arena *arena,
                                const struct store_migrate_options *options, unsigned *ret_applied)
{
    struct runner runner = {.options = options, .set = set, .arena = arena};
    *ret_applied = 0;
    nx_status status = begin_work(&runner);
    for (; status.code == NX_OK && set->number != 0; set++) {
        if (applied_row(&runner, set->number) >= 0)
            continue;
        status = migrate(&runner, set, true);
        if (status.code == NX_OK)
            (*ret_applied)++;
    }
    close_runner(&runner);
    return status;
}

nx_status store_migrate_down_with(const struct store_migration *set, struct nx_arena *arena,
                                  const struct store_migrate_options *options, unsigned steps,
                                  unsigned *ret_reverted)
{
    struct runner runner = {.options = options, .set = set, .arena = arena};
    *ret_reverted = 0;
    nx_status status = begin_work(&runner);
    for (int row = applied_count(&runner); status.code == NX_OK && row > 0; row--) {
        if (*ret_reverted == steps)
            break;
        status = migrate(&runner, find(set, applied_number(&runner, row - 1)), false);
        if (status.code == NX_OK)
            (*ret_reverted)++;
    }
    close_runner(&runner);
    return status;
}

/* --- Status --- */

static nx_status add_entry(struct runner *runner, struct store_migrate_report *built,
                           const struct store_migration *ours, int row)
{
    struct store_migrate_entry *entry = &built->entries[built->count];
    struct nx_str name = nx_str_from(ours ? ours->name : PQgetvalue(runner->applied, row, 1));
    struct nx_str applied_at = nx_str_from(row >= 0 ? PQgetvalue(runner->applied, row, 3) : "");
    entry->number = ours ? ours->number : applied_number(runner, row);
    entry->name = nx_arena_strdup(runner->arena, name);
    entry->applied_at = nx_arena_strdup(runner->arena, applied_at);
    entry->state = STORE_MIGRATE_IS_PENDING;
    if (!entry->name || !entry->applied_at)
        return nx_fail_memory();
    if (row >= 0)
        NX_TRY(compare(runner, row, &entry->state));
    built->current = built->current && entry->state == STORE_MIGRATE_IS_APPLIED;
    built->count++;
    return NX_STATUS_OK;
}

static nx_status build_report(struct runner *runner, struct store_migrate_report *built)
{
    size_t count = (size_t)applied_count(runner);
    while (runner->set[built->count].number != 0)
        built->count++;
    built->entries = nx_arena_calloc(runner->arena, built->count + count, sizeof *built->entries);
    built->count = 0;
    built->current = true;
    if (!built->entries)
        return nx_fail_memory();
    for (const struct store_migration *ours = runner->set; ours->number != 0; ours++)
        NX_TRY(add_entry(runner, built, ours, applied_row(runner, ours->number)));
    /* What is unknown here came with a later release, so it has the higher numbers. */
    for (int row = 0; row < applied_count(runner); row++) {
        if (!find(runner->set, applied_number(runner, row)))
            NX_TRY(add_entry(runner, built, NULL, row));
    }
    return NX_STATUS_OK;
}

nx_status store_migrate_status_with(const struct store_migration *set, struct nx_arena *arena,
                                    const struct store_migrate_options *options,
                                    struct store_migrate_report *ret_report)
{
    struct runner runner = {.options = options, .set = set, .arena = arena};
    struct store_migrate_report built = {NULL, 0, false};
    nx_status status = check_set(&runner);
    if (status.code == NX_OK)
        status = open_runner(&runner);
    if (status.code == NX_OK)
        status = read_applied(&runner);
    if (status.code == NX_OK)
        status = build_report(&runner, &built);
    if (status.code == NX_OK)
        *ret_report = built;
    close_runner(&runner);
    return status;
}

nx_status store_migrate_up(struct nx_arena *arena, const struct store_migrate_options *options,
                           unsigned *ret_applied)
{
    return store_migrate_up_with(store_migrations, arena, options, ret_applied);
}

nx_status store_migrate_down(struct nx_arena *arena, const struct store_migrate_options *options,
                             unsigned steps, unsigned *ret_reverted)
{
    return store_migrate_down_with(store_migrations, arena, options, steps, ret_reverted);
}

nx_status store_migrate_status(struct nx_arena *arena, const struct store_migrate_options *options,
                               struct store_migrate_report *ret_report)
{
    return store_migrate_status_with(store_migrations, arena, options, ret_report);
}

const char *store_migrate_state_name(enum store_migrate_state state)
{
    static const char *const names[] = {"applied", "pending", "changed", "unknown"};
    return names[state];
}
