/* Content codings: what is chosen, that what was coded is decoded, and what a stranger may send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gw_coding.h"

#define MOST ((size_t)1 << 20)

static void test_gw_coding__the_best_is_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum gw_coding coding;
    } rows[] = {
        {NULL, GW_IDENTITY},
        {"", GW_IDENTITY},
        {"identity", GW_IDENTITY},
        {"gzip", GW_GZIP},
        {"x-gzip", GW_GZIP},
        {"GZIP", GW_GZIP},
        {"br", GW_BR},
        {"zstd", GW_ZSTD},
        {"gzip, deflate, br, zstd", GW_ZSTD},
        {"gzip, deflate, br", GW_BR},
        {"deflate", GW_IDENTITY},
        {"*", GW_ZSTD},
        {"zstd;q=0, *", GW_BR},
        {"gzip;q=1.0, *;q=0", GW_GZIP},
        {"br;q=0.5, gzip;q=0.8", GW_GZIP},
        {"br;q=0.8,gzip;q=0.8", GW_BR},
        {"gzip;q=0", GW_IDENTITY},
        {"gzip;q=0.000", GW_IDENTITY},
        {"gzip;q=0.001", GW_GZIP},
        {"identity;q=1, gzip;q=0.5", GW_IDENTITY},
        {"identity;q=0.5, gzip;q=0.6", GW_GZIP},
        {"gzip ; q=0.5 , br ; q=0.4", GW_GZIP},
        {"gzip;q=", GW_IDENTITY},
        {"gzip;level=9", GW_IDENTITY}, /* what is no weight is no wish */
        {"gzip;q=99", GW_GZIP},
        {",,, ,", GW_IDENTITY},
        {";;;", GW_IDENTITY},
        {"gzipped", GW_IDENTITY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (gw_coding_choose(rows[i].header) != rows[i].coding)
            fail_msg("%s: %d", rows[i].header, gw_coding_choose(rows[i].header));
    }
}

static void test_gw_coding__a_body_has_one(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool known;
        enum gw_coding coding;
    } rows[] = {
        {NULL, true, GW_IDENTITY},       {"identity", true, GW_IDENTITY},
        {"gzip", true, GW_GZIP},         {" Br ", true, GW_BR},
        {"zstd", true, GW_ZSTD},         {"", false, GW_IDENTITY},
        {"deflate", false, GW_IDENTITY}, {"gzip, br", false, GW_IDENTITY},
        {"gzip br", false, GW_IDENTITY}, {"gzip;q=1", false, GW_IDENTITY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum gw_coding coding;
        bool known = gw_coding_parse(rows[i].header, &coding);
        if (known != rows[i].known || (known && coding != rows[i].coding))
            fail_msg("%s", rows[i].header);
    }
}

/* Text with some order in it. */
static char *make_text(size_t len)
{
    char *text = calloc(1, len + 1);
    assert_non_null(text);
    uint32_t random = 7;
    for (size_t i = 0; i < len; i++) {
        random = random * 1664525 + 1013904223;
        text[i] = i % 7 < 4 ? (char)('a' + i % 5) : (char)(random >> 24);
    }
    return text;
}

static enum gw_decoded decode(enum gw_coding coding, struct nx_str coded, size_t most,
                              struct nx_buf *out)
{
    nx_buf_init(out, most);
    return gw_coding_decode(coding, coded, out);
}

static struct nx_buf encode(enum gw_coding coding, struct nx_str text)
{
    struct nx_buf coded;
    nx_buf_init(&coded, 4 * MOST + 1024);
    assert_true(gw_coding_encode(coding, text, &coded));
    return coded;
}

