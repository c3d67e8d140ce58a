/* The store when its connections are taken away: nothing is lost, nothing is done twice, and what
 * cannot be known is said to be unknown. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pg_fixture.h"
#include "store_fixture.h"

#define WRITERS 4
#define READERS 4
#define MAX_WRITES 100000

static int reset(void **state)
{
    (void)state;
    store_fixture_reset();
    return 0;
}

/* --- A load of reads and writes, each write with an id of its own --- */

struct load {
    struct store *store;
    atomic_bool is_over;
    atomic_int next_id;
    atomic_int reads;
    atomic_int failed_reads;
    unsigned char outcome[MAX_WRITES]; /* of write i: 1 + its code */
};

static void *write_on(void *arg)
{
    struct load *load = arg;
    while (!atomic_load(&load->is_over)) {
        int id = 1 + atomic_fetch_add(&load->next_id, 1);
        if (id >= MAX_WRITES)
            break;
        struct call call;
        call_submit(&call, load->store, STORE_WRITE, SQL_INSERT, id);
        call_wait(&call);
        load->outcome[id] = (unsigned char)(1 + call.code);
        call_free(&call);
    }
    return NULL;
}

static void *read_on(void *arg)
{
    struct load *load = arg;
    while (!atomic_load(&load->is_over)) {
        if (run_once(load->store, STORE_READ, SQL_ECHO, 5) != NX_OK)
            atomic_fetch_add(&load->failed_reads, 1);
        atomic_fetch_add(&load->reads, 1);
    }
    return NULL;
}

static struct load *load_start(pthread_t threads[WRITERS + READERS], unsigned connections)
{
    struct load *load = calloc(1, sizeof *load);
    assert_non_null(load);
    load->store = store_fixture_start(store_fixture_options(connections, 0, 0, 0));
    for (int i = 0; i < WRITERS + READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < WRITERS ? write_on : read_on, load),
                         0);
    return load;
}

static void await_progress(struct load *load, int reads)
{
    int64_t until_ms = now_ms() + 30000;
    int from = atomic_load(&load->reads);
    while (atomic_load(&load->reads) < from + reads) {
        assert_true(now_ms() < until_ms);
        pause_a_moment();
    }
}

/* Stop the load, and compare what was answered with what is there. Returns the unknown ones. */
static int load_end(struct load *load, pthread_t threads[WRITERS + READERS])
{
    char sql[128];
    int unknown = 0;
    int written = 0;
    atomic_store(&load->is_over, true);
    for (int i = 0; i < WRITERS + READERS; i++)
        pthread_join(threads[i], NULL);
    store_stop(load->store, 5000);
    for (int id = 1; id < MAX_WRITES && load->outcome[id] != 0; id++) {
        enum nx_code code = (enum nx_code)(load->outcome[id] - 1);
        snprintf(sql, sizeof sql, "select count(*) from item where id = %d", id);
        if (code == NX_OK)
            written++;
        else if (code == NX_UNKNOWN)
            unknown++;
        else
            assert_int_equal(pg_fixture_run(sql), 0);
        if (code == NX_UNKNOWN)
            written += (int)pg_fixture_run(sql); /* the table refuses it twice */
    }
    assert_true(written > 0);
    assert_int_equal(pg_fixture_run("select count(*) from item"), written);
    free(load);
    return unknown;
}

static const char terminate_one[] =
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where application_name = 'nexus' and datname = current_database()"
    " order by random() limit 1";

static void test_store_lost__terminated_backends_under_load(void **state)
{
    (void)state;
    pthread_t threads[WRITERS + READERS];
    struct load *load = load_start(threads, 2);
    for (int i = 0; i < 25; i++) {
        await_progress(load, 40);
        (void)pg_fixture_run(terminate_one);
    }
    await_progress(load, 100);
    assert_int_equal(atomic_load(&load->failed_reads), 0);
    (void)load_end(load, threads);
}

static void restart_under_load(bool hard)
{
    if (!pg_fixture_is_private())
        skip();
    pthread_t threads[WRITERS + READERS];
    struct load *load = load_start(threads, 2);
    for (int i = 0; i < 2; i++) {
        await_progress(load, 100);
        pg_fixture_stop(hard);
        pg_fixture_start();
        store_fixture_await_ready(load->store, 2);
    }
    await_progress(load, 100);
    (void)load_end(load, threads);
}

static void test_store_lost__restart_of_the_server(void **state)
{
    (void)state;
    restart_under_load(false);
}

static void test_store_lost__crash_of_the_server(void **state)
{
    (void)state;
    restart_under_load(true);
}

