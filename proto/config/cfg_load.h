/* Configuration of a program: a table of keys, filled from defaults, a YAML file and the
 * environment.
 *
 * The file is "section: {key: value}". For each key, the last of these that is there wins:
 *
 *   1. the default in the table;
 *   2. the file;
 *   3. NEXUS_<SECTION>_<KEY> in the environment, or NEXUS_<SECTION>_<KEY>_FILE, which names a file
 *      that holds the value (a secret, say). An empty variable counts as not set; both at once are
 *      an error.
 *
 * All of them pass the same checks. No value of a string key is ever part of a message. */
#ifndef CFG_LOAD_H
#define CFG_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "nx_arena.h"
#include "nx_status.h"

/* A larger configuration or secret file is refused. */
#define CFG_MAX_FILE_BYTES ((size_t)1024 * 1024)

/* What the member of the configuration struct is. */
enum cfg_type {
    CFG_STRING, /* const char *; min and max bound its length in bytes */
    CFG_UINT,   /* uint64_t; decimal digits only */
    CFG_BOOL,   /* bool; "true" or "false" */
};

/* One key. Sections and keys are lower snake case; none is another with "_file" behind it. */
struct cfg_key {
    const char *section;
    const char *key;
    enum cfg_type type;
    size_t offset;        /* of the member in the configuration struct */
    const char *fallback; /* the default as text; NULL is "", 0 or false */
    uint64_t min;
    uint64_t max; /* 0: no upper bound */
    const char *help;
};

/* Fill a configuration struct. The keys of a section need not stand together.
 * Result: strings are in the arena, or are the table's own defaults; never NULL.
 * Fails:  INVALID_ARGUMENT, with a message that begins with "file:line: ", or the name of the
 *         environment variable; RESOURCE_EXHAUSTED. */
nx_status cfg_load(const struct cfg_key *keys, size_t count, const char *file /* NULL: none */,
                   struct nx_arena *arena, void *ret_config) NX_MUST_USE;

/* Where the database is, as a libpq connection string: the configured one unless it is "" or NULL;
 * else DATABASE_URL; else made of POSTGRES_HOST, _PORT, _DB, _USER and _PASSWORD, if any is set;
 * else "", which leaves it to libpq's own PG* variables. Each variable may come by way of a file
 * (POSTGRES_PASSWORD_FILE).
 * Fails: as cfg_load(). */
nx_status cfg_database_conninfo(struct nx_arena *arena, const char *configured_url,
                                const char **ret_conninfo) NX_MUST_USE;

/* A table of all keys: name, environment variable, default, meaning. */
void cfg_print_help(const struct cfg_key *keys, size_t count, FILE *out);

#endif
