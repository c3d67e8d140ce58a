#include "ctl.h"

#include "store_migrate.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_progress(void *context, const struct store_migrate_progress *progress)
{
    (void)context;
    if (progress->event == STORE_MIGRATE_NOTICE)
        printf("      %s\n", progress->text);
    else
        printf("%s  %03d %s\n", progress->event == STORE_MIGRATE_APPLIED ? "applied " : "reverted",
               progress->number, progress->name);
    fflush(stdout);
}

static struct store_migrate_options options_of(const struct ctl *ctl)
{
    return (struct store_migrate_options){.conninfo = ctl->conninfo, .progress = print_progress};
}

static int up(struct ctl *ctl)
{
    struct store_migrate_options options = options_of(ctl);
    unsigned applied = 0;
    nx_status status = store_migrate_up(ctl->arena, &options, &applied);
    if (status.code != NX_OK)
        return ctl_fail(status);
    if (applied == 0)
        puts("the schema is current");
    return EXIT_SUCCESS;
}

static int down(struct ctl *ctl)
{
    long long steps = 1;
    if (ctl->argc > 2 && !ctl_number(ctl->argv[2], INT_MAX, &steps))
        return ctl_usage("migrate down", "N is how many migrations to revert, 1 or more");
    struct store_migrate_options options = options_of(ctl);
    unsigned reverted = 0;
    nx_status status = store_migrate_down(ctl->arena, &options, (unsigned)steps, &reverted);
    if (status.code != NX_OK)
        return ctl_fail(status);
    if (reverted == 0)
        puts("there is nothing to revert");
    return EXIT_SUCCESS;
}

static int status(struct ctl *ctl)
{
    struct store_migrate_options options = options_of(ctl);
    struct store_migrate_report report;
    nx_status read = store_migrate_status(ctl->arena, &options, &report);
    if (read.code != NX_OK)
        return ctl_fail(read);
    for (unsigned i = 0; i < report.count; i++) {
        const struct store_migrate_entry *entry = &report.entries[i];
        printf("%03d %-24s %-8s %s\n", entry->number, entry->name,
               store_migrate_state_name(entry->state), entry->applied_at);
    }
    if (!report.current)
        fputs("the schema is not current; run: nexusctl migrate up\n", stderr);
    return report.current ? EXIT_SUCCESS : EXIT_FAILURE;
}

int ctl_migrate(struct ctl *ctl)
{
    const char *what = ctl->argc > 1 ? ctl->argv[1] : "";
    if (ctl->argc > (strcmp(what, "down") == 0 ? 3 : 2))
        return ctl_usage("migrate", "too many words");
    if (strcmp(what, "up") == 0)
        return up(ctl);
    if (strcmp(what, "down") == 0)
        return down(ctl);
    if (strcmp(what, "status") == 0)
        return status(ctl);
    return ctl_usage("migrate", "say up, down or status");
}
