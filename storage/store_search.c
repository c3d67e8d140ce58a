#include "store_search.h"

#include <stdlib.h>
#include <string.h>

#include "store_filter.h"

void store_search_plan(struct store_op *op, struct nx_str texts, struct nx_str kinds)
{
    store_op_step(op, STORE_SQL_SEARCH_PLAN);
    store_bind_text(op, texts);
    store_bind_text(op, kinds);
}

void store_search_nearest(struct store_op *op, struct nx_str texts)
{
    store_op_step(op, STORE_SQL_SEARCH_NEAREST);
    store_bind_text(op, texts);
}

void store_search_rows(struct store_op *op, const int64_t *ids, size_t count, struct nx_str wanted)
{
    store_op_step(op, STORE_SQL_SEARCH_ROWS);
    store_bind_int8_array(op, ids, count);
    store_bind_text(op, wanted);
}

/* --- What is found --- */

static void add_tsquery(struct store_query *query, struct nx_str text)
{
    store_query_add(query, "(");
    store_query_add_text(query, text);
    store_query_add(query, "::text)::tsquery");
}

static void add_lexemes(struct store_query *query, const char *what, struct nx_str text)
{
    store_query_add(query, what);
    add_tsquery(query, text);
}

static const char has_words[] = "entry.lexemes @@ ";
static const char has_names[] = "ts_filter(entry.lexemes, '{a,b}') @@ ";

/* The conditions of a stage. What has the words in its names has them; the planner does not know
 * that, and would think that few have both. */
static void add_all(struct store_query *query, const struct store_search *search)
{
    add_lexemes(query, has_words, search->wanted);
}

static void add_names(struct store_query *query, const struct store_search *search)
{
    add_lexemes(query, has_names, search->names);
    if (search->excluded.len > 0) {
        store_query_add(query, " and not ");
        add_lexemes(query, has_words, search->excluded);
    }
}

static void add_rest(struct store_query *query, const struct store_search *search)
{
    add_lexemes(query, has_words, search->wanted);
    store_query_add(query, " and not ");
    add_lexemes(query, has_names, search->names);
}

static void (*const add_stage[])(struct store_query *, const struct store_search *) = {
    [STORE_SEARCH_RANKED] = add_all,         [STORE_SEARCH_NAMES_RANKED] = add_names,
    [STORE_SEARCH_NAMES_NEWEST] = add_names, [STORE_SEARCH_REST_NEWEST] = add_rest,
    [STORE_SEARCH_ORDERED] = add_all,
};

/* Append " from ... where ...": entries, with their products if something asks for them. */
static nx_status add_found(struct store_query *query, struct store_op *op,
                           const struct store_search *search, bool with_product)
{
    bool filtered = search->filter.len > 0;
    store_query_add(query, " from catalog.search_entry as entry");
    if (filtered || with_product)
        store_query_add(query, " join catalog.product on product.id = entry.product_id");
    store_query_add(query, " where ");
    add_stage[search->stage](query, search);
    if (!filtered)
        return NX_STATUS_OK;
    store_query_add(query, " and ");
    return store_filter_add(query, &store_product_fields, search->filter, op->arena);
}

static void add_steps(struct store_op *op, enum store_sql how, struct store_query *query)
{
    store_op_step(op, how);
    store_op_step_query(op, query);
}

/* --- Pages --- */

static nx_status add_ranked(struct store_query *query, struct store_op *op,
                            const struct store_search *search)
{
    store_query_add(query, "with found as materialized (select entry.product_id, entry.lexemes");
    NX_TRY(add_found(query, op, search, false));
    store_query_add(query, " limit ");
    store_query_add_int8(query, search->most + 1);
    store_query_add(query,
                    "), scored as (select product_id, case when (select count(*) from found) > ");
    store_query_add_int8(query, search->most);
    store_query_add(query, " then 0 else catalog.search_score(lexemes, ");
    add_tsquery(query, search->wanted);
    store_query_add(query, ", ");
    add_tsquery(query, search->begins);
    store_query_add(query, ") end as score from found) "
                           "select product_id, score, (select count(*) from found) from scored");
    if (search->is_continued) {
        store_query_add(query, " where (score, product_id) < (");
        store_query_add_int8(query, search->after_score);
        store_query_add(query, ", ");
        store_query_add_int8(query, search->after_id);
        store_query_add(query, ")");
    }
    store_query_add(query, " order by score desc, product_id desc");
    return NX_STATUS_OK;
}

