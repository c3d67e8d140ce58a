#include "ctl.h"

#include "ctl_progress.h"
#include "store_index.h"
#include "store_pending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add(struct ctl *ctl, const char *key, const char *type)
{
    bool built;
    nx_status status = store_index_add(ctl->arena, ctl->conninfo, key, type, &built);
    if (status.code != NX_OK)
        return ctl_fail(status);
    printf(built ? "indexed attributes.%s as %s\n" : "attributes.%s is indexed as %s already\n",
           key, type);
    return EXIT_SUCCESS;
}

static int drop(struct ctl *ctl, const char *key)
{
    bool dropped;
    nx_status status = store_index_drop(ctl->arena, ctl->conninfo, key, &dropped);
    if (status.code != NX_OK)
        return ctl_fail(status);
    printf(dropped ? "attributes.%s is no longer indexed\n" : "attributes.%s was not indexed\n",
           key);
    return EXIT_SUCCESS;
}

typedef nx_status (*lister)(struct nx_arena *arena, const char *conninfo,
                            struct store_index_entry **ret_entries, int *ret_count);

static int list(struct ctl *ctl, lister read, const char *if_none)
{
    struct store_index_entry *entries;
    int count;
    nx_status status = read(ctl->arena, ctl->conninfo, &entries, &count);
    if (status.code != NX_OK)
        return ctl_fail(status);
    if (count == 0)
        puts(if_none);
    for (int i = 0; i < count; i++)
        printf("%-32s %-8s %-10s %s\n", entries[i].key, entries[i].type, entries[i].state,
               entries[i].size);
    return EXIT_SUCCESS;
}

int ctl_index_attribute(struct ctl *ctl)
{
    const char *first = ctl->argc > 1 ? ctl->argv[1] : "";
    if (ctl->argc == 2 && strcmp(first, "--list") == 0)
        return list(ctl, store_index_list, "no attribute is indexed by itself");
    if (ctl->argc == 3 && strcmp(first, "--drop") == 0)
        return drop(ctl, ctl->argv[2]);
    if (ctl->argc == 3 && first[0] != '-')
        return add(ctl, first, ctl->argv[2]);
    return ctl_usage("index-attribute",
                     "say KEY and TYPE (text, number or boolean), --drop KEY, or --list");
}

static int add_order(struct ctl *ctl, const char *order_by)
{
    bool built;
    nx_status status = store_index_add_order(ctl->arena, ctl->conninfo, order_by, &built);
    if (status.code != NX_OK)
        return ctl_fail(status);
    printf(built ? "indexed the order \"%s\"\n" : "the order \"%s\" is indexed already\n",
           order_by);
    return EXIT_SUCCESS;
}

static int drop_order(struct ctl *ctl, const char *order_by)
{
    bool dropped;
    nx_status status = store_index_drop_order(ctl->arena, ctl->conninfo, order_by, &dropped);
    if (status.code != NX_OK)
        return ctl_fail(status);
    printf(dropped ? "the order \"%s\" is no longer indexed\n"
                   : "the order \"%s\" was not indexed\n",
           order_by);
    return EXIT_SUCCESS;
}

int ctl_index_order(struct ctl *ctl)
{
    const char *first = ctl->argc > 1 ? ctl->argv[1] : "";
    if (ctl->argc == 2 && strcmp(first, "--list") == 0)
        return list(ctl, store_index_list_orders, "no order by several fields is indexed");
    if (ctl->argc == 3 && strcmp(first, "--drop") == 0)
        return drop_order(ctl, ctl->argv[2]);
    if (ctl->argc == 2 && first[0] != '-' && first[0])
        return add_order(ctl, first);
    return ctl_usage("index-order", "say an order as one word, \"brand, title\", --drop ORDER, "
                                    "or --list");
}

static bool on_tick(void *context)
{
    ctl_progress_draw(context);
    return !ctl_is_interrupted();
}

static void on_built(void *context, unsigned done, unsigned total)
{
    struct ctl_progress *progress = context;
    progress->total = total;
    ctl_progress_set(progress, done, "indexes");
}

nx_status ctl_build_indexes(struct ctl *ctl, unsigned *ret_built, double *ret_seconds)
{
    struct ctl_progress progress;
    const struct store_pending_options options = {
        .conninfo = ctl->conninfo, .tick = on_tick, .progress = on_built, .context = &progress};
    ctl_progress_init(&progress, true);
    ctl_progress_begin(&progress, "indexing", "indexes", false, 1);
    nx_status status = store_pending_build(ctl->arena, &options, ret_built);
    *ret_seconds = ctl_progress_end(&progress);
    if (status.code == NX_OK)
        return status;
    return nx_fail(ctl->arena, status.code,
                   "%s; all rows are there, but indexes are missing: nexusctl index-build, as the "
                   "owner, makes them",
                   nx_status_message(status));
}

int ctl_index_build(struct ctl *ctl)
{
    unsigned built;
    double seconds;
    if (ctl->argc > 1)
        return ctl_usage("index-build", "takes no words");
    ctl_catch_interrupts();
    nx_status status = ctl_build_indexes(ctl, &built, &seconds);
    if (status.code != NX_OK)
        return ctl_fail(status);
    if (built > 0)
        printf("made %u indexes in %.1f s\n", built, seconds);
    else
        puts("no index is missing");
    return EXIT_SUCCESS;
}
