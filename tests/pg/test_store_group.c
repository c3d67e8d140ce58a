/* Keyed ops: those that wait together are sent as one statement, and nobody notices. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nx_clock.h"
#include "pg_fixture.h"
#include "store_fixture.h"

static const char is_sleeping[] =
    "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
    " and datname = current_database()";
static const char terminate_all[] =
    "select count(pg_terminate_backend(pid)) from pg_stat_activity"
    " where application_name = 'nexus' and datname = current_database()";

static int reset(void **state)
{
    (void)state;
    store_fixture_reset();
    return 0;
}

/* The right row, or rightly none. */
static void check_key(struct call *call, int64_t id)
{
    bool exists = (id >= 1 && id <= KEY_COUNT) || (id > KEY_SLOW && id < KEY_SLOW + 100);
    call_wait(call);
    assert_int_equal(call->code, NX_OK);
    assert_int_equal(call->row_count, exists ? 1 : 0);
    assert_true(call->value == (exists ? id : 0));
    assert_true(call->second == (exists ? id * 1000 : 0));
    assert_int_equal(call->done_count, 1);
}

/* Keep the first of two connections busy with `slow`, which takes slow_ms, and one behind it, so
 * that what is submitted then waits, and goes as a group when slow is answered. */
static void keep_busy(struct store *store, struct call *slow, struct call *behind, int slow_ms)
{
    call_submit_key(slow, store, 0, KEY_SLOW + slow_ms / KEY_SLOW_MS);
    await_sql(is_sleeping, 1);
    call_submit_key(behind, store, 0, 1);
    /* It goes to the other connection, and after what was submitted before it. */
    assert_int_equal(run_once(store, STORE_WRITE, SQL_ECHO, 1), NX_OK);
}

static void test_store_group__each_gets_its_own_row(void **state)
{
    enum { COUNT = 400, KINDS = 37 };
    (void)state;
    struct store *store = store_fixture_begin(store_fixture_options(2, 0, 0, 0));
    struct call *calls = calloc(COUNT, sizeof *calls);
    unsigned most = 0;
    assert_non_null(calls);
    /* Before there is a connection. Some twice, some that do not exist, and not in their order. */
    for (int i = 0; i < COUNT; i++)
        call_submit_key(&calls[i], store, 0, i % KINDS == 5 ? 0 - i : KEY_COUNT + 20 - i % KINDS);
    for (int i = 0; i < COUNT; i++) {
        check_key(&calls[i], i % KINDS == 5 ? 0 - i : KEY_COUNT + 20 - i % KINDS);
        assert_int_equal(calls[i].op.attempts, 1);
        most = calls[i].op.place > most ? calls[i].op.place : most;
        call_free(&calls[i]);
    }
    assert_int_equal(most, STORE_MAX_GROUP - 1);
    free(calls);
    store_stop(store, 1000);
}

static void test_store_group__a_key_of_two_parts(void **state)
{
    enum { COUNT = 100 };
    (void)state;
    struct store *store = store_fixture_begin(store_fixture_options(1, 0, 0, 0));
    struct call calls[COUNT];
    for (int i = 0; i < COUNT; i++) {
        call_init(&calls[i], 0, STORE_READ);
        store_op_step_keyed(&calls[i].op, (enum store_sql)SQL_KEY_PAIR,
                            (enum store_sql)SQL_KEY_PAIRS);
        store_bind_int8(&calls[i].op, COUNT - i);
        store_bind_int8(&calls[i].op, i % 3 == 0 ? 7 : (COUNT - i) * 1000);
        store_submit(store, &calls[i].op);
    }
    for (int i = 0; i < COUNT; i++) {
        check_key(&calls[i], i % 3 == 0 ? -1 : COUNT - i);
        call_free(&calls[i]);
    }
    store_stop(store, 1000);
}

/* Two kinds, and ops that are not keyed, all mixed. */
static void test_store_group__only_those_that_are_alike(void **state)
{
    enum { COUNT = 300 };
    (void)state;
    struct store *store = store_fixture_begin(store_fixture_options(2, 0, 0, 0));
    struct call *calls = calloc(COUNT, sizeof *calls);
    assert_non_null(calls);
    for (int i = 0; i < COUNT; i++) {
        if (i % 4 == 0) {
            call_submit_key(&calls[i], store, 0, i);
        } else if (i % 4 == 1) {
            call_init(&calls[i], 0, STORE_READ);
            store_op_step_keyed(&calls[i].op, (enum store_sql)SQL_KEY_ALL,
                                (enum store_sql)SQL_KEYS_ALL);
            store_bind_int8(&calls[i].op, i);
            store_submit(store, &calls[i].op);
        } else {
            call_submit(&calls[i], store, i % 4 == 2 ? STORE_READ : STORE_WRITE, SQL_ECHO, i);
        }
    }
    for (int i = 0; i < COUNT; i++) {
        if (i % 4 < 2)
            check_key(&calls[i], i);
        call_wait(&calls[i]);
        assert_int_equal(calls[i].code, NX_OK);
        assert_true(calls[i].value == i);
        call_free(&calls[i]);
    }
    free(calls);
    store_stop(store, 1000);
}

