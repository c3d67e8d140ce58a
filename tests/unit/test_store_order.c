/* Orders as SQL, and what is refused. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store_order.h"

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

struct row {
    const char *given;
    const char *wanted;
};

static const struct store_attribute attributes[] = {
    {{"color", 5}, &store_json_text},
    {{"size.width", 10}, &store_json_number},
    {{"new", 3}, &store_json_boolean},
};
static const struct store_attributes declared = {attributes, 3};

static const char *show_order(const char *order_by)
{
    static const struct nx_str keys[STORE_ORDER_MAX_KEYS] = {
        {"A", 1}, {"B", 1}, {"C", 1}, {"D", 1}, {"E", 1}, {"F", 1}, {"G", 1}, {"H", 1}, {"I", 1}};
    struct store_order order;
    nx_status status =
        store_order_parse(&store_product_fields, nx_str_from(order_by), &declared, arena, &order);
    if (status.code != NX_OK) {
        assert_int_equal(status.code, NX_INVALID_ARGUMENT);
        assert_string_equal(status.error->violations->field, "order_by");
        return nx_status_message(status);
    }
    struct store_query *query = store_query_new(arena, "test");
    store_order_add_after(query, &order, keys);
    store_order_add(query, &order);
    return store_query_text(query).ptr;
}

static void check_orders(const struct row *rows, size_t count)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const char *got = show_order(rows[i].given);
        if (strcmp(got, rows[i].wanted) == 0)
            continue;
        print_error("%s\n    gives  %s\n    not    %s\n", rows[i].given, got, rows[i].wanted);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static const struct row orders[] = {
    {"", " and (product.id) > ($1) order by product.id"},
    {"name", " and (product.id) > ($1) order by product.id"},
    {"name desc", " and (product.id) < ($1) order by product.id desc"},
    {"title", " and ((product.title collate \"C\"), product.id) > ($1, $2) order by (product.title "
              "collate \"C\"), product.id"},
    {"title desc", " and ((product.title collate \"C\"), product.id) < ($1, $2) order by "
                   "(product.title collate \"C\") desc, product.id desc"},
    {"price asc", " and (coalesce(product.price_amount, 'Infinity'::numeric), product.id) > ($1, "
                  "$2) order by coalesce(product.price_amount, 'Infinity'::numeric), product.id"},
    {"price desc, title",
     " and (coalesce(product.price_amount, 'Infinity'::numeric) <= $1 and "
     "(coalesce(product.price_amount, 'Infinity'::numeric) < $1 or coalesce(product.price_amount, "
     "'Infinity'::numeric) = $1 and ((product.title collate \"C\") > $2 or (product.title collate "
     "\"C\") = $2 and (product.id > $3)))) order by coalesce(product.price_amount, "
     "'Infinity'::numeric) desc, (product.title collate \"C\"), product.id"},
    {"price, title",
     " and (coalesce(product.price_amount, 'Infinity'::numeric), (product.title collate \"C\"), "
     "product.id) > ($1, $2, $3) order by coalesce(product.price_amount, 'Infinity'::numeric), "
     "(product.title collate \"C\"), product.id"},
    {"price desc, title desc, name desc",
     " and (coalesce(product.price_amount, 'Infinity'::numeric), (product.title collate \"C\"), "
     "product.id) < ($1, $2, $3) order by coalesce(product.price_amount, 'Infinity'::numeric) "
     "desc, (product.title collate \"C\") desc, product.id desc"},
    {" createTime  desc ,title",
     " and (product.create_time <= $1 and (product.create_time < $1 or product.create_time = $1 "
     "and ((product.title collate \"C\") > $2 or (product.title collate \"C\") = $2 and "
     "(product.id > $3)))) order by product.create_time desc, (product.title collate \"C\"), "
     "product.id"},
    {"title, name, price", " and ((product.title collate \"C\"), product.id) > ($1, $2) order by "
                           "(product.title collate \"C\"), product.id"},
    {"state, allow_backorder desc",
     " and (product.state >= $1 and (product.state > $1 or product.state = $1 and "
     "(product.allow_backorder < $2 or product.allow_backorder = $2 and (product.id < $3)))) order "
     "by product.state, product.allow_backorder desc, product.id desc"},
    {"attributes.color",
     " and ((catalog.attribute_text(product.attributes, $1) collate \"C\"), product.id) > ($2, $3) "
     "order by (catalog.attribute_text(product.attributes, $4) collate \"C\"), product.id"},
    {"attributes.size.width desc, attributes.new",
     " and (catalog.attribute_number(product.attributes, $1) <= $2 and "
     "(catalog.attribute_number(product.attributes, $3) < $2 or "
     "catalog.attribute_number(product.attributes, $4) = $2 and "
     "(catalog.attribute_boolean(product.attributes, $5) > $6 or "
     "catalog.attribute_boolean(product.attributes, $7) = $6 and (product.id > $8)))) order by "
     "catalog.attribute_number(product.attributes, $9) desc, "
     "catalog.attribute_boolean(product.attributes, $10), product.id"},
};

static const struct row refused_orders[] = {
    {"colour", "order_by: there is no such field: \"colour\""},
    {"title,", "order_by: a field is expected at each comma"},
    {"title,,price", "order_by: a field is expected at each comma"},
    {",", "order_by: a field is expected at each comma"},
    {", title", "order_by: a field is expected at each comma"},
    {"title descending", "order_by: only \"asc\" or \"desc\" may stand behind a field: \"title\""},
    {"title DESC", "order_by: only \"asc\" or \"desc\" may stand behind a field: \"title\""},
    {"title desc x", "order_by: only \"asc\" or \"desc\" may stand behind a field: \"title\""},
    {"title title", "order_by: only \"asc\" or \"desc\" may stand behind a field: \"title\""},
    {"title, price, title desc", "order_by: a field is given twice: \"title\""},
    {"attributes.color, attributes.color",
     "order_by: a field is given twice: \"attributes.color\""},
    {"description", "order_by: lists are not ordered by: \"description\""},
    {"tags", "order_by: lists are not ordered by: \"tags\""},
    {"price.units", "order_by: lists are not ordered by: \"price.units\""},
    {"category", "order_by: lists are not ordered by: \"category\""},
    {"attributes", "order_by: lists are not ordered by: \"attributes\""},
    {"attributes.weight", "order_by: lists are ordered by attributes that are declared (nexusctl "
                          "index-attribute), not by: \"attributes.weight\""},
    {"attributes.size", "order_by: lists are ordered by attributes that are declared (nexusctl "
                        "index-attribute), not by: \"attributes.size\""},
    {"attributes.", "order_by: lists are ordered by attributes that are declared (nexusctl "
                    "index-attribute), not by: \"attributes.\""},
    {"attributes.color.x", "order_by: lists are ordered by attributes that are declared (nexusctl "
                           "index-attribute), not by: \"attributes.color.x\""},
    {"title;drop", "order_by: there is no such field: \"title;drop\""},
    {"title, price, brand, inventory, state, slug, create_time, update_time, delete_time",
     "order_by: has more than 8 fields"},
    {"a.b.c.d.e.f.g.h.i.j", "order_by: the path is too long: \"a.b.c.d.e.f.g.h.i.j\""},
};

static void test_store_order__becomes_sql(void **state)
{
    (void)state;
    check_orders(orders, sizeof orders / sizeof *orders);
}

static void test_store_order__says_what_is_wrong(void **state)
{
    (void)state;
    check_orders(refused_orders, sizeof refused_orders / sizeof *refused_orders);
    char long_order[STORE_ORDER_MAX_BYTES + 2];
    memset(long_order, ' ', sizeof long_order);
    long_order[0] = 'a';
    long_order[sizeof long_order - 1] = '\0';
    assert_string_equal(show_order(long_order), "order_by: is longer than 1024 bytes");
}

/* --- Groups --- */

