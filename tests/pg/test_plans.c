/* How PostgreSQL carries out the statements, in a catalog that is not small: what a client can ask
 * for at any time reads indexes, and never a whole table. Plans are those of unknown parameters.
 *
 * Every statement has to be in the table below. NEXUS_PRINT_PLANS=1 prints the table of
 * storage/README.md. */
#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nx_buf.h"
#include "nx_clock.h"
#include "pg_fixture.h"
#include "store_internal.h"
#include "store_list.h"
#include "store_migrate.h"
#include "store_search.h"

#define MAX_BYTES ((size_t)1 << 20)
#define BIG_ROWS 1000
#define MAX_INDEXES 32
#define MAX_NAME 64

#define HOT "hot"
#define WALK "hot, and walks along an index until it has met enough"
#define TREE "hot, and changes the tree of categories: may read all that is of these"

/* One of the above, or who runs it, so that it may read whole tables. */
static const char *const statements[STORE_SQL_COUNT] = {
    [STORE_SQL_ATTRIBUTE_INDEX_LIST] = HOT,
    [STORE_SQL_BULK_ALLOWED] = "nexusctl seed",
    [STORE_SQL_BULK_COPY] = "nexusctl seed",
    [STORE_SQL_BULK_LOCK] = "nexusctl seed",
    [STORE_SQL_BULK_PARTS] = "nexusctl seed",
    [STORE_SQL_BULK_PUT_OFF] = "nexusctl seed",
    [STORE_SQL_BULK_SEARCH] = "nexusctl seed",
    [STORE_SQL_BULK_TALLY] = "nexusctl seed",
    [STORE_SQL_BULK_TRUNCATE] = "nexusctl seed",
    [STORE_SQL_CATALOG_COUNTS] = "nexusctl status",
    [STORE_SQL_CATEGORY_BATCH_GET] = HOT,
    [STORE_SQL_CATEGORY_COUNT] = "counts all categories, when a client asks for that",
    [STORE_SQL_CATEGORY_CREATE] = HOT,
    [STORE_SQL_CATEGORY_DELETE] = TREE,
    [STORE_SQL_CATEGORY_GET] = HOT,
    [STORE_SQL_CATEGORY_LIST] = HOT,
    [STORE_SQL_CATEGORY_LOOKUP] = HOT,
    [STORE_SQL_CATEGORY_REPLAY] = HOT,
    [STORE_SQL_CATEGORY_SUBTREE_LOCK] = HOT,
    [STORE_SQL_CATEGORY_TREE_LOCK] = HOT,
    [STORE_SQL_CATEGORY_TREE_SHARE] = HOT,
    [STORE_SQL_CATEGORY_UNDELETE] = TREE,
    [STORE_SQL_CATEGORY_UPDATE] = HOT,
    [STORE_SQL_PRODUCT_ADJUST] = HOT,
    [STORE_SQL_PRODUCT_BATCH_GET] = HOT,
    [STORE_SQL_PRODUCT_COUNT] = HOT,
    [STORE_SQL_PRODUCT_CREATE] = HOT,
    [STORE_SQL_PRODUCT_DELETE] = HOT,
    [STORE_SQL_PRODUCT_GET] = HOT,
    [STORE_SQL_PRODUCT_IMAGE_BATCH_GET] = HOT,
    [STORE_SQL_PRODUCT_IMAGE_CREATE] = HOT,
    [STORE_SQL_PRODUCT_IMAGE_DELETE] = HOT,
    [STORE_SQL_PRODUCT_IMAGE_GET] = HOT,
    [STORE_SQL_PRODUCT_IMAGE_REPLAY] = HOT,
    [STORE_SQL_PRODUCT_IMAGE_UPDATE] = HOT,
    [STORE_SQL_PRODUCT_LIST] = HOT,
    [STORE_SQL_PRODUCT_LOCK] = HOT,
    [STORE_SQL_PRODUCT_LOOKUP] = HOT,
    [STORE_SQL_PRODUCT_LOOKUP_SKU] = HOT,
    [STORE_SQL_PRODUCT_REPLAY] = HOT,
    [STORE_SQL_PRODUCT_REQUIRE] = HOT,
    [STORE_SQL_PRODUCT_SHARE] = HOT,
    [STORE_SQL_PRODUCT_UNDELETE] = HOT,
    [STORE_SQL_PRODUCT_UPDATE] = HOT,
    [STORE_SQL_PURGE_CATEGORIES] = HOT,
    [STORE_SQL_PURGE_CLAIM] = HOT,
    [STORE_SQL_PURGE_PREVIEW] = HOT,
    [STORE_SQL_PURGE_PRODUCTS] = HOT,
    [STORE_SQL_PURGE_REQUESTS] = HOT,
    [STORE_SQL_PURGE_UNFILE] = HOT,
    [STORE_SQL_SCHEMA_VERSION] = HOT,
    [STORE_SQL_SEARCH_FACETS] = HOT,
    [STORE_SQL_SEARCH_NEAREST] = HOT,
    [STORE_SQL_SEARCH_PLAINLY] = HOT,
    [STORE_SQL_SEARCH_PLAN] = HOT,
    [STORE_SQL_SEARCH_ROWS] = HOT,
    [STORE_SQL_SEARCH_SIMILAR] = HOT,
    [STORE_SQL_SEARCH_STEADILY] = HOT,
    [STORE_SQL_SEARCH_SUGGEST] = WALK,
    [STORE_SQL_SEARCH_WALK] = HOT,
    [STORE_SQL_SECRET_GET] = HOT,
    [STORE_SQL_SEED_CATEGORIES] = "nexusctl seed",
    [STORE_SQL_SEED_CATEGORY_IDS] = "nexusctl seed",
    [STORE_SQL_SEED_COPY] = "nexusctl seed",
    [STORE_SQL_SEED_LOCK] = "nexusctl seed",
    [STORE_SQL_SEED_PRESENT] = "nexusctl seed",
    [STORE_SQL_STATISTICS_GET] = "counts all categories",
    [STORE_SQL_TALLY_COMPACT] = HOT,
    [STORE_SQL_VARIANT_ADJUST] = HOT,
    [STORE_SQL_VARIANT_BATCH_GET] = HOT,
    [STORE_SQL_VARIANT_CREATE] = HOT,
    [STORE_SQL_VARIANT_DELETE] = HOT,
    [STORE_SQL_VARIANT_GET] = HOT,
    [STORE_SQL_VARIANT_REPLAY] = HOT,
    [STORE_SQL_VARIANT_UPDATE] = HOT,
};

