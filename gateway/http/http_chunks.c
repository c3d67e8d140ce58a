#include "http_chunks.h"

/* Where it is: what comes next. */
enum state {
    SIZE_BEGIN, /* the first digit */
    SIZE,
    SIZE_BLANK, /* behind the size, before the semicolon */
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_BEGIN, /* a name, or the CR of the last line */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    LAST_LF,
    OVER,
    BAD,
};

/* So that sizes can be added to. */
#define MAX_SIZE (UINT64_MAX >> 8)

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_text(unsigned char c)
{
    return (c >= ' ' && c != 0x7f) || c == '\t';
}

static enum state after_digit(struct http_chunks *chunks, unsigned char c)
{
    int value = hex_value(c);
    if (value < 0 || chunks->left > MAX_SIZE >> 4)
        return BAD;
    chunks->left = chunks->left << 4 | (unsigned)value;
    return SIZE;
}

static enum state after_size(struct http_chunks *chunks, unsigned char c)
{
    switch (c) {
    case '\r':
        return SIZE_LF;
    case ';':
        return EXTENSION;
    case ' ':
    case '\t':
        return SIZE_BLANK;
    default:
        return after_digit(chunks, c);
    }
}

static enum state after_size_line(struct http_chunks *chunks)
{
    chunks->overhead = 0;
    return chunks->left > 0 ? DATA : TRAILER_BEGIN;
}

static enum state after_data(struct http_chunks *chunks)
{
    chunks->overhead = 0;
    return SIZE_BEGIN;
}

/* Names are not told from tokens here, as nobody reads them. */
static enum state in_trailer_name(unsigned char c)
{
    return c == ':' ? TRAILER_VALUE : is_text(c) && c > ' ' ? TRAILER_NAME : BAD;
}

static enum state in_size_line(struct http_chunks *chunks, unsigned char c)
{
    switch ((enum state)chunks->state) {
    case SIZE_BEGIN:
        return after_digit(chunks, c);
    case SIZE:
        return after_size(chunks, c);
    case SIZE_BLANK:
        return c == ';' ? EXTENSION : c == ' ' || c == '\t' ? SIZE_BLANK : BAD;
    case EXTENSION:
        return c == '\r' ? SIZE_LF : is_text(c) ? EXTENSION : BAD;
    default:
        return c == '\n' ? after_size_line(chunks) : BAD;
    }
}

static enum state in_trailers(enum state state, unsigned char c)
{
    switch (state) {
    case TRAILER_BEGIN:
        return c == '\r' ? LAST_LF : c == ':' ? BAD : in_trailer_name(c);
    case TRAILER_NAME:
        return in_trailer_name(c);
    case TRAILER_VALUE:
        return c == '\r' ? TRAILER_LF : is_text(c) ? TRAILER_VALUE : BAD;
    case TRAILER_LF:
        return c == '\n' ? TRAILER_BEGIN : BAD;
    default:
        return c == '\n' ? OVER : BAD;
    }
}

static enum state step(struct http_chunks *chunks, unsigned char c)
{
    if (chunks->state <= SIZE_LF)
        return in_size_line(chunks, c);
    if (chunks->state == DATA_CR)
        return c == '\r' ? DATA_LF : BAD;
    if (chunks->state == DATA_LF)
        return c == '\n' ? after_data(chunks) : BAD;
    return in_trailers((enum state)chunks->state, c);
}

static bool is_too_long(const struct http_chunks *chunks)
{
    size_t most = chunks->state >= TRAILER_BEGIN ? HTTP_MAX_TRAILER_BYTES : HTTP_MAX_CHUNK_LINE;
    return chunks->overhead > most;
}

enum http_chunk http_chunks_next(struct http_chunks *chunks, struct nx_str *input,
                                 struct nx_str *ret_data)
{
    while (input->len > 0 && chunks->state != DATA && chunks->state < OVER) {
        chunks->state = step(chunks, (unsigned char)*input->ptr);
        *input = (struct nx_str){input->ptr + 1, input->len - 1};
        chunks->overhead++;
        if (is_too_long(chunks))
            chunks->state = BAD;
    }
    if (chunks->state == BAD)
        return HTTP_CHUNK_BAD;
    if (chunks->state == OVER)
        return HTTP_CHUNK_END;
    if (input->len == 0)
        return HTTP_CHUNK_MORE;
    *ret_data =
        (struct nx_str){input->ptr, input->len < chunks->left ? input->len : (size_t)chunks->left};
    return HTTP_CHUNK_DATA;
}

void http_chunks_take(struct http_chunks *chunks, struct nx_str *input, size_t len)
{
    *input = (struct nx_str){input->ptr + len, input->len - len};
    chunks->left -= len;
    if (chunks->left == 0)
        chunks->state = DATA_CR;
}
