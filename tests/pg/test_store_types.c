/* Parameters and cells against the server's own idea of the binary formats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pg_fixture.h"
#include "store_fixture.h"

enum types_sql { SQL_ROUND_TRIP, SQL_NULLS, SQL_NUMBERS, SQL_TIMES, SQL_SMALL, TYPES_COUNT };

static const struct store_sql_text texts[] = {
    [SQL_ROUND_TRIP] = {"round_trip", "select $1::text, $2::bytea, $3::jsonb, $4::uuid::text,"
                                      " $5::int8[], $6::bool, $7::int4, $8::int8"},
    [SQL_NULLS] = {"nulls", "select null::text, null::int8, null::bool, null::numeric,"
                            " null::int8[], null::timestamptz, null::int4, '{}'::int8[]"},
    [SQL_NUMBERS] = {"numbers", "select n::numeric from unnest(array['0', '-0.000000001', '1.5',"
                                " '9223372036854775807.999999999',"
                                " '-9223372036854775808.999999999', '9223372036854775808',"
                                " '0.0000000001', 'NaN', 'Infinity', '-Infinity', '10000000000',"
                                " '-12345678.900000000000', '1e30', '0.10', '100000000.00000001'])"
                                " as n"},
    [SQL_TIMES] = {"times", "select t::timestamptz from unnest(array['1970-01-01T00:00:00Z',"
                            " '2000-01-01T00:00:00.000001Z', '1969-12-31T23:59:59.999999Z',"
                            " '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z',"
                            " 'infinity', '-infinity']) as t"},
    [SQL_SMALL] = {"small", "select (-2)::int2, array['a', '', 'éλ']::text[]"},
    {NULL, NULL},
};

static struct store *store;

static int start(void **state)
{
    (void)state;
    struct store_options options = store_fixture_options(1, 0, 0, 0);
    nx_status status = store_start_with(&options, texts, TYPES_COUNT, &store);
    return status.code == NX_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    store_stop(store, 1000);
    return 0;
}

/* Run an op whose rows are asserted on in the store's thread, where they are valid. An assertion
 * of cmocka there would jump out of the loop, so a check returns its verdict instead. */
static char verdict[256];

static void run_inspected(struct call *call, void (*inspect)(const struct store_rows *rows))
{
    verdict[0] = '\0';
    call->inspect = inspect;
    store_submit(store, &call->op);
    call_wait(call);
    assert_int_equal(call->code, NX_OK);
    assert_string_equal(verdict, "");
    call_free(call);
}

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition) && verdict[0] == '\0')                                                    \
            snprintf(verdict, sizeof verdict, "line %d: %s", __LINE__, #condition);                \
    } while (0)

static const char text_value[] = "caf\xc3\xa9 \xf0\x9f\xaa\x91 'x' \\ \"y\"";
static const char bytes_value[] = {0, 1, '\xff', '\'', 0};
static const int64_t array_value[] = {INT64_MIN, -1, 0, 1, INT64_MAX};

static bool is_text(const struct store_rows *rows, int row, int column, const char *text)
{
    struct nx_str cell = store_text(rows, row, column);
    return nx_str_equal(cell, nx_str_from(text)) && cell.ptr[cell.len] == '\0';
}

static void inspect_round_trip(const struct store_rows *rows)
{
    struct nx_str element;
    size_t count = 0;
    EXPECT(rows->count == 1);
    EXPECT(is_text(rows, 0, 0, text_value));
    EXPECT(nx_str_equal(store_text(rows, 0, 1), (struct nx_str){bytes_value, sizeof bytes_value}));
    EXPECT(is_text(rows, 0, 2, "{\"a\": [1, null, \"\xc3\xa9\"]}"));
    EXPECT(is_text(rows, 0, 3, "00010203-0405-0607-0809-0a0b0c0d0eff"));
    struct store_array array = store_array(rows, 0, 4);
    EXPECT(array.count == 5);
    while (store_array_next(&array, &element)) {
        EXPECT(store_array_int8(element) == array_value[count]);
        count++;
    }
    EXPECT(count == 5);
    EXPECT(store_bool(rows, 0, 5));
    EXPECT(store_int4(rows, 0, 6) == INT32_MIN);
    EXPECT(store_int8(rows, 0, 7) == INT64_MIN);
    EXPECT(!store_is_null(rows, 0, 7));
}

static void test_store_types__parameters_come_back(void **state)
{
    static const uint8_t uuid[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255};
    (void)state;
    struct call call;
    call_init(&call, 0, STORE_READ);
    store_op_step(&call.op, (enum store_sql)SQL_ROUND_TRIP);
    store_bind_text(&call.op, nx_str_from(text_value));
    store_bind_bytes(&call.op, (struct nx_str){bytes_value, sizeof bytes_value});
    store_bind_jsonb(&call.op, NX_STR("{\"a\":[1,null,\"\\u00e9\"]}"));
    store_bind_uuid(&call.op, uuid);
    store_bind_int8_array(&call.op, array_value, 5);
    store_bind_bool(&call.op, true);
    store_bind_int4(&call.op, INT32_MIN);
    store_bind_int8(&call.op, INT64_MIN);
    run_inspected(&call, inspect_round_trip);
}

static void inspect_empty(const struct store_rows *rows)
{
    EXPECT(is_text(rows, 0, 0, "") && !store_is_null(rows, 0, 0));
    EXPECT(store_text(rows, 0, 1).len == 0 && !store_is_null(rows, 0, 1));
    EXPECT(is_text(rows, 0, 2, "\"\""));
    EXPECT(store_array(rows, 0, 4).count == 0 && !store_is_null(rows, 0, 4));
    EXPECT(!store_bool(rows, 0, 5));
    EXPECT(store_is_null(rows, 0, 6) && store_is_null(rows, 0, 7));
}

