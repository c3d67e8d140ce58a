/* Filters as SQL: what each construct becomes, and what is refused, where and why. */
#include <endian.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "nx_buf.h"
#include "store_filter.h"
#include "store_filter_rows.h"
#include "store_internal.h"

static struct nx_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = nx_arena_new(1 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    nx_arena_destroy(arena);
    return 0;
}

/* --- A query as text --- */

static int64_t big_endian(const char *bytes, int length)
{
    int64_t value = 0;
    for (int i = 0; i < length; i++)
        value = (int64_t)((uint64_t)value << 8 | (uint8_t)bytes[i]);
    return value;
}

/* The items of an array, by commas. */
static const char *show_array(const struct store_param *value, bool is_text)
{
    const char *text = "";
    const char *at = value->value + (value->length > 12 ? 20 : value->length);
    while (at < value->value + value->length) {
        int length = (int)big_endian(at, 4);
        at += 4;
        if (is_text)
            text = nx_arena_printf(arena, "%s,%.*s", text, length, at);
        else
            text = nx_arena_printf(arena, "%s,%" PRId64, text, big_endian(at, length));
        at += length;
    }
    return *text ? text + 1 : text;
}

static const char *show_param(const struct store_query_param *param)
{
    const struct store_param *value = &param->value;
    switch ((enum store_type)param->type) {
    case STORE_TYPE_BOOL:
        return value->value[0] ? "true" : "false";
    case STORE_TYPE_INT4:
    case STORE_TYPE_INT8:
        return nx_arena_printf(arena, "%" PRId64, big_endian(value->value, value->length));
    case STORE_TYPE_TIMESTAMP:
        return nx_arena_printf(arena, "%" PRId64 "us",
                               big_endian(value->value, 8) + STORE_EPOCH_US);
    case STORE_TYPE_NUMERIC:
        assert_int_equal(param->format, 0);
        return value->value;
    case STORE_TYPE_JSONB:
        assert_int_equal(value->value[0], 1);
        return nx_arena_printf(arena, "%.*s", value->length - 1, value->value + 1);
    case STORE_TYPE_TEXT:
        return nx_arena_printf(arena, "'%.*s'", value->length, value->value);
    case STORE_TYPE_TEXT_ARRAY:
        return nx_arena_printf(arena, "[%s]", show_array(value, true));
    case STORE_TYPE_INT8_ARRAY:
        return nx_arena_printf(arena, "[%s]", show_array(value, false));
    default:
        fail();
    }
    return "";
}

/* "SQL | $1 | $2 ..." */
static const char *show(const struct store_query *query)
{
    const char *text = query->text ? query->text : "";
    assert_false(query->failed);
    for (unsigned i = 0; i < query->param_count; i++)
        text = nx_arena_printf(arena, "%s | %s", text, show_param(&query->params[i]));
    return text;
}

