/* The store on a real server: ops, pipelines, limits, deadlines, transactions, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pg_fixture.h"
#include "store_fixture.h"

static int reset(void **state)
{
    (void)state;
    store_fixture_reset();
    return 0;
}

static void test_store_loop__hundreds_of_ops_in_pipelines(void **state)
{
    enum { COUNT = 600 };
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(2, 0, 0, 0));
    struct call *calls = calloc(COUNT, sizeof *calls);
    assert_non_null(calls);
    assert_true(store_is_ready(store));
    for (int i = 0; i < COUNT; i++)
        call_submit(&calls[i], store, STORE_READ, SQL_ECHO, i * INT64_C(1000000007));
    for (int i = 0; i < COUNT; i++) {
        call_wait(&calls[i]);
        assert_int_equal(calls[i].code, NX_OK);
        assert_int_equal(calls[i].row_count, 1);
        assert_true(calls[i].value == i * INT64_C(1000000007));
    }
    store_stop(store, 1000);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(calls[i].done_count, 1);
        call_free(&calls[i]);
    }
    free(calls);
}

static void test_store_loop__first_come_first_served(void **state)
{
    enum { COUNT = 200 };
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 8, 0));
    struct call calls[COUNT];
    for (int i = 0; i < COUNT; i++)
        call_submit(&calls[i], store, STORE_READ, SQL_ECHO, i);
    for (int i = 0; i < COUNT; i++)
        call_wait(&calls[i]);
    for (int i = 1; i < COUNT; i++)
        assert_true(calls[i - 1].order < calls[i].order);
    for (int i = 0; i < COUNT; i++)
        call_free(&calls[i]);
    store_stop(store, 1000);
}

static void test_store_loop__a_slow_op_holds_up_one_connection_only(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(2, 0, 1, 0));
    struct call slow;
    struct call quick;
    call_submit(&slow, store, STORE_READ, SQL_SLEEP, 700);
    for (int i = 0; i < 20; i++) {
        call_submit(&quick, store, STORE_READ, SQL_ECHO, i);
        call_wait(&quick);
        assert_int_equal(quick.code, NX_OK);
        call_free(&quick);
    }
    assert_false(call_is_done(&slow));
    call_wait(&slow);
    call_free(&slow);
    store_stop(store, 1000);
}

/* Of four connections two take queries, one each; the third query waits, and nothing else does. */
static void test_store_loop__queries_wait_for_one_another(void **state)
{
    enum { COUNT = 5 };
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(4, 0, 0, 0));
    struct call queries[COUNT];
    struct call other;
    for (int i = 0; i < COUNT; i++)
        call_submit(&queries[i], store, STORE_READ | STORE_SLOW, SQL_SLEEP, i < 2 ? 700 : 1);
    for (int i = 0; i < 20; i++) {
        call_submit(&other, store, i % 2 ? STORE_WRITE : STORE_READ, SQL_ECHO, i);
        call_wait(&other);
        assert_int_equal(other.code, NX_OK);
        call_free(&other);
    }
    for (int i = 0; i < COUNT; i++)
        assert_false(call_is_done(&queries[i]));
    for (int i = 0; i < COUNT; i++)
        call_wait(&queries[i]);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(queries[i].code, NX_OK);
        call_free(&queries[i]);
    }
    store_stop(store, 1000);
}

static void test_store_loop__queries_leave_half_of_the_queue_to_others(void **state)
{
    enum { COUNT = 4 };
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 4, 2, 0));
    struct call queries[COUNT];
    struct call other;
    for (int i = 0; i < COUNT; i++)
        call_submit(&queries[i], store, STORE_READ | STORE_SLOW, SQL_SLEEP, 200);
    call_submit(&other, store, STORE_READ, SQL_ECHO, 1);
    for (int i = 0; i < COUNT; i++)
        call_wait(&queries[i]);
    call_wait(&other);
    assert_int_equal(other.code, NX_OK);
    assert_int_equal(queries[COUNT - 2].code, NX_OK);
    assert_string_equal(queries[COUNT - 1].reason, "QUEUE_FULL");
    for (int i = 0; i < COUNT; i++)
        call_free(&queries[i]);
    call_free(&other);
    store_stop(store, 1000);
}

