#include "nx_buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 512

void nx_buf_init(struct nx_buf *buf, size_t max_bytes)
{
    *buf = (struct nx_buf){.max_bytes = max_bytes};
}

void nx_buf_cleanup(struct nx_buf *buf)
{
    free(buf->ptr);
    *buf = (struct nx_buf){.max_bytes = buf->max_bytes};
}

static bool grow(struct nx_buf *buf, size_t more)
{
    if (buf->failed || more > buf->max_bytes - buf->len)
        return false;
    size_t need = buf->len + more;
    size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
    while (capacity < need)
        capacity = capacity > buf->max_bytes / 2 ? need : capacity * 2;
    char *ptr = realloc(buf->ptr, capacity);
    if (!ptr)
        return false;
    buf->ptr = ptr;
    buf->capacity = capacity;
    return true;
}

char *nx_buf_reserve(struct nx_buf *buf, size_t more)
{
    if (more > buf->capacity - buf->len || !buf->ptr || buf->failed) {
        if (!grow(buf, more)) {
            buf->failed = true;
            return NULL;
        }
    }
    return buf->ptr + buf->len;
}

void nx_buf_append(struct nx_buf *buf, const void *bytes, size_t len)
{
    char *to = nx_buf_reserve(buf, len);
    if (!to || len == 0)
        return;
    memcpy(to, bytes, len);
    buf->len += len;
}

void nx_buf_append_str(struct nx_buf *buf, struct nx_str text)
{
    nx_buf_append(buf, text.ptr, text.len);
}

void nx_buf_append_char(struct nx_buf *buf, char c)
{
    nx_buf_append(buf, &c, 1);
}

void nx_buf_append_u64(struct nx_buf *buf, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    nx_buf_append(buf, digits + at, sizeof digits - at);
}

void nx_buf_append_i64(struct nx_buf *buf, int64_t value)
{
    if (value < 0)
        nx_buf_append_char(buf, '-');
    nx_buf_append_u64(buf, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void nx_buf_printf(struct nx_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *to = len < 0 ? NULL : nx_buf_reserve(buf, (size_t)len + 1);
    if (!to)
        return;
    va_start(args, format);
    vsnprintf(to, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
}
