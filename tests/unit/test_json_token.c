#include "json_token.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "json_rows.h"
#include "json_write.h"

#define MAX_DEPTH 16

/* Read all of a text; the copy ends where its memory does, so that ASan sees a read beyond. */
static nx_status read_all(struct nx_str text, uint32_t max_depth, struct nx_arena *arena,
                          size_t *ret_tokens)
{
    char *copy = calloc(text.len ? text.len : 1, 1);
    assert_non_null(copy);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    struct json_reader reader;
    json_reader_init(&reader, (struct nx_str){copy, text.len}, max_depth, arena);
    struct json_token token = {.kind = JSON_NULL};
    size_t tokens = 0;
    nx_status status;
    do {
        status = json_reader_next(&reader, &token);
        tokens++;
    } while (status.code == NX_OK && token.kind != JSON_END);
    free(copy);
    *ret_tokens = tokens;
    return status;
}

static void test_json_token__accepts_json_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < json_row_count; i++) {
        const struct json_row *row = &json_rows[i];
        struct nx_arena *arena = nx_arena_new(1 << 16);
        size_t tokens = 0;
        nx_status status = read_all(row->text, JSON_ROWS_DEPTH, arena, &tokens);
        if (status.code != (row->accepted ? NX_OK : NX_INVALID_ARGUMENT))
            fail_msg("row %zu: %s: %s", i, row->text.ptr, nx_status_message(status));
        if (!row->accepted)
            assert_non_null(strstr(nx_status_message(status), "malformed JSON at byte "));
        nx_arena_destroy(arena);
    }
}

/* What is JSON is so within another value, and what is not is so nowhere. */
static void test_json_token__verdicts_do_not_depend_on_the_place(void **state)
{
    (void)state;
    static const char *const places[][2] = {
        {" ", "\n"},
        {"[", "]"},
        {"[null,", " ]"},
        {"{\"k\":", "}"},
        {"{\"j\":[],\"k\" : ", ",\"l\":{}}"},
    };
    for (size_t i = 0; i < json_row_count; i++) {
        const struct json_row *row = &json_rows[i];
        for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
            bool is_array = *places[k][0] == '[';
            /* What is two values apart, or none, is elements or none in an array. */
            if (is_array && !row->accepted)
                continue;
            struct nx_buf text;
            nx_buf_init(&text, 1 << 16);
            nx_buf_append_str(&text, nx_str_from(places[k][0]));
            nx_buf_append_str(&text, row->text);
            nx_buf_append_str(&text, nx_str_from(places[k][1]));
            struct nx_arena *arena = nx_arena_new(1 << 16);
            size_t tokens = 0;
            /* A mark at the start is told apart from one elsewhere, which is no value either. */
            nx_status status =
                read_all(nx_buf_str(&text), JSON_ROWS_DEPTH + (k > 0), arena, &tokens);
            if ((status.code == NX_OK) != row->accepted)
                fail_msg("row %zu in place %zu: %s", i, k, nx_status_message(status));
            nx_arena_destroy(arena);
            nx_buf_cleanup(&text);
        }
    }
}

/* Cut anywhere, a text must be answered, and a text whose last byte is needed must be refused. */
static void test_json_token__survives_every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < json_row_count; i++) {
        struct nx_str text = json_rows[i].text;
        bool closed = json_rows[i].accepted && strchr("}]\"", text.ptr[text.len - 1]);
        for (size_t len = 0; len < text.len; len++) {
            struct nx_arena *arena = nx_arena_new(1 << 16);
            size_t tokens = 0;
            nx_status status =
                read_all((struct nx_str){text.ptr, len}, JSON_ROWS_DEPTH, arena, &tokens);
            assert_true(status.code == NX_INVALID_ARGUMENT || (status.code == NX_OK && !closed));
            nx_arena_destroy(arena);
        }
    }
}