static const char fill[] =
    "set session_replication_role = replica;" /* no trigger: all is filled here */
    "insert into catalog.category (id, title, slug, parent_id, description, position, ancestor_ids,"
    "    path)"
    "select n, 'C', 'c-' || n, case when n > 50 then n % 50 + 1 end, '', 1,"
    "    case when n > 50 then array[n % 50 + 1] else '{}' end, 'C'"
    "from generate_series(1, 3000) as n;"
    "insert into catalog.product (id, title, slug, description, price_currency, price_amount,"
    "    category_id, additional_category_ids, brand, tags, attributes, inventory,"
    "    allow_backorder, state, create_time, update_time)"
    "select n, 'Thing number ' || n, 'p-' || n, repeat('what it is ', 10), 'EUR', n % 997,"
    "    n % 2900 + 1, case when n % 20 = 0 then array[n % 100 + 1] else '{}' end, 'B' || n % 500,"
    "    array['t' || n % 300], jsonb_build_object('size', n % 50), n % 100, false, 2,"
    "    now() - make_interval(secs => n), now() - make_interval(secs => n % 5000)"
    "from generate_series(1, 60000) as n;"
    "update catalog.product set delete_time = now(), purge_time = now() where id % 200 = 0;"
    "update catalog.category set delete_time = now(), purge_time = now(), deletion = id"
    "    where id > 2950;"
    "insert into catalog.variant (product_id, sku, title, inventory, attributes, position)"
    "select n, 'sku-' || n, '', 0, '{}', 1 from generate_series(1, 20000) as n;"
    "insert into catalog.variant (product_id, sku, title, inventory, attributes, position)"
    "select 17, 'many-' || n, '', 0, '{}', n from generate_series(1, 2000) as n;"
    "insert into catalog.product_image (product_id, alt_text, position)"
    "select n, '', 1 from generate_series(1, 20000) as n;"
    "insert into catalog.product_redirect (slug, product_id)"
    "select 'old-' || n, n from generate_series(1, 20000) as n;"
    "insert into catalog.category_redirect (slug, category_id)"
    "select 'old-' || n, n from generate_series(1, 2500) as n;"
    "insert into catalog.audit_entry (principal, method, resource, changes)"
    "select 'p' || n % 9, 'UpdateProduct', 'products/' || n, '[]'"
    "from generate_series(1, 60000) as n;"
    "insert into catalog.request (id, fingerprint, answer)"
    "select gen_random_uuid(), '', '[]' from generate_series(1, 20000);"
    "insert into catalog.product_tally (category_id, state, amount)"
    "select category_id, 2, count(*) from catalog.product group by 1;"
    "select catalog.search_rebuild();"
    "vacuum analyze"; /* alone in its text */

