/* Headers that go on and come back: only those that are named, and nothing that does harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gw_forward.h"

#define MAX_BYTES 1024

static int set_up(void **state)
{
    *state = nx_arena_new((size_t)1024 * 1024);
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    nx_arena_destroy(*state);
    return 0;
}

static struct gw_forward parse(const char *sent, const char *returned, struct nx_arena *arena)
{
    struct gw_forward forward;
    nx_status status = gw_forward_parse(sent, returned, MAX_BYTES, arena, &forward);
    assert_string_equal(nx_status_message(status), "");
    return forward;
}

static void check_names(const char *const *names, const char *expected)
{
    char text[512] = "";
    for (; *names; names++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s;", *names);
    assert_string_equal(text, expected);
}

static void test_gw_forward__lists_are_read(void **state)
{
    static const struct {
        const char *list;
        const char *names;
    } rows[] = {
        {"", ""},
        {" , ,", ""},
        {"Authorization", "authorization;"},
        {"authorization, AUTHORIZATION,Authorization", "authorization;"},
        {"X-Tenant,accept-language , tracestate", "x-tenant;accept-language;tracestate;"},
        {"a_b.c-1", "a_b.c-1;"},
        {"x-content-type,x-te,cookie", "x-content-type;x-te;cookie;"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gw_forward forward = parse(rows[i].list, rows[i].list, *state);
        check_names(forward.sent, rows[i].names);
        check_names(forward.returned, rows[i].names);
    }
}

static void check_refused(const char *name, const char *why, bool only_returned,
                          struct nx_arena *arena)
{
    struct gw_forward forward;
    const char *list = nx_arena_printf(arena, "x-good, %s", name);
    for (int returned = only_returned; returned < 2; returned++) {
        nx_status status = gw_forward_parse(returned ? "" : list, returned ? list : "", MAX_BYTES,
                                            arena, &forward);
        assert_int_equal(status.code, NX_INVALID_ARGUMENT);
        const char *key = returned ? "backend.return_headers: " : "backend.forward_headers: ";
        if (!strstr(nx_status_message(status), key) || !strstr(nx_status_message(status), why))
            fail_msg("%s: %s", name, nx_status_message(status));
    }
}

static void test_gw_forward__some_are_refused(void **state)
{
    static const char *const refused[] = {
        "connection",
        "Keep-Alive",
        "proxy-connection",
        "Proxy-Authorization",
        "TE",
        "trailer",
        "Transfer-Encoding",
        "upgrade",
        "host",
        "expect",
        "http2-settings",
        "content-type",
        "Content-Length",
        "content-encoding",
        "content-security-policy",
        "accept-encoding",
        "date",
        "server",
        "vary",
        "user-agent",
        "grpc-timeout",
        "Grpc-Status",
        "grpc-",
        "x-request-id",
        "traceparent",
    };
    static const char *const said[] = {
        "etag", "Location", "allow", "retry-after", "cache-control", "access-control-allow-origin"};
    static const char *const no_names[] = {":path", "a b:c", "x/y", "\xc3\xbc", "x\"", "a=b", "x*"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        check_refused(refused[i], "must not be passed on", false, *state);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        check_refused(said[i], "must not be passed on", true, *state);
        (void)parse(said[i], "", *state);
    }
    for (size_t i = 0; i < sizeof no_names / sizeof *no_names; i++)
        check_refused(no_names[i], "is no name of a header", false, *state);
    check_refused("trace-bin", "bytes cannot be passed on", false, *state);
    check_refused("-bin", "bytes cannot be passed on", false, *state);
    char many[GW_MAX_FORWARDED_NAMES * 8] = "";
    for (int i = 0; i < GW_MAX_FORWARDED_NAMES; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "x%d,", i);
    check_refused(many, "more than 32", false, *state);
}

/* --- To the service --- */

struct header {
    const char *name;
    const char *value;
};