/* A hundred thousand brackets, closed or not, are refused at the depth that is allowed. */
static void test_json_token__nesting_costs_nothing(void **state)
{
    (void)state;
    static const char *const opens[] = {"[", "{\"\":", "[{\"\":", " [ "};
    for (size_t i = 0; i < sizeof opens / sizeof *opens; i++) {
        struct nx_buf text;
        nx_buf_init(&text, 1 << 24);
        for (int k = 0; k < 100000; k++)
            nx_buf_append_str(&text, nx_str_from(opens[i]));
        struct nx_arena *arena = nx_arena_new(1 << 16);
        size_t tokens = 0;
        nx_status status = read_all(nx_buf_str(&text), JSON_MAX_DEPTH, arena, &tokens);
        assert_int_equal(status.code, NX_INVALID_ARGUMENT);
        assert_non_null(strstr(nx_status_message(status), "nested too deep"));
        assert_true(tokens <= 2 * JSON_MAX_DEPTH + 1);
        nx_arena_destroy(arena);
        nx_buf_cleanup(&text);
    }
}

static void test_json_token__gives_tokens_with_offsets(void **state)
{
    (void)state;
    static const struct {
        enum json_kind kind;
        const char *text;
        size_t offset;
    } expected[] = {
        {JSON_OBJECT_BEGIN, "", 0},    {JSON_KEY, "a", 2},        {JSON_ARRAY_BEGIN, "", 7},
        {JSON_NUMBER, "-1.50", 8},     {JSON_TRUE, "", 15},       {JSON_FALSE, "", 20},
        {JSON_NULL, "", 26},           {JSON_ARRAY_END, "", 30},  {JSON_KEY, "b\n", 32},
        {JSON_STRING, "\xC3\xA9", 38}, {JSON_OBJECT_END, "", 46}, {JSON_END, "", 47},
    };
    struct nx_arena *arena = nx_arena_new(1 << 16);
    struct json_reader reader;
    json_reader_init(&reader, NX_STR("{ \"a\" :[-1.50, true,false,null],\"b\\n\":\"\\u00e9\"}"),
                     MAX_DEPTH, arena);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct json_token token;
        assert_int_equal(json_reader_next(&reader, &token).code, NX_OK);
        assert_int_equal(token.kind, expected[i].kind);
        assert_int_equal(token.offset, expected[i].offset);
        assert_true(nx_str_equal(token.text, nx_str_from(expected[i].text)));
    }
    nx_arena_destroy(arena);
}

static void test_json_token__decodes_every_escape(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(1 << 16);
    struct json_reader reader;
    json_reader_init(
        &reader,
        NX_STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t|\\u0041\\u00E9\\u20ac\\uD83D\\uDE00\\u0000\""),
        MAX_DEPTH, arena);
    struct json_token token;
    assert_int_equal(json_reader_next(&reader, &token).code, NX_OK);
    assert_true(token.decoded);
    assert_true(nx_str_equal(token.text,
                             NX_STR("\"\\/\b\f\n\r\t|A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\0")));
    assert_int_equal(token.text.ptr[token.text.len], '\0');
    nx_arena_destroy(arena);
}

static void test_json_token__skips_a_value_without_memory(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(1 << 16);
    struct json_reader reader;
    json_reader_init(&reader, NX_STR("[{\"a\\n\":[1,{\"b\":\"\\u0041\"}]},7]"), MAX_DEPTH, arena);
    struct json_token token;
    assert_int_equal(json_reader_next(&reader, &token).code, NX_OK);
    assert_int_equal(json_reader_next(&reader, &token).code, NX_OK);
    assert_int_equal(json_reader_skip(&reader, &token).code, NX_OK);
    assert_int_equal(nx_arena_used(arena), 0);
    assert_int_equal(json_reader_next(&reader, &token).code, NX_OK);
    assert_int_equal(token.kind, JSON_NUMBER);
    assert_int_equal(json_reader_skip(&reader, &token).code, NX_OK);
    assert_int_equal(json_reader_next(&reader, &token).code, NX_OK);
    assert_int_equal(token.kind, JSON_ARRAY_END);
    nx_arena_destroy(arena);
}