static void test_store_lost__write_under_way_is_unknown(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 20000));
    struct call write;
    struct call read;
    struct call check;
    call_init(&write, 0, STORE_WRITE);
    call_step(&write, SQL_INSERT_SLEEP, 2, 1, 10000);
    store_submit(store, &write.op);
    call_submit(&read, store, STORE_READ, SQL_ECHO, 9);
    call_submit(&check, store, STORE_WRITE | STORE_ROLLBACK, SQL_INSERT, 2);
    await_sql("select count(*) from pg_stat_activity where wait_event = 'PgSleep'", 1);
    (void)pg_fixture_run(terminate_one);
    call_wait(&write);
    assert_int_equal(write.code, NX_UNKNOWN);
    assert_string_equal(write.reason, "OUTCOME_UNKNOWN");
    call_wait(&read);
    assert_int_equal(read.code, NX_OK);
    call_wait(&check);
    assert_int_equal(check.code, NX_OK);
    assert_int_equal(pg_fixture_run("select count(*) from item"), 0);
    call_free(&write);
    call_free(&read);
    call_free(&check);
    store_stop(store, 1000);
}

static void test_store_lost__no_server_is_unavailable(void **state)
{
    (void)state;
    struct store_options options = store_fixture_options(2, 0, 0, 0);
    struct store *store = NULL;
    struct call call;
    options.conninfo = "host=/nonexistent dbname=none";
    nx_status status = store_start_with(&options, test_texts, TEST_SQL_COUNT, &store);
    assert_int_equal(status.code, NX_OK);
    assert_false(store_is_ready(store));
    call_init(&call, 300, STORE_WRITE);
    call_step(&call, SQL_INSERT, 1, 1, 0);
    store_submit(store, &call.op);
    call_wait(&call);
    assert_int_equal(call.code, NX_UNAVAILABLE);
    call_free(&call);
    store_stop(store, 0);
}

/* The process of the one connection stands still: only a limit of our own can help. */
static void test_store_lost__server_that_does_not_answer(void **state)
{
    (void)state;
    if (!pg_fixture_is_private())
        skip();
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 0, 200));
    struct call call;
    pid_t pid = (pid_t)pg_fixture_run("select pid from pg_stat_activity"
                                      " where application_name = 'nexus'");
    assert_true(pid > 1);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    call_submit(&call, store, STORE_READ, SQL_ECHO, 3);
    call_wait(&call);
    assert_int_equal(call.code, NX_OK);
    assert_int_equal(call.op.attempts, 2);
    assert_int_equal(kill(pid, SIGCONT), 0);
    call_free(&call);
    store_stop(store, 1000);
}

static void test_store_lost__stop_waits_for_what_is_under_way(void **state)
{
    enum { COUNT = 40 };
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(1, 0, 4, 0));
    struct call calls[COUNT];
    for (int i = 0; i < COUNT; i++)
        call_submit(&calls[i], store, STORE_READ, SQL_SLEEP, 10);
    call_wait(&calls[0]);
    store_stop(store, 20000);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(calls[i].done_count, 1);
        assert_int_equal(calls[i].code, NX_OK);
        call_free(&calls[i]);
    }
}

static void test_store_lost__stop_fails_what_takes_too_long(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(2, 0, 1, 20000));
    struct call read;
    struct call write;
    struct call waiting;
    int64_t from_ms = now_ms();
    call_submit(&read, store, STORE_READ, SQL_SLEEP, 15000);
    call_init(&write, 0, STORE_WRITE);
    call_step(&write, SQL_INSERT_SLEEP, 2, 1, 15000);
    store_submit(store, &write.op);
    call_submit(&waiting, store, STORE_WRITE, SQL_INSERT, 2);
    await_sql("select count(*) from pg_stat_activity where wait_event = 'PgSleep'", 2);
    store_stop(store, 100);
    assert_true(now_ms() - from_ms < 8000);
    assert_int_equal(read.code, NX_UNAVAILABLE);
    assert_int_equal(write.code, NX_UNKNOWN);
    assert_int_equal(waiting.code, NX_UNAVAILABLE);
    assert_int_equal(read.done_count + write.done_count + waiting.done_count, 3);
    call_free(&read);
    call_free(&write);
    call_free(&waiting);
}

static void test_store_lost__stop_at_once_and_of_none(void **state)
{
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(2, 0, 0, 0));
    struct call call;
    call_submit(&call, store, STORE_READ, SQL_ECHO, 1);
    store_stop(store, 0);
    assert_int_equal(call.done_count, 1);
    call_free(&call);
    store_stop(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_store_lost__terminated_backends_under_load, reset),
        cmocka_unit_test_setup(test_store_lost__restart_of_the_server, reset),
        cmocka_unit_test_setup(test_store_lost__crash_of_the_server, reset),
        cmocka_unit_test_setup(test_store_lost__write_under_way_is_unknown, reset),
        cmocka_unit_test_setup(test_store_lost__no_server_is_unavailable, reset),
        cmocka_unit_test_setup(test_store_lost__server_that_does_not_answer, reset),
        cmocka_unit_test_setup(test_store_lost__stop_waits_for_what_is_under_way, reset),
        cmocka_unit_test_setup(test_store_lost__stop_fails_what_takes_too_long, reset),
        cmocka_unit_test_setup(test_store_lost__stop_at_once_and_of_none, reset),
    };
    return cmocka_run_group_tests_name("store_lost", tests, NULL, NULL);
}