static nx_status add_newest(struct store_query *query, struct store_op *op,
                            const struct store_search *search)
{
    store_query_add(query, "select entry.product_id, 0::bigint, 0::bigint");
    NX_TRY(add_found(query, op, search, false));
    if (search->is_continued) {
        store_query_add(query, " and entry.product_id < ");
        store_query_add_int8(query, search->after_id);
    }
    store_query_add(query, " order by entry.product_id desc");
    return NX_STATUS_OK;
}

static nx_status add_ordered(struct store_query *query, struct store_op *op,
                             const struct store_search *search)
{
    store_query_add(query, "select entry.product_id, 0::bigint, 0::bigint");
    store_order_add_keys(query, search->order);
    NX_TRY(add_found(query, op, search, true));
    if (search->is_continued)
        store_order_add_after(query, search->order, search->after_keys);
    store_order_add(query, search->order);
    return NX_STATUS_OK;
}

static const struct {
    const char *name;
    enum store_sql how;
    nx_status (*add)(struct store_query *, struct store_op *, const struct store_search *);
} stages[] = {
    [STORE_SEARCH_RANKED] = {"search_ranked", STORE_SQL_SEARCH_PLAINLY, add_ranked},
    [STORE_SEARCH_NAMES_RANKED] = {"search_names_ranked", STORE_SQL_SEARCH_PLAINLY, add_ranked},
    [STORE_SEARCH_NAMES_NEWEST] = {"search_names_newest", STORE_SQL_SEARCH_WALK, add_newest},
    [STORE_SEARCH_REST_NEWEST] = {"search_rest_newest", STORE_SQL_SEARCH_PLAINLY, add_newest},
    [STORE_SEARCH_ORDERED] = {"search_ordered", STORE_SQL_SEARCH_PLAINLY, add_ordered},
};

nx_status store_search_find(struct store_op *op, const struct store_search *search)
{
    struct store_query *query = store_query_new(op->arena, stages[search->stage].name);
    NX_TRY(stages[search->stage].add(query, op, search));
    store_query_add(query, " limit ");
    store_query_add_int8(query, search->limit);
    add_steps(op, stages[search->stage].how, query);
    return NX_STATUS_OK;
}

/* --- Counting --- */

nx_status store_search_count(struct store_op *op, const struct store_search *search)
{
    struct store_query *query = store_query_new(op->arena, "search_count");
    store_query_add(query, "select count(*) from (select");
    NX_TRY(add_found(query, op, search, false));
    store_query_add(query, " limit ");
    store_query_add_int8(query, search->most + 1);
    store_query_add(query, ") as found");
    add_steps(op, STORE_SQL_SEARCH_PLAINLY, query);
    return NX_STATUS_OK;
}

nx_status store_search_estimate(struct store_op *op, const struct store_search *search)
{
    struct store_query *query = store_query_new(op->arena, "search_estimate");
    store_query_add(query, "explain select");
    NX_TRY(add_found(query, op, search, false));
    add_steps(op, STORE_SQL_SEARCH_PLAINLY, query);
    return NX_STATUS_OK;
}

int64_t store_search_estimated(const struct store_rows *rows)
{
    /* "Nested Loop  (cost=12.53..845.11 rows=123 width=0)" */
    const char *at = rows->count > 0 ? strstr(store_text(rows, 0, 0).ptr, "rows=") : NULL;
    return at ? strtoll(at + strlen("rows="), NULL, 10) : 0;
}

