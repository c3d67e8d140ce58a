/* A borrowed run of bytes. */
#ifndef NX_STR_H
#define NX_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Bytes that somebody else owns; not NUL-terminated unless said. */
struct nx_str {
    const char *ptr;
    size_t len;
};

#define NX_STR(literal) ((struct nx_str){(literal), sizeof(literal) - 1})

static inline struct nx_str nx_str_from(const char *text)
{
    return (struct nx_str){text, text ? strlen(text) : 0};
}

static inline bool nx_str_equal(struct nx_str a, struct nx_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool nx_str_starts_with(struct nx_str text, struct nx_str prefix)
{
    return text.len >= prefix.len &&
           (prefix.len == 0 || memcmp(text.ptr, prefix.ptr, prefix.len) == 0);
}

#endif
