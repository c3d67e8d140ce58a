#include "nx_arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first block comes with the arena itself, so that a small request costs one malloc. */
#define FIRST_BLOCK_BYTES 4096
#define ALIGNMENT _Alignof(max_align_t)

struct block {
    struct block *next;
    _Alignas(max_align_t) char bytes[];
};

struct nx_arena {
    char *cursor;
    char *limit;
    struct block *blocks; /* newest first; the inline block is not among them */
    size_t used;
    size_t cap;
    size_t next_block_bytes;
    bool exhausted;
    _Alignas(max_align_t) char first[FIRST_BLOCK_BYTES];
};

struct nx_arena *nx_arena_new(size_t cap_bytes)
{
    struct nx_arena *arena = malloc(sizeof *arena);
    if (!arena)
        return NULL;
    arena->blocks = NULL;
    arena->cap = cap_bytes;
    nx_arena_reset(arena);
    return arena;
}

void nx_arena_reset(struct nx_arena *arena)
{
    for (struct block *block = arena->blocks; block;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    arena->blocks = NULL;
    arena->cursor = arena->first;
    arena->limit = arena->first + FIRST_BLOCK_BYTES;
    arena->used = 0;
    arena->next_block_bytes = (size_t)4 * FIRST_BLOCK_BYTES;
    arena->exhausted = false;
}

void nx_arena_destroy(struct nx_arena *arena)
{
    if (!arena)
        return;
    nx_arena_reset(arena);
    free(arena);
}

static bool grow(struct nx_arena *arena, size_t size)
{
    size_t bytes = size > arena->next_block_bytes ? size : arena->next_block_bytes;
    struct block *block = malloc(sizeof *block + bytes);
    if (!block)
        return false;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->cursor = block->bytes;
    arena->limit = block->bytes + bytes;
    if (arena->next_block_bytes < (size_t)64 * FIRST_BLOCK_BYTES)
        arena->next_block_bytes *= 2;
    return true;
}

void *nx_arena_alloc(struct nx_arena *arena, size_t size)
{
    size_t rounded = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (rounded < size || rounded > arena->cap - arena->used ||
        (rounded > (size_t)(arena->limit - arena->cursor) && !grow(arena, rounded))) {
        arena->exhausted = true;
        return NULL;
    }
    void *memory = arena->cursor;
    arena->cursor += rounded;
    arena->used += rounded;
    return memory;
}

void *nx_arena_calloc(struct nx_arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        arena->exhausted = true;
        return NULL;
    }
    void *memory = nx_arena_alloc(arena, total);
    return memory ? memset(memory, 0, total) : NULL;
}

char *nx_arena_strdup(struct nx_arena *arena, struct nx_str text)
{
    char *copy = text.len < SIZE_MAX ? nx_arena_alloc(arena, text.len + 1) : NULL;
    if (!copy)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

char *nx_arena_vprintf(struct nx_arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = len < 0 ? NULL : nx_arena_alloc(arena, (size_t)len + 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, format, args);
    return text;
}

char *nx_arena_printf(struct nx_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = nx_arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

bool nx_arena_exhausted(const struct nx_arena *arena)
{
    return arena->exhausted;
}

size_t nx_arena_used(const struct nx_arena *arena)
{
    return arena->used;
}