/* --- Facets --- */

/* What a facet's rows are made of, from `found`; "%" stands for the facet's number, "$" for its
 * key. */
static const char *const facet_sql[] = {
    [STORE_FACET_CATEGORY] =
        "(select %, 'categories/' || found.category_id, min(category.title), null, null, null, "
        "count(*) "
        "from found join catalog.category on category.id = found.category_id "
        "group by found.category_id order by count(*) desc, found.category_id limit 20)",
    [STORE_FACET_BRAND] =
        "(select %, brand, brand, null, null, null, count(*) from found "
        "where brand <> '' group by brand order by count(*) desc, brand limit 20)",
    [STORE_FACET_PRICE] =
        "(select %, null, null, range.currency, range.min_price, range.max_price, count(*) "
        "from (select price_currency, catalog.search_price_steps(array_agg(price_amount)) as steps "
        "from found where price_amount is not null group by price_currency "
        "order by count(*) desc, price_currency limit 4) as currency, "
        "lateral (select currency.price_currency as currency, steps[i] as min_price, "
        "steps[i + 1] as max_price from generate_subscripts(steps, 1) as i) as range "
        "join found on found.price_currency = range.currency "
        "and found.price_amount >= range.min_price "
        "and (range.max_price is null or found.price_amount < range.max_price) "
        "group by range.currency, range.min_price, range.max_price "
        "order by range.currency, range.min_price)",
    [STORE_FACET_ATTRIBUTE] =
        "(select %, value::text, value #>> '{}', null, null, null, count(*) "
        "from (select attributes #> string_to_array($, '.') as value from found) as had "
        "where jsonb_typeof(value) in ('string', 'number', 'boolean') "
        "and char_length(value #>> '{}') <= 256 "
        "group by value order by count(*) desc, value limit 20)",
};

static void add_facet(struct store_query *query, const struct store_facet *facet, unsigned index)
{
    for (const char *at = facet_sql[facet->kind]; *at; at++) {
        const char piece[] = {*at, '\0'};
        if (*at == '%')
            store_query_add_int4(query, (int32_t)index);
        else if (*at == '$')
            store_query_add_text(query, facet->key);
        else
            store_query_add(query, piece);
    }
}

nx_status store_search_facets(struct store_op *op, const struct store_search *search,
                              const struct store_facet *facets, unsigned count)
{
    struct store_query *query = store_query_new(op->arena, "search_facets");
    store_query_add(query, "with found as materialized (select product.category_id, product.brand, "
                           "product.price_currency, product.price_amount, product.attributes");
    NX_TRY(add_found(query, op, search, true));
    store_query_add(query, " limit ");
    store_query_add_int8(query, search->most + 1);
    store_query_add(query, ") select null::integer, null::text, null::text, null::text, "
                           "null::numeric, null::numeric, count(*) from found");
    for (unsigned i = 0; i < count; i++) {
        store_query_add(query, " union all ");
        add_facet(query, &facets[i], i);
    }
    add_steps(op, STORE_SQL_SEARCH_PLAINLY, query);
    return NX_STATUS_OK;
}

/* --- Suggestions, similar products --- */

void store_search_suggest(struct store_op *op, struct nx_str text, struct nx_str names,
                          int32_t limit)
{
    store_op_step(op, STORE_SQL_SEARCH_PLAINLY);
    store_op_step(op, STORE_SQL_SEARCH_SUGGEST);
    store_bind_text(op, text);
    store_bind_text(op, names);
    store_bind_int4(op, limit);
}

void store_search_similar(struct store_op *op, int64_t id, int32_t limit)
{
    store_op_step(op, STORE_SQL_SEARCH_PLAINLY);
    store_op_step(op, STORE_SQL_SEARCH_SIMILAR);
    store_bind_int8(op, id);
    store_bind_int4(op, limit);
}
