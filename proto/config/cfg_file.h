/* Whole files in memory. */
#ifndef CFG_FILE_H
#define CFG_FILE_H

#include "nx_arena.h"
#include "nx_status.h"
#include "nx_str.h"

/* Read a file of at most max_bytes.
 * Result: in the arena, with a NUL behind it that is not counted.
 * Fails:  INVALID_ARGUMENT, with a message that begins with the path: it cannot be read, or is too
 *         large; RESOURCE_EXHAUSTED. */
nx_status cfg_file_read(const char *path, size_t max_bytes, struct nx_arena *arena,
                        struct nx_str *ret_text) NX_MUST_USE;

#endif