static void each(void *connection, gw_header_visit visit, void *arg)
{
    for (const struct header *header = connection; header->name; header++)
        visit(arg, header->name, header->value);
}

static enum gw_forwarded forward_to(const struct gw_forward *forward, const struct header *headers,
                                    struct nx_arena *arena, char *ret_text, size_t room)
{
    const struct wire_metadata own = {"x-request-id", NX_STR("r")};
    const struct gw_header_source source = {(void *)(uintptr_t)headers, each};
    struct gw_metadata metadata = {.count = 0};
    const char *name = "nobody";
    enum gw_forwarded outcome =
        gw_forward_headers(forward, &source, &own, 1, arena, &metadata, &name);
    snprintf(ret_text, room, "%s", outcome == GW_FORWARD_UNPRINTABLE ? name : "");
    for (size_t i = 0; i < metadata.count; i++)
        snprintf(ret_text + strlen(ret_text), room - strlen(ret_text), "%s=%.*s;",
                 metadata.pairs[i].key, (int)metadata.pairs[i].value.len,
                 metadata.pairs[i].value.ptr);
    return outcome;
}

static void test_gw_forward__sends_what_is_named(void **state)
{
    static const struct {
        const char *sent;
        struct header headers[8];
        const char *metadata;
    } rows[] = {
        {"", {{"Authorization", "secret"}, {"Connection", "close"}}, "x-request-id=r;"},
        {"authorization", {{"Host", "h"}}, "x-request-id=r;"},
        {"authorization", {{"AUTHORIZATION", "a b"}}, "x-request-id=r;authorization=a b;"},
        {"a,b", {{"B", "1"}, {"c", "2"}, {"A", ""}, {"b", "~3!"}}, "x-request-id=r;b=1;a=;b=~3!;"},
        {"a,b", {{"A", "1"}, {"Connection", "keep-alive, A"}, {"B", "2"}}, "x-request-id=r;b=2;"},
        {"a,b,c",
         {{"Connection", "\tb\t,,c"}, {"A", "1"}, {"B", "2"}, {"connection", "A"}, {"C", "3"}},
         "x-request-id=r;"},
        {"aa,a", {{"Connection", "a, aaa,"}, {"A", "1"}, {"AA", "2"}}, "x-request-id=r;aa=2;"},
        {"a",
         {{"A", "1"}, {"a", "2"}, {"A", "3"}, {"a", "4"}, {"A", "5"}, {"a", "6"}, {"A", "7"}},
         "x-request-id=r;a=1;a=2;a=3;a=4;a=5;a=6;a=7;"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        struct gw_forward forward = parse(rows[i].sent, "", *state);
        assert_int_equal(forward_to(&forward, rows[i].headers, *state, text, sizeof text),
                         GW_FORWARDED);
        assert_string_equal(text, rows[i].metadata);
    }
}

static void test_gw_forward__values_that_are_no_metadata_are_told_of(void **state)
{
    static const char *const values[] = {"caf\xc3\xa9", "a\tb", "a\x01", "\x7f", "\xff"};
    struct gw_forward forward = parse("a, b", "", *state);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[256];
        const struct header headers[] = {{"A", "1"}, {"B", values[i]}, {"A", "\x02"}, {NULL, NULL}};
        assert_int_equal(forward_to(&forward, headers, *state, text, sizeof text),
                         GW_FORWARD_UNPRINTABLE);
        assert_string_equal(text, "b");
        const struct header kept[] = {{"B", values[i]}, {"Connection", "b"}, {NULL, NULL}};
        assert_int_equal(forward_to(&forward, kept, *state, text, sizeof text), GW_FORWARDED);
    }
}

