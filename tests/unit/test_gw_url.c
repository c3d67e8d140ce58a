/* Targets and headers: every form of them, and what a stranger may write instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gw_headers.h"
#include "gw_url.h"

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

static void check_text(struct nx_str is, const char *expected)
{
    assert_int_equal(is.len, strlen(expected));
    assert_memory_equal(is.len > 0 ? is.ptr : "", expected, is.len);
}

static void test_gw_url__decodes_by_place(void **state)
{
    static const struct {
        const char *raw;
        enum gw_url_mode mode;
        const char *text;
    } rows[] = {
        {"", GW_URL_SEGMENT, ""},
        {"plain", GW_URL_SEGMENT, "plain"},
        {"a%20b+c", GW_URL_SEGMENT, "a b+c"},
        {"a%20b+c", GW_URL_QUERY, "a b c"},
        {"%2B", GW_URL_QUERY, "+"},
        {"a%2Fb", GW_URL_SEGMENT, "a/b"},
        {"a%2Fb%2fc%41", GW_URL_SEGMENTS, "a%2Fb%2fcA"},
        {"%252F", GW_URL_SEGMENT, "%2F"},
        {"%C3%bc", GW_URL_SEGMENT, "\xc3\xbc"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_str text;
        nx_status status =
            gw_url_decode(nx_str_from(rows[i].raw), rows[i].mode, "it", *state, &text);
        assert_int_equal(status.code, NX_OK);
        check_text(text, rows[i].text);
    }
}

static void test_gw_url__refuses_what_is_no_text(void **state)
{
    static const char *const rows[] = {"%",    "%4",   "a%zz", "%0",        "%00",
                                       "%C3(", "\xff", "%80",  "%ED%A0%80", "%F5%80%80%80"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_str text;
        nx_status status = gw_url_decode(nx_str_from(rows[i]), GW_URL_QUERY, "it", *state, &text);
        assert_int_equal(status.code, NX_INVALID_ARGUMENT);
    }
}

static void test_gw_url__splits_a_target(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        const char *path;
        const char *query;
    } rows[] = {
        {"/v1/products?a=b?c", "/v1/products", "a=b?c"},
        {"/v1", "/v1", ""},
        {"/v1?", "/v1", ""},
        {"", "", ""},
        {"*", "*", ""},
        {"http://shop/v1?a", "/v1", "a"},
        {"HTTPS://shop/v1?a", "/v1", "a"},
        {"https://shop", "/", ""},
        {"https://shop?a=/", "/", "a=/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_str path;
        struct nx_str query;
        gw_url_split(nx_str_from(rows[i].target), &path, &query);
        check_text(path, rows[i].path);
        check_text(query, rows[i].query);
    }
}

static void test_gw_url__takes_parameters_one_by_one(void **state)
{
    (void)state;
    struct nx_str query = NX_STR("&&a=1&b&c==&=d&");
    static const char *const expected[][2] = {{"a", "1"}, {"b", ""}, {"c", "="}, {"", "d"}};
    struct nx_str name;
    struct nx_str value;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_true(gw_url_next_parameter(&query, &name, &value));
        check_text(name, expected[i][0]);
        check_text(value, expected[i][1]);
    }
    assert_false(gw_url_next_parameter(&query, &name, &value));
}

static void test_gw_headers__content_type_is_json_in_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool is_json;
    } rows[] = {
        {"application/json", true},
        {"Application/JSON", true},
        {"application/json; charset=utf-8", true},
        {"application/json;charset=\"UTF-8\"", true},
        {"application/json ", true},
        {"application/json; charset=latin1", false},
        {"application/json; charset=", false},
        {"application/json;", false},
        {"application/jsonp", false},
        {"application/x-www-form-urlencoded", false},
        {"", false},
        {NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(gw_headers_is_json(rows[i].header), rows[i].is_json);
}

static void test_gw_headers__accept_takes_json(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool accepts;
    } rows[] = {
        {NULL, true},
        {"", true},
        {" , ", true},
        {"*/*", true},
        {"application/*", true},
        {"application/json", true},
        {"Application/JSON;charset=utf-8", true},
        {"text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", true},
        {"text/html,application/json;q=0.1", true},
        {"application/json;q=0.001", true},
        {"application/json ; q=1", true},
        {"text/html", false},
        {"text/*, image/png", false},
        {"application/jsonp", false},
        {"application/xml;q=0.9", false},
        {"application/json;q=0", false},
        {"application/json;q=0.000, */*", false},
        {"*/*;q=0, application/json", true},
        {"*/*, application/*;q=0", false},
        {"application/json; q = 0", true}, /* blanks around "=" are none of the grammar */
        {";q=0", false},
        {"json", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(gw_headers_accepts_json(rows[i].header), rows[i].accepts);
}

