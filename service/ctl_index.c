#include "ctl.h"

#include "store_index.h"

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

static int list(struct ctl *ctl)
{
    struct store_index_entry *entries;
    int count;
    nx_status status = store_index_list(ctl->arena, ctl->conninfo, &entries, &count);
    if (status.code != NX_OK)
        return ctl_fail(status);
    if (count == 0)
        puts("no attribute is indexed by itself");
    for (int i = 0; i < count; i++)
        printf("%-32s %-8s %-10s %s\n", entries[i].key, entries[i].type, entries[i].state,
               entries[i].size);
    return EXIT_SUCCESS;
}

int ctl_index_attribute(struct ctl *ctl)
{
    const char *first = ctl->argc > 1 ? ctl->argv[1] : "";
    if (ctl->argc == 2 && strcmp(first, "--list") == 0)
        return list(ctl);
    if (ctl->argc == 3 && strcmp(first, "--drop") == 0)
        return drop(ctl, ctl->argv[2]);
    if (ctl->argc == 3 && first[0] != '-')
        return add(ctl, first, ctl->argv[2]);
    return ctl_usage("index-attribute",
                     "say KEY and TYPE (text, number or boolean), --drop KEY, or --list");
}