static const char *show_groups(const char *order_by, const struct nx_str *after)
{
    struct store_order order;
    struct store_order_groups groups;
    assert_int_equal(
        store_order_parse(&store_product_fields, nx_str_from(order_by), NULL, arena, &order).code,
        NX_OK);
    if (!store_order_groups(&order, after, &groups))
        return "none";
    const char *text = groups.is_begun ? "in" : "at";
    for (unsigned i = 0; i < groups.count; i++) {
        text = nx_arena_printf(arena, "%s ", text);
        for (unsigned j = 0; j < groups.leading; j++) {
            int value = groups.values[i][j];
            text = value == INT_MAX ? nx_arena_printf(arena, "%s-", text)
                                    : nx_arena_printf(arena, "%s%d", text, value);
        }
    }
    return text;
}

#define FALSE_CELL                                                                                 \
    {                                                                                              \
        "\0", 1                                                                                    \
    }
#define TRUE_CELL                                                                                  \
    {                                                                                              \
        "\1", 1                                                                                    \
    }
#define SMALL_CELL(byte)                                                                           \
    {                                                                                              \
        "\0" byte, 2                                                                               \
    }
#define NEVER_CELL                                                                                 \
    {                                                                                              \
        "\x7f\xff\xff\xff\xff\xff\xff\xff", 8                                                      \
    }