static void test_store_loop__full_queue_rejects(void **state)
{
    enum { COUNT = 7 };
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 4, 2, 0));
    struct call calls[COUNT];
    for (int i = 0; i < COUNT; i++)
        call_submit(&calls[i], store, STORE_READ, SQL_SLEEP, 200);
    for (int i = 0; i < COUNT; i++)
        call_wait(&calls[i]);
    for (int i = 0; i < COUNT - 1; i++)
        assert_int_equal(calls[i].code, NX_OK);
    assert_int_equal(calls[COUNT - 1].code, NX_RESOURCE_EXHAUSTED);
    assert_string_equal(calls[COUNT - 1].reason, "QUEUE_FULL");
    assert_int_equal(calls[COUNT - 1].order, calls[0].order - 1);
    for (int i = 0; i < COUNT; i++)
        call_free(&calls[i]);
    store_stop(store, 1000);
}

static void test_store_loop__deadline_passes_in_the_queue(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 1, 0));
    struct call slow;
    struct call late;
    call_submit(&slow, store, STORE_READ, SQL_SLEEP, 1500);
    call_init(&late, 100, STORE_WRITE);
    call_step(&late, SQL_INSERT, 1, 1, 0);
    store_submit(store, &late.op);
    call_wait(&late);
    assert_int_equal(late.code, NX_DEADLINE_EXCEEDED);
    assert_false(call_is_done(&slow));
    call_wait(&slow);
    assert_int_equal(slow.code, NX_OK);
    assert_int_equal(pg_fixture_run("select count(*) from item"), 0);
    call_free(&slow);
    call_free(&late);
    store_stop(store, 1000);
}

static void test_store_loop__deadline_cancels_the_statement(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 20000));
    struct call call;
    int64_t from_ms = now_ms();
    call_init(&call, 150, STORE_WRITE);
    call_step(&call, SQL_INSERT_SLEEP, 2, 1, 15000);
    store_submit(store, &call.op);
    call_wait(&call);
    assert_int_equal(call.code, NX_DEADLINE_EXCEEDED);
    assert_true(now_ms() - from_ms < 5000);
    assert_int_equal(pg_fixture_run("select count(*) from item"), 0);
    assert_int_equal(run_once(store, STORE_READ, SQL_ECHO, 1), NX_OK);
    call_free(&call);
    store_stop(store, 1000);
}

static void test_store_loop__statement_timeout_is_the_last_limit(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 300));
    struct call call;
    call_submit(&call, store, STORE_READ, SQL_SLEEP, 20000);
    call_wait(&call);
    assert_int_equal(call.code, NX_DEADLINE_EXCEEDED);
    assert_string_equal(call.reason, "STATEMENT_TIMEOUT");
    assert_int_equal(call.op.attempts, 1);
    call_free(&call);
    store_stop(store, 1000);
}

static void test_store_loop__cancel_reaches_the_one_that_runs(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 20000));
    struct call call;
    int64_t from_ms = now_ms();
    call_submit(&call, store, STORE_READ, SQL_SLEEP, 15000);
    await_sql("select count(*) from pg_stat_activity where wait_event = 'PgSleep'", 1);
    call_cancel(&call, store);
    call_wait(&call);
    assert_int_equal(call.code, NX_CANCELLED);
    assert_true(now_ms() - from_ms < 5000);
    assert_int_equal(call.done_count, 1);
    call_free(&call);
    store_stop(store, 1000);
}