static void test_store_types__empty_parameters_are_not_null(void **state)
{
    static const uint8_t uuid[16] = {0};
    (void)state;
    struct call call;
    call_init(&call, 0, STORE_READ);
    store_op_step(&call.op, (enum store_sql)SQL_ROUND_TRIP);
    store_bind_text(&call.op, (struct nx_str){NULL, 0});
    store_bind_bytes(&call.op, (struct nx_str){NULL, 0});
    store_bind_jsonb(&call.op, NX_STR("\"\""));
    store_bind_uuid(&call.op, uuid);
    store_bind_int8_array(&call.op, NULL, 0);
    store_bind_bool(&call.op, false);
    store_bind_null(&call.op);
    store_bind_null(&call.op);
    run_inspected(&call, inspect_empty);
}

static void inspect_nulls(const struct store_rows *rows)
{
    int64_t units = 1;
    int32_t nanos = 1;
    EXPECT(is_text(rows, 0, 0, ""));
    EXPECT(store_int8(rows, 0, 1) == 0);
    EXPECT(!store_bool(rows, 0, 2));
    EXPECT(store_numeric(rows, 0, 3, &units, &nanos) && units == 0 && nanos == 0);
    EXPECT(store_array(rows, 0, 4).count == 0);
    EXPECT(store_timestamp_us(rows, 0, 5) == 0);
    EXPECT(store_int4(rows, 0, 6) == 0);
    for (int column = 0; column < 7; column++)
        EXPECT(store_is_null(rows, 0, column));
    EXPECT(!store_is_null(rows, 0, 7));
    struct store_array array = store_array(rows, 0, 7);
    struct nx_str element;
    EXPECT(array.count == 0 && !store_array_next(&array, &element));
}

static void test_store_types__nulls_read_as_nothing(void **state)
{
    (void)state;
    struct call call;
    call_init(&call, 0, STORE_READ);
    store_op_step(&call.op, (enum store_sql)SQL_NULLS);
    run_inspected(&call, inspect_nulls);
}

static void inspect_numbers(const struct store_rows *rows)
{
    static const struct {
        int64_t units;
        int32_t nanos;
        bool fits;
    } expected[] = {
        {0, 0, true},
        {0, -1, true},
        {1, 500000000, true},
        {INT64_MAX, 999999999, true},
        {INT64_MIN, -999999999, true},
        {0, 0, false},
        {0, 0, false},
        {0, 0, false},
        {0, 0, false},
        {0, 0, false},
        {INT64_C(10000000000), 0, true},
        {-12345678, -900000000, true},
        {0, 0, false},
        {0, 100000000, true},
        {100000000, 10, true},
    };
    EXPECT(rows->count == (int)(sizeof expected / sizeof *expected));
    for (int i = 0; i < rows->count; i++) {
        int64_t units = 0;
        int32_t nanos = 0;
        bool fits = store_numeric(rows, i, 0, &units, &nanos);
        if (fits != expected[i].fits || units != expected[i].units || nanos != expected[i].nanos)
            snprintf(verdict, sizeof verdict, "number %d: %d %lld %d", i, fits, (long long)units,
                     nanos);
    }
}

static void test_store_types__numeric_is_exact(void **state)
{
    (void)state;
    struct call call;
    call_init(&call, 0, STORE_READ);
    store_op_step(&call.op, (enum store_sql)SQL_NUMBERS);
    run_inspected(&call, inspect_numbers);
}

static void inspect_times(const struct store_rows *rows)
{
    static const int64_t expected[] = {
        0,
        INT64_C(946684800000001),
        -1,
        INT64_C(-62135596800000000),
        INT64_C(253402300799999999),
        INT64_MAX,
        INT64_MIN,
    };
    EXPECT(rows->count == (int)(sizeof expected / sizeof *expected));
    for (int i = 0; i < rows->count; i++)
        EXPECT(store_timestamp_us(rows, i, 0) == expected[i]);
}

static void test_store_types__times_in_microseconds(void **state)
{
    (void)state;
    struct call call;
    call_init(&call, 0, STORE_READ);
    store_op_step(&call.op, (enum store_sql)SQL_TIMES);
    run_inspected(&call, inspect_times);
}

static void inspect_small(const struct store_rows *rows)
{
    static const char *const expected[] = {"a", "", "\xc3\xa9\xce\xbb"};
    struct nx_str element;
    int count = 0;
    EXPECT(store_int4(rows, 0, 0) == -2);
    struct store_array array = store_array(rows, 0, 1);
    EXPECT(array.count == 3);
    while (count < 3 && store_array_next(&array, &element)) {
        EXPECT(nx_str_equal(element, nx_str_from(expected[count])));
        count++;
    }
    EXPECT(count == 3);
    EXPECT(!store_array_next(&array, &element));
}

static void test_store_types__small_integers_and_texts(void **state)
{
    (void)state;
    struct call call;
    call_init(&call, 0, STORE_READ);
    store_op_step(&call.op, (enum store_sql)SQL_SMALL);
    run_inspected(&call, inspect_small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_types__parameters_come_back),
        cmocka_unit_test(test_store_types__empty_parameters_are_not_null),
        cmocka_unit_test(test_store_types__nulls_read_as_nothing),
        cmocka_unit_test(test_store_types__numeric_is_exact),
        cmocka_unit_test(test_store_types__times_in_microseconds),
        cmocka_unit_test(test_store_types__small_integers_and_texts),
    };
    return cmocka_run_group_tests_name("store_types", tests, start, stop);
}