static void test_json_token__full_arena_is_exhausted(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(16);
    size_t tokens = 0;
    nx_status status =
        read_all(NX_STR("\"more than sixteen bytes\\n\""), MAX_DEPTH, arena, &tokens);
    assert_int_equal(status.code, NX_RESOURCE_EXHAUSTED);
    nx_arena_destroy(arena);
}

static void test_json_write__escapes_what_it_must(void **state)
{
    (void)state;
    struct nx_buf buf;
    nx_buf_init(&buf, 1 << 16);
    json_write_string(&buf, NX_STR("a\"b\\c\b\f\n\r\t\x01\x1f\x7f/\xC3\xA9"));
    assert_true(nx_str_equal(nx_buf_str(&buf),
                             NX_STR("\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0001\\u001f\x7f/\xC3\xA9\"")));
    nx_buf_cleanup(&buf);
    json_write_string(&buf, (struct nx_str){NULL, 0});
    assert_true(nx_str_equal(nx_buf_str(&buf), NX_STR("\"\"")));
    nx_buf_cleanup(&buf);
}

/* Every byte at every place among others that need nothing, as seven of a word or as the rest. */
static void test_json_write__escapes_each_byte_at_each_place(void **state)
{
    static const char short_forms[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    (void)state;
    for (size_t at = 0; at < 21; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char text[21];
            char escape[8] = "";
            char expected[40];
            struct nx_buf buf;
            memset(text, at % 2 ? '!' : '~', sizeof text);
            text[at] = (char)byte;
            const char *found = byte ? strchr(short_forms, (int)byte) : NULL;
            if (found)
                snprintf(escape, sizeof escape, "\\%c", letters[found - short_forms]);
            else if (byte < ' ')
                snprintf(escape, sizeof escape, "\\u%04x", byte);
            else
                escape[0] = text[at];
            snprintf(expected, sizeof expected, "%.*s%s%.*s", (int)at, text, escape,
                     (int)(sizeof text - at - 1), text + at + 1);
            nx_buf_init(&buf, SIZE_MAX);
            json_write_part(&buf, (struct nx_str){text, sizeof text});
            assert_true(nx_str_equal(nx_buf_str(&buf), nx_str_from(expected)));
            nx_buf_cleanup(&buf);
        }
    }
}

static void test_json_write__doubles_are_shortest(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-17, "-17"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {1e15, "1e+15"},
        {999999999999999, "999999999999999"},
        {1e-7, "1e-07"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {0.1 + 0.2, "0.30000000000000004"},
        {9007199254740993.0, "9007199254740992"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_buf buf;
        nx_buf_init(&buf, 64);
        json_write_double(&buf, rows[i].value);
        nx_buf_append_char(&buf, '\0');
        assert_string_equal(buf.ptr, rows[i].text);
        nx_buf_cleanup(&buf);
    }
}

static void test_json_write__floats_are_shortest(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *text;
    } rows[] = {
        {0.1F, "0.1"},     {16777216.0F, "16777216"},
        {-0.0F, "-0"},     {FLT_MAX, "3.4028235e+38"},
        {1e-45F, "1e-45"}, {3.5F, "3.5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_buf buf;
        nx_buf_init(&buf, 64);
        json_write_float(&buf, rows[i].value);
        nx_buf_append_char(&buf, '\0');
        assert_string_equal(buf.ptr, rows[i].text);
        nx_buf_cleanup(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_token__accepts_json_and_nothing_else),
        cmocka_unit_test(test_json_token__verdicts_do_not_depend_on_the_place),
        cmocka_unit_test(test_json_token__survives_every_truncation),
        cmocka_unit_test(test_json_token__nesting_costs_nothing),
        cmocka_unit_test(test_json_token__gives_tokens_with_offsets),
        cmocka_unit_test(test_json_token__decodes_every_escape),
        cmocka_unit_test(test_json_token__skips_a_value_without_memory),
        cmocka_unit_test(test_json_token__full_arena_is_exhausted),
        cmocka_unit_test(test_json_write__escapes_what_it_must),
        cmocka_unit_test(test_json_write__escapes_each_byte_at_each_place),
        cmocka_unit_test(test_json_write__doubles_are_shortest),
        cmocka_unit_test(test_json_write__floats_are_shortest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