static void check_filters(const struct store_fields *fields, const struct filter_row *rows)
{
    unsigned wrong = 0;
    for (size_t i = 0; rows[i].given; i++) {
        struct store_query *query = store_query_new(arena, "test");
        nx_status status = store_filter_add(query, fields, nx_str_from(rows[i].given), arena);
        const char *got = status.code == NX_OK ? show(query) : nx_status_message(status);
        if (strcmp(got, rows[i].wanted) == 0)
            continue;
        print_error("%s\n    gives  %s\n    not    %s\n", rows[i].given, got, rows[i].wanted);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void test_store_filter__becomes_sql_and_parameters(void **state)
{
    (void)state;
    check_filters(&store_product_fields, product_filter_rows);
    check_filters(&store_category_fields, category_filter_rows);
    check_filters(&store_variant_fields, variant_filter_rows);
}

static void test_store_filter__says_where_it_is_wrong(void **state)
{
    (void)state;
    check_filters(&store_product_fields, refused_filter_rows);
}

/* The filter must be refused with this message; every refusal names the field. */
static void check_refused(struct nx_str filter, const char *wanted)
{
    struct store_query *query = store_query_new(arena, "test");
    nx_status status = store_filter_add(query, &store_product_fields, filter, arena);
    assert_int_equal(status.code, NX_INVALID_ARGUMENT);
    assert_string_equal(nx_status_message(status), wanted);
    assert_string_equal(status.error->violations->field, "filter");
}

static struct nx_str repeated(unsigned times, const char *text, const char *between)
{
    struct nx_buf buf;
    nx_buf_init(&buf, 1 << 16);
    for (unsigned i = 0; i < times; i++)
        nx_buf_printf(&buf, "%s%s", i > 0 ? between : "", text);
    struct nx_str copy = {nx_arena_strdup(arena, nx_buf_str(&buf)), buf.len};
    nx_buf_cleanup(&buf);
    return copy;
}

static bool is_accepted(struct nx_str filter)
{
    struct store_query *query = store_query_new(arena, "test");
    return store_filter_add(query, &store_product_fields, filter, arena).code == NX_OK &&
           !query->failed;
}

static void test_store_filter__has_limits(void **state)
{
    (void)state;
    assert_true(is_accepted(repeated(64, "price<5", " OR ")));
    check_refused(repeated(65, "price<5", " OR "),
                  "filter: at character 705: there are more than 64 comparisons");
    const char *inner = "price<5";
    struct nx_str open = repeated(16, "(", "");
    struct nx_str close = repeated(16, ")", "");
    const char *deep = nx_arena_printf(arena, "%s%s%s", open.ptr, inner, close.ptr);
    assert_true(is_accepted(nx_str_from(deep)));
    check_refused(nx_str_from(nx_arena_printf(arena, "(%s)", deep)),
                  "filter: at character 17: more than 16 parentheses are open");
    const char *wide = nx_arena_printf(arena, "title = \"%4086s\"", "");
    assert_int_equal(strlen(wide), STORE_FILTER_MAX_BYTES);
    assert_true(is_accepted(nx_str_from(wide)));
    check_refused(nx_str_from(nx_arena_printf(arena, "%s ", wide)),
                  "filter: is longer than 4096 bytes");
}

static void test_store_filter__refuses_bad_text(void **state)
{
    (void)state;
    check_refused((struct nx_str){"title=\"a\0b\"", 11},
                  "filter: at character 9: the text is not valid UTF-8");
    check_refused(NX_STR("title=\"\xc3\xa9\xff\""),
                  "filter: at character 9: the text is not valid UTF-8");
    check_refused(NX_STR("title=\"\xed\xa0\x80\""),
                  "filter: at character 8: the text is not valid UTF-8");
}

/* Running out of memory at any point is an answer. */
static void test_store_filter__without_memory(void **state)
{
    (void)state;
    static const char filter[] = "NOT (title = \"a\\n*\" OR attributes.a.b = \"x\") AND price < 5 "
                                 "AND tags:\"x\" AND category:\"categories/7\" AND state = X";
    bool finished = false;
    for (size_t bytes = 64; bytes < 1 << 16 && !finished; bytes += 64) {
        struct nx_arena *small = nx_arena_new(bytes);
        struct store_query *query = small ? store_query_new(small, "test") : NULL;
        if (query) {
            nx_status status =
                store_filter_add(query, &store_product_fields, nx_str_from(filter), small);
            finished = status.code == NX_INVALID_ARGUMENT && !nx_arena_exhausted(small);
            assert_int_not_equal(status.code, NX_OK);
        }
        nx_arena_destroy(small);
    }
    assert_true(finished);
}

#define IN_STATES " and in catalog.search_in_state($1)"

static const struct filter_row fact_rows[] = {
    {"", ""},
    {"title = \"a\"", ""},
    {"price < 5", " and in catalog.search_priced(null, $1, true) | 5"},
    {"price <= 5.5", " and in catalog.search_priced(null, $1, false) | 5.5"},
    {"price > 5", " and in catalog.search_priced($1, null, false) | 5"},
    {"price >= -5", " and in catalog.search_priced($1, null, false) | -5"},
    {"price = 1e3", " and in catalog.search_priced($1, $2, false) | 1e3 | 1e3"},
    {"price:5", " and in catalog.search_priced($1, $2, false) | 5 | 5"},
    {"price != 5", ""},
    {"price:*", ""},
    {"price.units < 5", ""},
    {"NOT price < 5", ""},
    {"price < 5 OR price > 9", ""},
    {"price >= 5 price < 9", " and in catalog.search_priced($1, $2, true) | 5 | 9"},
    {"price <= 9 (title = \"a\" price > 5)",
     " and in catalog.search_priced($1, $2, false) | 5 | 9"},
    {"price < 9 price > 5 price <= 7 price >= 6",
     " and in catalog.search_priced($1, $2, true) | 5 | 9"},
    {"price = 5 price < 3", " and in catalog.search_priced($1, $2, false) | 5 | 5"},
    {"state != ACTIVE state != DRAFT", IN_STATES " | [3]"},
    {"state = ACTIVE state = DRAFT", IN_STATES " | []"},
    {"state = ACTIVE", IN_STATES " | [2]"},
    {"state:STATE_DRAFT", IN_STATES " | [1]"},
    {"state != ACTIVE", IN_STATES " | [1,3]"},
    {"state:*", ""},
    {"NOT state = ACTIVE", ""},
    {"state = ACTIVE OR state = DRAFT", IN_STATES " | [1,2]"},
    {"state = ACTIVE OR (state = DRAFT OR state = ARCHIVED)", IN_STATES " | [1,2,3]"},
    {"state = ACTIVE OR price < 5", ""},
    {"state = ACTIVE OR title = \"a\"", ""},
    {"state = ACTIVE OR NOT state = DRAFT", ""},
    {"brand = \"x\" AND (state = ACTIVE AND price < 5)",
     IN_STATES " and in catalog.search_priced(null, $2, true) | [2] | 5"},
    {NULL, NULL},
};

static void test_store_filter__says_what_holds_for_all_that_pass(void **state)
{
    (void)state;
    for (const struct filter_row *row = fact_rows; row->given; row++) {
        struct store_query *query = store_query_new(arena, "test");
        struct store_facts facts;
        nx_status status =
            store_filter_facts(&store_product_fields, nx_str_from(row->given), arena, &facts);
        assert_int_equal(status.code, NX_OK);
        for (unsigned i = 0; i < facts.count; i++) {
            store_query_add(query, " and in ");
            store_fact_add(query, &facts.all[i]);
        }
        if (strcmp(show(query), row->wanted) != 0)
            fail_msg("%s\n    gives  %s\n    not    %s", row->given, show(query), row->wanted);
    }
}

static void test_store_filter__knows_when_facts_say_all(void **state)
{
    (void)state;
    static const char *const all[] = {
        "price < 100",
        "price < 100.00",
        "price >= 0.05",
        "price < 1000000",
        "price >= 12.5",
        "price < 3.15",
        "price < 100000000",
        "price >= 0.01",
        "price < 0.0125",
        "state = ACTIVE",
        "state != ACTIVE",
        "state:DRAFT",
        "price >= 50 price < 80",
        "state = DRAFT OR state = ACTIVE",
        "price < 100 AND (state = ACTIVE AND price >= 5)",
        "state != ACTIVE AND state != DRAFT",
    };
    static const char *const not_all[] = {
        "",
        "price <= 100",
        "price > 100",
        "price = 100",
        "price < 101",
        "price < 0",
        "price < 0.001",
        "price < 200000000",
        "price < -100",
        "price < 1e2",
        "price < 125000.01",
        "price != 100",
        "NOT price < 100",
        "price.units < 100",
        "title = \"a\" AND price < 100",
        "price < 100 OR price < 5",
        "state = ACTIVE OR price < 100",
        "inventory > 0",
        "price < 100000000000000000000",
        "price < 33",
        "price < 1005",
        "price < 100 AND price < 50",
        "price >= 5 AND price >= 10",
    };
    struct store_facts facts;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        nx_status status =
            store_filter_facts(&store_product_fields, nx_str_from(all[i]), arena, &facts);
        if (status.code != NX_OK || !facts.suffice)
            fail_msg("%s is more than facts", all[i]);
    }
    for (size_t i = 0; i < sizeof not_all / sizeof *not_all; i++) {
        nx_status status =
            store_filter_facts(&store_product_fields, nx_str_from(not_all[i]), arena, &facts);
        if (status.code != NX_OK || facts.suffice)
            fail_msg("%s is no more than facts", not_all[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_store_filter__becomes_sql_and_parameters, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_store_filter__says_where_it_is_wrong, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_store_filter__says_what_holds_for_all_that_pass,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_store_filter__knows_when_facts_say_all, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_store_filter__has_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_store_filter__refuses_bad_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_store_filter__without_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
