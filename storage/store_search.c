#include "store_search_part.h"

#include <stdlib.h>
#include <string.h>

#define MANY_FOR_SUGGESTIONS 10000
/* So many of the sample are looked at to see whether they are too many to be ranked. */
#define MOST_TRIED 1000
/* In the planner's units; about 10,000 products that are looked at. */
#define CHEAP_COST 15000
/* As the index search_entry_sample has it: one of STORE_SEARCH_SAMPLE_SHARE. */
#define IS_SAMPLED "(hashint8(entry.product_id) & 7) = 0"

nx_status store_search_set_filter(struct store_search *search, struct nx_str filter,
                                  struct nx_arena *arena)
{
    NX_TRY(store_filter_add(store_query_new(arena, "search_filter"), &store_product_fields, filter,
                            arena));
    search->filter = filter;
    return store_filter_facts(&store_product_fields, filter, arena, &search->facts);
}

/* As the statement search_plan, and what is expected of facts. */
static void add_plan(struct store_op *op, struct nx_str texts, struct nx_str kinds,
                     const struct store_facts *facts)
{
    struct store_query *query = store_query_new(op->arena, "search_plan");
    store_query_add(query, "select " STORE_FRAGMENT_SEARCH_PLANNED ", array[");
    for (unsigned i = 0; i < facts->count; i++) {
        store_query_add(query, i > 0 ? ", catalog.search_estimate(" : "catalog.search_estimate(");
        store_fact_add(query, &facts->all[i]);
        store_query_add(query, ", false)");
    }
    store_query_add(query, "] from catalog.search_plan(string_to_array(");
    store_query_add_text(query, texts);
    store_query_add(query, "::text, E'\n'), string_to_array(");
    store_query_add_text(query, kinds);
    store_query_add(query, "::text, null))");
    store_op_step_query(op, query);
}