static void test_store_loop__cancel_of_waiting_and_of_done(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 1, 0));
    struct call slow;
    struct call waiting;
    call_submit(&slow, store, STORE_READ, SQL_SLEEP, 500);
    call_submit(&waiting, store, STORE_READ, SQL_ECHO, 1);
    call_cancel(&waiting, store);
    call_wait(&waiting);
    assert_int_equal(waiting.code, NX_CANCELLED);
    assert_false(call_is_done(&slow));
    call_wait(&slow);
    call_cancel(&slow, store); /* too late */
    call_wait(&slow);
    assert_int_equal(slow.code, NX_OK);
    assert_int_equal(slow.done_count, 1);
    call_free(&slow);
    call_free(&waiting);
    store_stop(store, 1000);
}

static void test_store_loop__cancel_spares_its_neighbours(void **state)
{
    enum { ROUNDS = 15, NEIGHBOURS = 6 };
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 20000));
    for (int round = 0; round < ROUNDS; round++) {
        struct call slow;
        struct call near[NEIGHBOURS];
        /* Short, so that now and then the cancel comes late and hits the next one. */
        call_submit(&slow, store, STORE_READ, SQL_SLEEP, 3);
        for (int i = 0; i < NEIGHBOURS; i++) {
            call_init(&near[i], 0, STORE_WRITE);
            call_step(&near[i], SQL_INSERT_SLEEP, 2, 1 + round * NEIGHBOURS + i, 2);
            store_submit(store, &near[i].op);
        }
        call_cancel(&slow, store);
        call_wait(&slow);
        assert_true(slow.code == NX_OK || slow.code == NX_CANCELLED);
        call_free(&slow);
        for (int i = 0; i < NEIGHBOURS; i++) {
            call_wait(&near[i]);
            assert_int_equal(near[i].code, NX_OK);
            call_free(&near[i]);
        }
    }
    assert_int_equal(pg_fixture_run("select count(*) from item"), ROUNDS * NEIGHBOURS);
    store_stop(store, 1000);
}

/* The server cancels what it likes; a cancel from outside is as a stray one of ours. */
static void test_store_loop__stray_cancel_is_made_good(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 20000));
    struct call call;
    call_init(&call, 0, STORE_WRITE);
    call_step(&call, SQL_INSERT_SLEEP, 2, 1, 700);
    store_submit(store, &call.op);
    await_sql("select count(pg_cancel_backend(pid)) from pg_stat_activity"
              " where wait_event = 'PgSleep'",
              1);
    call_wait(&call);
    assert_int_equal(call.code, NX_OK);
    assert_int_equal(call.op.attempts, 2);
    assert_int_equal(pg_fixture_run("select count(*) from item"), 1);
    call_free(&call);
    store_stop(store, 1000);
}

/* Many neighbours may be given up one after the other, and each cancel come too late for its own.
 */
static void test_store_loop__stray_cancels_are_made_good_however_many(void **state)
{
    enum { CANCELS = 8 };
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 20000));
    struct call call;
    call_init(&call, 0, STORE_WRITE);
    call_step(&call, SQL_INSERT_SLEEP, 2, 1, 1500);
    store_submit(store, &call.op);
    for (int i = 0; i < CANCELS; i++)
        await_sql("select count(pg_cancel_backend(pid)) from pg_stat_activity"
                  " where wait_event = 'PgSleep' and clock_timestamp() - query_start > '50 ms'",
                  1);
    call_wait(&call);
    assert_int_equal(call.code, NX_OK);
    assert_in_range(call.op.attempts, 6, CANCELS + 1);
    assert_int_equal(pg_fixture_run("select count(*) from item"), 1);
    call_free(&call);
    store_stop(store, 1000);
}

static void test_store_loop__error_spares_its_neighbours(void **state)
{
    enum { COUNT = 60 };
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 0));
    struct call calls[COUNT];
    for (int i = 0; i < COUNT; i++)
        call_submit(&calls[i], store, STORE_READ, SQL_DIVIDE, i % 3);
    for (int i = 0; i < COUNT; i++) {
        call_wait(&calls[i]);
        assert_int_equal(calls[i].code, i % 3 == 0 ? NX_INVALID_ARGUMENT : NX_OK);
        assert_int_equal(calls[i].op.attempts, 1);
        call_free(&calls[i]);
    }
    store_stop(store, 1000);
}

