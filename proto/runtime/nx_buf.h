/* A growing buffer of bytes, for output whose size is not known beforehand.
 *
 * Writers do not check each append: the first failure sticks, and is asked for once at the end. */
#ifndef NX_BUF_H
#define NX_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nx_str.h"

struct nx_buf {
    char *ptr; /* heap; NULL while empty */
    size_t len;
    size_t capacity;
    size_t max_bytes; /* appending past this fails */
    bool failed;
};

/* An empty buffer in the caller's storage that refuses to exceed max_bytes. */
void nx_buf_init(struct nx_buf *buf, size_t max_bytes);
void nx_buf_cleanup(struct nx_buf *buf);

/* Make room for `more` bytes behind the end, and return where they go (then add to len).
 * NULL: the cap or memory is exhausted; the buffer has failed. */
char *nx_buf_reserve(struct nx_buf *buf, size_t more);

void nx_buf_append(struct nx_buf *buf, const void *bytes, size_t len);
void nx_buf_append_str(struct nx_buf *buf, struct nx_str text);
void nx_buf_append_char(struct nx_buf *buf, char c);
void nx_buf_append_u64(struct nx_buf *buf, uint64_t value);
void nx_buf_append_i64(struct nx_buf *buf, int64_t value);
void nx_buf_printf(struct nx_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline struct nx_str nx_buf_str(const struct nx_buf *buf)
{
    return (struct nx_str){buf->ptr, buf->len};
}

#endif
