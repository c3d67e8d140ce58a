#include "svc_purge.h"

#include "nx_clock.h"
#include "nx_log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ARENA_BYTES ((size_t)64 << 10)
#define MAX_NUMBERS 4
#define BATCH 100
#define TALLY_BATCH 5000
#define NS_PER_MS INT64_C(1000000)
#define BATCH_TIMEOUT_NS (30000 * NS_PER_MS)
#define TALLY_PERIOD_NS (5000 * NS_PER_MS)
#define MAX_TALLY_PERIOD_NS (300000 * NS_PER_MS)

/* One statement: up to two int8 parameters, one row of int8. */
struct batch {
    enum store_sql sql;
    int64_t params[2];
    int param_count;
    int number_count;
    int64_t numbers[MAX_NUMBERS];
};

struct svc_purge {
    struct store *store;
    struct nx_arena *arena; /* of the op */
    struct store_op op;
    struct store_cancel cancel;
    int64_t interval_ns; /* 0: the thread does not purge */
    pthread_t thread;
    bool is_running;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool is_stopping;
    bool is_done;        /* the op has completed */
    bool is_cancelling;  /* a cancel of it is on its way */
    struct batch *batch; /* the op's */
};

/* --- One statement --- */

/* Thread: the store's loop. */
static void on_done(struct store_op *op)
{
    struct svc_purge *purge = op->context;
    pthread_mutex_lock(&purge->mutex);
    for (int i = 0; op->status.code == NX_OK && i < purge->batch->number_count; i++)
        purge->batch->numbers[i] = store_int8(&op->rows, 0, i);
    purge->is_done = true;
    pthread_cond_signal(&purge->changed);
    pthread_mutex_unlock(&purge->mutex);
}

/* Thread: the store's loop. */
static void on_released(void *arg)
{
    struct svc_purge *purge = arg;
    pthread_mutex_lock(&purge->mutex);
    purge->is_cancelling = false;
    pthread_cond_signal(&purge->changed);
    pthread_mutex_unlock(&purge->mutex);
}

/* Wait until the op has completed; it is cancelled when all is to stop. With the mutex held. */
static void await_op(struct svc_purge *purge)
{
    bool is_asked = false;
    while (!purge->is_done || purge->is_cancelling) {
        if (purge->is_stopping && !purge->is_done && !is_asked) {
            is_asked = true;
            purge->is_cancelling = true;
            purge->cancel =
                (struct store_cancel){.op = &purge->op, .released = on_released, .arg = purge};
            store_cancel(purge->store, &purge->cancel);
        }
        pthread_cond_wait(&purge->changed, &purge->mutex);
    }
}

/* Wait for so long, or until all is to stop. */
static bool pause_for(struct svc_purge *purge, int64_t pause_ns)
{
    int64_t until_ns = nx_clock_monotonic_ns() + pause_ns;
    const struct timespec until = {until_ns / 1000000000, until_ns % 1000000000};
    pthread_mutex_lock(&purge->mutex);
    while (!purge->is_stopping && nx_clock_monotonic_ns() < until_ns)
        pthread_cond_timedwait(&purge->changed, &purge->mutex, &until);
    bool goes_on = !purge->is_stopping;
    pthread_mutex_unlock(&purge->mutex);
    return goes_on;
}

/* The thread gives way to calls; a command does not. */
static nx_status run_batch(struct svc_purge *purge, struct batch *batch)
{
    int64_t start_ns = nx_clock_monotonic_ns();
    nx_arena_reset(purge->arena);
    purge->is_done = false;
    purge->batch = batch;
    unsigned flags = batch->sql == STORE_SQL_PURGE_PREVIEW ? STORE_READ : STORE_WRITE;
    store_op_init(&purge->op, purge->arena, start_ns + BATCH_TIMEOUT_NS, flags, on_done, purge);
    store_op_step(&purge->op, batch->sql);
    for (int i = 0; i < batch->param_count; i++)
        store_bind_int8(&purge->op, batch->params[i]);
    store_submit(purge->store, &purge->op);
    pthread_mutex_lock(&purge->mutex);
    await_op(purge);
    pthread_mutex_unlock(&purge->mutex);
    NX_TRY(purge->op.status);
    if (purge->is_running && !pause_for(purge, nx_clock_monotonic_ns() - start_ns))
        return nx_fail(purge->arena, NX_CANCELLED, "the purge was told to stop");
    return NX_STATUS_OK;
}

/* --- The tally --- */

static nx_status compact(struct svc_purge *purge)
{
    struct batch batch = {.sql = STORE_SQL_TALLY_COMPACT,
                          .params = {0, TALLY_BATCH},
                          .param_count = 2,
                          .number_count = 2};
    for (;;) {
        NX_TRY(run_batch(purge, &batch));
        int64_t next = batch.numbers[0];
        /* What another process has locked does not get shorter. */
        if (next < 0 || (next == batch.params[0] && batch.numbers[1] <= 0))
            return NX_STATUS_OK;
        batch.params[0] = next;
    }
}

/* --- A run --- */

/* Repeat a statement until it finds nothing more. */
static nx_status exhaust(struct svc_purge *purge, enum store_sql sql, int64_t *total)
{
    struct batch batch = {.sql = sql, .params = {BATCH}, .param_count = 1, .number_count = 1};
    do {
        NX_TRY(run_batch(purge, &batch));
        *total += batch.numbers[0];
    } while (batch.numbers[0] > 0);
    return NX_STATUS_OK;
}

