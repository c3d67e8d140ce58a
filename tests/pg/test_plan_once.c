/* Statements for several ids, as many as there happen to be: planned once, not for each number. */
#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nx_buf.h"
#include "pg_fixture.h"
#include "store.h"
#include "store_migrate.h"

#define MAX_BYTES ((size_t)1 << 20)
#define MOST 64
#define ALWAYS_PLANNED 5 /* by PostgreSQL with the values at hand */

/* Enough for an index to be worth its while. */
static const char fill[] =
    "set session_replication_role = replica;" /* no trigger */
    "insert into catalog.category (id, title, slug, description, position, ancestor_ids, path)"
    "select n, 'C', 'c-' || n, '', 1, '{}', 'C' from generate_series(1, 20000) as n;"
    "insert into catalog.product (id, title, slug, description, additional_category_ids, brand,"
    "    tags, attributes, inventory, allow_backorder, state)"
    "select n, 'P', 'p-' || n, repeat('what it is ', 10), '{}', '', '{}', '{}', 0, false, 2"
    "    from generate_series(1, 20000) as n;"
    "insert into catalog.variant (product_id, sku, title, inventory, attributes, position)"
    "select n, 'sku-' || n, '', 0, '{}', 1 from generate_series(1, 20000) as n;"
    "insert into catalog.product_image (product_id, alt_text, position)"
    "select n, '', 1 from generate_series(1, 20000) as n;"
    "analyze;"
    "set session_replication_role = origin";

static PGconn *pg;

static int set_up(void **state)
{
    (void)state;
    const struct store_migrate_options options = {.conninfo = pg_fixture_conninfo()};
    struct nx_arena *arena = nx_arena_new(MAX_BYTES);
    unsigned applied = 0;
    nx_status status = store_migrate_up(arena, &options, &applied);
    nx_arena_destroy(arena);
    (void)pg_fixture_run(fill);
    pg = PQconnectdb(pg_fixture_conninfo());
    return status.code == NX_OK && PQstatus(pg) == CONNECTION_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    PQfinish(pg);
    return 0;
}

/* "{1,2,3 ...}" */
static void write_ids(struct nx_buf *buf, int count)
{
    nx_buf_init(buf, MAX_BYTES);
    for (int i = 0; i < count; i++)
        nx_buf_printf(buf, "%c%d", i == 0 ? '{' : ',', 1 + i * 37);
    nx_buf_append_str(buf, NX_STR("}"));
    nx_buf_append_char(buf, '\0');
}

static void run_batch(const char *name, int param_count, int count)
{
    struct nx_buf ids;
    write_ids(&ids, count);
    const char *values[] = {ids.ptr, ids.ptr};
    PGresult *result = PQexecPrepared(pg, name, param_count, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", name, PQerrorMessage(pg));
    assert_int_equal(PQntuples(result), count);
    PQclear(result);
    nx_buf_cleanup(&ids);
}

static int plan_count(const char *name, const char *kind)
{
    char sql[256];
    snprintf(sql, sizeof sql, "select %s_plans from pg_prepared_statements where name = '%s'", kind,
             name);
    PGresult *result = PQexecParams(pg, sql, 0, NULL, NULL, NULL, NULL, 0);
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    assert_int_equal(PQntuples(result), 1);
    int count = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return count;
}

/* To plan for a few ids costs more than to find them. */
static void check_plans(enum store_sql sql, int param_count)
{
    const struct store_sql_text *batch = &store_sql_texts[sql];
    PGresult *prepared = PQprepare(pg, batch->name, batch->text, 0, NULL);
    assert_int_equal(PQresultStatus(prepared), PGRES_COMMAND_OK);
    PQclear(prepared);
    for (int count = 1; count <= MOST; count++)
        run_batch(batch->name, param_count, count);
    run_batch(batch->name, param_count, 1000);
    assert_int_equal(plan_count(batch->name, "custom"), ALWAYS_PLANNED);
    assert_int_equal(plan_count(batch->name, "generic"), MOST + 1 - ALWAYS_PLANNED);
}

static void test_plan_once__products(void **state)
{
    (void)state;
    check_plans(STORE_SQL_PRODUCT_BATCH_GET, 1);
}

static void test_plan_once__categories(void **state)
{
    (void)state;
    check_plans(STORE_SQL_CATEGORY_BATCH_GET, 1);
}

static void test_plan_once__variants(void **state)
{
    (void)state;
    check_plans(STORE_SQL_VARIANT_BATCH_GET, 2);
}

static void test_plan_once__images(void **state)
{
    (void)state;
    check_plans(STORE_SQL_PRODUCT_IMAGE_BATCH_GET, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_once__products),
        cmocka_unit_test(test_plan_once__categories),
        cmocka_unit_test(test_plan_once__variants),
        cmocka_unit_test(test_plan_once__images),
    };
    return cmocka_run_group_tests_name("plan_once", tests, set_up, tear_down);
}
