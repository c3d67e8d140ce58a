#include "ctl.h"

#include "nx_clock.h"
#include "store_migrate.h"
#include "svc_await.h"

#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT_MS 10000

struct counts {
    int64_t products;
    int64_t categories;
    bool has_trigrams;
};

static void read_counts(const struct store_rows *rows, void *result)
{
    struct counts *counts = result;
    counts->products = store_int8(rows, 0, 0);
    counts->categories = store_int8(rows, 0, 1);
    counts->has_trigrams = store_bool(rows, 0, 2);
}

static nx_status count(struct ctl *ctl, struct store *store, struct counts *ret_counts)
{
    struct svc_await await;
    NX_TRY(svc_await_begin(&await, ctl->arena, STORE_READ,
                           nx_clock_monotonic_ns() + (int64_t)TIMEOUT_MS * 1000000, read_counts,
                           ret_counts));
    store_op_step(&await.op, STORE_SQL_CATALOG_COUNTS);
    return svc_await_submit(&await, store);
}

static nx_status print_counts(struct ctl *ctl)
{
    const struct store_options options = {
        .conninfo = ctl->conninfo, .connections = 1, .statement_timeout_ms = TIMEOUT_MS};
    struct store *store;
    NX_TRY(store_start(&options, &store));
    struct counts counts = {0};
    nx_status status = count(ctl, store, &counts);
    store_stop(store, 1000);
    NX_TRY(status);
    printf("products    %lld\ncategories  %lld\n", (long long)counts.products,
           (long long)counts.categories);
    printf(
        "typos       %s\n",
        counts.has_trigrams
            ? "corrected, by pg_trgm"
            : "corrected only if the first two letters are right: pg_trgm is not in use; install "
              "it, and as the owner run: select catalog.search_use_trigrams()");
    return NX_STATUS_OK;
}

int ctl_status(struct ctl *ctl)
{
    if (ctl->argc > 1)
        return ctl_usage("status", "takes no words");
    const struct store_migrate_options options = {.conninfo = ctl->conninfo};
    struct store_migrate_report report;
    nx_status status = store_migrate_status(ctl->arena, &options, &report);
    if (status.code != NX_OK)
        return ctl_fail(status);
    puts("database    reachable");
    printf("schema      %s\n",
           report.current ? "current" : "not current; run: nexusctl migrate up");
    if (!report.current)
        return EXIT_FAILURE;
    status = print_counts(ctl);
    return status.code == NX_OK ? EXIT_SUCCESS : ctl_fail(status);
}