/* purge_categories.sql works from the leaves of the tree up. */
static nx_status purge_categories(struct svc_purge *purge, struct svc_purge_totals *totals)
{
    int64_t before;
    do {
        int64_t claimed = 0;
        before = totals->categories;
        NX_TRY(exhaust(purge, STORE_SQL_PURGE_CLAIM, &claimed));
        NX_TRY(exhaust(purge, STORE_SQL_PURGE_UNFILE, &totals->unfiled));
        NX_TRY(exhaust(purge, STORE_SQL_PURGE_CATEGORIES, &totals->categories));
    } while (totals->categories > before);
    return NX_STATUS_OK;
}

nx_status svc_purge_run(struct svc_purge *purge, struct svc_purge_totals *ret_totals)
{
    *ret_totals = (struct svc_purge_totals){0};
    NX_TRY(exhaust(purge, STORE_SQL_PURGE_PRODUCTS, &ret_totals->products));
    NX_TRY(purge_categories(purge, ret_totals));
    NX_TRY(exhaust(purge, STORE_SQL_PURGE_REQUESTS, &ret_totals->requests));
    return compact(purge);
}

nx_status svc_purge_preview(struct svc_purge *purge, struct svc_purge_totals *ret_totals)
{
    struct batch batch = {.sql = STORE_SQL_PURGE_PREVIEW, .number_count = 4};
    NX_TRY(run_batch(purge, &batch));
    *ret_totals = (struct svc_purge_totals){.products = batch.numbers[0],
                                            .categories = batch.numbers[1],
                                            .requests = batch.numbers[2],
                                            .unfiled = batch.numbers[3]};
    return NX_STATUS_OK;
}

/* --- The thread --- */

static void tell(nx_status status, const struct svc_purge_totals *totals)
{
    char products[24];
    char categories[24];
    char requests[24];
    snprintf(products, sizeof products, "%lld", (long long)totals->products);
    snprintf(categories, sizeof categories, "%lld", (long long)totals->categories);
    snprintf(requests, sizeof requests, "%lld", (long long)totals->requests);
    if (status.code != NX_OK && status.code != NX_CANCELLED)
        nx_log(NX_LOG_WARN, "the purge could not be finished", "error", nx_status_message(status),
               NULL);
    if (totals->products + totals->categories + totals->requests > 0)
        nx_log(NX_LOG_INFO, "purged", "products", products, "categories", categories, "requests",
               requests, NULL);
}

static void *run(void *arg)
{
    struct svc_purge *purge = arg;
    int64_t period_ns = TALLY_PERIOD_NS;
    int64_t tally_at_ns = nx_clock_monotonic_ns() + period_ns;
    int64_t purge_at_ns =
        purge->interval_ns > 0 ? nx_clock_monotonic_ns() + purge->interval_ns : NX_DEADLINE_NEVER;
    int64_t next_ns = tally_at_ns < purge_at_ns ? tally_at_ns : purge_at_ns;
    while (pause_for(purge, next_ns - nx_clock_monotonic_ns())) {
        if (nx_clock_monotonic_ns() >= purge_at_ns) {
            struct svc_purge_totals totals;
            tell(svc_purge_run(purge, &totals), &totals);
            purge_at_ns = nx_clock_monotonic_ns() + purge->interval_ns;
        }
        if (nx_clock_monotonic_ns() >= tally_at_ns) {
            /* A database that takes no writes now is not asked for them all the time. */
            bool is_good = compact(purge).code == NX_OK;
            period_ns = is_good ? TALLY_PERIOD_NS : period_ns * 2;
            if (period_ns > MAX_TALLY_PERIOD_NS)
                period_ns = MAX_TALLY_PERIOD_NS;
            tally_at_ns = nx_clock_monotonic_ns() + period_ns;
        }
        next_ns = tally_at_ns < purge_at_ns ? tally_at_ns : purge_at_ns;
    }
    return NULL;
}

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

nx_status svc_purge_new(struct store *store, struct svc_purge **ret_purge)
{
    struct svc_purge *purge = calloc(1, sizeof *purge);
    if (!purge)
        return nx_fail_memory();
    purge->store = store;
    pthread_mutex_init(&purge->mutex, NULL);
    init_condition(&purge->changed);
    purge->arena = nx_arena_new(ARENA_BYTES);
    if (!purge->arena) {
        svc_purge_destroy(purge);
        return nx_fail_memory();
    }
    *ret_purge = purge;
    return NX_STATUS_OK;
}

nx_status svc_purge_start(struct svc_purge *purge, unsigned interval_ms)
{
    static const struct nx_error no_thread = {.message = "cannot start a thread"};
    purge->interval_ns = (int64_t)interval_ms * NS_PER_MS;
    purge->is_running = true;
    if (pthread_create(&purge->thread, NULL, run, purge) == 0)
        return NX_STATUS_OK;
    purge->is_running = false;
    return (nx_status){NX_RESOURCE_EXHAUSTED, &no_thread};
}

void svc_purge_stop(struct svc_purge *purge)
{
    if (!purge || !purge->is_running)
        return;
    pthread_mutex_lock(&purge->mutex);
    purge->is_stopping = true;
    pthread_cond_signal(&purge->changed);
    pthread_mutex_unlock(&purge->mutex);
    pthread_join(purge->thread, NULL);
    purge->is_running = false;
}

void svc_purge_destroy(struct svc_purge *purge)
{
    if (!purge)
        return;
    svc_purge_stop(purge);
    nx_arena_destroy(purge->arena);
    pthread_cond_destroy(&purge->changed);
    pthread_mutex_destroy(&purge->mutex);
    free(purge);
}