static void test_store_loop__steps_are_one_transaction(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(2, 0, 0, 0));
    struct call good;
    struct call bad;
    call_init(&bad, 0, STORE_WRITE);
    call_step(&bad, SQL_INSERT, 1, 1, 0);
    call_step(&bad, SQL_DIVIDE, 1, 0, 0);
    call_step(&bad, SQL_INSERT, 1, 2, 0);
    store_submit(store, &bad.op);
    call_wait(&bad);
    assert_int_equal(bad.code, NX_INVALID_ARGUMENT);
    assert_int_equal(pg_fixture_run("select count(*) from item"), 0);

    call_init(&good, 0, STORE_WRITE);
    call_step(&good, SQL_INSERT, 1, 1, 0);
    call_step(&good, SQL_INSERT, 1, 2, 0);
    call_step(&good, SQL_COUNT, 0, 0, 0);
    store_submit(store, &good.op);
    call_wait(&good);
    assert_int_equal(good.code, NX_OK);
    assert_int_equal(good.value, 2);
    assert_int_equal(pg_fixture_run("select count(*) from item"), 2);
    call_free(&good);
    call_free(&bad);
    store_stop(store, 1000);
}

static void test_store_loop__rollback_stores_nothing(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 0));
    struct call call;
    call_init(&call, 0, STORE_WRITE | STORE_ROLLBACK);
    call_step(&call, SQL_INSERT, 1, 7, 0);
    call_step(&call, SQL_COUNT, 0, 0, 0);
    store_submit(store, &call.op);
    call_wait(&call);
    assert_int_equal(call.code, NX_OK);
    assert_int_equal(call.value, 1);
    call_free(&call);
    assert_int_equal(pg_fixture_run("select count(*) from item"), 0);
    /* Errors come out, also those of commit, and the session is usable afterwards. */
    assert_int_equal(run_once(store, STORE_WRITE | STORE_ROLLBACK, SQL_DIVIDE, 0),
                     NX_INVALID_ARGUMENT);
    assert_int_equal(run_once(store, STORE_WRITE, SQL_UNIQUE, 5), NX_OK);
    assert_int_equal(run_once(store, STORE_WRITE | STORE_ROLLBACK, SQL_UNIQUE, 5),
                     NX_ALREADY_EXISTS);
    assert_int_equal(run_once(store, STORE_WRITE, SQL_INSERT, 8), NX_OK);
    assert_int_equal(pg_fixture_run("select count(*) from item"), 1);
    store_stop(store, 1000);
}

static void test_store_loop__error_at_commit_belongs_to_its_op(void **state)
{
    enum { COUNT = 30 };
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 0));
    struct call calls[COUNT];
    for (int i = 0; i < COUNT; i++)
        call_submit(&calls[i], store, STORE_WRITE, SQL_UNIQUE, i / 2);
    for (int i = 0; i < COUNT; i++) {
        call_wait(&calls[i]);
        assert_int_equal(calls[i].code, i % 2 == 0 ? NX_OK : NX_ALREADY_EXISTS);
        if (i % 2 == 0)
            assert_int_equal(calls[i].value, i / 2);
        else
            assert_string_equal(calls[i].constraint, "item_deferred_unique");
        call_free(&calls[i]);
    }
    store_stop(store, 1000);
}