struct plan {
    char indexes[MAX_INDEXES][MAX_NAME];
    int count;
    bool has_scan; /* of a large table */
    char scanned[MAX_NAME];
};

static PGconn *pg;

static PGresult *query(const char *sql)
{
    PGresult *result = PQexecParams(pg, sql, 0, NULL, NULL, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    return result;
}

/* Each statement of a text by itself: a vacuum may be in no transaction. */
static void run_script(const char *script)
{
    struct nx_buf one;
    nx_buf_init(&one, MAX_BYTES);
    for (const char *at = script; *at;) {
        size_t len = strcspn(at, ";");
        one.len = 0;
        nx_buf_append(&one, at, len);
        nx_buf_append_char(&one, '\0');
        PQclear(query(one.ptr));
        at += len + (at[len] == ';');
    }
    nx_buf_cleanup(&one);
}

static int set_up(void **state)
{
    (void)state;
    const struct store_migrate_options options = {.conninfo = pg_fixture_conninfo()};
    struct nx_arena *arena = nx_arena_new(MAX_BYTES);
    unsigned applied = 0;
    nx_status status = store_migrate_up(arena, &options, &applied);
    if (status.code != NX_OK)
        fprintf(stderr, "%s\n", nx_status_message(status));
    nx_arena_destroy(arena);
    pg = PQconnectdb(pg_fixture_conninfo());
    if (status.code != NX_OK || PQstatus(pg) != CONNECTION_OK)
        return -1;
    run_script(fill);
    run_script("set session_replication_role = origin; set plan_cache_mode = force_generic_plan");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    PQfinish(pg);
    return 0;
}

/* --- Plans --- */

static int param_count(const char *text)
{
    int most = 0;
    for (const char *at = strchr(text, '$'); at; at = strchr(at + 1, '$')) {
        int number = (int)strtol(at + 1, NULL, 10);
        most = number > most ? number : most;
    }
    return most;
}

static PGresult *explain(const struct store_sql_text *statement)
{
    PGresult *prepared = PQprepare(pg, statement->name, statement->text, 0, NULL);
    if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", statement->name, PQerrorMessage(pg));
    PQclear(prepared);
    struct nx_buf sql;
    nx_buf_init(&sql, MAX_BYTES);
    nx_buf_printf(&sql, "explain (costs off) execute \"%s\"", statement->name);
    for (int i = 0; i < param_count(statement->text); i++)
        nx_buf_append_str(&sql, i == 0 ? NX_STR("(null") : NX_STR(", null"));
    if (param_count(statement->text) > 0)
        nx_buf_append_char(&sql, ')');
    nx_buf_append_char(&sql, '\0');
    PGresult *result = query(sql.ptr);
    nx_buf_cleanup(&sql);
    return result;
}

/* The word behind a phrase of a line; false when the phrase is not in it. */
static bool word_behind(const char *line, const char *phrase, char ret_word[MAX_NAME])
{
    const char *at = strstr(line, phrase);
    if (!at)
        return false;
    at += strlen(phrase);
    size_t len = strcspn(at, " ");
    snprintf(ret_word, MAX_NAME, "%.*s", (int)len, at);
    return true;
}

/* The tally is kept to a few rows for each category. */
static bool is_large(const char *table)
{
    if (strcmp(table, "product_tally") == 0)
        return false;
    char sql[256];
    snprintf(sql, sizeof sql,
             "select 1 from pg_class where relname = '%s' and relkind = 'r' and reltuples >= %d",
             table, BIG_ROWS);
    PGresult *result = query(sql);
    bool found = PQntuples(result) > 0;
    PQclear(result);
    return found;
}

static void note_index(struct plan *plan, const char *name)
{
    for (int i = 0; i < plan->count; i++) {
        if (strcmp(plan->indexes[i], name) == 0)
            return;
    }
    assert_in_range(plan->count, 0, MAX_INDEXES - 1);
    snprintf(plan->indexes[plan->count++], MAX_NAME, "%s", name);
}

/* An index that is read from end to end is no better than the table. */
static bool has_condition(const PGresult *lines, int at)
{
    size_t indent = strspn(PQgetvalue(lines, at, 0), " ");
    for (int i = at + 1; i < PQntuples(lines); i++) {
        const char *line = PQgetvalue(lines, i, 0);
        if (strspn(line, " ") <= indent || strstr(line, "->  "))
            return false;
        if (strstr(line, "Index Cond:"))
            return true;
    }
    return false;
}

/* But for tables whose names begin so; and, of a list's first page, but for indexes that are read
 * in their order. */
static struct plan read_plan(const PGresult *lines, const char *but, bool is_first_page)
{
    struct plan plan = {.count = 0};
    for (int i = 0; i < PQntuples(lines); i++) {
        const char *line = PQgetvalue(lines, i, 0);
        char index[MAX_NAME];
        char table[MAX_NAME];
        bool is_index = word_behind(line, "Bitmap Index Scan on ", index) ||
                        word_behind(line, "Scan using ", index) ||
                        word_behind(line, "Scan Backward using ", index);
        if (is_index)
            note_index(&plan, index);
        bool reads_table = word_behind(line, "Seq Scan on ", table) ||
                           (is_index && !is_first_page && !has_condition(lines, i) &&
                            word_behind(line, " on ", table));
        if (reads_table && is_large(table) && !(*but && strncmp(table, but, strlen(but)) == 0)) {
            plan.has_scan = true;
            memcpy(plan.scanned, table, sizeof table);
        }
    }
    return plan;
}

static bool is_hot(int sql)
{
    return statements[sql] && strncmp(statements[sql], HOT, strlen(HOT)) == 0;
}

static void print_plan(const char *name, const struct plan *plan)
{
    printf("| `%s` |%s", name, plan->count == 0 ? " none" : "");
    for (int i = 0; i < plan->count; i++)
        printf("%s `%s`", i > 0 ? "," : "", plan->indexes[i]);
    printf(" |\n");
}

/* Says what is wrong with a plan: 1, or 0. Takes the lines. */
static int blame(const char *name, const struct plan *plan, PGresult *lines)
{
    if (plan->has_scan)
        print_error("%s reads all of %s:\n", name, plan->scanned);
    for (int i = 0; plan->has_scan && i < PQntuples(lines); i++)
        print_error("    %s\n", PQgetvalue(lines, i, 0));
    PQclear(lines);
    return plan->has_scan;
}

/* --- Lists: their texts depend on the request --- */

static const struct {
    const struct store_listing *listing;
    const char *order_by, *filter;
    int64_t parent_id;
    bool show_deleted;
} lists[] = {
    {&store_product_listing, "", "", 0, false},
    {&store_product_listing, "title", "", 0, false},
    {&store_product_listing, "title desc", "", 0, false},
    {&store_product_listing, "brand", "", 0, false},
    {&store_product_listing, "price", "", 0, false},
    {&store_product_listing, "price desc", "", 0, false},
    {&store_product_listing, "inventory", "", 0, false},
    {&store_product_listing, "state", "", 0, false},
    {&store_product_listing, "brand, price desc", "", 0, false},
    {&store_product_listing, "brand desc, price desc", "", 0, false},
    {&store_product_listing, "state, allow_backorder desc, price", "", 0, false},
    {&store_product_listing, "delete_time, title", "", 0, false},
    {&store_product_listing, "purge_time desc", "", 0, true},
    {&store_product_listing, "create_time desc", "", 0, false},
    {&store_product_listing, "update_time", "", 0, false},
    {&store_product_listing, "", "category = \"categories/7\"", 0, false},
    {&store_product_listing, "", "category:\"categories/60\"", 0, false},
    {&store_product_listing, "", "tags:\"t17\"", 0, false},
    {&store_product_listing, "", "attributes.size = 17", 0, false},
    {&store_product_listing, "price", "price < 3", 0, false},
    {&store_product_listing, "title", "brand = \"B17\"", 0, false},
    {&store_product_listing, "", "slug = \"p-17\"", 0, false},
    {&store_product_listing, "state desc, title", "", 0, false},
    {&store_product_listing, "state, price", "inventory > 3", 0, false},
    {&store_product_listing, "price", "", 0, true},
    {&store_product_listing, "title desc", "price < 500", 0, true},
    {&store_category_listing, "", "", 0, false},
    {&store_category_listing, "", "parent = \"categories/7\"", 0, false},
    {&store_variant_listing, "", "", 17, false},
    {&store_variant_listing, "", "sku = \"sku-17\"", 17, false},
    {&store_product_image_listing, "", "", 17, false},
};

static void on_done(struct store_op *op)
{
    (void)op;
}

/* Run a page's query, or have it explained. NULL: it is a prepared statement. */
static PGresult *run_page(const struct store_query *page, const char *prefix)
{
    struct nx_buf sql;
    Oid types[STORE_QUERY_MAX_PARAMS];
    const char *values[STORE_QUERY_MAX_PARAMS];
    int lengths[STORE_QUERY_MAX_PARAMS];
    int formats[STORE_QUERY_MAX_PARAMS];
    for (unsigned i = 0; i < page->param_count; i++) {
        types[i] = page->params[i].type;
        values[i] = page->params[i].value.value;
        lengths[i] = page->params[i].value.length;
        formats[i] = page->params[i].format;
    }
    nx_buf_init(&sql, MAX_BYTES);
    nx_buf_printf(&sql, "%s%s", prefix, page->text);
    nx_buf_append_char(&sql, '\0');
    PGresult *result = PQexecParams(pg, sql.ptr, (int)page->param_count, types, values, lengths,
                                    formats, *prefix ? 0 : 1);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql.ptr, PQerrorMessage(pg));
    nx_buf_cleanup(&sql);
    return result;
}

