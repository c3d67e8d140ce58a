/* nexusctl seed: the sample catalog, in one transaction, and the indexes that can wait in others.
 * Numbers that are there are left alone. */
#include "ctl.h"

#include "ctl_progress.h"
#include "ctl_seed_data.h"
#include "nx_clock.h"
#include "store_bulk.h"
#include "store_copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEFAULT_COUNT 150
#define MAX_COUNT 10000000
/* From here on it is faster to do without indexes and build them afterwards. */
#define BULK_COUNT 10000
/* One COPY, so that what a trigger sees of it stays small. */
#define COPY_ROWS 10000
#define SEND_BYTES ((size_t)64 << 10)
#define MAX_JSON_BYTES ((size_t)1 << 20)

struct seed {
    struct nx_arena *arena;
    struct store_copy *copy;
    struct store_bulk *bulk; /* NULL: row by row */
    int64_t count;
    struct ctl_progress progress;
    unsigned char *present; /* a bit for each number */
    const char **slugs;     /* of the categories */
    int64_t *category_ids;
    unsigned category_count;
    int64_t categories_added;
    int64_t products_added;
    char now[32];
    unsigned built; /* indexes */
    double load_s, restore_s, index_s;
};

static bool tick(void *context)
{
    struct seed *seed = context;
    ctl_progress_draw(&seed->progress);
    return !ctl_is_interrupted();
}

/* --- Categories --- */

static void add_count(void *context, const char *const *values)
{
    *(int64_t *)context += strtoll(values[0], NULL, 10);
}

static void read_category(void *context, const char *const *values)
{
    struct seed *seed = context;
    for (unsigned i = 0; i < seed->category_count; i++) {
        if (strcmp(seed->slugs[i], values[0]) == 0)
            seed->category_ids[i] = strtoll(values[1], NULL, 10);
    }
}

static nx_status prepare_categories(struct seed *seed)
{
    seed->category_count = seed_category_count(seed->count);
    seed->slugs = nx_arena_calloc(seed->arena, seed->category_count, sizeof *seed->slugs);
    seed->category_ids =
        nx_arena_calloc(seed->arena, seed->category_count, sizeof *seed->category_ids);
    if (!seed->slugs || !seed->category_ids)
        return nx_fail_memory();
    for (unsigned i = 0; i < seed->category_count; i++) {
        struct nx_buf slug;
        nx_buf_init(&slug, MAX_JSON_BYTES);
        seed_category_slug(i, &slug);
        seed->slugs[i] = slug.failed ? NULL : nx_arena_strdup(seed->arena, nx_buf_str(&slug));
        nx_buf_cleanup(&slug);
        if (!seed->slugs[i])
            return nx_fail_memory();
    }
    return NX_STATUS_OK;
}

static nx_status add_categories(struct seed *seed)
{
    NX_TRY(prepare_categories(seed));
    for (unsigned depth = 0; depth < SEED_MAX_DEPTH; depth++) {
        struct nx_buf json;
        nx_status status = NX_STATUS_OK;
        nx_buf_init(&json, MAX_JSON_BYTES);
        bool is_any = seed_categories_json(depth, seed->count, &json);
        nx_buf_append_char(&json, '\0');
        if (json.failed)
            status = nx_fail_memory();
        else if (is_any)
            status = store_copy_query(seed->copy, STORE_SQL_SEED_CATEGORIES, json.ptr, add_count,
                                      &seed->categories_added);
        nx_buf_cleanup(&json);
        NX_TRY(status);
    }
    return store_copy_query(seed->copy, STORE_SQL_SEED_CATEGORY_IDS, NULL, read_category, seed);
}

/* --- Products --- */

static void read_run(void *context, const char *const *values)
{
    struct seed *seed = context;
    int64_t last = strtoll(values[1], NULL, 10);
    for (int64_t n = strtoll(values[0], NULL, 10); n <= last && n <= seed->count; n++)
        seed->present[n / 8] |= (unsigned char)(1 << n % 8);
}

static bool is_present(const struct seed *seed, int64_t number)
{
    return seed->present[number / 8] >> number % 8 & 1;
}

