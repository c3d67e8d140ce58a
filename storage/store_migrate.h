/* Bringing a database to the schema that this binary was built for.
 *
 * Migrations are the files NNN_name.up.sql and NNN_name.down.sql, numbered 1, 2, 3 ... without a
 * gap, embedded at build time. The table nexus_migration keeps what has been applied, with the
 * SHA-256 of each text. Each migration and its record are one transaction; an advisory lock lets
 * one runner work at a time. A database that was migrated by other texts than these is refused.
 *
 * These functions block; they are for nexusctl, for the start of a server and for tests. Their
 * messages hold the database's own words: they are for whoever runs the server, not for clients. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include <stdbool.h>

#include "nx_arena.h"
#include "nx_status.h"

enum store_migrate_event {
    STORE_MIGRATE_APPLIED,  /* number and name of the migration */
    STORE_MIGRATE_REVERTED, /* number and name of the migration */
    STORE_MIGRATE_NOTICE,   /* text: what the migration under way has to say */
};

/* What has just happened; the pointers are valid until the callback returns. */
struct store_migrate_progress {
    enum store_migrate_event event;
    int number;       /* 0 in a notice of no migration */
    const char *name; /* "" in a notice of no migration */
    const char *text; /* of a notice; "" otherwise */
};

struct store_migrate_options {
    const char *conninfo;       /* libpq connection string or URL, of a role that may do DDL */
    unsigned lock_timeout_ms;   /* to wait for another runner; 0: 60000 */
    unsigned connect_timeout_s; /* 0: 10 */
    void (*progress)(void *context, const struct store_migrate_progress *progress); /* or NULL */
    void *context;
};

enum store_migrate_state {
    STORE_MIGRATE_IS_APPLIED,
    STORE_MIGRATE_IS_PENDING,
    STORE_MIGRATE_IS_CHANGED, /* applied with another text than this binary's */
    STORE_MIGRATE_IS_UNKNOWN, /* applied, and not part of this binary */
};

struct store_migrate_entry {
    int number;
    const char *name;
    enum store_migrate_state state;
    const char *applied_at; /* RFC 3339, UTC; "" when it is pending */
};

struct store_migrate_report {
    struct store_migrate_entry *entries; /* by number */
    unsigned count;
    bool current; /* all are applied: the service can work with this database */
};

/* Apply all that are pending.
 * Result:  *ret_applied, how many; also set when a later one failed (those before it stay).
 * Fails:   UNAVAILABLE (no connection), FAILED_PRECONDITION (the database was migrated by other
 *          texts; another runner holds the lock; a migration was refused by the database). */
nx_status store_migrate_up(struct nx_arena *arena, const struct store_migrate_options *options,
                           unsigned *ret_applied) NX_MUST_USE;

/* Revert the last `steps` that are applied, newest first.
 * Result and failures: as store_migrate_up(). */
nx_status store_migrate_down(struct nx_arena *arena, const struct store_migrate_options *options,
                             unsigned steps, unsigned *ret_reverted) NX_MUST_USE;

/* Compare the database with this binary. Changes nothing, takes no lock.
 * Result:  *ret_report, in the arena.
 * Fails:   UNAVAILABLE, FAILED_PRECONDITION (the table of migrations may not be read). */
nx_status store_migrate_status(struct nx_arena *arena, const struct store_migrate_options *options,
                               struct store_migrate_report *ret_report) NX_MUST_USE;

/* "applied", "pending", "changed", "unknown". */
const char *store_migrate_state_name(enum store_migrate_state state);

#endif