/* A page behind `after`, which may be NULL. */
static const struct store_query *page_of(size_t index, struct nx_arena *arena,
                                         const struct nx_str *after, struct store_list *ret_list)
{
    struct store_op op;
    store_op_init(&op, arena, NX_DEADLINE_NEVER, STORE_READ, on_done, NULL);
    *ret_list = (struct store_list){.filter = nx_str_from(lists[index].filter), .limit = 25};
    ret_list->after = after;
    ret_list->parent_id = lists[index].parent_id;
    ret_list->show_deleted = lists[index].show_deleted;
    nx_status status =
        store_order_parse(lists[index].listing->fields, nx_str_from(lists[index].order_by), NULL,
                          arena, &ret_list->order);
    if (status.code == NX_OK)
        status = store_list_page(&op, lists[index].listing, ret_list);
    if (status.code != NX_OK)
        fail_msg("%s", nx_status_message(status));
    return op.steps[0]->query;
}

static int check_page(size_t index, const struct store_query *page, bool is_first)
{
    char name[128];
    PGresult *lines = run_page(page, "explain (costs off) ");
    /* Of deleted rows, all are read: by the index that has no others. */
    struct plan plan = read_plan(lines, "", is_first || lists[index].show_deleted);
    snprintf(name, sizeof name, "%s \"%s\" by \"%s\", %s page", lists[index].listing->name,
             lists[index].filter, lists[index].order_by, is_first ? "first" : "second");
    if (getenv("NEXUS_PRINT_PLANS"))
        print_plan(name, &plan);
    return blame(name, &plan, lines);
}

