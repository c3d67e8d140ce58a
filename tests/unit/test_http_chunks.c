/* Bodies in chunks: taken at once, in two parts cut at every place, and byte by byte, with the same
 * outcome. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http_chunks.h"
#include "nx_buf.h"

#define BEHIND "GET /"

/* What becomes of a text that comes in parts, each of which is handed on in pieces of at most
 * `take` bytes. ret_left: what is not taken of the last part. */
struct reader {
    struct http_chunks chunks;
    struct nx_buf body;
    size_t take;
};

static enum http_chunk read_part(struct reader *reader, struct nx_str *part)
{
    struct nx_str data;
    enum http_chunk found;
    while ((found = http_chunks_next(&reader->chunks, part, &data)) == HTTP_CHUNK_DATA) {
        assert_true(data.len > 0);
        size_t len = data.len < reader->take ? data.len : reader->take;
        nx_buf_append(&reader->body, data.ptr, len);
        http_chunks_take(&reader->chunks, part, len);
    }
    return found;
}

/* In parts of so many bytes, but for the first. */
static enum http_chunk read_all(struct nx_str text, size_t first, size_t others, size_t take,
                                struct nx_buf *body, size_t *ret_left)
{
    struct reader reader = {.take = take};
    enum http_chunk found = HTTP_CHUNK_MORE;
    size_t at = 0;
    nx_buf_init(&reader.body, SIZE_MAX);
    while (at < text.len && found == HTTP_CHUNK_MORE) {
        size_t len = at == 0 && first > 0 ? first : others;
        len = len < text.len - at ? len : text.len - at;
        struct nx_str part = {text.ptr + at, len};
        found = read_part(&reader, &part);
        at += len - part.len;
    }
    *ret_left = text.len - at;
    *body = reader.body;
    return found;
}

static void expect(struct nx_str text, size_t first, size_t others, size_t take,
                   enum http_chunk expected, const char *expected_body)
{
    struct nx_buf body;
    size_t left;
    enum http_chunk found = read_all(text, first, others, take, &body, &left);
    if (found != expected)
        fail_msg("%.*s: %d", (int)text.len, text.ptr, found);
    if (expected_body)
        assert_true(nx_str_equal(nx_buf_str(&body), nx_str_from(expected_body)));
    if (expected == HTTP_CHUNK_END)
        assert_int_equal(left, strlen(BEHIND));
    nx_buf_cleanup(&body);
}

static void expect_each_way(struct nx_str text, enum http_chunk expected, const char *body)
{
    for (size_t cut = 0; cut <= text.len; cut++)
        expect(text, cut, text.len, SIZE_MAX, expected, body);
    expect(text, 0, 1, SIZE_MAX, expected, body);
    expect(text, 0, text.len, 1, expected, body);
}

static const struct {
    struct nx_str text;
    const char *body;
} good[] = {
    {NX_STR("0\r\n\r\n" BEHIND), ""},
    {NX_STR("5\r\nhello\r\n0\r\n\r\n" BEHIND), "hello"},
    {NX_STR("00000000000000000005\r\nhello\r\n000\r\n\r\n" BEHIND), "hello"},
    {NX_STR("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n" BEHIND), "hello"},
    {NX_STR("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n" BEHIND), "01234567890123456789"},
    {NX_STR("5;a=b\r\nhello\r\n0;x\r\n\r\n" BEHIND), "hello"},
    {NX_STR("5 \t; a = \"b;c\"\r\nhello\r\n0\r\n\r\n" BEHIND), "hello"},
    {NX_STR("2\r\n\r\n\r\n0\r\n\r\n" BEHIND), "\r\n"},
    {NX_STR("0\r\nA: b\r\nLong-Name:\tc d\xe9\r\nE:\r\n\r\n" BEHIND), ""},
};

