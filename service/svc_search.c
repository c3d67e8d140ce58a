/* SearchProducts. The steps, each of which goes on with the next:
 *
 *   svc_search_products   check what can be checked
 *     on_declared         attributes in facets or in the order: which of them are declared
 *   begin_search          order, token
 *     on_planned          svc_search_plan.h: what to look for; which stage to begin with
 *     on_estimated_stage  there is a filter: whether it leaves few enough to be ranked
 *   find                  on_found: ids of a page, from one stage or two (store_search.h); too many
 *                         to be ranked: again, another stage
 *   go_on                 on_facets, on_counted, on_estimated_total: what is asked for besides
 *     on_rows             the products themselves, and the answer
 *
 * Ranking all that a frequent word finds would take long. Few are ranked; of many, those come first
 * that have the words in their names, ranked if these are few, and the newest of all others follow.
 * A page token says which stage its page is in, so that all pages of a search go by one order. */
#include "svc_catalog.h"

#include "store_list.h"
#include "store_search.h"
#include "svc_search_facet.h"
#include "svc_search_highlight.h"
#include "svc_search_plan.h"
#include "svc_token.h"

#define DEFAULT_PAGE_SIZE 25
#define MAX_PAGE_SIZE 1000

/* The keys of a page token, but for a search that is ordered. */
enum { TOKEN_STAGE, TOKEN_SCORE, TOKEN_ID, TOKEN_KEYS };

/* In a sample that has fewer there may be no facet of what is found; of more it is not counted how
 * many there are. */
#define LEAST_SAMPLED 40
#define MOST_SAMPLED 500

typedef Nexus__Catalog__V1__SearchProductsRequest Request;
typedef Nexus__Catalog__V1__SearchProductsResponse Response;
typedef Nexus__Catalog__V1__SearchResult Result;

struct search_call {
    struct svc_search_plan plan; /* first */
    const Request *request;
    struct store_search search;
    struct store_order order;
    struct store_attributes declared;
    struct nx_str keys[STORE_ORDER_MAX_KEYS];
    struct nx_str listing; /* what page tokens are bound to */
    struct svc_facets facets;
    enum store_search_stage counted; /* what facets are counted from: RANKED, SOME or SAMPLED */
    bool was_counted;
    int64_t found_counted; /* of that, so many were met, */
    int64_t facets_seen;   /* and so many counted */
    bool has_facets, has_total, is_counted;
    bool has_all; /* the ids are all that there are */
    size_t page_size;
    size_t found; /* so many ids, one more than the page has, or all if they are counted */
    int64_t *ids;
    int64_t *scores;
    Response response;
};

static void find(struct search_call *search);
static void go_on(struct search_call *search);

static void fail(struct search_call *search, nx_status status)
{
    svc_call_fail(&search->plan.call, status);
}

/* What was submitted has failed, at once or when it completed. */
static bool has_failed(struct search_call *search, nx_status status)
{
    if (status.code != NX_OK)
        fail(search, status);
    return status.code != NX_OK;
}

/* Submit the call's op, if it could be made. */
static void submit(struct search_call *search, nx_status status)
{
    if (!has_failed(search, status))
        store_submit(search->plan.call.store, &search->plan.call.op);
}

/* --- The answer --- */

static nx_status read_results(struct search_call *search, const struct store_rows *rows)
{
    struct svc_call *call = &search->plan.call;
    int place_column = svc_resource_columns(call->resource);
    Response *response = &search->response;
    response->results = nx_arena_calloc(call->arena, (size_t)rows->count, sizeof(Result *));
    if (!response->results)
        return nx_fail_memory();
    for (int row = 0; row < rows->count; row++) {
        Result *result = nx_arena_alloc(call->arena, sizeof *result);
        if (!result)
            return nx_fail_memory();
        nexus__catalog__v1__search_result__init(result);
        result->product = (Nexus__Catalog__V1__Product *)svc_resource_read(call->resource, rows,
                                                                           row, 0, call->arena);
        size_t place = (size_t)store_int8(rows, row, place_column) - 1;
        result->score = (double)search->scores[place] / 1e9;
        if (!result->product ||
            !svc_highlight(result, store_text(rows, row, place_column + 1), call->arena))
            return nx_fail_memory();
        response->results[response->n_results++] = result;
    }
    return NX_STATUS_OK;
}

static void on_rows(struct store_op *op)
{
    struct search_call *search = op->context;
    if (has_failed(search, op->status) || has_failed(search, read_results(search, &op->rows)))
        return;
    nexus_catalog_v1_catalog_service_reply_search_products(search->plan.call.wire,
                                                           &search->response);
}