void store_search_plan(struct store_op *op, struct nx_str texts, struct nx_str kinds,
                       const struct store_facts *facts)
{
    op->flags |= STORE_SLOW;
    if (facts && facts->count > 0) {
        add_plan(op, texts, kinds, facts);
        return;
    }
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

/* The sample tells that they are too many to be ranked, in an eighth of the time of finding that
 * out: if it has so many more than are in it, by chance, of the most that may be ranked. For it to
 * be wrong about 1,000 the chance is one in a million. */
static int64_t surely_many(const struct store_search *search)
{
    return search->most / STORE_SEARCH_SAMPLE_SHARE * 7 / 5;
}

/* Whether it is worth it to ask the sample: there is a filter, which takes its time, too, and they
 * may be too many, though few are expected, as several words may belong together. */
static bool asks_sample(const struct store_search *search)
{
    bool of_names = store_search_is_of_names(search->stage);
    bool are_several = memchr(search->wanted.ptr, '&', search->wanted.len);
    int64_t expected = of_names ? search->names_estimate : search->estimate;
    return search->filter.len > 0 && expected > (are_several ? 50 : 500);
}

/* Of the sample some of those that have the words are tried, however few of them pass. */
static void add_sampled_entries(struct store_query *query, const struct store_search *search)
{
    store_query_add(query, " from (select product_id, lexemes from catalog.search_entry as entry "
                           "where ");
    add_sampled(query, search);
    store_query_add(query, " limit ");
    store_query_add_int8(query, MOST_TRIED);
    store_query_add(query, ") as entry");
}

/* Append " from ...": all entries, or those that a walk may try. */
static void add_entries(struct store_query *query, const struct store_search *search)
{
    if (search->is_tried) {
        add_sampled_entries(query, search);
        return;
    }
    if (!search->walks) {
        store_query_add(query, " from catalog.search_entry as entry");
        return;
    }
    store_query_add(query, " from (select product_id, lexemes from catalog.search_entry as entry "
                           "where entry.product_id >= ");
    store_query_add_int8(query, search->since);
    if (search->is_continued) {
        store_query_add(query, " and");
        add_behind(query, search);
    }
    store_query_add(query, " order by product_id desc limit ");
    store_query_add_int8(query, STORE_SEARCH_LONGEST_WALK);
    store_query_add(query, ") as entry");
}

/* Append the part of all that is read by an index. */
static void add_part(struct store_query *query, const struct store_search *search)
{
    int64_t blocks[STORE_SEARCH_MOST_BLOCKS];
    size_t count = store_search_blocks(search, blocks);
    if (count == 0)
        return;
    store_query_add(query, " and array[entry.product_id >> 14] && ");
    store_query_add_int8s(query, blocks, count);
}

/* What entries have of those that pass the filter: seen of each row, or found by the index, too. */
static void add_facts(struct store_query *query, const struct store_search *search)
{
    const char *indexed = store_search_is_of_names(search->stage) ? has_names : has_words;
    for (unsigned i = 0; i < search->facts.count; i++) {
        const struct store_fact *fact = &search->facts.all[i];
        bool by_index = store_search_uses_index(search, fact);
        store_query_add(query, " and ");
        store_query_add(query, by_index ? indexed : "ts_match_vq(entry.lexemes, ");
        store_fact_add(query, fact);
        store_query_add(query, by_index ? "" : ")");
    }
}

/* Append " from ... where ...": entries, with their products if something asks for them. A guess
 * is made without facts: the planner, who does not know that they say the same as the filter,
 * would expect too few. */
static nx_status add_found(struct store_query *query, struct store_op *op,
                           const struct store_search *search, bool with_product)
{
    bool is_filtered = search->filter.len > 0;
    bool do_facts_suffice = search->facts.suffice && !search->is_guess;
    add_entries(query, search);
    if ((is_filtered && !do_facts_suffice) || with_product)
        store_query_add(query, " join catalog.product on product.id = entry.product_id");
    store_query_add(query, " where ");
    if (search->is_tried && store_search_is_of_names(search->stage))
        add_named(query, search->names);
    else if (search->is_tried)
        store_query_add(query, "true");
    else
        add_stage[search->stage](query, search);
    add_part(query, search);
    if (!search->is_guess)
        add_facts(query, search);
    if (!is_filtered || do_facts_suffice)
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

static void add_number(struct store_query *query, const char *before, int64_t number)
{
    store_query_add(query, before);
    store_query_add_int8(query, number);
}

/* Append "tried": whether the sample tells that they are too many, and those that have the words in
 * their names, too. */
static nx_status add_tried(struct store_query *query, struct store_op *op,
                           const struct store_search *search)
{
    struct store_search tried = *search;
    int64_t many = surely_many(search);
    tried.is_tried = true;
    add_number(query, "tried as materialized (select count(*) >= ", many);
    add_number(query, " as are_many, count(*) filter (where is_named) >= ", many);
    store_query_add(query, " as are_names_many from (select ");
    add_named(query, search->names);
    store_query_add(query, " as is_named");
    NX_TRY(add_found(query, op, &tried, false));
    add_number(query, " limit ", many);
    store_query_add(query, ") as met), ");
    return NX_STATUS_OK;
}

/* Append "counted": how many were found, and what "tried" says, or is found out otherwise. */
static void add_counted(struct store_query *query, const struct store_search *search, int64_t many)
{
    add_number(query, ", counted as materialized (select case when are_many then ", many);
    store_query_add(query, " else (select count(*) from found) end as total, "
                           "are_names_many or (select count(*) from found) >= ");
    store_query_add_int8(query, many);
    store_query_add(query, " and (select count(*) from found as entry where ");
    add_named(query, search->names);
    add_number(query, ") >= ", many);
    store_query_add(query, " as are_names_many from tried)");
}

/* What is found, and a score for each if they are not too many. If the sample tells that they are,
 * nothing is looked for, and there is a row of zeros. */
static nx_status add_ranked(struct store_query *query, struct store_op *op,
                            const struct store_search *search)
{
    int64_t many = search->most + 1;
    bool asks = asks_sample(search);
    const char *total = asks ? "(select total from counted)" : "(select count(*) from found)";
    store_query_add(query, "with ");
    if (asks)
        NX_TRY(add_tried(query, op, search));
    store_query_add(query, "found as materialized (select entry.product_id, entry.lexemes");
    NX_TRY(add_found(query, op, search, false));
    store_query_add(query, asks ? " and not (select are_many from tried)" : "");
    add_number(query, " limit ", many);
    store_query_add(query, ")");
    if (asks)
        add_counted(query, search, many);
    store_query_add(query, ", scored as (select product_id, case when ");
    store_query_add(query, total);
    add_number(query, " >= ", many);
    store_query_add(query, " then 0 else catalog.search_score(lexemes, ");
    add_tsquery(query, search->wanted);
    store_query_add(query, ", ");
    add_tsquery(query, search->begins);
    store_query_add(query, ") end as score from found");
    store_query_add(query, asks ? " union all select 0, 0 from tried where are_many" : "");
    store_query_add(query, ") select product_id, score, ");
    store_query_add(query, total);
    store_query_add(query, asks ? ", (select are_names_many from counted)" : ", false");
    store_query_add(query, " from scored");
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

/* Those of the names before all others. */
static nx_status add_with_rest(struct store_query *query, struct store_op *op,
                               const struct store_search *search)
{
    struct store_search all = *search;
    all.stage = STORE_SEARCH_SOME;
    store_query_add(query, "with collected as materialized (select entry.product_id, ");
    add_named(query, search->names);
    store_query_add(query, " as is_named");
    NX_TRY(add_found(query, op, &all, false));
    store_query_add(query, ") select product_id, 0::bigint, 0::bigint, is_named from collected "
                           "order by is_named desc, product_id desc");
    return NX_STATUS_OK;
}

static nx_status add_newest(struct store_query *query, struct store_op *op,
                            const struct store_search *search)
{
    if (search->has_rest)
        return add_with_rest(query, op, search);
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
    struct store_query *query = store_query_new(op->arena, stages[search->stage].name);
    bool walks_names = search->walks && search->stage == STORE_SEARCH_NAMES_NEWEST;
    NX_TRY(stages[search->stage].add(query, op, search));
    store_query_add(query, " limit ");
    store_query_add_int8(query, search->limit);
    add_steps(op, walks_names ? STORE_SQL_SEARCH_WALK : STORE_SQL_SEARCH_PLAINLY, query);
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
