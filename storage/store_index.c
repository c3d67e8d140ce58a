#include "store_index.h"

#include <libpq-fe.h>
#include <string.h>

#include "store_order.h"

#define CONNECT_TIMEOUT_S "10"
#define MAX_PARAMS 2

/* Nobody waits for this lock: an index that is being built would wait for whoever does. */
static const char take_lock[] = "select pg_try_advisory_lock(7954896762662906216)";
static const char set_session[] = "select set_config('statement_timeout', '0', false),"
                                  " set_config('client_min_messages', 'warning', false)";
static const char read_key[] =
    "select coalesce((select type from catalog.attribute_index where key = $1), ''),"
    " coalesce((select case when indisvalid then 'ready' else 'unfinished' end from pg_index"
    " where indexrelid = to_regclass('catalog.' || catalog.attribute_index_name($1))), '')";
static const char create_text[] = "select catalog.attribute_index_text($1, $2)";
static const char drop_text[] = "select format('drop index concurrently if exists catalog.%I',"
                                " catalog.attribute_index_name($1))";
/* Those that an interrupted load has left to be made, too. */
static const char forget_key[] =
    "delete from catalog.index_pending where name = catalog.attribute_index_name($1)";
static const char forget[] = "delete from catalog.index_pending where name = $1";
static const char record[] = "insert into catalog.attribute_index (key, type) values ($1, $2)";
static const char unrecord[] = "delete from catalog.attribute_index where key = $1";
static const char analyze[] = "analyze catalog.product"; /* the index has statistics of its own */
static const char read_all[] =
    "select key, type, pg_size_pretty(coalesce(pg_relation_size(indexrelid), 0)),"
    " case when indisvalid then 'ready' else 'unfinished' end"
    " from catalog.attribute_index left join pg_index"
    " on indexrelid = to_regclass('catalog.' || catalog.attribute_index_name(key)) order by key";
static const char read_state[] =
    "select coalesce((select case when indisvalid then 'ready' else 'unfinished' end from pg_index"
    " where indexrelid = to_regclass('catalog.' || $1)),"
    " (select 'unfinished' from catalog.index_pending where name = $1), '')";
static const char read_orders[] =
    "select replace(substr(name, length('product_by_') + 1), '__', ', '), '',"
    " pg_size_pretty(coalesce(pg_relation_size(indexrelid), 0)),"
    " case when indisvalid then 'ready' else 'unfinished' end"
    " from (select relname::text as name from pg_class where relnamespace = 'catalog'::regnamespace"
    " union select name from catalog.index_pending) as names"
    " left join pg_index on indexrelid = to_regclass('catalog.' || name)"
    " where starts_with(name, 'product_by_') order by name";

#define MAX_NAME_BYTES 63

struct runner {
    struct nx_arena *arena;
    PGconn *pg;
};

