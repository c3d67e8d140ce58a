#include "store_search.h"

#include <stdlib.h>
#include <string.h>

#include "store_filter.h"

/* To find the newest of those that have some words and pass a filter, all are collected, or a walk
 * from the newest product on goes until it has met enough. The walk is tried, as it gives up in
 * time, where so many are expected. */
#define WALK_PAYS 1000
/* So far, or less where the others are found out by the index alone. */
#define LONGEST_WALK 20000
#define SHORT_WALK 5000
#define MANY_FOR_SUGGESTIONS 10000
/* In the planner's units; about 10,000 products that are looked at. */
#define CHEAP_COST 15000
/* As the index search_entry_sample has it: one of STORE_SEARCH_SAMPLE_SHARE. */
#define IS_SAMPLED "(hashint8(entry.product_id) & 7) = 0"

void store_search_plan(struct store_op *op, struct nx_str texts, struct nx_str kinds)
{
    op->flags |= STORE_SLOW;
    store_op_step(op, STORE_SQL_SEARCH_PLAN);
    store_bind_text(op, texts);
    store_bind_text(op, kinds);
}

void store_search_nearest(struct store_op *op, struct nx_str texts)
{
    op->flags |= STORE_SLOW;
    store_op_step(op, STORE_SQL_SEARCH_NEAREST);
    store_bind_text(op, texts);
}

