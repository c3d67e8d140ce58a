/* The migration runner on a real server, with migrations of the tests' own and with the real ones.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pg_fixture.h"
#include "store_migrate_internal.h"

#define END                                                                                        \
    {                                                                                              \
        0, NULL, NULL, NULL                                                                        \
    }

static const struct store_migration two[] = {
    {1, "first", "create table a (id int8);\n-- 'é' \"x\" \\ $$;\ncreate table b (id int8);",
     "drop table b; drop table a;"},
    {2, "second",
     "do $$ begin raise notice 'pg_trgm is not there'; end $$; alter table a add t text",
     "alter table a drop t"},
    END,
};

static const struct store_migration three[] = {
    {1, "first", "create table a (id int8);\n-- 'é' \"x\" \\ $$;\ncreate table b (id int8);",
     "drop table b; drop table a;"},
    {2, "second",
     "do $$ begin raise notice 'pg_trgm is not there'; end $$; alter table a add t text",
     "alter table a drop t"},
    {3, "third", "create table c (id int8); select 1 / 0;", "drop table c"},
    END,
};

static struct nx_arena *arena;
static char heard[1024];

static void hear(void *context, const struct store_migrate_progress *progress)
{
    static const char *const names[] = {"applied", "reverted", "notice"};
    size_t len = strlen(heard);
    (void)context;
    snprintf(heard + len, sizeof heard - len, "%s %d %s %s;", names[progress->event],
             progress->number, progress->name, progress->text);
}

static struct store_migrate_options options(void)
{
    return (struct store_migrate_options){.conninfo = pg_fixture_conninfo(), .progress = hear};
}

static int reset(void **state)
{
    (void)state;
    arena = nx_arena_new(1 << 20);
    heard[0] = '\0';
    (void)pg_fixture_run("drop table if exists nexus_migration, a, b, c;"
                         "drop schema if exists catalog cascade");
    return arena ? 0 : -1;
}

static int cleanup(void **state)
{
    (void)state;
    nx_arena_destroy(arena);
    return 0;
}

static enum nx_code up(const struct store_migration *set, unsigned *ret_applied,
                       const char **ret_message)
{
    struct store_migrate_options opt = options();
    nx_status status = store_migrate_up_with(set, arena, &opt, ret_applied);
    *ret_message = nx_status_message(status);
    return status.code;
}

static enum nx_code down(const struct store_migration *set, unsigned steps, unsigned *ret_reverted)
{
    struct store_migrate_options opt = options();
    return store_migrate_down_with(set, arena, &opt, steps, ret_reverted).code;
}

static struct store_migrate_report status_of(const struct store_migration *set)
{
    struct store_migrate_options opt = options();
    struct store_migrate_report report = {NULL, 0, false};
    assert_int_equal(store_migrate_status_with(set, arena, &opt, &report).code, NX_OK);
    return report;
}

static void test_store_migrate__up_status_down(void **state)
{
    unsigned count = 9;
    const char *message;
    (void)state;
    struct store_migrate_report report = status_of(two);
    assert_int_equal(report.count, 2);
    assert_false(report.current);
    assert_int_equal(report.entries[0].state, STORE_MIGRATE_IS_PENDING);
    assert_int_equal(pg_fixture_run("select count(*) from pg_class where relname ="
                                    " 'nexus_migration'"),
                     0); /* status has changed nothing */

    assert_int_equal(up(two, &count, &message), NX_OK);
    assert_int_equal(count, 2);
    assert_string_equal(heard, "applied 1 first ;notice 2 second pg_trgm is not there;"
                               "applied 2 second ;");
    report = status_of(two);
    assert_true(report.current);
    assert_int_equal(report.entries[1].state, STORE_MIGRATE_IS_APPLIED);
    assert_string_equal(report.entries[1].name, "second");
    assert_int_equal(strlen(report.entries[1].applied_at), strlen("2026-01-31T10:00:00Z"));
    assert_int_equal(up(two, &count, &message), NX_OK);
    assert_int_equal(count, 0);

    heard[0] = '\0';
    assert_int_equal(down(two, 1, &count), NX_OK);
    assert_int_equal(count, 1);
    assert_string_equal(heard, "reverted 2 second ;");
    assert_false(status_of(two).current);
    assert_int_equal(down(two, 10, &count), NX_OK);
    assert_int_equal(count, 1);
    assert_int_equal(down(two, 1, &count), NX_OK);
    assert_int_equal(count, 0);
    assert_int_equal(up(two, &count, &message), NX_OK);
    assert_int_equal(count, 2);
}

static void test_store_migrate__failure_keeps_what_was_before(void **state)
{
    unsigned count = 9;
    const char *message;
    (void)state;
    assert_int_equal(up(three, &count, &message), NX_FAILED_PRECONDITION);
    assert_int_equal(count, 2);
    assert_non_null(strstr(message, "003_third"));
    assert_non_null(strstr(message, "division by zero"));
    assert_int_equal(pg_fixture_run("select count(*) from pg_class where relname = 'c'"), 0);
    assert_int_equal(pg_fixture_run("select count(*) from nexus_migration"), 2);
}

