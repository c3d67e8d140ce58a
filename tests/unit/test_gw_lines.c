/* Bodies of lines: whole, in pieces of every length, and too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gw_lines.h"

#define MOST 8
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The lines of a body that comes in pieces of so many bytes, as "1<a>3<b>"; with a '!' where one is
 * too long, and a last one without an end in "(c)". */
static void split(struct nx_str body, size_t piece, struct nx_buf *found)
{
    struct gw_lines lines;
    struct nx_str line;
    enum gw_lines_found result = GW_LINES_MORE;
    gw_lines_init(&lines, MOST);
    for (size_t at = 0; at < body.len && result != GW_LINES_TOO_LONG; at += piece) {
        struct nx_str input = {body.ptr + at, body.len - at < piece ? body.len - at : piece};
        while ((result = gw_lines_next(&lines, &input, &line)) == GW_LINES_ONE)
            nx_buf_printf(found, "%u<%.*s>", (unsigned)lines.number, (int)line.len, line.ptr);
        if (result == GW_LINES_TOO_LONG)
            nx_buf_printf(found, "%u!", (unsigned)lines.number);
    }
    if (result != GW_LINES_TOO_LONG && gw_lines_last(&lines, &line) == GW_LINES_ONE)
        nx_buf_printf(found, "%u(%.*s)", (unsigned)lines.number, (int)line.len, line.ptr);
    nx_buf_append_char(found, '\0');
    gw_lines_cleanup(&lines);
}

static void test_gw_lines__in_pieces_as_in_one(void **state)
{
    (void)state;
    static const struct {
        struct nx_str body;
        const char *found;
    } rows[] = {
        {NX_STR(""), ""},
        {NX_STR("a\n"), "1<a>"},
        {NX_STR("a"), "1(a)"},
        {NX_STR("a\nb\n"), "1<a>2<b>"},
        {NX_STR("a\r\nb\r\n"), "1<a>2<b>"},
        {NX_STR("a\nb"), "1<a>2(b)"},
        {NX_STR("a\r"), "1(a)"},
        {NX_STR("\n\na\n\r\n \t \r\nb\n\n"), "3<a>6<b>"},
        {NX_STR("  a  \n"), "1<  a  >"},
        {NX_STR("   "), ""},
        {NX_STR("a\rb\n"), "1<a\rb>"},
        {NX_STR("12345678\n12345678\r\n12345678"), "1<12345678>2<12345678>3(12345678)"},
        {NX_STR("a\n123456789\n"), "1<a>2!"},
        {NX_STR("a\n1234567890123456789"), "1<a>2!"},
        {NX_STR("\xc3\xa4\n\xff\n"), "1<\xc3\xa4>2<\xff>"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t piece = 1; piece <= rows[i].body.len + 1; piece++) {
            struct nx_buf found;
            nx_buf_init(&found, 1000);
            split(rows[i].body, piece, &found);
            assert_string_equal(found.ptr, rows[i].found);
            nx_buf_cleanup(&found);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gw_lines__in_pieces_as_in_one),
    };
    return cmocka_run_group_tests_name("gw_lines", tests, NULL, NULL);
}
