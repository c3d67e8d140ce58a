/* Another protoc plugin, run by this one. */
#ifndef GEN_CHILD_H
#define GEN_CHILD_H

#include "nx_arena.h"
#include "nx_buf.h"
#include "nx_status.h"

/* Run a program with the input on its stdin, append what it writes on stdout, and wait for its end.
 * The program is looked for in PATH unless it has a '/'; its stderr is ours.
 * Fails:   UNAVAILABLE when it cannot be run, INTERNAL when it ends badly, RESOURCE_EXHAUSTED. */
nx_status gen_child_run(const char *program, struct nx_str input, struct nx_arena *arena,
                        struct nx_buf *output) NX_MUST_USE;

#endif