static void submit_rows(struct search_call *search)
{
    struct svc_call *call = &search->plan.call;
    size_t count = search->found > search->page_size ? search->page_size : search->found;
    svc_call_begin_op(call, STORE_READ, on_rows);
    store_search_rows(&call->op, search->ids, count, search->plan.wanted);
    submit(search, NX_STATUS_OK);
}

/* --- Facets and the total --- */

/* Estimates of several words are often too low, so it may still turn out that they are too many. */
static bool may_be_ranked(int64_t estimate)
{
    return estimate <= STORE_SEARCH_MOST_TRIED;
}

/* All that is found, whichever stage the page is in. */
static struct store_search all_found(const struct search_call *search,
                                     enum store_search_stage stage)
{
    struct store_search all = search->search;
    all.stage = stage;
    all.is_continued = false;
    store_search_choose(&all);
    return all;
}

static void set_total(struct search_call *search, int64_t total, bool is_estimate)
{
    search->has_total = true;
    if (search->request->include_total_size) {
        search->response.total_size = total;
        search->response.total_size_is_estimate = is_estimate;
    }
    if (search->has_facets && total > search->facets_seen)
        svc_facets_scale(search->response.facets, search->facets.count, search->facets_seen, total);
}

/* At least what was counted. */
static void take_estimate(struct search_call *search, int64_t total)
{
    int64_t least = search->found_counted;
    if (search->counted == STORE_SEARCH_SAMPLED)
        least *= STORE_SEARCH_SAMPLE_SHARE;
    if (search->is_counted && least <= STORE_SEARCH_MOST_COUNTED)
        least = STORE_SEARCH_MOST_COUNTED + 1;
    set_total(search, total > least ? total : least, true);
    go_on(search);
}

static void on_estimated_total(struct store_op *op)
{
    struct search_call *search = op->context;
    if (!has_failed(search, op->status))
        take_estimate(search, store_search_estimated(&op->rows));
}

static void submit_estimate(struct search_call *search, store_done done)
{
    struct svc_call *call = &search->plan.call;
    struct store_search all = all_found(search, STORE_SEARCH_SOME);
    svc_call_begin_op(call, STORE_READ, done);
    submit(search, store_search_estimate(&call->op, &all));
}

/* What was found in the sample tells better than the planner. */
static void estimate_total(struct search_call *search)
{
    if (search->counted == STORE_SEARCH_SAMPLED && search->found_counted <= MOST_SAMPLED &&
        !search->is_counted)
        take_estimate(search, 0);
    else
        submit_estimate(search, on_estimated_total);
}

static void on_counted(struct store_op *op)
{
    struct search_call *search = op->context;
    if (has_failed(search, op->status))
        return;
    int64_t count = store_int8(&op->rows, 0, 0);
    search->is_counted = true;
    if (count <= STORE_SEARCH_MOST_COUNTED)
        set_total(search, count, false);
    go_on(search);
}

static void submit_count(struct search_call *search)
{
    struct svc_call *call = &search->plan.call;
    struct store_search all = all_found(search, STORE_SEARCH_SOME);
    all.most = STORE_SEARCH_MOST_COUNTED;
    svc_call_begin_op(call, STORE_READ, on_counted);
    submit(search, store_search_count(&call->op, &all));
}

static void on_facets(struct store_op *op)
{
    struct search_call *search = op->context;
    Response *response = &search->response;
    if (has_failed(search, op->status))
        return;
    if (!svc_facets_read(&search->facets, &op->rows, search->plan.call.arena, &response->facets,
                         &search->facets_seen)) {
        fail(search, nx_fail_memory());
        return;
    }
    response->n_facets = search->facets.count;
    search->has_facets = true;
    go_on(search);
}

static void submit_facets(struct search_call *search, const int64_t *ids, size_t count)
{
    struct svc_call *call = &search->plan.call;
    svc_call_begin_op(call, STORE_READ, on_facets);
    store_search_facets(&call->op, ids, count, search->facets.names);
    submit(search, NX_STATUS_OK);
}

static void find_counted(struct search_call *search, enum store_search_stage stage);