static void test_store_group__waits_only_for_its_own_kind(void **state)
{
    enum { COUNT = 6, MANY = 30 };
    (void)state;
    struct call slow;
    struct call behind;
    struct call few[COUNT];
    struct call many[MANY];
    struct store *store = store_fixture_start(store_fixture_options(2, 0, 0, 0));
    keep_busy(store, &slow, &behind, 1800);
    for (int i = 0; i < COUNT; i++)
        call_submit_key(&few[i], store, 0, 10 + i);
    /* Others are not held up by those that wait. */
    assert_int_equal(run_once(store, STORE_WRITE, SQL_ECHO, 1), NX_OK);
    for (int i = 0; i < COUNT; i++)
        assert_false(call_is_done(&few[i]));
    /* Nor are they, when they become many: there is another connection. */
    for (int i = 0; i < MANY; i++)
        call_submit_key(&many[i], store, 0, 100 + i);
    for (int i = 0; i < COUNT; i++)
        check_key(&few[i], 10 + i);
    assert_false(call_is_done(&slow));
    for (int i = 0; i < MANY; i++)
        check_key(&many[i], 100 + i);
    check_key(&slow, KEY_SLOW + 1800 / KEY_SLOW_MS);
    check_key(&behind, 1);
    assert_int_equal(few[COUNT - 1].op.place, COUNT - 1);
    for (int i = 0; i < COUNT; i++)
        call_free(&few[i]);
    for (int i = 0; i < MANY; i++)
        call_free(&many[i]);
    call_free(&slow);
    call_free(&behind);
    store_stop(store, 1000);
}

/* One that is behind a slow write is no reason to wait for others where there is none. */
static void test_store_group__does_not_wait_for_what_is_slow(void **state)
{
    enum { WRITES = 3 };
    static const int sleep_ms[WRITES] = {600, 1, 2400};
    (void)state;
    struct store *store = store_fixture_start(store_fixture_options(2, 0, 2, 0));
    struct call writes[WRITES]; /* two on the second connection, and no room for the third */
    struct call keys[2];
    for (int i = 0; i < WRITES; i++) {
        call_init(&writes[i], 0, STORE_WRITE);
        call_step(&writes[i], SQL_INSERT_SLEEP, 2, 1 + i, sleep_ms[i]);
        store_submit(store, &writes[i].op);
    }
    await_sql(is_sleeping, 2);
    call_submit_key(&keys[0], store, 0, 3);
    call_wait(&writes[1]);
    call_submit_key(&keys[1], store, 0, 4);
    check_key(&keys[1], 4);
    assert_false(call_is_done(&keys[0]));
    check_key(&keys[0], 3);
    for (int i = 0; i < WRITES; i++) {
        call_wait(&writes[i]);
        assert_int_equal(writes[i].code, NX_OK);
        call_free(&writes[i]);
    }
    call_free(&keys[0]);
    call_free(&keys[1]);
    store_stop(store, 1000);
}

/* --- One of a group, while it runs: its slowest takes 1.9 s --- */

enum { MEMBERS = 12, SLOWEST = 4 };

static int64_t id_of(int member)
{
    return member == SLOWEST ? KEY_SLOW + 95 : 20 + member;
}

struct running {
    struct store *store;
    struct call slow, behind;
    struct call members[MEMBERS];
};

/* Submit the members, and wait until they run as a group. Some have a deadline, or all. */
static void run_group(struct running *running, int hasty, unsigned deadline_ms)
{
    running->store = store_fixture_start(store_fixture_options(2, 0, 0, 20000));
    keep_busy(running->store, &running->slow, &running->behind, 200);
    for (int i = 0; i < MEMBERS; i++)
        call_submit_key(&running->members[i], running->store,
                        i == hasty || hasty == MEMBERS ? deadline_ms : 0, id_of(i));
    check_key(&running->slow, KEY_SLOW + 200 / KEY_SLOW_MS);
    check_key(&running->behind, 1);
    await_sql(is_sleeping, 1);
}