static void test_gw_coding__what_was_coded_is_decoded(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 5, 1000, 16383, 16384, 16385, 300000, MOST};
    for (int coding = GW_GZIP; coding < GW_CODING_COUNT; coding++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            char *text = make_text(sizes[i]);
            struct nx_buf coded = encode((enum gw_coding)coding, (struct nx_str){text, sizes[i]});
            struct nx_buf out;
            assert_int_equal(decode((enum gw_coding)coding, nx_buf_str(&coded), sizes[i], &out),
                             GW_DECODED);
            assert_int_equal(out.len, sizes[i]);
            if (sizes[i] > 0)
                assert_memory_equal(out.ptr, text, sizes[i]);
            nx_buf_cleanup(&out);
            if (sizes[i] > 0) {
                assert_int_equal(
                    decode((enum gw_coding)coding, nx_buf_str(&coded), sizes[i] - 1, &out),
                    GW_DECODE_TOO_LARGE);
                nx_buf_cleanup(&out);
            }
            nx_buf_cleanup(&coded);
            free(text);
        }
    }
}

/* A few kilobytes that would become 64 MiB: no more is unpacked than may be. */
static void test_gw_coding__bombs_are_too_large(void **state)
{
    (void)state;
    size_t len = (size_t)64 << 20;
    char *zeros = calloc(1, len);
    assert_non_null(zeros);
    for (int coding = GW_GZIP; coding < GW_CODING_COUNT; coding++) {
        struct nx_buf bomb;
        struct nx_buf out;
        nx_buf_init(&bomb, 2 * len);
        assert_true(gw_coding_encode((enum gw_coding)coding, (struct nx_str){zeros, len}, &bomb));
        assert_true(bomb.len < 400000);
        assert_int_equal(decode((enum gw_coding)coding, nx_buf_str(&bomb), MOST, &out),
                         GW_DECODE_TOO_LARGE);
        assert_true(out.capacity <= 2 * MOST);
        nx_buf_cleanup(&out);
        nx_buf_cleanup(&bomb);
    }
    free(zeros);
}

/* Cut anywhere, with something behind it, or one bit wrong: an answer, and mostly that it is
 * malformed. A bit may be one that does not count, as the time in a gzip header. */
static void test_gw_coding__what_is_broken_is_malformed(void **state)
{
    (void)state;
    char *text = make_text(2000);
    for (int each = GW_GZIP; each < GW_CODING_COUNT; each++) {
        enum gw_coding coding = (enum gw_coding)each;
        struct nx_buf coded = encode(coding, (struct nx_str){text, 2000});
        struct nx_buf out;
        for (size_t len = 0; len < coded.len; len++) {
            assert_int_equal(decode(coding, (struct nx_str){coded.ptr, len}, MOST, &out),
                             GW_DECODE_MALFORMED);
            nx_buf_cleanup(&out);
        }
        size_t refused = 0;
        for (size_t bit = 0; bit < 8 * coded.len; bit++) {
            coded.ptr[bit / 8] = (char)(coded.ptr[bit / 8] ^ 1 << bit % 8);
            refused += decode(coding, nx_buf_str(&coded), MOST, &out) != GW_DECODED;
            nx_buf_cleanup(&out);
            coded.ptr[bit / 8] = (char)(coded.ptr[bit / 8] ^ 1 << bit % 8);
        }
        if (coding == GW_GZIP) /* it has a check sum */
            assert_true(refused > 8 * (coded.len - 10));
        nx_buf_append_char(&coded, 'x');
        assert_int_equal(decode(coding, nx_buf_str(&coded), MOST, &out), GW_DECODE_MALFORMED);
        nx_buf_cleanup(&out);
        nx_buf_cleanup(&coded);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gw_coding__the_best_is_chosen),
        cmocka_unit_test(test_gw_coding__a_body_has_one),
        cmocka_unit_test(test_gw_coding__what_was_coded_is_decoded),
        cmocka_unit_test(test_gw_coding__bombs_are_too_large),
        cmocka_unit_test(test_gw_coding__what_is_broken_is_malformed),
    };
    return cmocka_run_group_tests_name("gw_coding", tests, NULL, NULL);
}
