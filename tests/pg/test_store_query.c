/* Queries, whose text is put together for the request, beside statements that are prepared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pg_fixture.h"
#include "store_fixture.h"

static struct store *store;

static int start(void **state)
{
    (void)state;
    store_fixture_reset();
    store = store_fixture_start(store_fixture_options(1, 0, 0, 0));
    return store ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    store_stop(store, 1000);
    return 0;
}

/* "select TEXT", submitted; the caller waits. */
static struct store_query *begin(struct call *call, unsigned flags)
{
    call_init(call, 0, flags);
    struct store_query *query = store_query_new(call->arena, "test_query");
    store_query_add(query, "select ");
    return query;
}

static void submit(struct call *call, struct store_query *query)
{
    store_op_step_query(&call->op, query);
    store_submit(store, &call->op);
}

static void test_store_query__every_type_arrives_as_it_was(void **state)
{
    (void)state;
    static const struct nx_str texts[] = {{"a", 1}, {"", 0}, {"\xc3\xa9\"{,}", 6}};
    static const int64_t numbers[] = {INT64_MIN, 0, INT64_MAX};
    struct call call;
    struct store_query *query = begin(&call, STORE_READ);
    store_query_add(query, "count(*) from (select ");
    store_query_add_bool(query, true);
    store_query_add(query, " and ");
    store_query_add_int4(query, -5);
    store_query_add(query, " = -5 and ");
    store_query_add_int8(query, INT64_MIN);
    store_query_add(query, " = -9223372036854775808 and ");
    store_query_add_text(query, NX_STR("it's"));
    store_query_add(query, " = 'it''s' and ");
    store_query_add_texts(query, texts, 3);
    store_query_add(query, " = array['a', '', E'\\u00e9\"{,}'] and ");
    store_query_add_texts(query, texts, 0);
    store_query_add(query, " = '{}' and ");
    store_query_add_int8s(query, numbers, 3);
    store_query_add(query, " = '{-9223372036854775808,0,9223372036854775807}' and ");
    store_query_add_jsonb(query, NX_STR("{\"a\":[1.50]}"));
    store_query_add(query, " = '{\"a\": [1.5]}' and ");
    store_query_add_timestamp(query, -1);
    store_query_add(query, " = '1969-12-31T23:59:59.999999Z' and ");
    store_query_add_numeric(query, NX_STR("-1.5e3"));
    store_query_add(query, " = -1500 and ");
    store_query_add_null(query, STORE_TYPE_NUMERIC);
    store_query_add(query, " is null and ");
    store_query_add_param(query, 2);
    store_query_add(query, " = -5 as holds) as all_of_them where holds");
    submit(&call, query);
    call_wait(&call);
    assert_int_equal(call.code, NX_OK);
    assert_int_equal(call.value, 1);
    call_free(&call);
}

/* What a page's last row gives goes back as parameters of the next page's query. */
static char copied[4][64];
static struct nx_str cells[4];

static void copy_cells(const struct store_rows *rows)
{
    for (int i = 0; i < 4; i++) {
        struct nx_str cell = store_cell(rows, 0, 1 + i);
        memcpy(copied[i], cell.ptr, cell.len);
        cells[i] = (struct nx_str){copied[i], cell.len};
    }
}

static void test_store_query__a_cell_can_be_bound_again(void **state)
{
    (void)state;
    struct call call;
    struct store_query *query = begin(&call, STORE_READ);
    store_query_add(query, "1::bigint, 'Infinity'::numeric, 12.345::numeric, "
                           "'infinity'::timestamptz, ''::text");
    call.inspect = copy_cells;
    submit(&call, query);
    call_wait(&call);
    assert_int_equal(call.code, NX_OK);
    call_free(&call);
    query = begin(&call, STORE_READ);
    store_query_add(query, "1::bigint where ('Infinity'::numeric, 12.345, 'infinity'::timestamptz,"
                           " '') = (");
    static const enum store_type types[] = {STORE_TYPE_NUMERIC, STORE_TYPE_NUMERIC,
                                            STORE_TYPE_TIMESTAMP, STORE_TYPE_TEXT};
    for (int i = 0; i < 4; i++) {
        store_query_add(query, i > 0 ? ", " : "");
        store_query_add_cell(query, types[i], cells[i]);
    }
    store_query_add(query, ")");
    submit(&call, query);
    call_wait(&call);
    assert_int_equal(call.code, NX_OK);
    assert_int_equal(call.row_count, 1);
    call_free(&call);
}

