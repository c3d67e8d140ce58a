/* Counts of the whole catalog. */
#include "svc_call.h"
#include "svc_catalog.h"

static void on_counted(struct store_op *op)
{
    struct svc_call *call = op->context;
    if (op->status.code != NX_OK) {
        svc_call_fail(call, op->status);
        return;
    }
    Nexus__Catalog__V1__CatalogStatistics statistics = NEXUS__CATALOG__V1__CATALOG_STATISTICS__INIT;
    int64_t *const counts[] = {
        /* In the order of storage/sql/statistics_get.sql. */
        &statistics.product_count,
        &statistics.draft_product_count,
        &statistics.active_product_count,
        &statistics.archived_product_count,
        &statistics.deleted_product_count,
        &statistics.variant_count,
        &statistics.image_count,
        &statistics.category_count,
        &statistics.deleted_category_count,
    };
    for (int i = 0; i < (int)(sizeof counts / sizeof *counts); i++)
        *counts[i] = store_int8(&op->rows, 0, i);
    nexus_catalog_v1_catalog_service_reply_get_catalog_statistics(call->wire, &statistics);
}

void svc_statistics_get(void *context, struct wire_call *wire,
                        const Nexus__Catalog__V1__GetCatalogStatisticsRequest *request)
{
    (void)request;
    struct svc_call *call = svc_call_begin(context, wire, NULL, sizeof *call);
    if (!call)
        return;
    svc_call_begin_op(call, STORE_READ, on_counted);
    store_op_step(&call->op, STORE_SQL_STATISTICS_GET);
    store_submit(call->store, &call->op);
}