/* All but those that have been given up have their rows, and were sent this often. */
static void end_group(struct running *running, int given_up, unsigned attempts)
{
    for (int i = 0; i < MEMBERS; i++) {
        if (i != given_up) {
            check_key(&running->members[i], id_of(i));
            assert_int_equal(running->members[i].op.attempts, attempts);
        }
        assert_int_equal(running->members[i].done_count, 1);
        call_free(&running->members[i]);
    }
    call_free(&running->slow);
    call_free(&running->behind);
    assert_int_equal(run_once(running->store, STORE_READ, SQL_ECHO, 1), NX_OK);
    store_stop(running->store, 1000);
}

static void test_store_group__a_cancelled_one_leaves_the_others(void **state)
{
    static const int whom[] = {0, 3, SLOWEST, MEMBERS - 1};
    (void)state;
    for (size_t i = 0; i < sizeof whom / sizeof *whom; i++) {
        struct running running;
        run_group(&running, -1, 0);
        struct call *call = &running.members[whom[i]];
        call_cancel(call, running.store);
        call_wait(call);
        assert_int_equal(call->code, NX_CANCELLED);
        assert_false(call_is_done(&running.members[1]));
        end_group(&running, whom[i], 1);
    }
}

static void test_store_group__the_deadline_of_one(void **state)
{
    (void)state;
    struct running running;
    run_group(&running, 7, 1000);
    call_wait(&running.members[7]);
    assert_int_equal(running.members[7].code, NX_DEADLINE_EXCEEDED);
    assert_false(call_is_done(&running.members[1]));
    end_group(&running, 7, 1);
}

static void expect_end(struct running *running, enum nx_code code, int64_t from_ms)
{
    for (int i = 0; i < MEMBERS; i++) {
        call_wait(&running->members[i]);
        assert_int_equal(running->members[i].code, code);
        assert_int_equal(running->members[i].done_count, 1);
        call_free(&running->members[i]);
    }
    assert_in_range(now_ms() - from_ms, 0, 1600);
    call_free(&running->slow);
    call_free(&running->behind);
    assert_int_equal(run_once(running->store, STORE_READ, SQL_ECHO, 1), NX_OK);
    store_stop(running->store, 1000);
}

/* The last one has it cancelled in the database. */
static void test_store_group__all_are_cancelled(void **state)
{
    (void)state;
    struct running running;
    run_group(&running, -1, 0);
    int64_t from_ms = now_ms();
    for (int i = 0; i < MEMBERS; i++)
        call_cancel(&running.members[i], running.store);
    expect_end(&running, NX_CANCELLED, from_ms);
}

static void test_store_group__the_deadlines_of_all(void **state)
{
    (void)state;
    struct running running;
    run_group(&running, MEMBERS, 1000);
    expect_end(&running, NX_DEADLINE_EXCEEDED, now_ms());
}

static void test_store_group__the_connection_is_lost(void **state)
{
    (void)state;
    struct running running;
    run_group(&running, -1, 0);
    assert_int_equal(pg_fixture_run("select count(pg_terminate_backend(pid)) from pg_stat_activity"
                                    " where wait_event = 'PgSleep'"
                                    " and datname = current_database()"),
                     1);
    end_group(&running, -1, 2);
}

static void test_store_group__the_server_cancels_it(void **state)
{
    (void)state;
    struct running running;
    run_group(&running, -1, 0);
    (void)pg_fixture_run("select count(pg_cancel_backend(pid)) from pg_stat_activity"
                         " where wait_event = 'PgSleep' and datname = current_database()");
    end_group(&running, -1, 2);
}

static void test_store_group__stop_fails_all_of_it(void **state)
{
    (void)state;
    struct running running;
    run_group(&running, -1, 0);
    store_stop(running.store, 50);
    for (int i = 0; i < MEMBERS; i++) {
        assert_int_equal(running.members[i].done_count, 1);
        assert_int_equal(running.members[i].code, NX_UNAVAILABLE);
        call_free(&running.members[i]);
    }
    call_free(&running.slow);
    call_free(&running.behind);
}

/* --- Statements that fail --- */

static void test_store_group__an_error_is_only_its_own(void **state)
{
    enum { COUNT = 40 };
    (void)state;
    struct store *store = store_fixture_begin(store_fixture_options(1, 0, 0, 0));
    struct call calls[COUNT];
    for (int i = 0; i < COUNT; i++)
        call_submit_key(&calls[i], store, 0, i % 10 == 7 ? KEY_BAD : 1 + i);
    for (int i = 0; i < COUNT; i++) {
        call_wait(&calls[i]);
        if (i % 10 == 7)
            assert_int_equal(calls[i].code, NX_INVALID_ARGUMENT);
        else
            check_key(&calls[i], 1 + i);
        assert_int_equal(calls[i].op.attempts, 2); /* together, then alone */
        call_free(&calls[i]);
    }
    store_stop(store, 1000);
}

