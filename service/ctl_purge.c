#include "ctl.h"

#include "svc_purge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_TIMEOUT_MS 60000

static void print(const char *removed, const struct svc_purge_totals *totals)
{
    printf("%s: %lld products, %lld categories, %lld answers to requests\n", removed,
           (long long)totals->products, (long long)totals->categories, (long long)totals->requests);
    if (totals->unfiled > 0)
        printf("taken out of these categories: %lld products\n", (long long)totals->unfiled);
}

static int purge(struct store *store, bool is_preview)
{
    struct svc_purge_totals totals = {0};
    struct svc_purge *purge = NULL;
    nx_status status = svc_purge_new(store, &purge);
    if (status.code == NX_OK)
        status = is_preview ? svc_purge_preview(purge, &totals) : svc_purge_run(purge, &totals);
    if (status.code == NX_OK)
        print(is_preview ? "would be removed" : "removed", &totals);
    else if (totals.products + totals.categories + totals.requests > 0)
        print("removed, before it failed", &totals);
    int exit_code = status.code == NX_OK ? EXIT_SUCCESS : ctl_fail(status);
    svc_purge_destroy(purge);
    return exit_code;
}

int ctl_purge(struct ctl *ctl)
{
    bool is_preview = ctl->argc == 2 && strcmp(ctl->argv[1], "--dry-run") == 0;
    if (ctl->argc > 1 && !is_preview)
        return ctl_usage("purge", "the only option is --dry-run");
    const struct store_options options = {
        .conninfo = ctl->conninfo, .connections = 2, .statement_timeout_ms = STATEMENT_TIMEOUT_MS};
    struct store *store;
    nx_status status = store_start(&options, &store);
    if (status.code != NX_OK)
        return ctl_fail(status);
    int exit_code = purge(store, is_preview);
    store_stop(store, 1000);
    return exit_code;
}
