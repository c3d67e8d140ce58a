#include "ctl.h"

#include "nx_clock.h"
#include "svc_await.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_COUNT 150
#define MAX_COUNT 10000000
#define BATCH 5000
#define BATCH_TIMEOUT_MS 60000
#define BAR_WIDTH 40

static void read_count(const struct store_rows *rows, void *result)
{
    *(int64_t *)result += store_int8(rows, 0, 0);
}

static nx_status begin(struct ctl *ctl, struct svc_await *await, int64_t *added)
{
    int64_t deadline = nx_clock_monotonic_ns() + (int64_t)BATCH_TIMEOUT_MS * 1000000;
    return svc_await_begin(await, ctl->arena, STORE_WRITE, deadline, read_count, added);
}

static nx_status seed_categories(struct ctl *ctl, struct store *store, int64_t *added)
{
    struct svc_await await;
    NX_TRY(begin(ctl, &await, added));
    store_op_step(&await.op, STORE_SQL_SEED_CATEGORIES);
    return svc_await_submit(&await, store);
}

static nx_status seed_batch(struct ctl *ctl, struct store *store, int64_t first, int64_t last,
                            int64_t *added)
{
    struct svc_await await;
    NX_TRY(begin(ctl, &await, added));
    store_op_step(&await.op, STORE_SQL_SEED_PRODUCTS);
    store_bind_int8(&await.op, first);
    store_bind_int8(&await.op, last);
    return svc_await_submit(&await, store);
}

static void show_progress(int64_t done, int64_t count)
{
    if (!isatty(STDERR_FILENO) || count <= BATCH)
        return;
    int filled = (int)(done * BAR_WIDTH / count);
    fprintf(stderr, "\r[%.*s%*s] %3d%%  %lld of %lld products", filled,
            "########################################", BAR_WIDTH - filled, "",
            (int)(done * 100 / count), (long long)done, (long long)count);
    if (done == count)
        fputc('\n', stderr);
}

static nx_status seed(struct ctl *ctl, struct store *store, int64_t count)
{
    int64_t categories = 0;
    int64_t products = 0;
    NX_TRY(seed_categories(ctl, store, &categories));
    for (int64_t first = 1; first <= count; first += BATCH) {
        int64_t last = first + BATCH - 1 < count ? first + BATCH - 1 : count;
        NX_TRY(seed_batch(ctl, store, first, last, &products));
        show_progress(last, count);
    }
    printf("added %lld categories and %lld products\n", (long long)categories, (long long)products);
    return NX_STATUS_OK;
}

int ctl_seed(struct ctl *ctl)
{
    long long count = DEFAULT_COUNT;
    if (ctl->argc == 3 && strcmp(ctl->argv[1], "--count") == 0) {
        if (!ctl_number(ctl->argv[2], MAX_COUNT, &count))
            return ctl_usage("seed", "--count takes a number from 1 to 10000000");
    } else if (ctl->argc > 1) {
        return ctl_usage("seed", "the only option is --count N");
    }
    const struct store_options options = {
        .conninfo = ctl->conninfo, .connections = 1, .statement_timeout_ms = BATCH_TIMEOUT_MS};
    struct store *store;
    nx_status status = store_start(&options, &store);
    if (status.code != NX_OK)
        return ctl_fail(status);
    status = seed(ctl, store, count);
    int exit_code = status.code == NX_OK ? EXIT_SUCCESS : ctl_fail(status);
    store_stop(store, 1000);
    return exit_code;
}