static void test_gw_headers__timeout_only_shortens(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool is_valid;
        int64_t timeout_ns; /* of 1 s before */
    } rows[] = {
        {NULL, true, 1000000000},
        {"500m", true, 500000000},
        {"2S", true, 1000000000},
        {"1n", true, 1},
        {"7u", true, 7000},
        {"0m", true, 0},
        {"99999999H", true, 1000000000},
        {"1M", true, 1000000000},
        {"", false, 0},
        {"S", false, 0},
        {"1", false, 0},
        {"1x", false, 0},
        {"1SS", false, 0},
        {"-1S", false, 0},
        {"123456789n", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t timeout_ns = 1000000000;
        assert_int_equal(gw_headers_timeout(rows[i].header, &timeout_ns), rows[i].is_valid);
        if (rows[i].is_valid)
            assert_int_equal(timeout_ns, rows[i].timeout_ns);
    }
}

static void test_gw_headers__request_id_is_theirs_or_a_new_uuid(void **state)
{
    (void)state;
    char id[GW_REQUEST_ID_BYTES];
    char other[GW_REQUEST_ID_BYTES];
    char long_one[GW_REQUEST_ID_BYTES + 1];
    gw_headers_request_id("order 7/a", id);
    assert_string_equal(id, "order 7/a");
    memset(long_one, 'x', sizeof long_one);
    long_one[GW_REQUEST_ID_BYTES] = '\0';
    const char *const bad[] = {NULL, "", "a\tb", "caf\xc3\xa9", long_one};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        gw_headers_request_id(bad[i], id);
        gw_headers_request_id(bad[i], other);
        assert_int_equal(strlen(id), 36);
        assert_int_equal(id[14], '4');
        assert_non_null(strchr("89ab", id[19]));
        assert_string_not_equal(id, other);
    }
}

static void test_gw_headers__traceparent_is_passed_on_if_well_formed(void **state)
{
    (void)state;
    const char *good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assert_string_equal(gw_headers_traceparent(good), good);
    assert_null(gw_headers_traceparent(NULL));
    assert_null(gw_headers_traceparent("00"));
    assert_null(gw_headers_traceparent("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"));
    assert_null(gw_headers_traceparent("00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01"));
}

static void test_gw_headers__allow_names_the_verbs(void **state)
{
    static const struct oas_spec spec = {.custom_methods = {"PURGE", "HEAD"},
                                         .custom_method_count = 2};
    static const struct {
        unsigned verbs;
        const char *header;
    } rows[] = {
        {1u << OAS_GET, "GET, HEAD, OPTIONS"},
        {1u << OAS_POST | 1u << OAS_DELETE, "POST, DELETE, OPTIONS"},
        {1u << OAS_CUSTOM | 1u << OAS_PUT, "PUT, PURGE, OPTIONS"},
        {1u << (OAS_CUSTOM + 1), "HEAD, OPTIONS"},
        {1u << (OAS_CUSTOM + 1) | 1u << OAS_GET, "GET, HEAD, OPTIONS"},
        {1u << OAS_ANY, "GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(gw_headers_allow(&spec, rows[i].verbs, *state), rows[i].header);
}

static void test_gw_headers__etag_lists(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool is_listed;
    } rows[] = {
        {"\"a1\"", true},
        {"W/\"a1\"", true},
        {"*", true},
        {" \"x\", W/\"a1\" ", true},
        {"\"x\",\"y,\",\"a1\"", true},
        {"\"a\"", false},
        {"a1", false},
        {"\"a1", false},
        {"", false},
        {"W/", false},
        {",,,", false},
        {"\"x\" \"a1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(gw_headers_lists_etag(rows[i].header, "\"a1\""), rows[i].is_listed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_gw_url__decodes_by_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gw_url__refuses_what_is_no_text, set_up, tear_down),
        cmocka_unit_test(test_gw_url__splits_a_target),
        cmocka_unit_test(test_gw_url__takes_parameters_one_by_one),
        cmocka_unit_test(test_gw_headers__content_type_is_json_in_utf8),
        cmocka_unit_test(test_gw_headers__timeout_only_shortens),
        cmocka_unit_test(test_gw_headers__request_id_is_theirs_or_a_new_uuid),
        cmocka_unit_test(test_gw_headers__traceparent_is_passed_on_if_well_formed),
        cmocka_unit_test_setup_teardown(test_gw_headers__allow_names_the_verbs, set_up, tear_down),
        cmocka_unit_test(test_gw_headers__etag_lists),
        cmocka_unit_test(test_gw_headers__accept_takes_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
