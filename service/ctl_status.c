#include "ctl.h"

#include "nx_clock.h"
#include "store_copy.h"
#include "store_migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 10000

struct counts {
    long long products;
    long long categories;
    bool has_trigrams;
    long long pending_indexes;
};

static void read_counts(void *context, const char *const *values)
{
    struct counts *counts = context;
    counts->products = strtoll(values[0], NULL, 10);
    counts->categories = strtoll(values[1], NULL, 10);
    counts->has_trigrams = strcmp(values[2], "t") == 0;
    counts->pending_indexes = strtoll(values[3], NULL, 10);
}

static bool is_in_time(void *give_up_ns)
{
    return nx_clock_monotonic_ns() < *(const int64_t *)give_up_ns;
}

/* On a connection that prepares nothing: it would wait for whoever makes an index. */
static nx_status count(struct ctl *ctl, struct counts *ret_counts)
{
    int64_t give_up_ns = nx_clock_monotonic_ns() + (int64_t)TIMEOUT_MS * 1000000;
    const struct store_copy_options options = {
        .conninfo = ctl->conninfo, .tick = is_in_time, .context = &give_up_ns};
    struct store_copy *copy = NULL;
    nx_status status = store_copy_open(ctl->arena, &options, &copy);
    if (status.code == NX_OK)
        status = store_copy_query(copy, STORE_SQL_CATALOG_COUNTS, NULL, read_counts, ret_counts);
    store_copy_close(copy);
    if (status.code == NX_CANCELLED)
        return nx_fail(ctl->arena, NX_DEADLINE_EXCEEDED,
                       "the database is locked, by a seed or a migration that is at work; try "
                       "again when it is done");
    return status;
}

static nx_status print_counts(struct ctl *ctl)
{
    struct counts counts = {0};
    NX_TRY(count(ctl, &counts));
    printf("products    %lld\ncategories  %lld\n", counts.products, counts.categories);
    if (counts.pending_indexes > 0)
        printf("indexes     %lld are missing: a seed is at work, or was interrupted; then run: "
               "nexusctl index-build\n",
               counts.pending_indexes);
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
