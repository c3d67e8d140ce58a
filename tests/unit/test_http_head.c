/* Heads of requests: what is taken, what it is taken for, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http_head.h"

#define ARENA_BYTES ((size_t)1 << 20)

static struct nx_arena *arena;

static const char incomplete[] = "it is not whole";

/* In a block of just its size, so that reading on is seen. */
static const char *fault_of(struct nx_str head)
{
    struct http_request request;
    size_t scanned = 0;
    char *block = calloc(head.len ? head.len : 1, 1);
    assert_non_null(block);
    memcpy(block, head.ptr, head.len);
    unsigned status;
    const char *fault = http_head_foresee(block, head.len, &status);
    size_t len = http_head_find(block, head.len, &scanned);
    if (!fault && len == 0)
        fault = incomplete;
    if (!fault) {
        http_head_parse(block, len, arena, &request);
        fault = request.fault;
    }
    free(block);
    nx_arena_reset(arena);
    return fault;
}

#define HEAD(text) NX_STR("GET /a?b HTTP/1.1\r\n" text "\r\n")

static const struct nx_str good[] = {
    HEAD("Host: h\r\n"),
    HEAD("Host:\r\n"),
    HEAD("Host: [::1]:80  \r\n"),
    HEAD("X: a\tb\r\nHost: h\r\nY:\r\nZ:   c  \r\n"),
    HEAD("!#$%&'*+-.^_`|~09az: \xe9\r\nHost: h.example:1\r\n"),
    HEAD("Host: h\r\nContent-Length: 5\r\n"),
    HEAD("Host: h\r\nTransfer-Encoding: Chunked\r\n"),
    NX_STR("GET / HTTP/1.0\r\n\r\n"),
};

static const struct {
    struct nx_str head;
    const char *fault;
} bad[] = {
    {HEAD(""), "there is no Host"},
    {HEAD("Host: h\r\nhost: h\r\n"), "more than one Host"},
    {HEAD("Host: a b\r\n"), "the Host is none"},
    {HEAD("Host: a/b\r\n"), "the Host is none"},
    {HEAD("Host: h\nX: y\r\n"), "does not end with CR LF"},
    {HEAD("Host: h\r\nX: y\n"), "does not end with CR LF"},
    {HEAD("Host: h\rX: y\r\n"), "does not end with CR LF"},
    {NX_STR("GET /a HTTP/1.1\nHost: h\r\n\r\n"), "does not end with CR LF"},
    {NX_STR("GET /a HTTP/1.1\r\nHost: h\r\n\n"), "does not end with CR LF"},
    {HEAD(" Host: h\r\n"), "goes on in the next"},
    {HEAD("Host : h\r\n"), "no token"},
    {HEAD("Host: h\r\nA B: c\r\n"), "no token"},
    {HEAD("Host: h\r\n: c\r\n"), "no token"},
    {HEAD("Host: h\r\nX: a\0b\r\n"), "control character"},
    {HEAD("X: a\0b\r\nHost: h\r\n"), "control character"},
    {HEAD("X: a\x01\r\nHost: h\r\n"), "control character"},
    {HEAD("X: a\x7f\r\nHost: h\r\n"), "control character"},
    {HEAD("Host: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n"), "more than one"},
    {HEAD("Host: h\r\nContent-Length: 5\r\ntransfer-encoding: chunked\r\n"), "more than one"},
    {HEAD("Host: h\r\nTransfer-Encoding: gzip, chunked\r\n"), "but chunked"},
    {HEAD("Host: h\r\nTransfer-Encoding: chunked \r\n"), "but chunked"},
    {NX_STR("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"), "not METHOD TARGET VERSION"},
    {NX_STR("GET  /a HTTP/1.1\r\nHost: h\r\n\r\n"), "not METHOD TARGET VERSION"},
    {NX_STR("GET /a\x7f HTTP/1.1\r\nHost: h\r\n\r\n"), "not METHOD TARGET VERSION"},
    {NX_STR("GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n"), "not METHOD TARGET VERSION"},
    {NX_STR("G{T /a HTTP/1.1\r\nHost: h\r\n\r\n"), "the method is no token"},
    {NX_STR(" /a HTTP/1.1\r\nHost: h\r\n\r\n"), "the method is no token"},
};

static void test_http_head__heads_as_the_rfc_has_them_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *fault = fault_of(good[i]);
        if (fault)
            fail_msg("%s: %s", good[i].ptr, fault);
    }
}