static void on_found_counted(struct store_op *op)
{
    struct search_call *search = op->context;
    if (has_failed(search, op->status))
        return;
    int64_t count = op->rows.count;
    bool is_sample = search->counted == STORE_SEARCH_SAMPLED;
    bool is_second = search->was_counted;
    search->was_counted = true;
    search->found_counted = count;
    if (!is_second && is_sample && count < LEAST_SAMPLED) {
        find_counted(search, STORE_SEARCH_SOME); /* the planner expected more than there is */
    } else if (!is_second && !is_sample && count > STORE_SEARCH_MOST_RANKED) {
        find_counted(search, STORE_SEARCH_SAMPLED);
    } else {
        size_t most = is_sample ? STORE_SEARCH_FACET_SAMPLE : STORE_SEARCH_MOST_RANKED;
        size_t taken = (size_t)count < most ? (size_t)count : most;
        int64_t *ids = nx_arena_calloc(search->plan.call.arena, taken, sizeof *ids);
        if (!ids) {
            fail(search, nx_fail_memory());
            return;
        }
        for (size_t i = 0; i < taken; i++)
            ids[i] = store_int8(&op->rows, (int)i, 0);
        if (!is_sample && count <= STORE_SEARCH_MOST_RANKED)
            set_total(search, count, false);
        submit_facets(search, ids, taken);
    }
}

static void find_counted(struct search_call *search, enum store_search_stage stage)
{
    struct svc_call *call = &search->plan.call;
    struct store_search all = all_found(search, stage);
    all.limit = 1 + (stage == STORE_SEARCH_SAMPLED ? MOST_SAMPLED : STORE_SEARCH_MOST_RANKED);
    search->counted = stage;
    svc_call_begin_op(call, STORE_READ, on_found_counted);
    submit(search, store_search_find(&call->op, &all));
}

static void count_facets(struct search_call *search)
{
    enum store_search_stage stage = search->search.stage;
    if (stage == STORE_SEARCH_RANKED || search->has_all)
        submit_facets(search, search->ids, search->found);
    else if (stage == STORE_SEARCH_ORDERED && may_be_ranked(search->plan.estimate))
        find_counted(search, STORE_SEARCH_SOME);
    else
        find_counted(search, STORE_SEARCH_SAMPLED);
}

/* Facets are counted for the first page. */
static bool wants_facets(const struct search_call *search)
{
    return search->facets.count > 0 && *search->request->page_token == '\0';
}

/* The next of what the answer still needs. */
static void go_on(struct search_call *search)
{
    const Request *request = search->request;
    if (wants_facets(search) && !search->has_facets)
        count_facets(search);
    else if (request->include_total_size && !search->has_total && !search->is_counted)
        submit_count(search);
    else if ((request->include_total_size || search->has_facets) && !search->has_total)
        estimate_total(search);
    else
        submit_rows(search);
}

/* --- A page of ids --- */

static nx_status make_token(struct search_call *search, const struct store_rows *rows, int row)
{
    struct svc_call *call = &search->plan.call;
    struct nx_str keys[STORE_ORDER_MAX_KEYS];
    unsigned count = TOKEN_KEYS;
    char stage = (char)search->search.stage;
    if (search->search.stage == STORE_SEARCH_ORDERED) {
        count = search->order.count;
        store_order_read(&search->order, rows, row, 3, keys);
    } else {
        keys[TOKEN_STAGE] = (struct nx_str){&stage, 1};
        keys[TOKEN_SCORE] = store_cell(rows, row, 1);
        keys[TOKEN_ID] = store_cell(rows, row, 0);
    }
    return svc_token_make(call->svc, search->listing, keys, count, call->arena,
                          &search->response.next_page_token);
}

static bool is_ranked(enum store_search_stage stage)
{
    return stage == STORE_SEARCH_RANKED || stage == STORE_SEARCH_NAMES_RANKED;
}

static enum store_search_stage names_stage(const struct search_call *search)
{
    return may_be_ranked(search->plan.names_estimate) ? STORE_SEARCH_NAMES_RANKED
                                                      : STORE_SEARCH_NAMES_NEWEST;
}

/* All are too many to be ranked. If most have the words in their names, these are as well. */
static enum store_search_stage next_stage(const struct search_call *search)
{
    int64_t names = search->plan.names_estimate;
    bool are_most = names > search->plan.estimate / 10 * 9 &&
                    (names > STORE_SEARCH_MOST_RANKED || search->search.filter.len > 0);
    if (search->search.are_names_many || are_most)
        return STORE_SEARCH_NAMES_NEWEST;
    return names_stage(search);
}

static enum store_search_stage stage_for(const struct search_call *search, int64_t estimate)
{
    return may_be_ranked(estimate) ? STORE_SEARCH_RANKED : names_stage(search);
}

