/* An allocator that fails when told to. Link with --wrap for the three (unit/tests.cmake):
 * calls of malloc, calloc and realloc in our own code come here; those of shared libraries do not
 * (the gRPC core aborts without memory, and says so in its documentation). */
#ifndef FAULT_ALLOC_H
#define FAULT_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* Fail the allocation of this index, counted from now, on any thread; and all after it, if told. */
void fault_alloc_arm(size_t index, bool all_after);

/* Stop failing. Returns how many allocations have failed. */
size_t fault_alloc_disarm(void);

#endif