/* --- Searches --- */

static const struct {
    const char *wanted, *filter;
    enum store_search_stage stage;
    bool is_walk;     /* of an index in its order, until the page is full */
    int64_t expected; /* of the names, and of the others */
} searches[] = {
    {"'n17'", "", STORE_SEARCH_RANKED, false, 0},
    {"'17' & 'thing'", "", STORE_SEARCH_RANKED, false, 0},
    {"'thing'", "category = \"categories/7\"", STORE_SEARCH_RANKED, false, 0},
    {"'17'", "price < 500", STORE_SEARCH_NAMES_RANKED, false, 0},
    {"'thing'", "", STORE_SEARCH_NAMES_NEWEST, true, 60000},
    {"'thing'", "price < 500", STORE_SEARCH_NAMES_NEWEST, true, 60000},
    {"'thing'", "price < 500", STORE_SEARCH_NAMES_NEWEST, false, 1000},
    {"'thing'", "inventory > 0", STORE_SEARCH_REST_NEWEST, false, 1000},
    {"'17'", "", STORE_SEARCH_REST_NEWEST, false, 1000},
    {"'thing'", "", STORE_SEARCH_SAMPLED, false, 0},
    {"'thing'", "price < 500", STORE_SEARCH_SAMPLED, false, 0},
};