static void test_store_group__statement_timeout_fails_all_of_it(void **state)
{
    enum { COUNT = 10 };
    (void)state;
    struct store *store = store_fixture_begin(store_fixture_options(1, 0, 0, 300));
    struct call calls[COUNT];
    for (int i = 0; i < COUNT; i++)
        call_submit_key(&calls[i], store, 0, i == 6 ? KEY_SLOW + 99 : 1 + i);
    for (int i = 0; i < COUNT; i++) {
        call_wait(&calls[i]);
        assert_int_equal(calls[i].code, NX_DEADLINE_EXCEEDED);
        assert_string_equal(calls[i].reason, "STATEMENT_TIMEOUT");
        assert_int_equal(calls[i].op.attempts, 1);
        call_free(&calls[i]);
    }
    store_stop(store, 1000);
}

/* When the statement for many is of no use, they are sent one by one. */
static void sent_alone(enum test_sql many, unsigned attempts)
{
    enum { COUNT = 20, NONE = KEY_COUNT + 1 };
    struct store *store = store_fixture_begin(store_fixture_options(1, 0, 0, 0));
    struct call calls[COUNT];
    for (int i = 0; i < COUNT; i++) {
        call_init(&calls[i], 0, STORE_READ);
        store_op_step_keyed(&calls[i].op, (enum store_sql)SQL_KEY, (enum store_sql)many);
        store_bind_int8(&calls[i].op, i % 5 == 2 ? NONE : 1 + i);
        store_submit(store, &calls[i].op);
    }
    for (int i = 0; i < COUNT; i++) {
        check_key(&calls[i], i % 5 == 2 ? NONE : 1 + i);
        assert_int_equal(calls[i].op.place, 0);
        assert_int_equal(calls[i].op.attempts, attempts);
        call_free(&calls[i]);
    }
    store_stop(store, 1000);
}

static void test_store_group__the_statement_for_many_is_missing(void **state)
{
    (void)state;
    sent_alone(SQL_KEY_LATER, 1);
}

static void test_store_group__the_statement_for_many_gives_other_rows(void **state)
{
    (void)state;
    sent_alone(SQL_KEYS_FEW, 2);
}

static void submit_all_columns(struct call *call, struct store *store, int64_t id)
{
    call_init(call, 0, STORE_READ);
    store_op_step_keyed(&call->op, (enum store_sql)SQL_KEY_ALL, (enum store_sql)SQL_KEYS_ALL);
    store_bind_int8(&call->op, id);
    store_submit(store, &call->op);
}

static void test_store_group__the_schema_changes_under_it(void **state)
{
    enum { COUNT = 10 };
    (void)state;
    struct call slow;
    struct call behind;
    struct call calls[COUNT];
    struct store *store = store_fixture_start(store_fixture_options(2, 0, 0, 0));
    for (int round = 0; round < 2; round++) {
        keep_busy(store, &slow, &behind, 200);
        for (int i = 0; i < COUNT; i++)
            submit_all_columns(&calls[i], store, 30 + i);
        for (int i = 0; i < COUNT; i++) {
            check_key(&calls[i], 30 + i);
            assert_int_equal(calls[i].op.attempts, 1 + round);
            assert_int_equal(calls[i].op.place, i);
            call_free(&calls[i]);
        }
        check_key(&slow, KEY_SLOW + 200 / KEY_SLOW_MS);
        check_key(&behind, 1);
        call_free(&slow);
        call_free(&behind);
        (void)pg_fixture_run("alter table keyed add column if not exists one_more text");
    }
    store_stop(store, 1000);
}

/* --- Under load --- */

enum { THREADS = 12, SENDS_WHEN_LOST = 3 };

struct load {
    struct store *store;
    atomic_bool is_over;
    atomic_int done;
    atomic_int wrong;
};

struct worker {
    struct load *load;
    pthread_t thread;
    int64_t id;
};

/* Lost each time it was sent (README.md of storage): with ever more load beside, it happens. */
static bool is_lost_for_good(const struct call *read)
{
    return read->code == NX_UNAVAILABLE && read->op.attempts == SENDS_WHEN_LOST;
}

