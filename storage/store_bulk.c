#include "store_bulk.h"

#include <string.h>

#define MAX_PARTS 64

/* A unique index, a foreign key or a trigger. */
struct part {
    const char *name;
    const char *remove;
    const char *restore;
};

struct store_bulk {
    struct store_copy *copy;
    struct nx_arena *arena;
    struct part parts[MAX_PARTS];
    unsigned count;
    bool is_allowed;
    bool is_full; /* of parts, or the arena */
};

/* What a trigger that is away would have done, for all rows. */
static const struct {
    const char *name;
    enum store_sql sql;
} fills[] = {
    {"counts of categories", STORE_SQL_BULK_TALLY},
    {"search", STORE_SQL_BULK_SEARCH},
};

#define FILL_COUNT (sizeof fills / sizeof *fills)

static void read_allowed(void *context, const char *const *values)
{
    struct store_bulk *bulk = context;
    bulk->is_allowed = strcmp(values[0], "t") == 0;
}

static void read_part(void *context, const char *const *values)
{
    struct store_bulk *bulk = context;
    struct part part = {nx_arena_strdup(bulk->arena, nx_str_from(values[0])),
                        nx_arena_strdup(bulk->arena, nx_str_from(values[1])),
                        nx_arena_strdup(bulk->arena, nx_str_from(values[2]))};
    if (bulk->count == MAX_PARTS || !part.name || !part.remove || !part.restore)
        bulk->is_full = true;
    else
        bulk->parts[bulk->count++] = part;
}

static nx_status look(struct store_bulk *bulk)
{
    bulk->is_allowed = false;
    return store_copy_query(bulk->copy, STORE_SQL_BULK_ALLOWED, NULL, read_allowed, bulk);
}

/* Asks before it locks: only an owner may, and a catalog in use is not to be stopped for nothing.
 */
static nx_status lock(struct store_bulk *bulk)
{
    NX_TRY(look(bulk));
    if (!bulk->is_allowed)
        return NX_STATUS_OK;
    NX_TRY(store_copy_query(bulk->copy, STORE_SQL_BULK_LOCK, NULL, NULL, NULL));
    return look(bulk);
}

nx_status store_bulk_begin(struct store_copy *copy, struct nx_arena *arena,
                           struct store_bulk **ret_bulk)
{
    struct store_bulk *bulk = nx_arena_calloc(arena, 1, sizeof *bulk);
    if (!bulk)
        return nx_fail_memory();
    *ret_bulk = NULL;
    bulk->copy = copy;
    bulk->arena = arena;
    NX_TRY(lock(bulk));
    if (!bulk->is_allowed)
        return NX_STATUS_OK;
    NX_TRY(store_copy_query(copy, STORE_SQL_BULK_TRUNCATE, NULL, NULL, NULL));
    NX_TRY(store_copy_query(copy, STORE_SQL_BULK_PARTS, NULL, read_part, bulk));
    if (bulk->is_full)
        return nx_fail_memory();
    for (unsigned i = 0; i < bulk->count; i++)
        NX_TRY(store_copy_run(copy, bulk->parts[i].remove));
    NX_TRY(store_copy_query(copy, STORE_SQL_BULK_PUT_OFF, NULL, NULL, NULL));
    *ret_bulk = bulk;
    return NX_STATUS_OK;
}

unsigned store_bulk_step_count(const struct store_bulk *bulk)
{
    return (unsigned)FILL_COUNT + bulk->count;
}

nx_status store_bulk_restore(struct store_bulk *bulk, store_bulk_progress progress, void *context)
{
    unsigned step = 0;
    NX_TRY(store_copy_run(bulk->copy, "set local maintenance_work_mem = '512MB';"
                                      "set local max_parallel_maintenance_workers = 4"));
    for (size_t i = 0; i < FILL_COUNT; i++) {
        progress(context, step++, fills[i].name);
        NX_TRY(store_copy_query(bulk->copy, fills[i].sql, NULL, NULL, NULL));
    }
    for (unsigned i = 0; i < bulk->count; i++) {
        progress(context, step++, bulk->parts[i].name);
        NX_TRY(store_copy_run(bulk->copy, bulk->parts[i].restore));
    }
    return NX_STATUS_OK;
}