static void test_http_head__others_are_told_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *fault = fault_of(bad[i].head);
        if (!fault || !strstr(fault, bad[i].fault))
            fail_msg("row %zu, %s: %s", i, bad[i].head.ptr, fault ? fault : "taken");
    }
}

static const char *fault_of_changed(struct nx_str head, size_t at, char to)
{
    char *changed = calloc(head.len, 1);
    assert_non_null(changed);
    memcpy(changed, head.ptr, head.len);
    changed[at] = to;
    const char *fault = fault_of((struct nx_str){changed, head.len});
    free(changed);
    return fault;
}

/* No beginning of a head is one, and no byte of it can be another line end or a NUL. */
static void test_http_head__every_beginning_and_every_change(void **state)
{
    static const char others[] = {'\0', '\n', '\r'};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        for (size_t len = 0; len < good[i].len; len++)
            assert_non_null(fault_of((struct nx_str){good[i].ptr, len}));
        for (size_t at = 0; at < good[i].len; at++) {
            for (size_t k = 0; k < sizeof others; k++) {
                if (good[i].ptr[at] != others[k] && !fault_of_changed(good[i], at, others[k]))
                    fail_msg("head %zu is taken with %d at %zu", i, others[k], at);
            }
        }
    }
}

/* --- What a head says --- */

#define MAX_TEXT 65536

static struct http_request parse(const char *text)
{
    static char block[MAX_TEXT];
    struct http_request request;
    size_t scanned = 0;
    size_t len = strlen(text);
    assert_true(len < sizeof block);
    memcpy(block, text, len);
    assert_int_equal(http_head_find(block, len, &scanned), len);
    http_head_parse(block, len, arena, &request);
    return request;
}

static void test_http_head__parts(void **state)
{
    (void)state;
    const struct http_request request = parse("PATCH /v1/a?b=c HTTP/1.1\r\n"
                                              "Host: h\r\n"
                                              "X-Empty:\r\n"
                                              "x-two: \t a b\t \r\n"
                                              "X-Two: second\r\n"
                                              "content-length: 18446744073709551\r\n"
                                              "Expect: 100-continue\r\n\r\n");
    assert_null(request.fault);
    assert_string_equal(request.method, "PATCH");
    assert_true(nx_str_equal(request.target, NX_STR("/v1/a?b=c")));
    assert_int_equal(request.header_count, 6);
    assert_string_equal(http_request_header(&request, "x-empty"), "");
    assert_string_equal(http_request_header(&request, "X-TWO"), "a b");
    assert_string_equal(request.headers[3].value, "second");
    assert_null(http_request_header(&request, "X"));
    assert_true(request.has_length);
    assert_int_equal(request.length, 18446744073709551);
    assert_true(request.expects_continue && request.keeps_alive);
    assert_false(request.is_chunked || request.is_old);
}

