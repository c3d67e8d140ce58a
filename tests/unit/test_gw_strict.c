/* Heads of requests, cut where they lie as libmicrohttpd 0.9.75 cuts them: leniently. Those that
 * are not what RFC 9112 says are found out by where the pieces are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gw_strict.h"

#define MAX_LINES 16

/* A head in the making. Lines end with LF, CR LF or CR, as it comes. */
struct cutter {
    char *at;
    char *end;
};

/* The next line, ended by a NUL; NULL: it is not whole. */
static char *take_line(struct cutter *cutter)
{
    char *line = cutter->at;
    char *stop = line;
    while (stop < cutter->end && *stop != '\r' && *stop != '\n')
        stop++;
    if (stop == cutter->end)
        return NULL;
    bool is_pair = *stop == '\r' && stop + 1 < cutter->end && stop[1] == '\n';
    *stop = '\0';
    cutter->at = stop + (is_pair ? 2 : 1);
    if (is_pair)
        stop[1] = '\0';
    return line;
}

static const char incomplete[] = "it is not whole";

/* The headers, up to the empty line. */
static const char *take_headers(struct cutter *cutter, const char *begin, struct gw_strict *strict)
{
    for (int i = 0; i < MAX_LINES; i++) {
        char *line = take_line(cutter);
        if (!line)
            return incomplete;
        if (*line == '\0')
            return gw_strict_end(strict, (size_t)(cutter->at - begin));
        char *colon = strchr(line, ':');
        if (!colon)
            return "there is no colon"; /* the library says so by itself */
        *colon = '\0';
        gw_strict_header(strict, line, colon + 1 + strspn(colon + 1, " \t"));
    }
    return incomplete;
}

static const char *fault_in(char *block, size_t len)
{
    struct gw_strict strict;
    struct cutter cutter = {block, block + len};
    char *method = take_line(&cutter);
    if (!method)
        return incomplete;
    char *target = strchr(method, ' ');
    char *version = strrchr(method, ' ');
    if (!target || target == version)
        return "there is no version"; /* the same */
    *target++ = '\0';
    *version++ = '\0';
    struct nx_str text = {target, strlen(target)};
    gw_strict_begin(&strict, method, text, version);
    return take_headers(&cutter, method, &strict);
}

static const char *fault_of(struct nx_str head)
{
    char *block = calloc(head.len ? head.len : 1, 1);
    assert_non_null(block);
    memcpy(block, head.ptr, head.len);
    const char *fault = fault_in(block, head.len);
    free(block);
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
    {HEAD(" Host: h\r\n"), "no token"},
    {HEAD("Host : h\r\n"), "no token"},
    {HEAD("Host: h\r\nA B: c\r\n"), "no token"},
    {HEAD("Host: h\r\n: c\r\n"), "no token"},
    {HEAD("Host: h\r\nX: a\0b\r\n"), "has a NUL"},
    {HEAD("X: a\0b\r\nHost: h\r\n"), "has a NUL"},
    {HEAD("X: a\x01\r\nHost: h\r\n"), "control character"},
    {HEAD("X: a\x7f\r\nHost: h\r\n"), "control character"},
    {HEAD("Host: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n"), "more than one"},
    {HEAD("Host: h\r\nContent-Length: 5\r\ntransfer-encoding: chunked\r\n"), "more than one"},
    {HEAD("Host: h\r\nTransfer-Encoding: gzip, chunked\r\n"), "but chunked"},
    {HEAD("Host: h\r\nTransfer-Encoding: chunked \r\n"), "but chunked"},
    {NX_STR("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"), "not METHOD TARGET VERSION"},
    {NX_STR("GET  /a HTTP/1.1\r\nHost: h\r\n\r\n"), "not METHOD TARGET VERSION"},
    {NX_STR("GET /a\x7f HTTP/1.1\r\nHost: h\r\n\r\n"), "not METHOD TARGET VERSION"},
    {NX_STR("GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n"), "no version"},
    {NX_STR("G{T /a HTTP/1.1\r\nHost: h\r\n\r\n"), "the method is no token"},
    {NX_STR(" /a HTTP/1.1\r\nHost: h\r\n\r\n"), "the method is no token"},
};

static void test_gw_strict__heads_as_the_rfc_has_them_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *fault = fault_of(good[i]);
        if (fault)
            fail_msg("%s: %s", good[i].ptr, fault);
    }
}

static void test_gw_strict__others_are_told_of(void **state)
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

/* No beginning of a head is one, and no byte of it can be another line end or a NUL; but that a NUL
 * may stand for a CR or an LF, because the library overwrites all of them by NULs. */
static void test_gw_strict__every_beginning_and_every_change(void **state)
{
    static const char others[] = {'\0', '\n', '\r'};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        for (size_t len = 0; len < good[i].len; len++)
            assert_non_null(fault_of((struct nx_str){good[i].ptr, len}));
        for (size_t at = 0; at < good[i].len; at++) {
            for (size_t k = 0; k < sizeof others; k++) {
                char was = good[i].ptr[at];
                bool is_line_end = was == '\r' || was == '\n';
                if (was == others[k] || (is_line_end && others[k] == '\0'))
                    continue;
                if (!fault_of_changed(good[i], at, others[k]))
                    fail_msg("head %zu is taken with %d at %zu", i, others[k], at);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gw_strict__heads_as_the_rfc_has_them_are_taken),
        cmocka_unit_test(test_gw_strict__others_are_told_of),
        cmocka_unit_test(test_gw_strict__every_beginning_and_every_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