/* An error stays inside its op; neighbours of either kind, before and behind, are answered. */
static void test_store_query__an_error_touches_no_neighbour(void **state)
{
    (void)state;
    struct call before;
    struct call wrong;
    struct call behind;
    call_submit(&before, store, STORE_READ, SQL_ECHO, 1);
    struct store_query *query = begin(&wrong, STORE_READ);
    store_query_add(query, "there_is_no_such_function(");
    store_query_add_int8(query, 1);
    store_query_add(query, ")");
    submit(&wrong, query);
    query = begin(&behind, STORE_READ);
    store_query_add_int8(query, 7);
    submit(&behind, query);
    call_wait(&before);
    call_wait(&wrong);
    call_wait(&behind);
    assert_int_equal(before.code, NX_OK);
    assert_int_equal(wrong.code, NX_INTERNAL);
    assert_string_equal(wrong.reason, "STATEMENT_UNAVAILABLE");
    assert_int_equal(behind.code, NX_OK);
    assert_int_equal(behind.value, 7);
    call_free(&before);
    call_free(&wrong);
    call_free(&behind);
}

/* With prepared steps in one transaction, and with one that is rolled back. */
static void test_store_query__is_a_step_like_any_other(void **state)
{
    (void)state;
    static const unsigned flags[] = {STORE_WRITE | STORE_ROLLBACK, STORE_WRITE};
    for (int i = 0; i < 2; i++) {
        struct call call;
        call_init(&call, 0, flags[i]);
        call_step(&call, SQL_INSERT, 1, 41, 0);
        struct store_query *query = store_query_new(call.arena, "test_insert");
        store_query_add(query, "insert into item (id) values (");
        store_query_add_int8(query, 42);
        store_query_add(query, ")");
        store_op_step_query(&call.op, query);
        call_step(&call, SQL_COUNT, 0, 0, 0);
        store_submit(store, &call.op);
        call_wait(&call);
        assert_int_equal(call.code, NX_OK);
        assert_int_equal(call.value, 2);
        call_free(&call);
        assert_int_equal(pg_fixture_run("select count(*) from item"), i == 0 ? 0 : 2);
    }
}

static void test_store_query__is_sent_again_when_the_connection_is_lost(void **state)
{
    (void)state;
    struct call call;
    struct store_query *query = begin(&call, STORE_READ);
    store_query_add_int8(query, 5);
    store_query_add(query, ", pg_sleep(0.3)");
    submit(&call, query);
    await_sql("select count(*) from pg_stat_activity where query = 'select $1, pg_sleep(0.3)'"
              " and state = 'active' and pid <> pg_backend_pid()",
              1);
    (void)pg_fixture_run("select count(pg_terminate_backend(pid)) from pg_stat_activity"
                         " where application_name = 'nexus' and datname = current_database()");
    call_wait(&call);
    assert_int_equal(call.code, NX_OK);
    assert_int_equal(call.value, 5);
    assert_true(call.op.attempts >= 2);
    call_free(&call);
}

static void test_store_query__what_is_too_much_fails_the_op(void **state)
{
    (void)state;
    struct call call;
    struct store_query *query = begin(&call, STORE_READ);
    for (int i = 0; i < STORE_QUERY_MAX_PARAMS; i++) {
        store_query_add_bool(query, true);
        store_query_add(query, " and ");
    }
    assert_int_equal(store_query_last_param(query), STORE_QUERY_MAX_PARAMS);
    store_query_add_bool(query, true);
    assert_int_equal(store_query_text(query).len, 0);
    submit(&call, query);
    call_wait(&call);
    assert_int_equal(call.code, NX_RESOURCE_EXHAUSTED);
    call_free(&call);
    call_init(&call, 0, STORE_READ);
    submit(&call, NULL);
    call_wait(&call);
    assert_int_equal(call.code, NX_RESOURCE_EXHAUSTED);
    call_free(&call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_store_query__every_type_arrives_as_it_was, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_store_query__a_cell_can_be_bound_again, start, stop),
        cmocka_unit_test_setup_teardown(test_store_query__an_error_touches_no_neighbour, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_store_query__is_a_step_like_any_other, start, stop),
        cmocka_unit_test_setup_teardown(test_store_query__is_sent_again_when_the_connection_is_lost,
                                        start, stop),
        cmocka_unit_test_setup_teardown(test_store_query__what_is_too_much_fails_the_op, start,
                                        stop),
    };
    return cmocka_run_group_tests_name("store_query", tests, NULL, NULL);
}