static void test_store_migrate__changed_text_is_refused(void **state)
{
    struct store_migration changed[] = {two[0], two[1], END};
    unsigned count = 9;
    const char *message;
    (void)state;
    assert_int_equal(up(two, &count, &message), NX_OK);
    changed[1].up = "alter table a add t text not null";
    assert_int_equal(up(changed, &count, &message), NX_FAILED_PRECONDITION);
    assert_non_null(strstr(message, "002_second was changed"));
    assert_int_equal(down(changed, 1, &count), NX_FAILED_PRECONDITION);
    struct store_migrate_report report = status_of(changed);
    assert_false(report.current);
    assert_int_equal(report.entries[0].state, STORE_MIGRATE_IS_APPLIED);
    assert_int_equal(report.entries[1].state, STORE_MIGRATE_IS_CHANGED);
}

static void test_store_migrate__unknown_migration_is_refused(void **state)
{
    const struct store_migration one[] = {two[0], END};
    unsigned count = 9;
    const char *message;
    (void)state;
    assert_int_equal(up(two, &count, &message), NX_OK);
    assert_int_equal(up(one, &count, &message), NX_FAILED_PRECONDITION);
    assert_non_null(strstr(message, "002_second, which this program does not know"));
    struct store_migrate_report report = status_of(one);
    assert_false(report.current);
    assert_int_equal(report.count, 2);
    assert_int_equal(report.entries[1].state, STORE_MIGRATE_IS_UNKNOWN);
    assert_int_equal(report.entries[1].number, 2);
}

static void test_store_migrate__gaps_are_refused(void **state)
{
    const struct store_migration gap[] = {two[0], {3, "third", "select 1", "select 1"}, END};
    unsigned count = 9;
    const char *message;
    (void)state;
    assert_int_equal(up(gap, &count, &message), NX_FAILED_PRECONDITION);
    assert_int_equal(count, 0);
    assert_int_equal(up(two, &count, &message), NX_OK);
    (void)pg_fixture_run("delete from nexus_migration where number = 1");
    assert_int_equal(up(two, &count, &message), NX_FAILED_PRECONDITION);
    assert_non_null(strstr(message, "lacks 001"));
}

static void test_store_migrate__text_that_ends_the_transaction(void **state)
{
    const struct store_migration commits[] = {
        {1, "first", "create table a (id int8); commit", "drop table a"}, END};
    unsigned count = 9;
    const char *message;
    (void)state;
    assert_int_equal(up(commits, &count, &message), NX_FAILED_PRECONDITION);
    assert_int_equal(count, 0);
    assert_non_null(strstr(message, "ends the transaction"));
}

static void *run_up(void *arg)
{
    struct store_migrate_options opt = {.conninfo = pg_fixture_conninfo()};
    struct nx_arena *own = nx_arena_new(1 << 20);
    unsigned *ret_count = arg;
    nx_status status = store_migrate_up_with(two, own, &opt, ret_count);
    if (status.code != NX_OK)
        *ret_count = 100;
    nx_arena_destroy(own);
    return NULL;
}

static void test_store_migrate__one_runner_at_a_time(void **state)
{
    enum { RUNNERS = 4 };
    pthread_t threads[RUNNERS];
    unsigned counts[RUNNERS];
    unsigned sum = 0;
    (void)state;
    for (int i = 0; i < RUNNERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_up, &counts[i]), 0);
    for (int i = 0; i < RUNNERS; i++) {
        pthread_join(threads[i], NULL);
        sum += counts[i];
    }
    assert_int_equal(sum, 2);
}

static void test_store_migrate__no_server(void **state)
{
    struct store_migrate_options opt = {.conninfo = "host=/nonexistent"};
    struct store_migrate_report report;
    unsigned count = 9;
    (void)state;
    assert_int_equal(store_migrate_up_with(two, arena, &opt, &count).code, NX_UNAVAILABLE);
    assert_int_equal(store_migrate_status_with(two, arena, &opt, &report).code, NX_UNAVAILABLE);
}

static void test_store_migrate__the_real_ones_go_up_down_and_up(void **state)
{
    struct store_migrate_options opt = options();
    struct store_migrate_report report;
    unsigned applied = 0;
    unsigned reverted = 0;
    (void)state;
    assert_int_equal(store_migrate_up(arena, &opt, &applied).code, NX_OK);
    assert_true(applied > 0);
    assert_int_equal(store_migrate_status(arena, &opt, &report).code, NX_OK);
    assert_true(report.current);
    assert_int_equal(report.count, applied);
    assert_int_equal(store_migrate_down(arena, &opt, applied, &reverted).code, NX_OK);
    assert_int_equal(reverted, applied);
    assert_int_equal(store_migrate_up(arena, &opt, &applied).code, NX_OK);
    assert_int_equal(applied, reverted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_store_migrate__up_status_down, reset, cleanup),
        cmocka_unit_test_setup_teardown(test_store_migrate__failure_keeps_what_was_before, reset,
                                        cleanup),
        cmocka_unit_test_setup_teardown(test_store_migrate__changed_text_is_refused, reset,
                                        cleanup),
        cmocka_unit_test_setup_teardown(test_store_migrate__unknown_migration_is_refused, reset,
                                        cleanup),
        cmocka_unit_test_setup_teardown(test_store_migrate__gaps_are_refused, reset, cleanup),
        cmocka_unit_test_setup_teardown(test_store_migrate__text_that_ends_the_transaction, reset,
                                        cleanup),
        cmocka_unit_test_setup_teardown(test_store_migrate__one_runner_at_a_time, reset, cleanup),
        cmocka_unit_test_setup_teardown(test_store_migrate__no_server, reset, cleanup),
        cmocka_unit_test_setup_teardown(test_store_migrate__the_real_ones_go_up_down_and_up, reset,
                                        cleanup),
    };
    return cmocka_run_group_tests_name("store_migrate", tests, NULL, NULL);
}
