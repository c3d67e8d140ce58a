/* SuggestProducts: completions of what is typed so far. */
#include "svc_catalog.h"

#include "store_search.h"
#include "svc_name.h"
#include "svc_search_plan.h"

#define DEFAULT_COUNT 10
#define MAX_COUNT 50

typedef Nexus__Catalog__V1__SuggestProductsResponse Response;
typedef Nexus__Catalog__V1__SuggestProductsResponse__Suggestion Suggestion;

struct suggest_call {
    struct svc_search_plan plan; /* first */
    int32_t limit;
};

static nx_status read_suggestions(const struct svc_call *call, Response *response)
{
    const struct store_rows *rows = &call->op.rows;
    response->suggestions =
        nx_arena_calloc(call->arena, (size_t)rows->count, sizeof *response->suggestions);
    if (!response->suggestions)
        return nx_fail_memory();
    for (int row = 0; row < rows->count; row++) {
        Suggestion *suggestion = nx_arena_alloc(call->arena, sizeof *suggestion);
        if (!suggestion)
            return nx_fail_memory();
        nexus__catalog__v1__suggest_products_response__suggestion__init(suggestion);
        suggestion->text = (char *)store_text(rows, row, 0).ptr;
        int64_t product = store_int8(rows, row, 1);
        if (product > 0)
            suggestion->product = svc_name_format(call->arena, call->resource->collection, product);
        if (!suggestion->product)
            return nx_fail_memory();
        response->suggestions[response->n_suggestions++] = suggestion;
    }
    return NX_STATUS_OK;
}

static void on_suggested(struct store_op *op)
{
    struct svc_call *call = op->context;
    Response response = NEXUS__CATALOG__V1__SUGGEST_PRODUCTS_RESPONSE__INIT;
    nx_status status = op->status;
    if (status.code == NX_OK)
        status = read_suggestions(call, &response);
    if (status.code != NX_OK)
        svc_call_fail(call, status);
    else
        nexus_catalog_v1_catalog_service_reply_suggest_products(call->wire, &response);
}

static void on_planned(struct svc_search_plan *plan)
{
    const struct suggest_call *suggest = (const struct suggest_call *)plan;
    struct svc_call *call = &plan->call;
    if (plan->wanted.len == 0) {
        svc_call_fail(call, nx_fail_field(call->arena, "query", "has no word to complete"));
        return;
    }
    const char *typed = *plan->corrected_query ? plan->corrected_query : plan->query.text.ptr;
    svc_call_begin_op(call, STORE_READ, on_suggested);
    store_search_suggest(&call->op, nx_str_from(typed), plan->names, plan->names_estimate,
                         suggest->limit);
    store_submit(call->store, &call->op);
}

void svc_suggest_products(void *context, struct wire_call *wire,
                          const Nexus__Catalog__V1__SuggestProductsRequest *request)
{
    struct suggest_call *suggest = svc_call_begin(context, wire, svc_products, sizeof *suggest);
    if (!suggest)
        return;
    struct svc_call *call = &suggest->plan.call;
    int32_t limit = request->page_size ? request->page_size : DEFAULT_COUNT;
    suggest->limit = limit > MAX_COUNT ? MAX_COUNT : limit;
    if (limit < 0)
        svc_call_fail(call, nx_fail_field(call->arena, "page_size", "must not be negative"));
    else
        svc_search_plan(&suggest->plan, request->query, on_planned);
}