static void test_gw_forward__all_together_are_limited(void **state)
{
    char text[2048];
    char value[MAX_BYTES];
    struct gw_forward forward = parse("a", "", *state);
    /* The core's own, and x-request-id with its value. */
    const size_t most = MAX_BYTES - 256 - strlen("x-request-id") - 1;
    for (size_t len = most - 4; len < most + 4; len++) {
        memset(value, 'v', len);
        value[len - 4] = '\0'; /* "a" and a second "a" with one byte take 3 more */
        const struct header headers[] = {{"A", value}, {"A", "w"}, {NULL, NULL}};
        assert_int_equal(forward_to(&forward, headers, *state, text, sizeof text),
                         len - 4 + 3 <= most ? GW_FORWARDED : GW_FORWARD_TOO_LARGE);
    }
    struct nx_arena *small = nx_arena_new(64);
    const struct header headers[] = {{"A", "w"}, {NULL, NULL}};
    assert_int_equal(forward_to(&forward, headers, small, text, sizeof text), GW_FORWARD_NO_MEMORY);
    nx_arena_destroy(small);
}

/* --- From the service --- */

static void test_gw_forward__returns_what_is_named_and_safe(void **state)
{
    static const struct {
        struct nx_str key, value;
        bool is_returned;
    } rows[] = {
        {{"x-cost", 6}, {"12", 2}, true},
        {{"X-Cost", 6}, {"12", 2}, true},
        {{"x-cost", 6}, {"", 0}, true},
        {{"x-cost", 6}, {" ~", 2}, true},
        {{"x-costs", 7}, {"12", 2}, false},
        {{"x-cos", 5}, {"12", 2}, false},
        {{"", 0}, {"12", 2}, false},
        {{"x-cost", 6}, {"a\r\nSet-Cookie: b", 16}, false},
        {{"x-cost", 6}, {"a\nb", 3}, false},
        {{"x-cost", 6}, {"a\0b", 3}, false},
        {{"x-cost", 6}, {"caf\xc3\xa9", 5}, false},
        {{"x-cost", 6}, {"\x7f", 1}, false},
    };
    struct gw_forward forward = parse("", "x-cost", *state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gw_returned returned = {.count = 0};
        gw_forward_return(&forward, rows[i].key, rows[i].value, *state, &returned);
        assert_int_equal(returned.count, rows[i].is_returned);
        if (!rows[i].is_returned)
            continue;
        assert_memory_equal(returned.headers[0].name, rows[i].key.ptr, rows[i].key.len + 1);
        assert_int_equal(strlen(returned.headers[0].value), rows[i].value.len);
    }
}

static void test_gw_forward__what_comes_back_is_limited(void **state)
{
    static char value[GW_MAX_RETURNED_BYTES + 1];
    struct gw_forward forward = parse("", "x", *state);
    struct gw_returned returned = {.count = 0};
    memset(value, 'v', sizeof value);
    gw_forward_return(&forward, NX_STR("x"), (struct nx_str){value, sizeof value - 1}, *state,
                      &returned);
    assert_int_equal(returned.count, 0);
    gw_forward_return(&forward, NX_STR("x"), (struct nx_str){value, sizeof value - 3}, *state,
                      &returned);
    assert_int_equal(returned.count, 1);
    gw_forward_return(&forward, NX_STR("x"), NX_STR("v"), *state, &returned);
    assert_int_equal(returned.count, 1);
    returned = (struct gw_returned){.count = 0};
    for (int i = 0; i < 2 * GW_MAX_RETURNED; i++)
        gw_forward_return(&forward, NX_STR("x"), NX_STR("v"), *state, &returned);
    assert_int_equal(returned.count, GW_MAX_RETURNED);
    struct nx_arena *none = nx_arena_new(0);
    returned = (struct gw_returned){.count = 0};
    gw_forward_return(&forward, NX_STR("x"), NX_STR("v"), none, &returned);
    assert_int_equal(returned.count, 0);
    nx_arena_destroy(none);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_gw_forward__##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_are_read),
        TEST(some_are_refused),
        TEST(sends_what_is_named),
        TEST(values_that_are_no_metadata_are_told_of),
        TEST(all_together_are_limited),
        TEST(returns_what_is_named_and_safe),
        TEST(what_comes_back_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