static nx_status fail(const struct runner *runner, enum nx_code code)
{
    struct nx_str text = nx_str_from(PQerrorMessage(runner->pg));
    while (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    return nx_fail(runner->arena, code, "%.*s", (int)text.len, text.ptr);
}

static nx_status open_runner(struct runner *runner, struct nx_arena *arena, const char *conninfo)
{
    const char *const keys[] = {"dbname", "fallback_application_name", "client_encoding",
                                "connect_timeout", NULL};
    const char *const values[] = {conninfo, "nexus-index", "UTF8", CONNECT_TIMEOUT_S, NULL};
    runner->arena = arena;
    runner->pg = PQconnectdbParams(keys, values, 1);
    if (!runner->pg)
        return nx_fail_memory();
    PQsetErrorVerbosity(runner->pg, PQERRORS_TERSE);
    return PQstatus(runner->pg) == CONNECTION_OK ? NX_STATUS_OK : fail(runner, NX_UNAVAILABLE);
}

static nx_status query(struct runner *runner, const char *sql, const char *const *params,
                       PGresult **ret_result)
{
    int count = 0;
    while (params && count < MAX_PARAMS && params[count])
        count++;
    PGresult *result = PQexecParams(runner->pg, sql, count, NULL, params, NULL, NULL, 0);
    ExecStatusType kind = PQresultStatus(result);
    if (kind != PGRES_TUPLES_OK && kind != PGRES_COMMAND_OK) {
        PQclear(result);
        return fail(runner, PQstatus(runner->pg) == CONNECTION_OK ? NX_FAILED_PRECONDITION
                                                                  : NX_UNAVAILABLE);
    }
    *ret_result = result;
    return NX_STATUS_OK;
}

static nx_status run(struct runner *runner, const char *sql, const char *const *params)
{
    PGresult *result = NULL;
    NX_TRY(query(runner, sql, params, &result));
    PQclear(result);
    return NX_STATUS_OK;
}

/* A cell of the first row, copied. */
static nx_status copy_cell(const struct runner *runner, const PGresult *result, int row, int column,
                           const char **ret_text)
{
    *ret_text = nx_arena_strdup(runner->arena, nx_str_from(PQgetvalue(result, row, column)));
    return *ret_text ? NX_STATUS_OK : nx_fail_memory();
}

/* One row of one or two texts. */
static nx_status ask(struct runner *runner, const char *sql, const char *const *params,
                     const char **ret_first, const char **ret_second)
{
    PGresult *result = NULL;
    NX_TRY(query(runner, sql, params, &result));
    nx_status status = copy_cell(runner, result, 0, 0, ret_first);
    if (status.code == NX_OK && ret_second)
        status = copy_cell(runner, result, 0, 1, ret_second);
    PQclear(result);
    return status;
}

static nx_status begin_work(struct runner *runner)
{
    const char *got;
    NX_TRY(run(runner, set_session, NULL));
    NX_TRY(ask(runner, take_lock, NULL, &got, NULL));
    if (strcmp(got, "t") == 0)
        return NX_STATUS_OK;
    return nx_fail(runner->arena, NX_FAILED_PRECONDITION,
                   "another nexusctl is building an index; wait for it");
}

static nx_status drop(struct runner *runner, const char *key)
{
    const char *const params[] = {key, NULL};
    const char *text;
    NX_TRY(run(runner, forget_key, params));
    NX_TRY(ask(runner, drop_text, params, &text, NULL));
    return run(runner, text, NULL);
}

static nx_status build(struct runner *runner, const char *key, const char *type, bool *ret_built)
{
    const char *const params[] = {key, type, NULL};
    const char *const key_only[] = {key, NULL};
    const char *declared;
    const char *state;
    const char *text;
    NX_TRY(begin_work(runner));
    NX_TRY(ask(runner, read_key, key_only, &declared, &state));
    if (*declared && strcmp(declared, type) != 0)
        return nx_fail(runner->arena, NX_FAILED_PRECONDITION, "%s is declared as %s; drop it first",
                       key, declared);
    *ret_built = !*declared || strcmp(state, "ready") != 0;
    if (!*ret_built)
        return NX_STATUS_OK;
    NX_TRY(ask(runner, create_text, params, &text, NULL));
    NX_TRY(drop(runner, key)); /* an unfinished one, or one of another type */
    NX_TRY(run(runner, text, NULL));
    NX_TRY(run(runner, analyze, NULL));
    return *declared ? NX_STATUS_OK : run(runner, record, params);
}

nx_status store_index_add(struct nx_arena *arena, const char *conninfo, const char *key,
                          const char *type, bool *ret_built)
{
    struct runner runner;
    nx_status status = open_runner(&runner, arena, conninfo);
    if (status.code == NX_OK)
        status = build(&runner, key, type, ret_built);
    PQfinish(runner.pg);
    return status;
}

static nx_status take_back(struct runner *runner, const char *key, bool *ret_dropped)
{
    const char *const params[] = {key, NULL};
    const char *declared;
    const char *state;
    NX_TRY(begin_work(runner));
    NX_TRY(ask(runner, read_key, params, &declared, &state));
    *ret_dropped = *declared || *state;
    NX_TRY(run(runner, unrecord, params));
    return drop(runner, key);
}

nx_status store_index_drop(struct nx_arena *arena, const char *conninfo, const char *key,
                           bool *ret_dropped)
{
    struct runner runner;
    nx_status status = open_runner(&runner, arena, conninfo);
    if (status.code == NX_OK)
        status = take_back(&runner, key, ret_dropped);
    PQfinish(runner.pg);
    return status;
}

static nx_status copy_entries(const struct runner *runner, const PGresult *result,
                              struct store_index_entry *entries)
{
    for (int row = 0; row < PQntuples(result); row++) {
        struct store_index_entry *entry = &entries[row];
        NX_TRY(copy_cell(runner, result, row, 0, &entry->key));
        NX_TRY(copy_cell(runner, result, row, 1, &entry->type));
        NX_TRY(copy_cell(runner, result, row, 2, &entry->size));
        NX_TRY(copy_cell(runner, result, row, 3, &entry->state));
    }
    return NX_STATUS_OK;
}

static nx_status list(struct nx_arena *arena, const char *conninfo, const char *sql,
                      struct store_index_entry **ret_entries, int *ret_count)
{
    struct runner runner;
    PGresult *result = NULL;
    struct store_index_entry *entries = NULL;
    nx_status status = open_runner(&runner, arena, conninfo);
    if (status.code == NX_OK)
        status = query(&runner, sql, NULL, &result);
    if (status.code == NX_OK) {
        entries = nx_arena_calloc(arena, (size_t)PQntuples(result), sizeof *entries);
        status = entries ? copy_entries(&runner, result, entries) : nx_fail_memory();
    }
    if (status.code == NX_OK) {
        *ret_entries = entries;
        *ret_count = PQntuples(result);
    }
    PQclear(result);
    PQfinish(runner.pg);
    return status;
}

nx_status store_index_list(struct nx_arena *arena, const char *conninfo,
                           struct store_index_entry **ret_entries, int *ret_count)
{
    return list(arena, conninfo, read_all, ret_entries, ret_count);
}

nx_status store_index_list_orders(struct nx_arena *arena, const char *conninfo,
                                  struct store_index_entry **ret_entries, int *ret_count)
{
    return list(arena, conninfo, read_orders, ret_entries, ret_count);
}

/* --- Orders --- */

/* The index of an order. */
struct order_index {
    const char *name; /* product_by_brand__price */
    const char *create;
    const char *drop;
};

static nx_status refuse(struct nx_arena *arena, const char *what)
{
    return nx_fail(arena, NX_INVALID_ARGUMENT, "%s", what);
}

static nx_status check_order(struct nx_arena *arena, const struct store_order *order)
{
    if (order->count < 3) /* two and the id */
        return refuse(arena, "an order by one field has an index already; say two fields or more");
    for (unsigned i = 0; i + 1 < order->count; i++) {
        if (order->keys[i].json || !order->keys[i].field)
            return refuse(arena, "an order by attributes is indexed by its first field alone");
        if (order->keys[i].is_descending != order->keys[0].is_descending)
            return refuse(arena, "all fields must have one direction: \"brand, price\" or "
                                 "\"brand desc, price desc\", which have the same index");
    }
    return NX_STATUS_OK;
}

/* The fields' names or, with the id, what they are in SQL. NULL: no memory. */
static const char *list_keys(struct nx_arena *arena, const struct store_order *order, bool as_names)
{
    const char *text = "";
    for (unsigned i = 0; text && i < order->count - as_names; i++) /* the id has no name */
        text = as_names ? nx_arena_printf(arena, "%s%s%s", text, i > 0 ? "__" : "",
                                          order->keys[i].field->name)
                        : nx_arena_printf(arena, "%s%s(%s)", text, i > 0 ? ", " : "",
                                          order->keys[i].sql);
    return text;
}

static nx_status describe_order(struct nx_arena *arena, const char *order_by,
                                struct order_index *ret)
{
    struct store_order order;
    NX_TRY(store_order_parse(&store_product_fields, nx_str_from(order_by), NULL, arena, &order));
    NX_TRY(check_order(arena, &order));
    const char *names = list_keys(arena, &order, true);
    const char *keys = list_keys(arena, &order, false);
    if (!names || !keys)
        return nx_fail_memory();
    ret->name = nx_arena_printf(arena, "product_by_%s", names);
    ret->create = nx_arena_printf(arena,
                                  "create index concurrently product_by_%s on catalog.product (%s)"
                                  " where delete_time is null",
                                  names, keys);
    ret->drop =
        nx_arena_printf(arena, "drop index concurrently if exists catalog.product_by_%s", names);
    if (!ret->name || !ret->create || !ret->drop)
        return nx_fail_memory();
    if (strlen(ret->name) > MAX_NAME_BYTES)
        return refuse(arena, "an order of so many fields cannot be indexed");
    return NX_STATUS_OK;
}

static nx_status find_order(struct runner *runner, const struct order_index *index,
                            const char **ret_state)
{
    const char *const params[] = {index->name, NULL};
    NX_TRY(begin_work(runner));
    return ask(runner, read_state, params, ret_state, NULL);
}

static nx_status drop_order(struct runner *runner, const struct order_index *index)
{
    const char *const params[] = {index->name, NULL};
    NX_TRY(run(runner, forget, params));
    return run(runner, index->drop, NULL);
}

static nx_status build_order(struct runner *runner, const struct order_index *index,
                             bool *ret_built)
{
    const char *state;
    NX_TRY(find_order(runner, index, &state));
    *ret_built = strcmp(state, "ready") != 0;
    if (!*ret_built)
        return NX_STATUS_OK;
    NX_TRY(drop_order(runner, index)); /* an unfinished one */
    NX_TRY(run(runner, index->create, NULL));
    return run(runner, analyze, NULL);
}

nx_status store_index_add_order(struct nx_arena *arena, const char *conninfo, const char *order_by,
                                bool *ret_built)
{
    struct runner runner;
    struct order_index index = {NULL, NULL, NULL};
    NX_TRY(describe_order(arena, order_by, &index));
    nx_status status = open_runner(&runner, arena, conninfo);
    if (status.code == NX_OK)
        status = build_order(&runner, &index, ret_built);
    PQfinish(runner.pg);
    return status;
}

nx_status store_index_drop_order(struct nx_arena *arena, const char *conninfo, const char *order_by,
                                 bool *ret_dropped)
{
    struct runner runner;
    struct order_index index = {NULL, NULL, NULL};
    const char *state = "";
    NX_TRY(describe_order(arena, order_by, &index));
    nx_status status = open_runner(&runner, arena, conninfo);
    if (status.code == NX_OK)
        status = find_order(&runner, &index, &state);
    if (status.code == NX_OK)
        status = drop_order(&runner, &index);
    *ret_dropped = *state;
    PQfinish(runner.pg);
    return status;
}