static const struct nx_str bad[] = {
    NX_STR("\r\n"),
    NX_STR("\n"),
    NX_STR(" 5\r\nhello"),
    NX_STR("x\r\n"),
    NX_STR("-5\r\nhello"),
    NX_STR("+5\r\nhello"),
    NX_STR("0x5\r\nhello"),
    NX_STR("5\nhello\r\n0\r\n\r\n"),
    NX_STR("5\rhello\r\n0\r\n\r\n"),
    NX_STR("5 \r\nhello\r\n0\r\n\r\n"),
    NX_STR("5 5\r\nhello\r\n0\r\n\r\n"),
    NX_STR("5;a\nhello\r\n0\r\n\r\n"),
    NX_STR("5;\x01\r\nhello\r\n0\r\n\r\n"),
    NX_STR("5;\0\r\nhello\r\n0\r\n\r\n"),
    NX_STR("5\r\nhello\n0\r\n\r\n"),
    NX_STR("5\r\nhello\r0\r\n\r\n"),
    NX_STR("5\r\nhello0\r\n\r\n"),
    NX_STR("5\r\nhello\r\n\r\n0\r\n\r\n"),
    NX_STR("0\r\n\n"),
    NX_STR("0\n\r\n"),
    NX_STR("0\r\nA: b\n\r\n"),
    NX_STR("0\r\nA: b\rC: d\r\n\r\n"),
    NX_STR("0\r\nA b\r\n\r\n"),
    NX_STR("0\r\n: b\r\n\r\n"),
    NX_STR("0\r\n A: b\r\n\r\n"),
    NX_STR("0\r\nA: b\r\n c\r\n\r\n"),
    NX_STR("0\r\nA: \0\r\n\r\n"),
    NX_STR("ffffffffffffffff\r\n"),
    NX_STR("10000000000000000\r\n"),
};

static void test_http_chunks__bodies_as_the_rfc_has_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        expect_each_way(good[i].text, HTTP_CHUNK_END, good[i].body);
}

static void test_http_chunks__others_are_told_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_each_way(bad[i], HTTP_CHUNK_BAD, NULL);
}

/* Every beginning of a body wants more. */
static void test_http_chunks__beginnings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        size_t whole = good[i].text.len - strlen(BEHIND);
        for (size_t len = 0; len < whole; len++) {
            const struct nx_str beginning = {good[i].text.ptr, len};
            expect(beginning, 0, 1, SIZE_MAX, HTTP_CHUNK_MORE, NULL);
        }
    }
}

static void expect_filled(const char *before, size_t count, const char *after,
                          enum http_chunk expected)
{
    struct nx_buf text;
    nx_buf_init(&text, SIZE_MAX);
    nx_buf_append(&text, before, strlen(before));
    for (size_t i = 0; i < count; i++)
        nx_buf_append_char(&text, 'x');
    nx_buf_append(&text, after, strlen(after));
    expect(nx_buf_str(&text), 0, 7, SIZE_MAX, expected, NULL);
    nx_buf_cleanup(&text);
}

static void test_http_chunks__what_is_read_over_has_limits(void **state)
{
    (void)state;
    expect_filled("0;", HTTP_MAX_CHUNK_LINE - 8, "\r\n\r\n" BEHIND, HTTP_CHUNK_END);
    expect_filled("0;", HTTP_MAX_CHUNK_LINE, "\r\n\r\n" BEHIND, HTTP_CHUNK_BAD);
    expect_filled("0\r\nA: ", HTTP_MAX_TRAILER_BYTES - 16, "\r\n\r\n" BEHIND, HTTP_CHUNK_END);
    expect_filled("0\r\nA: ", HTTP_MAX_TRAILER_BYTES, "\r\n\r\n" BEHIND, HTTP_CHUNK_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_chunks__bodies_as_the_rfc_has_them),
        cmocka_unit_test(test_http_chunks__others_are_told_of),
        cmocka_unit_test(test_http_chunks__beginnings),
        cmocka_unit_test(test_http_chunks__what_is_read_over_has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