static void test_http_head__expects_nothing_but_to_continue(void **state)
{
    (void)state;
    assert_true(
        parse("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-CONTINUE \r\n\r\n").expects_continue);
    assert_false(parse("POST / HTTP/1.1\r\nHost: h\r\nExpect: else\r\n\r\n").expects_continue);
    assert_false(parse("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expects_continue);
}

static void test_http_head__lengths(void **state)
{
    static const struct {
        const char *text;
        uint64_t length;
        bool is_good;
    } rows[] = {
        {"0", 0, true},
        {"00012", 12, true},
        {"18446744073709551614", UINT64_MAX, true},
        {"18446744073709551616", UINT64_MAX, true},
        {"99999999999999999999999999999999999999", UINT64_MAX, true},
        {"", 0, false},
        {"+1", 0, false},
        {"-1", 0, false},
        {"0x1", 0, false},
        {"1 2", 0, false},
        {"1,1", 0, false},
        {"1.0", 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct http_request request = parse(nx_arena_printf(
            arena, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %s\r\n\r\n", rows[i].text));
        assert_int_equal(request.fault == NULL, rows[i].is_good);
        if (rows[i].is_good)
            assert_int_equal(request.length, rows[i].length);
    }
}

static void test_http_head__whether_the_connection_goes_on(void **state)
{
    static const struct {
        const char *version;
        const char *connection;
        bool keeps_alive;
    } rows[] = {
        {"1.1", "", true},
        {"1.1", "close", false},
        {"1.1", "Close", false},
        {"1.1", "te ,\tclose , x", false},
        {"1.1", "closed", true},
        {"1.1", "keep-alive", true},
        {"1.1", "keep-alive, close", false},
        {"1.2", "", true},
        {"1.0", "", false},
        {"1.0", "Keep-Alive", true},
        {"1.0", "keep-alive, close", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct http_request request =
            parse(nx_arena_printf(arena, "GET / HTTP/%s\r\nHost: h\r\nConnection: %s\r\n\r\n",
                                  rows[i].version, rows[i].connection));
        assert_null(request.fault);
        assert_int_equal(request.keeps_alive, rows[i].keeps_alive);
        assert_int_equal(request.is_old, strcmp(rows[i].version, "1.0") == 0);
    }
}

static void expect_status(const char *text, unsigned status)
{
    unsigned foreseen = 0;
    const char *fault = http_head_foresee(text, strlen(text), &foreseen);
    assert_int_equal(fault ? foreseen : 0, status);
}

/* Before the head is whole. */
static void test_http_head__what_is_foreseen(void **state)
{
    (void)state;
    expect_status("", 0);
    expect_status("G", 0);
    expect_status("GET /a b c", 0);
    expect_status("\r", 0);
    expect_status("GET / HTTP/1.1\r\nX", 0);
    expect_status("\x16\x03\x01", 400);
    expect_status("{", 400);
    expect_status("\rG", 400);
    expect_status("nonsense\r\n", 400);
    expect_status("GET /\r\n", 400);
    expect_status("GET / HTTP/1.1\n", 400);
    expect_status("GET / http/1.1\r\n", 400);
    expect_status("GET / HTTP/1.1 \r\n", 400);
    expect_status("GET / HTTP/11.1\r\n", 400);
    expect_status("GET / HTTP/0.9\r\n", 505);
    expect_status("PRI * HTTP/2.0\r\n", 505);
}

static void test_http_head__too_many_headers(void **state)
{
    char text[MAX_TEXT] = "GET / HTTP/1.1\r\nHost: h\r\n";
    size_t len = strlen(text);
    (void)state;
    for (int i = 1; i < HTTP_MAX_HEADERS; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "X-%d: y\r\n", i);
    snprintf(text + len, sizeof text - len, "\r\n");
    struct http_request request = parse(text);
    assert_null(request.fault);
    assert_int_equal(request.header_count, HTTP_MAX_HEADERS);
    snprintf(text + len, sizeof text - len, "X: y\r\n\r\n");
    request = parse(text);
    assert_int_equal(request.fault_status, 431);
}

/* RFC 9112, 6.1: a coding that is not known. 6.3: no end of the body. */
static void test_http_head__codings_of_the_body(void **state)
{
    static const struct {
        const char *coding;
        unsigned status;
    } rows[] = {
        {"chunked", 0},
        {"CHUNKED", 0},
        {"gzip, chunked", 501},
        {"gzip,\tChunked", 501},
        {"gzip", 400},
        {"chunked, gzip", 400},
        {"chunked, chunked", 400},
        {"xchunked", 400},
        {"gzip, chunked ", 400},
        {"", 400},
        {",", 400},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[200];
        snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: %s\r\n\r\n",
                 rows[i].coding);
        struct http_request request = parse(text);
        unsigned status = request.fault ? request.fault_status : 0;
        if (status != rows[i].status)
            fail_msg("%s: %u", rows[i].coding, status);
    }
}

static int make_arena(void **state)
{
    (void)state;
    arena = nx_arena_new(ARENA_BYTES);
    return arena ? 0 : -1;
}

static int destroy_arena(void **state)
{
    (void)state;
    nx_arena_destroy(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_head__heads_as_the_rfc_has_them_are_taken),
        cmocka_unit_test(test_http_head__others_are_told_of),
        cmocka_unit_test(test_http_head__every_beginning_and_every_change),
        cmocka_unit_test(test_http_head__parts),
        cmocka_unit_test(test_http_head__expects_nothing_but_to_continue),
        cmocka_unit_test(test_http_head__lengths),
        cmocka_unit_test(test_http_head__whether_the_connection_goes_on),
        cmocka_unit_test(test_http_head__what_is_foreseen),
        cmocka_unit_test(test_http_head__too_many_headers),
        cmocka_unit_test(test_http_head__codings_of_the_body),
    };
    return cmocka_run_group_tests(tests, make_arena, destroy_arena);
}
