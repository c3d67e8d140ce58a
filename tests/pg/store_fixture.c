#include "store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "nx_clock.h"
#include "pg_fixture.h"

#define PATIENCE_MS 30000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int completions;

const struct store_sql_text test_texts[] = {
    [SQL_ECHO] = {"echo", "select $1::int8"},
    [SQL_SLEEP] = {"sleep", "select $1::int8 from pg_sleep($1::int8 / 1000.0)"},
    [SQL_INSERT] = {"insert", "insert into item values ($1::int8) returning id"},
    [SQL_INSERT_SLEEP] = {"insert_sleep",
                          "with new as (insert into item values ($1::int8) returning id)"
                          " select id from new, pg_sleep($2::int8 / 1000.0)"},
    [SQL_UNIQUE] = {"unique", "insert into item_deferred values ($1::int8) returning id"},
    [SQL_DIVIDE] = {"divide", "select 1 / $1::int8"},
    [SQL_RAISE] = {"raise", "select raise_state($1::int8)"},
    [SQL_COUNT] = {"count", "select count(*) from item"},
    [SQL_LATER] = {"later", "select id from later where $1::int8 = $1"},
    [SQL_TWO_LOCKS] = {"two_locks", "select lock_both($1::int8, $2::int8)"},
    [SQL_WRITE_COUNT] = {"write_count", "update item_lock set n = n + 1 where id = $1::int8"
                                        " returning n"},
    [SQL_KEY] = {"key", "select id, key_value(id, n) from keyed where id = $1::int8"},
    [SQL_KEYS] = {"keys", "select id, key_value(id, n)"
                          " from unnest((select $1::int8[])) with ordinality as wanted (key, place)"
                          " left join keyed on id = key order by place"},
    [SQL_KEY_PAIR] = {"key_pair", "select id, n from keyed where id = $1::int8 and n = $2::int8"},
    [SQL_KEY_PAIRS] = {"key_pairs", "select id, n"
                                    " from unnest((select $1::int8[]), (select $2::int8[]))"
                                    " with ordinality as wanted (key, its_n, place)"
                                    " left join keyed on id = key and n = its_n order by place"},
    [SQL_KEYS_FEW] = {"keys_few", "select id, n from keyed where id = any ($1::int8[])"},
    [SQL_KEY_LATER] = {"key_later", "select id, n from later where id = any ($1::int8[])"},
    [SQL_KEY_ALL] = {"key_all", "select * from keyed where id = $1::int8"},
    [SQL_KEYS_ALL] = {"keys_all",
                      "select keyed.*"
                      " from unnest((select $1::int8[])) with ordinality as wanted (key, place)"
                      " left join keyed on id = key order by place"},
    [SQL_KEY_WRITE] = {"key_write",
                       "update keyed set n = $2::int8 where id = $1::int8 returning id"},
    {NULL, NULL},
};

void store_fixture_reset(void)
{
    (void)pg_fixture_run(
        /* A test that crashes the server expects to find what was acknowledged. */
        "do $$ begin execute format('alter database %I set synchronous_commit = on',"
        " current_database()); end $$;"
        "drop table if exists item, item_deferred, item_lock, later, keyed;"
        "create table item (id int8 constraint item_id_unique unique"
        "                   constraint item_id_positive check (id > 0));"
        "create table item_deferred (id int8,"
        "  constraint item_deferred_unique unique (id) deferrable initially deferred);"
        "create table item_lock (id int8 primary key, n int8 not null default 0);"
        "insert into item_lock select generate_series(1, 2);"
        "create table keyed (id int8 primary key, n int8 not null);"
        "insert into keyed select i, i * 1000 from generate_series(1, 500) i"
        " union all select i, i * 1000 from generate_series(901, 999) i union all select 666, 0;"
        "analyze keyed;"
        "create or replace function key_value(id int8, n int8) returns int8 language plpgsql as $$"
        " begin if id > 900 then perform pg_sleep((id - 900) / 50.0); end if;"
        "  return case id when 666 then 1 / n else n end; end $$;"
        "create or replace function raise_state(number int8) returns int8 language plpgsql as $$"
        " begin raise exception using errcode = 'NX' || lpad(number::text, 3, '0'),"
        "  message = 'raised ' || number, constraint = 'some.field'; end $$;"
        "create or replace function lock_both(a int8, b int8) returns int8 language plpgsql as $$"
        " begin update item_lock set n = n + 1 where id = a; perform pg_sleep(0.3);"
        "  update item_lock set n = n + 1 where id = b; return 1; end $$;");
}

struct store_options store_fixture_options(unsigned connections, unsigned max_waiting,
                                           unsigned max_pipelined, unsigned statement_timeout_ms)
{
    return (struct store_options){
        .conninfo = pg_fixture_conninfo(),
        .connections = connections,
        .max_waiting = max_waiting,
        .max_pipelined = max_pipelined,
        .statement_timeout_ms = statement_timeout_ms,
    };
}