/* Take the ids over. The page is full before its last row when there is another page. */
static nx_status take_ids(struct search_call *search, const struct store_rows *rows)
{
    for (int row = 0; row < rows->count; row++) {
        search->ids[search->found] = store_int8(rows, row, 0);
        search->scores[search->found] = store_int8(rows, row, 1);
        search->found++;
        if (search->search.has_rest && !store_bool(rows, row, 3))
            search->search.stage = STORE_SEARCH_REST_NEWEST;
        if (search->found == search->page_size)
            NX_TRY(make_token(search, rows, row));
    }
    return NX_STATUS_OK;
}

/* No page follows. If this is the first one, and a short one, the rest of the answer is counted
 * from it. */
static void end_pages(struct search_call *search)
{
    search->response.next_page_token = (char *)protobuf_c_empty_string;
    if (*search->request->page_token != '\0' || search->found >= LEAST_SAMPLED)
        return;
    search->has_all = true;
    set_total(search, (int64_t)search->found, false);
}

static void on_found(struct store_op *op)
{
    struct search_call *search = op->context;
    if (has_failed(search, op->status))
        return;
    struct store_search *what = &search->search;
    const struct store_rows *rows = &op->rows;
    int64_t looked_at = rows->count > 0 ? store_int8(rows, 0, 2) : 0;
    if (is_ranked(what->stage) && looked_at > what->most) {
        what->are_many = true;
        what->are_names_many = what->stage == STORE_SEARCH_NAMES_RANKED || store_bool(rows, 0, 3);
        what->stage = next_stage(search);
        find(search);
        return;
    }
    if (has_failed(search, take_ids(search, rows)))
        return;
    if (what->since > 0 && rows->count < what->limit) {
        store_search_skip_part(what, rows->count);
        find(search);
        return;
    }
    if (what->stage == STORE_SEARCH_RANKED && !what->is_continued)
        set_total(search, looked_at, false);
    if (search->found <= search->page_size && store_search_is_of_names(what->stage) &&
        !what->has_rest) {
        what->names_passed = *search->request->page_token ? -1 : (int64_t)search->found;
        what->stage = STORE_SEARCH_REST_NEWEST;
        what->is_continued = false;
        what->parts = 0;
        find(search);
        return;
    }
    if (search->found <= search->page_size)
        end_pages(search);
    go_on(search);
}

static void find(struct search_call *search)
{
    struct svc_call *call = &search->plan.call;
    struct store_search *what = &search->search;
    what->limit = (int64_t)(search->page_size + 1 - search->found);
    if (what->stage == STORE_SEARCH_RANKED && wants_facets(search))
        what->limit = STORE_SEARCH_MOST_RANKED; /* all of them: facets are counted from them */
    store_search_choose(what);
    svc_call_begin_op(call, STORE_READ, on_found);
    submit(search, store_search_find(&call->op, what));
}

/* --- Which stage --- */

static void on_estimated_stage(struct store_op *op)
{
    struct search_call *search = op->context;
    if (has_failed(search, op->status))
        return;
    struct store_search *what = &search->search;
    what->filtered_estimate = store_search_estimated(&op->rows);
    what->stage = store_search_is_cheap(&op->rows) ? stage_for(search, what->filtered_estimate)
                                                   : names_stage(search);
    find(search);
}

static void on_planned(struct svc_search_plan *plan)
{
    struct search_call *search = (struct search_call *)plan;
    struct store_search *what = &search->search;
    if (plan->wanted.len == 0) {
        fail(search, nx_fail_field(plan->call.arena, "query", "has no word to look for"));
        return;
    }
    what->wanted = plan->wanted;
    what->estimate = plan->estimate;
    what->names_estimate = plan->names_estimate;
    what->newest = plan->newest;
    what->entries = plan->entries;
    what->names = plan->names;
    what->excluded = plan->excluded;
    what->begins = plan->begins;
    search->response.corrected_query = (char *)plan->corrected_query;
    if (what->stage != STORE_SEARCH_ORDERED && !what->is_continued)
        what->stage = stage_for(search, plan->estimate);
    if (what->stage != STORE_SEARCH_ORDERED && what->stage != STORE_SEARCH_RANKED &&
        !what->is_continued && what->filter.len > 0)
        submit_estimate(search, on_estimated_stage);
    else
        find(search);
}

/* --- The request --- */

