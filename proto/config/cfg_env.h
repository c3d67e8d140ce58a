/* Values from the environment, straight or by way of a file. */
#ifndef CFG_ENV_H
#define CFG_ENV_H

#include "nx_arena.h"
#include "nx_status.h"

/* NEXUS_<SECTION>_<KEY> in capitals, in the arena. NULL when out of memory. */
const char *cfg_env_name(const char *section, const char *key, struct nx_arena *arena);

/* The value of a variable, or of the file that <variable>_FILE names, without one final line break.
 * An empty variable counts as not set, as a compose file's ${X:-} leaves it.
 * Result: the text and the variable it came from; both untouched when neither is set.
 * Fails:  INVALID_ARGUMENT, with a message that begins with the variable's name: both are set, or
 * the file cannot be read; RESOURCE_EXHAUSTED. */
nx_status cfg_env_read(const char *variable, struct nx_arena *arena, const char **ret_text,
                       const char **ret_where) NX_MUST_USE;

#endif