/* Send what is missing of these numbers. */
static nx_status send_rows(struct seed *seed, int64_t first, int64_t last, struct nx_buf *rows)
{
    for (int64_t n = first; n <= last; n++) {
        if (!is_present(seed, n)) {
            seed_product_row(n, seed->category_ids, seed->now, rows);
            seed->products_added++;
        }
        if (rows->failed)
            return nx_fail_memory();
        if (rows->len < SEND_BYTES && n < last)
            continue;
        if (ctl_is_interrupted())
            return nx_fail(seed->arena, NX_CANCELLED,
                           "interrupted; the database is as it was before");
        NX_TRY(store_copy_send(seed->copy, nx_buf_str(rows)));
        rows->len = 0;
        ctl_progress_set(&seed->progress, n, "products");
    }
    return NX_STATUS_OK;
}

static nx_status copy_products(struct seed *seed, struct nx_buf *rows)
{
    enum store_sql sql = seed->bulk ? STORE_SQL_BULK_COPY : STORE_SQL_SEED_COPY;
    for (int64_t first = 1; first <= seed->count; first += COPY_ROWS) {
        int64_t last = first + COPY_ROWS - 1 < seed->count ? first + COPY_ROWS - 1 : seed->count;
        NX_TRY(store_copy_begin(seed->copy, sql));
        NX_TRY(send_rows(seed, first, last, rows));
        NX_TRY(store_copy_end(seed->copy));
    }
    return NX_STATUS_OK;
}

static nx_status add_products(struct seed *seed)
{
    struct nx_buf rows;
    nx_buf_init(&rows, 2 * SEND_BYTES);
    ctl_progress_begin(&seed->progress, "loading", "products", true, seed->count);
    nx_status status = store_copy_query(seed->copy, STORE_SQL_SEED_PRESENT, NULL, read_run, seed);
    if (status.code == NX_OK)
        status = copy_products(seed, &rows);
    nx_buf_cleanup(&rows);
    seed->load_s = ctl_progress_end(&seed->progress);
    return status;
}

/* --- All of it --- */

static void on_step(void *context, unsigned step, const char *name)
{
    struct seed *seed = context;
    ctl_progress_set(&seed->progress, step, name);
}

static nx_status restore(struct seed *seed)
{
    ctl_progress_begin(&seed->progress, "entering", "", false, store_bulk_step_count(seed->bulk));
    nx_status status = store_bulk_restore(seed->bulk, on_step, seed);
    seed->restore_s = ctl_progress_end(&seed->progress);
    return status;
}

static nx_status fill(struct seed *seed)
{
    NX_TRY(store_copy_query(seed->copy, STORE_SQL_SEED_LOCK, NULL, NULL, NULL));
    if (seed->count >= BULK_COUNT)
        NX_TRY(store_bulk_begin(seed->copy, seed->arena, &seed->bulk));
    NX_TRY(add_categories(seed));
    NX_TRY(add_products(seed));
    if (seed->bulk)
        NX_TRY(restore(seed));
    return store_copy_commit(seed->copy);
}

static void report(const struct seed *seed)
{
    printf("added %lld categories and %lld products\n", (long long)seed->categories_added,
           (long long)seed->products_added);
    if (seed->bulk)
        printf("loading %.1f s, entering into search %.1f s, indexing %.1f s\n", seed->load_s,
               seed->restore_s, seed->index_s);
    else if (seed->built > 0)
        printf("made %u indexes that were missing\n", seed->built);
}

static nx_status run(struct ctl *ctl, struct seed *seed)
{
    const struct store_copy_options options = {
        .conninfo = ctl->conninfo, .tick = tick, .context = seed};
    nx_status status = store_copy_open(ctl->arena, &options, &seed->copy);
    if (status.code == NX_OK)
        status = fill(seed);
    store_copy_close(seed->copy);
    if (status.code == NX_OK) /* also what an earlier one has left */
        status = ctl_build_indexes(ctl, &seed->built, &seed->index_s);
    return status;
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
    struct seed seed = {.arena = ctl->arena, .count = count};
    time_t now = (time_t)(nx_clock_realtime_ns() / 1000000000);
    struct tm parts;
    (void)strftime(seed.now, sizeof seed.now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    ctl_progress_init(&seed.progress, count >= BULK_COUNT);
    ctl_catch_interrupts();
    seed.present = calloc((size_t)count / 8 + 1, 1);
    nx_status status = seed.present ? run(ctl, &seed) : nx_fail_memory();
    free(seed.present);
    if (status.code != NX_OK)
        return ctl_fail(status);
    report(&seed);
    return EXIT_SUCCESS;
}