static int check_search(size_t index, struct nx_arena *arena)
{
    struct store_op op;
    char name[128];
    struct store_search search = {.wanted = nx_str_from(searches[index].wanted),
                                  .names = nx_str_from(searches[index].wanted),
                                  .begins = NX_STR("'^' <-> 'thing'"),
                                  .stage = searches[index].stage,
                                  .estimate = 2 * searches[index].expected,
                                  .names_estimate = searches[index].expected,
                                  .filtered_estimate = 2 * searches[index].expected + 1,
                                  .names_passed = -1,
                                  .newest = 60000,
                                  .limit = 26,
                                  .most = STORE_SEARCH_MOST_RANKED};
    store_op_init(&op, arena, NX_DEADLINE_NEVER, STORE_READ, on_done, NULL);
    nx_status status = store_search_set_filter(&search, nx_str_from(searches[index].filter), arena);
    store_search_choose(&search);
    status = status.code == NX_OK ? store_search_find(&op, &search) : status;
    if (status.code != NX_OK)
        fail_msg("%s", nx_status_message(status));
    run_script("begin");
    PQclear(query(store_sql_texts[op.steps[0]->sql].text));
    PGresult *lines = run_page(op.steps[1]->query, "explain (costs off) ");
    run_script("commit");
    struct plan plan = read_plan(lines, "", searches[index].is_walk);
    snprintf(name, sizeof name, "%s %s \"%s\"", op.steps[1]->query->name, searches[index].wanted,
             searches[index].filter);
    if (getenv("NEXUS_PRINT_PLANS"))
        print_plan(name, &plan);
    return blame(name, &plan, lines);
}

