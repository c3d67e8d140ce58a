/* A capped region of memory that is freed in one step.
 *
 * One arena belongs to one request, and to one thread at a time. Allocation fails, rather than
 * aborts, when the cap is reached or the system has no more; an arena that failed once says so
 * in nx_arena_exhausted() until it is reset. */
#ifndef NX_ARENA_H
#define NX_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "nx_str.h"

struct nx_arena;

/* Make an arena that hands out at most cap_bytes in all. NULL when out of memory. */
struct nx_arena *nx_arena_new(size_t cap_bytes);

/* Free the arena and all that came from it. Takes NULL. */
void nx_arena_destroy(struct nx_arena *arena);

/* Forget all that came from the arena, and keep its first block for reuse. */
void nx_arena_reset(struct nx_arena *arena);

/* Memory aligned for any type, with undefined contents. A size of 0 gives a valid pointer.
 * NULL: over the cap, or out of memory. */
void *nx_arena_alloc(struct nx_arena *arena, size_t size);

/* As nx_arena_alloc(), for count elements of the size, zeroed; safe against overflow. */
void *nx_arena_calloc(struct nx_arena *arena, size_t count, size_t size);

/* A NUL-terminated copy. NULL: as nx_arena_alloc(). */
char *nx_arena_strdup(struct nx_arena *arena, struct nx_str text);

/* A formatted, NUL-terminated string. NULL: as nx_arena_alloc(). */
char *nx_arena_printf(struct nx_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *nx_arena_vprintf(struct nx_arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Whether an allocation has failed since the arena was made or reset. */
bool nx_arena_exhausted(const struct nx_arena *arena);

/* Bytes handed out, alignment included. */
size_t nx_arena_used(const struct nx_arena *arena);

#endif
