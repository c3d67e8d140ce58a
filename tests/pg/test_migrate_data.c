/* The real migrations, down and up again in a database that is in use: what a migration does not
 * take away stays as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pg_fixture.h"
#include "store_migrate_internal.h"

/* A few rows in every table; with what the triggers add. */
static const char fill[] =
    "insert into catalog.category (title, slug, description, position, ancestor_ids, path)"
    "    select 'C' || n, 'c-' || n, '', n, '{}', 'C' || n from generate_series(1, 5) as n;"
    "update catalog.category set delete_time = now(), purge_time = now(), deletion = revision"
    "    where id = 5;"
    "insert into catalog.product (title, slug, description, price_currency, price_amount,"
    "    category_id, additional_category_ids, brand, tags, attributes, inventory,"
    "    allow_backorder, state)"
    "    select 'Thing ' || n, 'p-' || n, 'What it is', 'EUR', n, n % 4 + 1,"
    "        case when n % 3 = 0 then array[n % 2 + 1] else '{}' end, 'B', '{a,b}',"
    "        '{\"size\": 1}', n, false, n % 3 + 1 from generate_series(1, 50) as n;"
    "update catalog.product set delete_time = now(), purge_time = now() where id % 10 = 0;"
    "insert into catalog.variant (product_id, sku, title, inventory, attributes, position)"
    "    select id, 'sku-' || id, '', 0, '{}', 1 from catalog.product;"
    "insert into catalog.product_image (product_id, alt_text, position)"
    "    select id, '', 1 from catalog.product;"
    "insert into catalog.product_redirect (slug, product_id) values ('was', 1);"
    "insert into catalog.category_redirect (slug, category_id) values ('was', 1);"
    "insert into catalog.audit_entry (principal, method, resource, changes)"
    "    values ('me', 'CreateProduct', 'products/1', '[]');"
    "insert into catalog.request (id, fingerprint, answer)"
    "    select gen_random_uuid(), 'x', jsonb_build_array(to_jsonb(product)) from catalog.product;"
    "insert into catalog.attribute_index (key, type) values ('size', 'number')";

/* A copy of every table. */
static const char keep[] =
    "drop schema if exists kept cascade; create schema kept;"
    "do $$ declare name text; begin"
    "    for name in select tablename from pg_tables where schemaname = 'catalog' loop"
    "        execute format('create table kept.%I as select * from catalog.%1$I', name);"
    "    end loop;"
    "end $$;"
    "create table kept.survivors (table_name text, columns text)";

/* Of the columns that are there below: all rows, as they were above. */
static const char note_survivors[] =
    "truncate kept.survivors;"
    "insert into kept.survivors"
    "    select relname, string_agg(quote_ident(attname), ', ') from pg_attribute"
    "    join pg_class on pg_class.oid = attrelid"
    "    where relnamespace = 'catalog'::regnamespace and relkind = 'r' and attnum > 0"
    "        and not attisdropped group by 1";
static const char compare[] =
    "create function kept.differences() returns bigint language plpgsql as $$"
    " declare one kept.survivors; found bigint; sum bigint := 0; begin"
    "    for one in select * from kept.survivors loop"
    "        execute format('select count(*) from ((select %1$s from kept.%2$I except all select"
    "            %1$s from catalog.%2$I) union all (select %1$s from catalog.%2$I except all"
    "            select %1$s from kept.%2$I)) as d', one.columns, one.table_name) into found;"
    "        if found > 0 then raise warning '% has changed', one.table_name; end if;"
    "        sum := sum + found;"
    "    end loop;"
    "    return sum;"
    " end $$";

/* Counts are made anew from the rows. */
static const char wrong_counts[] =
    "select count(*) from catalog.category where"
    " (select coalesce(sum(amount), 0) from catalog.product_tally as tally"
    "  where tally.category_id = category.id) <>"
    " (select count(*) from catalog.product where delete_time is null"
    "  and (category_id = category.id or additional_category_ids @> array[category.id]))";

/* Tables without a row: the filling has to know them. What is pending is no data. */
static const char empty_tables[] =
    "create function kept.empty_tables() returns bigint language plpgsql as $$"
    " declare name text; has_rows boolean; found bigint := 0; begin"
    "    for name in select tablename from pg_tables where schemaname = 'catalog'"
    "        and tablename <> 'index_pending' loop"
    "        execute format('select exists (select from catalog.%I)', name) into has_rows;"
    "        if not has_rows then found := found + 1; raise warning '% is empty', name; end if;"
    "    end loop;"
    "    return found;"
    " end $$";

static struct nx_arena *arena;
static unsigned migration_count;

static void migrate_up(unsigned expected)
{
    const struct store_migrate_options options = {.conninfo = pg_fixture_conninfo()};
    unsigned applied = 0;
    nx_status status = store_migrate_up(arena, &options, &applied);
    if (status.code != NX_OK)
        fail_msg("%s", nx_status_message(status));
    if (expected > 0)
        assert_int_equal(applied, expected);
    else
        migration_count = applied;
}

static void migrate_down(unsigned steps)
{
    const struct store_migrate_options options = {.conninfo = pg_fixture_conninfo()};
    unsigned reverted = 0;
    nx_status status = store_migrate_down(arena, &options, steps, &reverted);
    if (status.code != NX_OK)
        fail_msg("%s", nx_status_message(status));
    assert_int_equal(reverted, steps);
}

static void begin_anew(void)
{
    (void)pg_fixture_run("drop table if exists nexus_migration;"
                         "drop schema if exists catalog cascade");
    migrate_up(0);
    (void)pg_fixture_run(fill);
    (void)pg_fixture_run(keep);
    (void)pg_fixture_run(compare);
    (void)pg_fixture_run(empty_tables);
}

static int set_up(void **state)
{
    (void)state;
    arena = nx_arena_new(1 << 20);
    if (!arena)
        return -1;
    begin_anew();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)pg_fixture_run("drop schema kept cascade");
    nx_arena_destroy(arena);
    return 0;
}

static void test_migrate_data__every_table_is_filled(void **state)
{
    (void)state;
    assert_int_equal(pg_fixture_run("select kept.empty_tables()"), 0);
}

static void test_migrate_data__survives_each_version_and_back(void **state)
{
    (void)state;
    for (unsigned steps = 1; steps < migration_count; steps++) {
        migrate_down(steps);
        (void)pg_fixture_run(note_survivors);
        assert_true(pg_fixture_run("select count(*) from kept.survivors") > 1);
        migrate_up(steps);
        if (pg_fixture_run("select kept.differences()") > 0)
            fail_msg("%u migrations down and up again: rows have changed", steps);
        assert_int_equal(pg_fixture_run(wrong_counts), 0);
        begin_anew();
    }
}

static void test_migrate_data__pending_indexes_are_made_on_the_way_down(void **state)
{
    static const char count_indexes[] =
        "select count(*) from pg_indexes where schemaname = 'catalog' and tablename = 'product'";
    (void)state;
    int64_t before = pg_fixture_run(count_indexes);
    (void)pg_fixture_run("select catalog.index_put_off('catalog.product'),"
                         " catalog.index_put_off('catalog.search_entry')");
    assert_true(pg_fixture_run(count_indexes) < before);
    migrate_down(1);
    assert_int_equal(pg_fixture_run("select count(*) from catalog.index_pending"), 0);
    assert_int_equal(pg_fixture_run(count_indexes), before);
    migrate_up(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_migrate_data__every_table_is_filled, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_migrate_data__survives_each_version_and_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_migrate_data__pending_indexes_are_made_on_the_way_down,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests_name("migrate_data", tests, NULL, NULL);
}
