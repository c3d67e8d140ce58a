/* Forms: whole, in pieces of every length, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gw_multipart.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TYPE "multipart/form-data; boundary=b0"
#define PART(name) "--b0\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"

/* The parts of a body that comes in pieces of so many bytes, as "a=...|b*=...|", with a star where
 * there is a filename, a '.' at the end if it is whole, and the problem if there is one. */
static void take_apart(struct nx_str body, size_t piece, struct nx_buf *found)
{
    struct gw_multipart multipart;
    struct nx_str data;
    enum gw_part part = GW_PART_MORE;
    assert_true(gw_multipart_init(&multipart, TYPE));
    for (size_t at = 0; at < body.len && part != GW_PART_BAD; at += piece) {
        struct nx_str input = {body.ptr + at, body.len - at < piece ? body.len - at : piece};
        do {
            part = gw_multipart_next(&multipart, &input, &data);
            if (part == GW_PART_BEGIN)
                nx_buf_printf(found, "%s%s=", multipart.name, multipart.is_file ? "*" : "");
            else if (part == GW_PART_DATA)
                nx_buf_append_str(found, data);
            else if (part == GW_PART_END)
                nx_buf_append_char(found, '|');
        } while (part != GW_PART_MORE && part != GW_PART_BAD);
    }
    if (part == GW_PART_BAD)
        nx_buf_append_str(found, nx_str_from(multipart.problem));
    else if (gw_multipart_is_whole(&multipart))
        nx_buf_append_char(found, '.');
    nx_buf_append_char(found, '\0');
    gw_multipart_cleanup(&multipart);
}

static void test_gw_multipart__in_pieces_as_in_one(void **state)
{
    (void)state;
    static const struct {
        struct nx_str body;
        const char *found;
    } rows[] = {
        {NX_STR(PART("a") "1\r\n--b0--\r\n"), "a=1|."},
        {NX_STR(PART("a") "1\r\n--b0--"), "a=1|."},
        {NX_STR(PART("a") "1\r\n" PART("b") "2\r\n--b0--\r\n"), "a=1|b=2|."},
        {NX_STR("--b0--\r\n"), "."},
        {NX_STR(""), ""},
        {NX_STR("hello\r\n--b\r\n" PART("a") "1\r\n--b0--\r\nbye --b0\r\n--b0\r\n"), "a=1|."},
        {NX_STR(PART("a") "\r\n--b0--"), "a=|."},
        {NX_STR(PART("a") "--b0--"), "a=|."},
        {NX_STR(PART("a") "\r\n\r\n--b0--"), "a=\r\n|."},
        {NX_STR(PART("a") "x\r\n--b\r\n\r\r\n--b1\n--b0\r\n--b0--"),
         "a=x\r\n--b\r\n\r\r\n--b1\n--b0|."},
        {NX_STR(PART("a") "-b0"), "a=-b0"},
        {NX_STR(PART("a") "1\r\n--b0"), "a=1|"},
        {NX_STR(PART("a") "1\r\n--b"), "a=1"},
        {NX_STR("--b0 \t\r\ncontent-disposition:form-data;name=a;filename=\"x;\\\"y\"\r\n"
                "Content-Type: image/png\r\nX-Other: y\r\n\r\n1\r\n--b0--"),
         "a*=1|."},
        {NX_STR("--b0\r\nContent-Disposition: form-data; filename=\"\"; name=\"a \\\\ \\\" b\"\r\n"
                "Content-Transfer-Encoding: Binary\r\n\r\n1\r\n--b0--"),
         "a \\ \" b*=1|."},
        {NX_STR("--b0\r\n\r\n"), "a part has no name in a header Content-Disposition"},
        {NX_STR("--b0x\r\n"), "something stands behind a boundary"},
        {NX_STR("--b0-\r\n"), "something stands behind a boundary"},
        {NX_STR("--b0\r\nContent-Disposition: attachment; name=a\r\n"),
         "a part's header Content-Disposition is not that of a form, or its name is too long"},
        {NX_STR("--b0\r\nContent-Disposition: form-data\r\n"),
         "a part's header Content-Disposition is not that of a form, or its name is too long"},
        {NX_STR("--b0\r\nContent-Disposition: form-data; name=a; name=b\r\n"),
         "a part's header Content-Disposition is not that of a form, or its name is too long"},
        {NX_STR("--b0\r\nContent-Disposition: form-data; name=\"a\r\n"),
         "a part's header Content-Disposition is not that of a form, or its name is too long"},
        {NX_STR("--b0\r\nContent-Transfer-Encoding: base64\r\n"),
         "a part has a Content-Transfer-Encoding"},
        {NX_STR("--b0\r\nA: b\nC: d\r\n"),
         "a line of a part's headers does not end with CRLF, or has NUL"},
        {NX_STR("--b0\r\nA: \0b\r\n"),
         "a line of a part's headers does not end with CRLF, or has NUL"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t piece = 1; piece <= rows[i].body.len + 1; piece++) {
            struct nx_buf found;
            nx_buf_init(&found, 1000);
            take_apart(rows[i].body, piece, &found);
            assert_string_equal(found.ptr, rows[i].found);
            nx_buf_cleanup(&found);
        }
    }
}