#define ONCE_CELL                                                                                  \
    {                                                                                              \
        "\0\2\3\4\5\6\7\1", 8                                                                      \
    }

static void test_store_order__splits_what_has_few_values(void **state)
{
    (void)state;
    static const struct {
        const char *order_by;
        struct nx_str after[3]; /* of no length: from the first page on */
        const char *wanted;
    } rows[] = {
        {"", {{NULL, 0}}, "none"},
        {"price, state", {{NULL, 0}}, "none"},
        {"state", {{NULL, 0}}, "at 1 2 3"},
        {"state desc, price", {{NULL, 0}}, "at 3 2 1"},
        {"state, allow_backorder desc, price", {{NULL, 0}}, "at 11 10 21 20 31 30"},
        {"allow_backorder, state desc", {{NULL, 0}}, "at 03 02 01 13 12 11"},
        {"delete_time, title", {{NULL, 0}}, "at -"},
        {"delete_time desc, state, purge_time", {{NULL, 0}}, "at -1- -2- -3-"},
        {"state", {SMALL_CELL("\2")}, "in 2 3"},
        {"state desc, price", {SMALL_CELL("\2")}, "in 2 1"},
        {"state, allow_backorder desc", {SMALL_CELL("\2"), TRUE_CELL}, "in 21 20 31 30"},
        {"state, allow_backorder desc", {SMALL_CELL("\2"), FALSE_CELL}, "in 20 31 30"},
        {"state desc, allow_backorder", {SMALL_CELL("\1"), TRUE_CELL}, "in 11"},
        {"delete_time, title", {NEVER_CELL}, "in -"},
        {"delete_time desc", {NEVER_CELL}, "in -"},
        {"delete_time, title", {ONCE_CELL}, "at -"},
        {"delete_time desc, title", {ONCE_CELL}, "at"},
        {"state, purge_time", {SMALL_CELL("\2"), ONCE_CELL}, "at 2- 3-"},
        {"state, purge_time desc", {SMALL_CELL("\2"), ONCE_CELL}, "at 3-"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got =
            show_groups(rows[i].order_by, rows[i].after[0].len > 0 ? rows[i].after : NULL);
        if (strcmp(got, rows[i].wanted) != 0)
            fail_msg("%s (row %zu) gives \"%s\", not \"%s\"", rows[i].order_by, i, got,
                     rows[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_store_order__becomes_sql, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_store_order__says_what_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_store_order__splits_what_has_few_values, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