static void count_one(struct load *load, bool right, const struct call *read)
{
    if (!right)
        print_error("wrong: code %d, row %lld %lld, sent %u times\n", (int)read->code,
                    (long long)read->value, (long long)read->second, read->op.attempts);
    atomic_fetch_add(&load->wrong, right ? 0 : 1);
    atomic_fetch_add(&load->done, 1);
}

/* Write, and read what was written: nobody else has this id. */
static void *write_and_read(void *arg)
{
    const struct worker *worker = arg;
    struct load *load = worker->load;
    for (int64_t n = 1; !atomic_load(&load->is_over); n++) {
        struct call write;
        struct call read;
        call_init(&write, 0, STORE_WRITE);
        call_step(&write, SQL_KEY_WRITE, 2, worker->id, n);
        store_submit(load->store, &write.op);
        call_wait(&write);
        call_submit_key(&read, load->store, 0, worker->id);
        call_wait(&read);
        bool right = is_lost_for_good(&read) ||
                     (read.code == NX_OK && read.value == worker->id &&
                      (write.code == NX_OK ? read.second == n : read.second <= n));
        count_one(load, right, &read);
        call_free(&write);
        call_free(&read);
    }
    return NULL;
}

/* Read, with a cancel or a short deadline now and then. */
static void *read_and_leave(void *arg)
{
    const struct worker *worker = arg;
    struct load *load = worker->load;
    for (int64_t i = worker->id; !atomic_load(&load->is_over); i++) {
        struct call call;
        int64_t id = 100 + i % 100;
        call_submit_key(&call, load->store, i % 7 == 0 ? 1 : 0, id);
        if (i % 5 == 0)
            call_cancel(&call, load->store);
        call_wait(&call);
        bool right = call.code == NX_OK
                         ? call.value == id && call.second == id * 1000
                         : is_lost_for_good(&call) || (call.code == NX_CANCELLED && i % 5 == 0) ||
                               (call.code == NX_DEADLINE_EXCEEDED && i % 7 == 0) ||
                               (call.code == NX_UNAVAILABLE && i % 7 == 0);
        count_one(load, right, &call);
        call_free(&call);
    }
    return NULL;
}

static void test_store_group__reads_what_was_written(void **state)
{
    enum { ROUNDS = 12, EACH = 300 };
    (void)state;
    struct load load = {.store = store_fixture_start(store_fixture_options(2, 0, 0, 0))};
    struct worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.load = &load, .id = 1 + i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL,
                                        i % 3 == 0 ? write_and_read : read_and_leave, &workers[i]),
                         0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        int64_t until_ms = now_ms() + 30000;
        int from = atomic_load(&load.done);
        while (atomic_load(&load.done) < from + EACH) {
            assert_true(now_ms() < until_ms);
            pause_a_moment();
        }
        (void)pg_fixture_run(terminate_all);
    }
    atomic_store(&load.is_over, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    assert_int_equal(atomic_load(&load.wrong), 0);
    store_stop(load.store, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_store_group__each_gets_its_own_row, reset),
        cmocka_unit_test_setup(test_store_group__a_key_of_two_parts, reset),
        cmocka_unit_test_setup(test_store_group__only_those_that_are_alike, reset),
        cmocka_unit_test_setup(test_store_group__waits_only_for_its_own_kind, reset),
        cmocka_unit_test_setup(test_store_group__does_not_wait_for_what_is_slow, reset),
        cmocka_unit_test_setup(test_store_group__a_cancelled_one_leaves_the_others, reset),
        cmocka_unit_test_setup(test_store_group__the_deadline_of_one, reset),
        cmocka_unit_test_setup(test_store_group__all_are_cancelled, reset),
        cmocka_unit_test_setup(test_store_group__the_deadlines_of_all, reset),
        cmocka_unit_test_setup(test_store_group__the_connection_is_lost, reset),
        cmocka_unit_test_setup(test_store_group__the_server_cancels_it, reset),
        cmocka_unit_test_setup(test_store_group__stop_fails_all_of_it, reset),
        cmocka_unit_test_setup(test_store_group__an_error_is_only_its_own, reset),
        cmocka_unit_test_setup(test_store_group__statement_timeout_fails_all_of_it, reset),
        cmocka_unit_test_setup(test_store_group__the_statement_for_many_is_missing, reset),
        cmocka_unit_test_setup(test_store_group__the_statement_for_many_gives_other_rows, reset),
        cmocka_unit_test_setup(test_store_group__the_schema_changes_under_it, reset),
        cmocka_unit_test_setup(test_store_group__reads_what_was_written, reset),
    };
    return cmocka_run_group_tests_name("store_group", tests, NULL, NULL);
}