static void test_gw_multipart__headers_have_a_limit(void **state)
{
    (void)state;
    static char line[1000];
    memset(line, 'x', sizeof line);
    line[sizeof line - 2] = '\r';
    line[sizeof line - 1] = '\n';
    struct nx_buf body;
    nx_buf_init(&body, 20000);
    nx_buf_append_str(&body, NX_STR("--b0\r\n"));
    for (int i = 0; i < 9; i++)
        nx_buf_append(&body, line, sizeof line);
    for (size_t piece = 1; piece <= 10000; piece += 3333) {
        struct nx_buf found;
        nx_buf_init(&found, 1000);
        take_apart(nx_buf_str(&body), piece, &found);
        assert_string_equal(found.ptr, "the headers of a part are too long");
        nx_buf_cleanup(&found);
    }
    nx_buf_cleanup(&body);
}

static void test_gw_multipart__boundaries(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bool is_good;
    } rows[] = {
        {TYPE, true},
        {"Multipart/Form-Data;boundary=b0", true},
        {"multipart/form-data; charset=utf-8; BOUNDARY=\"a b\"; x=y", true},
        {"multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW", true},
        {"multipart/form-data; boundary="
         "1234567890123456789012345678901234567890123456789012345678901234567890",
         true},
        {"multipart/form-data; boundary="
         "12345678901234567890123456789012345678901234567890123456789012345678901",
         false},
        {"multipart/form-data", false},
        {"multipart/form-data;", false},
        {"multipart/form-data; boundary", false},
        {"multipart/form-data; boundary=", false},
        {"multipart/form-data; boundary=\"\"", false},
        {"multipart/form-data; boundary=\"a", false},
        {"multipart/form-data; boundary=\"a\\\"", false},
        {"multipart/form-data; boundary=a; boundary=b", false},
        {"multipart/form-data, boundary=a", false},
        {"multipart/form-data; boundary=\"a\rb\"", false},
        {"multipart/form-data; boundary=\"a\xc3\"", false},
        {"multipart/form-databoundary=a", false},
        {"multipart/mixed; boundary=a", false},
        {"", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct gw_multipart multipart;
        if (gw_multipart_init(&multipart, rows[i].type) != rows[i].is_good)
            fail_msg("%s", rows[i].type);
        gw_multipart_cleanup(&multipart);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gw_multipart__in_pieces_as_in_one),
        cmocka_unit_test(test_gw_multipart__headers_have_a_limit),
        cmocka_unit_test(test_gw_multipart__boundaries),
    };
    return cmocka_run_group_tests_name("gw_multipart", tests, NULL, NULL);
}