void store_search_rows(struct store_op *op, const int64_t *ids, size_t count, struct nx_str wanted)
{
    op->flags |= STORE_SLOW;
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

/* The part of a query before the next " & " that stands outside of quotes and parentheses; what is
 * not to be had stays with what is before it. Goes on behind it. */
static struct nx_str next_part(struct nx_str *rest)
{
    size_t at = 0;
    unsigned depth = 0;
    bool quoted = false;
    for (; at < rest->len; at++) {
        char c = rest->ptr[at];
        if (c == '\'')
            quoted = !quoted; /* two within a word are none */
        else if (!quoted && c == '(')
            depth++;
        else if (!quoted && c == ')')
            depth--;
        else if (!quoted && depth == 0 && c == '&' && at + 2 < rest->len &&
                 rest->ptr[at + 2] != '!')
            break;
    }
    struct nx_str part = {rest->ptr, at};
    at = at < rest->len ? at + 1 : at;
    *rest = (struct nx_str){rest->ptr + at, rest->len - at};
    return part;
}

static const char has_words[] = "entry.lexemes @@ ";
static const char has_names[] = "ts_filter(entry.lexemes, '{a,b}') @@ "; /* has an index */

/* Each term on its own: the index then goes on from one to the next place that all may have, and
 * does not try the many words of each at every place. */
static void add_words(struct store_query *query, struct nx_str wanted)
{
    add_lexemes(query, has_words, next_part(&wanted));
    while (wanted.len > 0) {
        store_query_add(query, " and ");
        add_lexemes(query, has_words, next_part(&wanted));
    }
}

/* The same as has_names, but cheaper to see of one row: 'red' becomes 'red':AB. */
static void add_named(struct store_query *query, struct nx_str names)
{
    store_query_add(query, "entry.lexemes @@ regexp_replace(");
    store_query_add_text(query, names);
    store_query_add(query, "::text, '''(?= |\\)|$)', ''':AB', 'g')::tsquery");
}

/* The conditions of a stage. What has the words in its names has them; the planner does not know
 * that, and would think that few have both. */
static void add_all(struct store_query *query, const struct store_search *search)
{
    add_words(query, search->wanted);
}

/* Of what a filter leaves the planner expects the same share among couches as among all; what has
 * passed of the names tells better. */
static double share_of_filter(const struct store_search *search)
{
    double share = (double)search->filtered_estimate / (double)(search->estimate + 1);
    if (search->stage != STORE_SEARCH_REST_NEWEST || search->names_passed < 0)
        return share;
    double passed = (double)(search->names_passed + 1) / (double)(search->names_estimate + 1);
    return passed < share ? passed : share;
}

/* Where there is no filter, those that are ranked are few enough to make any other a short walk. */
bool store_search_walks(const struct store_search *search)
{
    if (search->is_stuck ||
        (search->stage != STORE_SEARCH_NAMES_NEWEST && search->stage != STORE_SEARCH_REST_NEWEST))
        return false;
    if (search->filter.len == 0 || search->are_many || search->filtered_estimate == 0)
        return true;
    double found = (double)search->names_estimate;
    if (search->stage == STORE_SEARCH_REST_NEWEST)
        found = (double)search->estimate - found;
    return found * share_of_filter(search) > WALK_PAYS;
}

static void add_names(struct store_query *query, const struct store_search *search)
{
    if (search->walks)
        add_named(query, search->names);
    else
        add_lexemes(query, has_names, search->names);
    if (search->excluded.len > 0) {
        store_query_add(query, " and not ");
        add_lexemes(query, has_words, search->excluded);
    }
}

static void add_rest(struct store_query *query, const struct store_search *search)
{
    add_words(query, search->wanted);
    store_query_add(query, " and not ");
    add_named(query, search->names);
}

static void add_sampled(struct store_query *query, const struct store_search *search)
{
    add_words(query, search->wanted);
    store_query_add(query, " and " IS_SAMPLED);
}

static void (*const add_stage[])(struct store_query *, const struct store_search *) = {
    [STORE_SEARCH_RANKED] = add_all,         [STORE_SEARCH_NAMES_RANKED] = add_names,
    [STORE_SEARCH_NAMES_NEWEST] = add_names, [STORE_SEARCH_REST_NEWEST] = add_rest,
    [STORE_SEARCH_ORDERED] = add_all,        [STORE_SEARCH_SOME] = add_all,
    [STORE_SEARCH_SAMPLED] = add_sampled,
};

static void add_behind(struct store_query *query, const struct store_search *search)
{
    store_query_add(query, " entry.product_id < ");
    store_query_add_int8(query, search->after_id);
}

/* Append " from ...": all entries, or as many as a walk may try. */
static void add_entries(struct store_query *query, const struct store_search *search, bool is_fact)
{
    if (!search->walks || search->filter.len == 0) {
        store_query_add(query, " from catalog.search_entry as entry");
        return;
    }
    store_query_add(query, " from (select product_id, lexemes from catalog.search_entry as entry");
    if (search->is_continued) {
        store_query_add(query, " where");
        add_behind(query, search);
    }
    store_query_add(query, " order by product_id desc limit ");
    store_query_add_int8(query, is_fact ? SHORT_WALK : LONGEST_WALK);
    store_query_add(query, ") as entry");
}

/* What an index has of those that pass the filter. A walk uses none, and the planner, who does not
 * know that it says the same as the filter, would expect too few. */
static nx_status add_facts(struct store_query *query, struct store_op *op,
                           const struct store_search *search)
{
    bool is_of_names =
        search->stage == STORE_SEARCH_NAMES_RANKED || search->stage == STORE_SEARCH_NAMES_NEWEST;
    if (search->walks || search->is_guess)
        return NX_STATUS_OK;
    return store_filter_add_facts(query, &store_product_fields, search->filter,
                                  is_of_names ? has_names : has_words, op->arena);
}

/* Append " from ... where ...": entries, with their products if something asks for them. */
static nx_status add_found(struct store_query *query, struct store_op *op,
                           const struct store_search *search, bool with_product)
{
    bool filtered = search->filter.len > 0;
    bool is_fact = false;
    if (filtered)
        NX_TRY(store_filter_is_fact(&store_product_fields, search->filter, op->arena, &is_fact));
    add_entries(query, search, is_fact);
    is_fact = is_fact && !search->walks && !search->is_guess;
    if ((filtered && !is_fact) || with_product)
        store_query_add(query, " join catalog.product on product.id = entry.product_id");
    store_query_add(query, " where ");
    add_stage[search->stage](query, search);
    if (!filtered)
        return NX_STATUS_OK;
    if (!is_fact) {
        store_query_add(query, " and ");
        NX_TRY(store_filter_add(query, &store_product_fields, search->filter, op->arena));
    }
    return add_facts(query, op, search);
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

/* The planner would walk too soon: it takes rows that are side by side for as dear as others. */
static nx_status add_collected(struct store_query *query, struct store_op *op,
                               const struct store_search *search)
{
    store_query_add(query, "with collected as materialized (select entry.product_id");
    NX_TRY(add_found(query, op, search, false));
    store_query_add(query, ") select entry.product_id, 0::bigint, 0::bigint "
                           "from collected as entry");
    if (search->is_continued) {
        store_query_add(query, " where");
        add_behind(query, search);
    }
    return NX_STATUS_OK;
}

static nx_status add_newest(struct store_query *query, struct store_op *op,
                            const struct store_search *search)
{
    if (!search->walks) {
        NX_TRY(add_collected(query, op, search));
    } else {
        store_query_add(query, "select entry.product_id, 0::bigint, 0::bigint");
        NX_TRY(add_found(query, op, search, false));
        if (search->is_continued) {
            store_query_add(query, " and");
            add_behind(query, search);
        }
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

static nx_status add_some(struct store_query *query, struct store_op *op,
                          const struct store_search *search)
{
    store_query_add(query, "select entry.product_id");
    return add_found(query, op, search, false);
}

static const struct {
    const char *name;
    nx_status (*add)(struct store_query *, struct store_op *, const struct store_search *);
} stages[] = {
    [STORE_SEARCH_RANKED] = {"search_ranked", add_ranked},
    [STORE_SEARCH_NAMES_RANKED] = {"search_names_ranked", add_ranked},
    [STORE_SEARCH_NAMES_NEWEST] = {"search_names_newest", add_newest},
    [STORE_SEARCH_REST_NEWEST] = {"search_rest_newest", add_newest},
    [STORE_SEARCH_ORDERED] = {"search_ordered", add_ordered},
    [STORE_SEARCH_SOME] = {"search_some", add_some},
    [STORE_SEARCH_SAMPLED] = {"search_sampled", add_some},
};

nx_status store_search_find(struct store_op *op, const struct store_search *search)
{
    struct store_search page = *search;
    page.walks = store_search_walks(search);
    struct store_query *query = store_query_new(op->arena, stages[page.stage].name);
    NX_TRY(stages[page.stage].add(query, op, &page));
    store_query_add(query, " limit ");
    store_query_add_int8(query, page.limit);
    add_steps(op,
              page.walks && page.stage == STORE_SEARCH_NAMES_NEWEST ? STORE_SQL_SEARCH_WALK
                                                                    : STORE_SQL_SEARCH_PLAINLY,
              query);
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
    struct store_search guess = *search;
    guess.is_guess = true;
    store_query_add(query, "explain select");
    NX_TRY(add_found(query, op, &guess, false));
    add_steps(op, STORE_SQL_SEARCH_PLAINLY, query);
    return NX_STATUS_OK;
}

int64_t store_search_estimated(const struct store_rows *rows)
{
    /* "Nested Loop  (cost=12.53..845.11 rows=123 width=0)" */
    const char *at = rows->count > 0 ? strstr(store_text(rows, 0, 0).ptr, "rows=") : NULL;
    return at ? strtoll(at + strlen("rows="), NULL, 10) : 0;
}

bool store_search_is_cheap(const struct store_rows *rows)
{
    const char *at = rows->count > 0 ? strstr(store_text(rows, 0, 0).ptr, "..") : NULL;
    return !at || strtod(at + strlen(".."), NULL) <= CHEAP_COST;
}

/* --- Facets --- */

void store_search_facets(struct store_op *op, const int64_t *ids, size_t count, struct nx_str names)
{
    op->flags |= STORE_SLOW;
    store_op_step(op, STORE_SQL_SEARCH_STEADILY);
    store_op_step(op, STORE_SQL_SEARCH_FACETS);
    store_bind_int8_array(op, ids, count);
    store_bind_text(op, names);
}

/* --- Suggestions, similar products --- */

void store_search_suggest(struct store_op *op, struct nx_str text, struct nx_str names,
                          int64_t names_estimate, int32_t limit)
{
    op->flags |= STORE_SLOW;
    store_op_step(op, STORE_SQL_SEARCH_STEADILY);
    store_op_step(op, STORE_SQL_SEARCH_SUGGEST);
    store_bind_text(op, text);
    store_bind_text(op, names);
    store_bind_int4(op, limit);
    store_bind_bool(op, names_estimate > MANY_FOR_SUGGESTIONS);
}

void store_search_similar(struct store_op *op, int64_t id, int32_t limit)
{
    op->flags |= STORE_SLOW;
    store_op_step(op, STORE_SQL_SEARCH_STEADILY);
    store_op_step(op, STORE_SQL_SEARCH_SIMILAR);
    store_bind_int8(op, id);
    store_bind_int4(op, limit);
}
