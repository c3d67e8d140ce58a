#include "fault_alloc.h"

#include <stdatomic.h>

static atomic_bool armed;
static atomic_bool fails_all;
static atomic_size_t left;
static atomic_size_t failed;

void fault_alloc_arm(size_t index, bool all_after)
{
    atomic_store(&left, index + 1);
    atomic_store(&failed, 0);
    atomic_store(&fails_all, all_after);
    atomic_store(&armed, true);
}

size_t fault_alloc_disarm(void)
{
    atomic_store(&armed, false);
    return atomic_load(&failed);
}

static bool fails(void)
{
    if (!atomic_load(&armed))
        return false;
    size_t now = atomic_load(&left);
    while (now > 0 && !atomic_compare_exchange_weak(&left, &now, now - 1))
        continue;
    bool is_it = now == 1 || (now == 0 && atomic_load(&fails_all));
    if (is_it)
        atomic_fetch_add(&failed, 1);
    return is_it;
}

/* The names are the linker's. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}
