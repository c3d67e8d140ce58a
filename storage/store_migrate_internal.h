/* The set of migrations that is embedded, and the same functions for another set: for tests. */
#ifndef STORE_MIGRATE_INTERNAL_H
#define STORE_MIGRATE_INTERNAL_H

#include "store_migrate.h"

struct store_migration {
    int number; /* 1, 2, 3 ... */
    const char *name;
    const char *up;
    const char *down;
};

/* Generated; number 0 ends it. */
extern const struct store_migration store_migrations[];

nx_status store_migrate_up_with(const struct store_migration *set, struct nx_arena *arena,
                                const struct store_migrate_options *options,
                                unsigned *ret_applied) NX_MUST_USE;
nx_status store_migrate_down_with(const struct store_migration *set, struct nx_arena *arena,
                                  const struct store_migrate_options *options, unsigned steps,
                                  unsigned *ret_reverted) NX_MUST_USE;
nx_status store_migrate_status_with(const struct store_migration *set, struct nx_arena *arena,
                                    const struct store_migrate_options *options,
                                    struct store_migrate_report *ret_report) NX_MUST_USE;

#endif