int64_t now_ms(void)
{
    return nx_clock_monotonic_ns() / STORE_NS_PER_MS;
}

void pause_a_moment(void)
{
    const struct timespec moment = {0, 2000000};
    (void)nanosleep(&moment, NULL);
}

void store_fixture_await_ready(struct store *store, unsigned connections)
{
    int64_t until_ms = now_ms() + PATIENCE_MS;
    while (atomic_load(&store->ready_connections) < connections) {
        assert_true(now_ms() < until_ms);
        pause_a_moment();
    }
}

struct store *store_fixture_begin(struct store_options options)
{
    struct store *store = NULL;
    nx_status status = store_start_with(&options, test_texts, TEST_SQL_COUNT, &store);
    assert_int_equal(status.code, NX_OK);
    return store;
}

struct store *store_fixture_start(struct store_options options)
{
    struct store *store = store_fixture_begin(options);
    store_fixture_await_ready(store, store->options.connections);
    return store;
}

static void keep_outcome(struct call *call)
{
    const struct store_op *op = &call->op;
    call->code = op->status.code;
    call->reason[0] = '\0';
    if (op->status.error && op->status.error->reason)
        snprintf(call->reason, sizeof call->reason, "%s", op->status.error->reason);
    snprintf(call->constraint, sizeof call->constraint, "%s", op->constraint ? op->constraint : "");
    snprintf(call->message, sizeof call->message, "%s", nx_status_message(op->status));
    call->row_count = op->rows.count;
    if (call->inspect && op->status.code == NX_OK)
        call->inspect(&op->rows);
    else if (op->rows.count > 0)
        call->value = store_int8(&op->rows, 0, 0);
    if (op->rows.count > 0 && op->steps[0]->is_keyed)
        call->second = store_int8(&op->rows, 0, 1);
}

static void on_done(struct store_op *op)
{
    struct call *call = op->context;
    pthread_mutex_lock(&mutex);
    keep_outcome(call);
    call->done_count++;
    call->order = ++completions;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static void on_released(void *arg)
{
    struct call *call = arg;
    pthread_mutex_lock(&mutex);
    call->released_count++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

void call_init(struct call *call, unsigned deadline_ms, unsigned flags)
{
    int64_t deadline_ns = NX_DEADLINE_NEVER;
    if (deadline_ms > 0)
        deadline_ns = nx_clock_monotonic_ns() + deadline_ms * STORE_NS_PER_MS;
    *call = (struct call){.arena = nx_arena_new(1 << 20)};
    assert_non_null(call->arena);
    store_op_init(&call->op, call->arena, deadline_ns, flags, on_done, call);
}

void call_free(struct call *call)
{
    nx_arena_destroy(call->arena);
    call->arena = NULL;
}

void call_step(struct call *call, enum test_sql sql, unsigned count, int64_t first, int64_t second)
{
    store_op_step(&call->op, (enum store_sql)sql);
    if (count > 0)
        store_bind_int8(&call->op, first);
    if (count > 1)
        store_bind_int8(&call->op, second);
}

void call_submit_key(struct call *call, struct store *store, unsigned deadline_ms, int64_t id)
{
    call_init(call, deadline_ms, STORE_READ);
    store_op_step_keyed(&call->op, (enum store_sql)SQL_KEY, (enum store_sql)SQL_KEYS);
    store_bind_int8(&call->op, id);
    store_submit(store, &call->op);
}

void call_submit(struct call *call, struct store *store, unsigned flags, enum test_sql sql,
                 int64_t value)
{
    call_init(call, 0, flags);
    call_step(call, sql, sql == SQL_COUNT ? 0 : 1, value, 0);
    store_submit(store, &call->op);
}

static void wait_for(const int *counter)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    int failed = 0;
    pthread_mutex_lock(&mutex);
    while (*counter == 0 && failed == 0)
        failed = pthread_cond_timedwait(&changed, &mutex, &until);
    pthread_mutex_unlock(&mutex);
    assert_int_equal(failed, 0);
}

void call_wait(struct call *call)
{
    wait_for(&call->done_count);
    if (call->cancel.op)
        wait_for(&call->released_count);
}

bool call_is_done(struct call *call)
{
    pthread_mutex_lock(&mutex);
    bool is_done = call->done_count > 0;
    pthread_mutex_unlock(&mutex);
    return is_done;
}

void call_cancel(struct call *call, struct store *store)
{
    call->cancel = (struct store_cancel){.op = &call->op, .released = on_released, .arg = call};
    store_cancel(store, &call->cancel);
}

enum nx_code run_once(struct store *store, unsigned flags, enum test_sql sql, int64_t value)
{
    struct call call;
    call_submit(&call, store, flags, sql, value);
    call_wait(&call);
    call_free(&call);
    return call.code;
}

void await_sql(const char *sql, int64_t value)
{
    int64_t until_ms = now_ms() + PATIENCE_MS;
    while (pg_fixture_run(sql) != value) {
        assert_true(now_ms() < until_ms);
        pause_a_moment();
    }
}
