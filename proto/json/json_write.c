#include "json_write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What follows the backslash for a byte that may not stand for itself: a letter, or 'u' for the
 * form of four digits; 0 for all others. */
static const char escapes[256] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b',         't',           'n', 'u',
    'f', 'r', 'u', 'u', 'u', 'u', 'u', 'u', 'u',         'u',           'u', 'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', ['"'] = '"', ['\\'] = '\\',
};

static void write_escape(struct nx_buf *buf, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', escapes[c], '0', '0', hex[c >> 4], hex[c & 15]};
    nx_buf_append(buf, text, escapes[c] == 'u' ? sizeof text : 2);
}

/* Where the next byte is that may not stand for itself; words of those that may are skipped whole.
 */
static size_t plain_run(struct nx_str text, size_t offset)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t highs = UINT64_C(0x8080808080808080);
    while (text.len - offset >= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, text.ptr + offset, sizeof word);
        uint64_t quotes = word ^ ones * '"';
        uint64_t slashes = word ^ ones * '\\';
        uint64_t found = ((word - ones * ' ') & ~word) | ((quotes - ones) & ~quotes) |
                         ((slashes - ones) & ~slashes);
        if (found & highs)
            break;
        offset += sizeof word;
    }
    while (offset < text.len && !escapes[(unsigned char)text.ptr[offset]])
        offset++;
    return offset;
}

void json_write_part(struct nx_buf *buf, struct nx_str text)
{
    size_t begin = 0;
    for (size_t i = plain_run(text, 0); i < text.len; i = plain_run(text, i + 1)) {
        unsigned char c = (unsigned char)text.ptr[i];
        nx_buf_append(buf, text.ptr + begin, i - begin);
        write_escape(buf, c);
        begin = i + 1;
    }
    if (text.len > begin)
        nx_buf_append(buf, text.ptr + begin, text.len - begin);
}

void json_write_string(struct nx_buf *buf, struct nx_str text)
{
    nx_buf_append_char(buf, '"');
    json_write_part(buf, text);
    nx_buf_append_char(buf, '"');
}

/* Integers up to here have no more than 15 digits: each is exact, and its own shortest form. */
#define MAX_PLAIN_INTEGER 1e15

static bool write_integer(struct nx_buf *buf, double value)
{
    if (!(fabs(value) < MAX_PLAIN_INTEGER) || value != trunc(value))
        return false;
    if (value == 0 && signbit(value))
        nx_buf_append_char(buf, '-');
    nx_buf_append_i64(buf, (int64_t)value);
    return true;
}

/* Any decimal of 15 digits (6 for a float) survives the way through a double and back, so if a
 * short form exists, that precision prints it. Subnormals have fewer: they start at one digit. */
void json_write_double(struct nx_buf *buf, double value)
{
    if (write_integer(buf, value))
        return;
    char text[32];
    int precision = fpclassify(value) == FP_SUBNORMAL ? 1 : 15;
    do {
        snprintf(text, sizeof text, "%.*g", precision, value);
    } while (++precision <= 17 && strtod(text, NULL) != value);
    nx_buf_append_str(buf, nx_str_from(text));
}

void json_write_float(struct nx_buf *buf, float value)
{
    if (fabsf(value) < 1e6F && write_integer(buf, (double)value))
        return;
    char text[32];
    int precision = fpclassify(value) == FP_SUBNORMAL ? 1 : 6;
    do {
        snprintf(text, sizeof text, "%.*g", precision, (double)value);
    } while (++precision <= 9 && strtof(text, NULL) != value);
    nx_buf_append_str(buf, nx_str_from(text));
}