static void test_store_loop__constraints_and_raised_errors(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 0));
    struct call call;
    assert_int_equal(run_once(store, STORE_WRITE, SQL_INSERT, 1), NX_OK);
    call_submit(&call, store, STORE_WRITE, SQL_INSERT, 1);
    call_wait(&call);
    assert_int_equal(call.code, NX_ALREADY_EXISTS);
    assert_string_equal(call.constraint, "item_id_unique");
    assert_null(strstr(call.message, "item"));
    call_free(&call);
    call_submit(&call, store, STORE_WRITE, SQL_INSERT, -1);
    call_wait(&call);
    assert_int_equal(call.code, NX_INVALID_ARGUMENT);
    assert_string_equal(call.constraint, "item_id_positive");
    call_free(&call);
    for (int code = NX_CANCELLED; code <= NX_UNAUTHENTICATED; code++) {
        call_submit(&call, store, STORE_WRITE, SQL_RAISE, code);
        call_wait(&call);
        assert_int_equal(call.code, code);
        assert_string_equal(call.constraint, "some.field");
        assert_non_null(strstr(call.message, "raised "));
        call_free(&call);
    }
    store_stop(store, 1000);
}

static void test_store_loop__missing_relation_is_found_later(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 0));
    struct call call;
    call_submit(&call, store, STORE_READ, SQL_LATER, 1);
    call_wait(&call);
    assert_int_equal(call.code, NX_INTERNAL);
    assert_string_equal(call.reason, "STATEMENT_UNAVAILABLE");
    call_free(&call);
    assert_int_equal(run_once(store, STORE_READ, SQL_ECHO, 1), NX_OK);

    (void)pg_fixture_run("create table later as select 3::int8 as id");
    int64_t until_ms = now_ms() + 5000;
    while (run_once(store, STORE_READ, SQL_LATER, 1) != NX_OK)
        assert_true(now_ms() < until_ms);
    /* The result type of a prepared statement changes under it. */
    (void)pg_fixture_run("drop table later; create table later as select 3::int4 as id");
    call_init(&call, 0, STORE_WRITE | STORE_ROLLBACK);
    call_step(&call, SQL_LATER, 1, 1, 0);
    call_step(&call, SQL_COUNT, 0, 0, 0);
    store_submit(store, &call.op);
    call_wait(&call);
    assert_int_equal(call.code, NX_OK);
    assert_int_equal(call.op.attempts, 2);
    call_free(&call);
    store_stop(store, 1000);
}

static void test_store_loop__deadlock_is_tried_again(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(2, 0, 1, 0));
    struct call one;
    struct call two;
    call_init(&one, 0, STORE_WRITE);
    call_step(&one, SQL_TWO_LOCKS, 2, 1, 2);
    call_init(&two, 0, STORE_WRITE);
    call_step(&two, SQL_TWO_LOCKS, 2, 2, 1);
    store_submit(store, &one.op);
    store_submit(store, &two.op);
    call_wait(&one);
    call_wait(&two);
    assert_int_equal(one.code, NX_OK);
    assert_int_equal(two.code, NX_OK);
    /* One of them was sent again; on a busy machine the two may meet once more. */
    assert_in_range(one.op.attempts + two.op.attempts, 3, 2 * STORE_MAX_SENDS - 1);
    assert_int_equal(pg_fixture_run("select sum(n) from item_lock"), 4);
    call_free(&one);
    call_free(&two);
    store_stop(store, 1000);
}

static void test_store_loop__read_only_server_is_left(void **state)
{
    char conninfo[2048];
    (void)state;
    struct store_options options = store_fixture_options(1, 0, 0, 0);
    snprintf(conninfo, sizeof conninfo, "%s%coptions=%s", options.conninfo,
             strstr(options.conninfo, "://") ? '&' : ' ', "-cdefault_transaction_read_only%3Don");
    if (!strstr(options.conninfo, "://"))
        skip();
    options.conninfo = conninfo;
    struct store *store = store_fixture_start(options);
    struct call call;
    assert_int_equal(run_once(store, STORE_READ, SQL_ECHO, 1), NX_OK);
    call_submit(&call, store, STORE_WRITE, SQL_WRITE_COUNT, 1);
    call_wait(&call);
    assert_int_equal(call.code, NX_UNAVAILABLE);
    assert_string_equal(call.reason, "DATABASE_READ_ONLY");
    assert_int_equal(call.op.attempts, STORE_MAX_SENDS);
    call_free(&call);
    assert_int_equal(run_once(store, STORE_READ, SQL_ECHO, 1), NX_OK);
    store_stop(store, 1000);
}

