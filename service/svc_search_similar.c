/* FindSimilarProducts: those for sale that share most with one. */
#include "svc_catalog.h"

#include "store_search.h"
#include "svc_call.h"

#define DEFAULT_COUNT 10
#define MAX_COUNT 50

typedef Nexus__Catalog__V1__FindSimilarProductsResponse Response;
typedef Nexus__Catalog__V1__SearchResult Result;

struct similar_call {
    struct svc_call call; /* first */
    struct store_key key;
    int32_t limit;
    int64_t ids[MAX_COUNT];
    int64_t scores[MAX_COUNT];
    size_t count;
};

static nx_status read_results(struct similar_call *similar, Response *response)
{
    struct svc_call *call = &similar->call;
    const struct store_rows *rows = &call->op.rows;
    int place_column = svc_resource_columns(call->resource);
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
        if (!result->product)
            return nx_fail_memory();
        result->score = (double)similar->scores[store_int8(rows, row, place_column) - 1] / 1e9;
        response->results[response->n_results++] = result;
    }
    return NX_STATUS_OK;
}

static void on_rows(struct store_op *op)
{
    struct similar_call *similar = op->context;
    Response response = NEXUS__CATALOG__V1__FIND_SIMILAR_PRODUCTS_RESPONSE__INIT;
    nx_status status = op->status;
    if (status.code == NX_OK)
        status = read_results(similar, &response);
    if (status.code != NX_OK)
        svc_call_fail(&similar->call, status);
    else
        nexus_catalog_v1_catalog_service_reply_find_similar_products(similar->call.wire, &response);
}

/* A first row without an id says that the product is there. */
static void on_similar(struct store_op *op)
{
    struct similar_call *similar = op->context;
    struct svc_call *call = &similar->call;
    if (op->status.code != NX_OK) {
        svc_call_fail(call, op->status);
        return;
    }
    if (op->rows.count == 0) {
        svc_call_fail(call, svc_call_not_found(call, similar->key));
        return;
    }
    for (int row = 0; row < op->rows.count; row++) {
        if (store_is_null(&op->rows, row, 0))
            continue;
        similar->ids[similar->count] = store_int8(&op->rows, row, 0);
        similar->scores[similar->count++] = store_int8(&op->rows, row, 1);
    }
    svc_call_begin_op(call, STORE_READ, on_rows);
    store_search_rows(&call->op, similar->ids, similar->count, NX_STR(""));
    store_submit(call->store, &call->op);
}

void svc_find_similar_products(void *context, struct wire_call *wire,
                               const Nexus__Catalog__V1__FindSimilarProductsRequest *request)
{
    struct similar_call *similar = svc_call_begin(context, wire, svc_products, sizeof *similar);
    if (!similar)
        return;
    struct svc_call *call = &similar->call;
    int32_t limit = request->page_size ? request->page_size : DEFAULT_COUNT;
    similar->limit = limit > MAX_COUNT ? MAX_COUNT : limit;
    nx_status status = svc_call_parse_name(call, "name", request->name, &similar->key);
    if (status.code == NX_OK && limit < 0)
        status = nx_fail_field(call->arena, "page_size", "must not be negative");
    if (status.code != NX_OK) {
        svc_call_fail(call, status);
        return;
    }
    svc_call_begin_op(call, STORE_READ, on_similar);
    store_search_similar(&call->op, similar->key.id, similar->limit);
    store_submit(call->store, &call->op);
}