static bool read_stage(struct search_call *search)
{
    struct store_search *what = &search->search;
    const struct nx_str *keys = search->keys;
    if (keys[TOKEN_STAGE].len != 1 ||
        (unsigned char)*keys[TOKEN_STAGE].ptr >= STORE_SEARCH_ORDERED ||
        keys[TOKEN_SCORE].len != sizeof(int64_t) || keys[TOKEN_ID].len != sizeof(int64_t))
        return false;
    what->stage = (enum store_search_stage) * keys[TOKEN_STAGE].ptr;
    what->after_score = store_array_int8(keys[TOKEN_SCORE]);
    what->after_id = store_array_int8(keys[TOKEN_ID]);
    /* There may be some more of them by now. */
    what->most = INT64_C(2) * STORE_SEARCH_MOST_RANKED;
    return true;
}

static nx_status read_token(struct search_call *search)
{
    const struct svc_call *call = &search->plan.call;
    const Request *request = search->request;
    const char *listing = nx_arena_printf(
        call->arena, "search?query=%zu:%s&order=%zu:%s&filter=%s", strlen(request->query),
        request->query, strlen(request->order_by), request->order_by, request->filter);
    if (!listing)
        return nx_fail_memory();
    search->listing = nx_str_from(listing);
    if (*request->page_token == '\0')
        return NX_STATUS_OK;
    bool ordered = search->search.stage == STORE_SEARCH_ORDERED;
    search->search.is_continued = true;
    search->search.after_keys = search->keys;
    if (svc_token_open(call->svc, search->listing, nx_str_from(request->page_token), call->arena,
                       search->keys, ordered ? search->order.count : TOKEN_KEYS) &&
        (ordered || read_stage(search)))
        return NX_STATUS_OK;
    return nx_fail_field(call->arena, "page_token",
                         "is not the next_page_token of this search; begin again without one");
}

static nx_status read_request(struct search_call *search)
{
    const Request *request = search->request;
    struct nx_arena *arena = search->plan.call.arena;
    NX_TRY(svc_facets_check(&search->facets, &search->declared, arena));
    search->search.most = STORE_SEARCH_MOST_RANKED;
    search->search.names_passed = -1;
    if (*request->order_by) {
        search->search.stage = STORE_SEARCH_ORDERED;
        search->search.order = &search->order;
        NX_TRY(store_order_parse(&store_product_fields, nx_str_from(request->order_by),
                                 &search->declared, arena, &search->order));
    }
    return read_token(search);
}

static void begin_search(struct search_call *search)
{
    if (!has_failed(search, read_request(search)))
        svc_search_plan(&search->plan, search->request->query, on_planned);
}

static void on_declared(struct store_op *op)
{
    struct search_call *search = op->context;
    if (has_failed(search, op->status) ||
        has_failed(search,
                   store_attributes_read(&op->rows, search->plan.call.arena, &search->declared)))
        return;
    begin_search(search);
}

/* What needs no database. */
static nx_status check_request(struct search_call *search)
{
    const Request *request = search->request;
    struct nx_arena *arena = search->plan.call.arena;
    if (request->page_size < 0)
        return nx_fail_field(arena, "page_size", "must not be negative");
    int32_t size = request->page_size ? request->page_size : DEFAULT_PAGE_SIZE;
    search->page_size = size > MAX_PAGE_SIZE ? MAX_PAGE_SIZE : (size_t)size;
    size_t most = (search->page_size > STORE_SEARCH_MOST_RANKED ? search->page_size
                                                                : STORE_SEARCH_MOST_RANKED) +
                  1;
    search->ids = nx_arena_calloc(arena, most, sizeof *search->ids);
    search->scores = nx_arena_calloc(arena, most, sizeof *search->scores);
    if (!search->ids || !search->scores)
        return nx_fail_memory();
    NX_TRY(svc_facets_parse(request->facets, request->n_facets, arena, &search->facets));
    search->plan.facts = &search->search.facts;
    return store_search_set_filter(&search->search, nx_str_from(request->filter), arena);
}

void svc_search_products(void *context, struct wire_call *wire, const Request *request)
{
    struct search_call *search = svc_call_begin(context, wire, svc_products, sizeof *search);
    if (!search)
        return;
    struct svc_call *call = &search->plan.call;
    search->request = request;
    nexus__catalog__v1__search_products_response__init(&search->response);
    if (has_failed(search, check_request(search)))
        return;
    if (search->facets.needs_declared || strstr(request->order_by, "attributes.")) {
        svc_call_begin_op(call, STORE_READ, on_declared);
        store_attributes_ask(&call->op);
        store_submit(call->store, &call->op);
    } else {
        begin_search(search);
    }
}