static void test_store_loop__out_of_memory_is_an_answer(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 0));
    struct call call;
    call_init(&call, 0, STORE_READ);
    nx_arena_destroy(call.arena);
    call.arena = nx_arena_new(16);
    assert_non_null(call.arena);
    call.op.arena = call.arena;
    call_step(&call, SQL_ECHO, 1, 1, 0);
    store_submit(store, &call.op);
    call_wait(&call);
    assert_int_equal(call.code, NX_RESOURCE_EXHAUSTED);
    call_free(&call);
    store_stop(store, 1000);
}

static void test_store_loop__parameters_that_do_not_fit(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 0));
    struct call call;
    call_init(&call, 0, STORE_READ);
    call_step(&call, SQL_ECHO, 2, 1, 2); /* one too many */
    store_submit(store, &call.op);
    call_wait(&call);
    assert_int_equal(call.code, NX_INTERNAL);
    assert_string_equal(call.reason, "STATEMENT_MISMATCH");
    call_free(&call);
    call_init(&call, 0, STORE_READ);
    store_op_step(&call.op, (enum store_sql)SQL_ECHO);
    store_bind_int4(&call.op, 1); /* too short for an int8 */
    store_submit(store, &call.op);
    call_wait(&call);
    assert_int_equal(call.code, NX_INTERNAL);
    call_free(&call);
    assert_int_equal(run_once(store, STORE_READ, SQL_ECHO, 1), NX_OK);
    store_stop(store, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_store_loop__hundreds_of_ops_in_pipelines, reset),
        cmocka_unit_test_setup(test_store_loop__first_come_first_served, reset),
        cmocka_unit_test_setup(test_store_loop__a_slow_op_holds_up_one_connection_only, reset),
        cmocka_unit_test_setup(test_store_loop__queries_wait_for_one_another, reset),
        cmocka_unit_test_setup(test_store_loop__queries_leave_half_of_the_queue_to_others, reset),
        cmocka_unit_test_setup(test_store_loop__full_queue_rejects, reset),
        cmocka_unit_test_setup(test_store_loop__deadline_passes_in_the_queue, reset),
        cmocka_unit_test_setup(test_store_loop__deadline_cancels_the_statement, reset),
        cmocka_unit_test_setup(test_store_loop__statement_timeout_is_the_last_limit, reset),
        cmocka_unit_test_setup(test_store_loop__cancel_reaches_the_one_that_runs, reset),
        cmocka_unit_test_setup(test_store_loop__cancel_of_waiting_and_of_done, reset),
        cmocka_unit_test_setup(test_store_loop__cancel_spares_its_neighbours, reset),
        cmocka_unit_test_setup(test_store_loop__stray_cancel_is_made_good, reset),
        cmocka_unit_test_setup(test_store_loop__stray_cancels_are_made_good_however_many, reset),
        cmocka_unit_test_setup(test_store_loop__error_spares_its_neighbours, reset),
        cmocka_unit_test_setup(test_store_loop__steps_are_one_transaction, reset),
        cmocka_unit_test_setup(test_store_loop__rollback_stores_nothing, reset),
        cmocka_unit_test_setup(test_store_loop__error_at_commit_belongs_to_its_op, reset),
        cmocka_unit_test_setup(test_store_loop__constraints_and_raised_errors, reset),
        cmocka_unit_test_setup(test_store_loop__missing_relation_is_found_later, reset),
        cmocka_unit_test_setup(test_store_loop__deadlock_is_tried_again, reset),
        cmocka_unit_test_setup(test_store_loop__read_only_server_is_left, reset),
        cmocka_unit_test_setup(test_store_loop__out_of_memory_is_an_answer, reset),
        cmocka_unit_test_setup(test_store_loop__parameters_that_do_not_fit, reset),
    };
    return cmocka_run_group_tests_name("store_loop", tests, NULL, NULL);
}