/* --- Tests --- */

static void test_plans__every_statement_is_classified(void **state)
{
    (void)state;
    for (int sql = 0; sql < STORE_SQL_COUNT; sql++) {
        if (!statements[sql])
            fail_msg("%s is not in the table of this test", store_sql_texts[sql].name);
    }
}

static void test_plans__what_is_hot_reads_no_whole_table(void **state)
{
    (void)state;
    bool prints = getenv("NEXUS_PRINT_PLANS") != NULL;
    int failures = 0;
    for (int sql = 0; sql < STORE_SQL_COUNT; sql++) {
        if (!is_hot(sql))
            continue;
        PGresult *lines = explain(&store_sql_texts[sql]);
        struct plan plan = read_plan(lines, strcmp(statements[sql], TREE) == 0 ? "category" : "",
                                     strcmp(statements[sql], WALK) == 0);
        if (prints)
            print_plan(store_sql_texts[sql].name, &plan);
        failures += blame(store_sql_texts[sql].name, &plan, lines);
    }
    assert_int_equal(failures, 0);
}

static void test_plans__pages_of_lists_read_no_whole_table(void **state)
{
    (void)state;
    int failures = 0;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct nx_arena *arena = nx_arena_new(MAX_BYTES);
        struct store_list list;
        assert_non_null(arena);
        const struct store_query *page = page_of(i, arena, NULL, &list);
        if (page) {
            failures += check_page(i, page, true);
            PGresult *result = run_page(page, "");
            const struct store_rows rows = {result, PQntuples(result), 0};
            struct nx_str keys[STORE_ORDER_MAX_KEYS];
            assert_in_range(rows.count, 1, 25);
            store_list_keys(lists[i].listing, &list, &rows, rows.count - 1, keys);
            failures += check_page(i, page_of(i, arena, keys, &list), false);
            PQclear(result);
        }
        nx_arena_destroy(arena);
    }
    assert_int_equal(failures, 0);
}

static void test_plans__the_document_lists_what_is_hot(void **state)
{
    (void)state;
    const char *source_dir = getenv("NEXUS_SOURCE_DIR");
    char path[1024];
    char *text = calloc(1, MAX_BYTES);
    snprintf(path, sizeof path, "%s/storage/README.md", source_dir ? source_dir : ".");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, MAX_BYTES - 1, file) > 0);
    (void)fclose(file);
    char missing[128] = "";
    for (int sql = 0; sql < STORE_SQL_COUNT && !*missing; sql++) {
        char row[128];
        snprintf(row, sizeof row, "| `%s` |", store_sql_texts[sql].name);
        if (is_hot(sql) && !strstr(text, row))
            memcpy(missing, row, sizeof row);
    }
    free(text);
    if (*missing)
        fail_msg("storage/README.md does not have %s", missing);
}

static void test_plans__a_search_reads_indexes(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(MAX_BYTES);
    int failures = 0;
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
        failures += check_search(i, arena);
        nx_arena_reset(arena);
    }
    nx_arena_destroy(arena);
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans__every_statement_is_classified),
        cmocka_unit_test(test_plans__what_is_hot_reads_no_whole_table),
        cmocka_unit_test(test_plans__pages_of_lists_read_no_whole_table),
        cmocka_unit_test(test_plans__the_document_lists_what_is_hot),
        cmocka_unit_test(test_plans__a_search_reads_indexes),
    };
    return cmocka_run_group_tests_name("plans", tests, set_up, tear_down);
}
