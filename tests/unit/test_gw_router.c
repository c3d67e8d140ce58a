/* Which path means which RPC; and that each rule which cannot work is refused at the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gw_router.h"
#include "nexus/catalog/v1/catalog_service.nexus.h"

#define S "nexus.catalog.v1.CatalogService."
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct wire_service *const services[] = {&nexus_catalog_v1_catalog_service};

static struct oas_rule rules[] = {
    {S "ListProducts", OAS_GET, "/v1/products", "", "", 10, NULL, NULL, NULL},
    {S "CreateProduct", OAS_POST, "/v1/products", "product", "", 11, NULL, NULL, NULL},
    {S "GetProduct", OAS_GET, "/v1/{name=products/*}", "", "", 12, NULL, NULL, NULL},
    {S "UpdateProduct", OAS_PATCH, "/v1/{product.name=products/*}", "product", "", 13, NULL, NULL,
     NULL},
    {S "DeleteProduct", OAS_DELETE, "/v1/{name=products/*}", "", "", 14, NULL, NULL, NULL},
    {S "GetCategory", OAS_GET, "/v1/products/best", "", "", 15, NULL, NULL, NULL},
    {S "GetCategory", OAS_GET, "/v1/products:lookup", "", "", 16, NULL, NULL, NULL},
    {S "DeleteCategory", OAS_POST, "/v1/{name=categories/*}:undelete", "*", "", 17, NULL, NULL,
     NULL},
    {S "GetCategory", OAS_GET, "/v1/one/{name}", "", "", 18, NULL, NULL, NULL},
    {S "GetCategory", OAS_GET, "/v1/{name=media/**}", "", "", 19, NULL, NULL, NULL},
    {S "GetProduct", OAS_GET, "/v1/media/{name=**}:info", "", "", 20, NULL, NULL, NULL},
    {S "ListCategories", OAS_GET, "/v1/*/top", "", "", 21, NULL, NULL, NULL},
    {S "CreateCategory", OAS_PUT, "/v1/numbered/{category_id}", "category", "", 22, NULL, NULL,
     NULL},
    {S "GetProduct", OAS_GET, "/v2/{name=shops/*/shelves/**}", "", "", 23, NULL, NULL, NULL},
    {S "GetProduct", OAS_GET, "/v2/{name=shops/*/shelves/**}:list", "", "", 24, NULL, NULL, NULL},
    {S "GetProduct", OAS_GET, "/v2/{name=shops/main}/shelves", "", "", 25, NULL, NULL, NULL},
    {S "MoveCategory", OAS_POST, "/v2/{name=shops/*}/to/{parent=**}", "*", "", 26, NULL, NULL,
     NULL},
};

static int set_up(void **state)
{
    *state = nx_arena_new((size_t)8 * 1024 * 1024);
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    nx_arena_destroy(*state);
    return 0;
}

static const struct gw_router *compile(struct oas_rule *list, size_t count, struct nx_arena *arena)
{
    struct oas_spec *spec = nx_arena_calloc(arena, 1, sizeof *spec);
    assert_non_null(spec);
    *spec = (struct oas_spec){.rules = list, .rule_count = count};
    struct gw_router *router;
    nx_status status =
        gw_router_compile(spec, "nexus.yaml", services, COUNT(services), arena, &router);
    assert_string_equal(nx_status_message(status), "");
    return router;
}

/* "line value value" of what a path means; or "404", "405 <allowed>", "400". */
static const char *describe(const struct gw_router *router, enum oas_verb verb, const char *path,
                            struct nx_arena *arena)
{
    struct gw_match match;
    nx_status status = gw_router_match(router, verb, nx_str_from(path), arena, &match);
    if (status.code == NX_INVALID_ARGUMENT)
        return "400";
    assert_int_equal(status.code, NX_OK);
    if (match.allowed == 0)
        return "404";
    if (!match.route)
        return nx_arena_printf(arena, "405 %x", match.allowed);
    const char *text = nx_arena_printf(arena, "%u", match.route->rule->line);
    for (size_t i = 0; i < match.route->template.variable_count; i++)
        text =
            nx_arena_printf(arena, "%s %.*s", text, (int)match.values[i].len, match.values[i].ptr);
    return text;
}

static const struct {
    enum oas_verb verb;
    const char *path;
    const char *means;
} paths[] = {
    {OAS_GET, "/v1/products", "10"},
    {OAS_POST, "/v1/products", "11"},
    {OAS_PUT, "/v1/products", "405 5"},
    {OAS_GET, "/v1/products/42", "12 products/42"},
    {OAS_PATCH, "/v1/products/42", "13 products/42"},
    {OAS_DELETE, "/v1/products/42", "14 products/42"},
    {OAS_POST, "/v1/products/42", "405 19"},
    /* A literal goes before "*", but only for its own verb. */
    {OAS_GET, "/v1/products/best", "15"},
    {OAS_DELETE, "/v1/products/best", "14 products/best"},
    {OAS_GET, "/v1/products/top", "12 products/top"},
    {OAS_GET, "/v1/others/top", "21"},
    /* Verbs behind a colon. */
    {OAS_GET, "/v1/products:lookup", "16"},
    {OAS_POST, "/v1/products:lookup", "405 1"},
    {OAS_GET, "/v1/products:other", "404"},
    {OAS_POST, "/v1/categories/7:undelete", "17 categories/7"},
    {OAS_POST, "/v1/categories/a:b:undelete", "17 categories/a:b"},
    {OAS_POST, "/v1/categories/a%20b:undelete", "17 categories/a b"},
    {OAS_POST, "/v1/categories/7%3Aundelete", "404"},
    {OAS_GET, "/v1/products/a:b", "12 products/a:b"},
    {OAS_GET, "/v1/products/a:", "12 products/a:"},
    /* Encoding. */
    {OAS_GET, "/v1/%70roducts/4%32", "12 products/42"},
    {OAS_GET, "/v1/products/a%2Fb", "12 products/a%2Fb"},
    {OAS_GET, "/v1/one/a%2Fb", "18 a/b"},
    {OAS_GET, "/v1/one/a+b", "18 a+b"},
    {OAS_GET, "/v1/one/%252F", "18 %2F"},
    {OAS_GET, "/v1/products/%", "400"},
    {OAS_GET, "/v1/products/%ff", "400"},
    {OAS_GET, "/v1/products/%00", "400"},
    /* All that is left. */
    {OAS_GET, "/v1/media/a", "19 media/a"},
    {OAS_GET, "/v1/media/a/b%2Fc/d", "19 media/a/b%2Fc/d"},
    {OAS_GET, "/v1/media", "19 media"},
    {OAS_GET, "/v1/media/", "19 media/"},
    {OAS_GET, "/v1/media/a/b:info", "20 a/b"},
    {OAS_GET, "/v1/media:info", "20 "},
    /* Several segments, and two variables. */
    {OAS_GET, "/v2/shops/1/shelves/a/b", "23 shops/1/shelves/a/b"},
    {OAS_GET, "/v2/shops/1/shelves", "23 shops/1/shelves"},
    {OAS_GET, "/v2/shops/main/shelves", "25 shops/main"},
    {OAS_GET, "/v2/shops/main/shelves/a", "23 shops/main/shelves/a"},
    {OAS_GET, "/v2/shops/1/shelves/a:list", "24 shops/1/shelves/a"},
    {OAS_GET, "/v2/shops/1/shelves:list", "24 shops/1/shelves"},
    {OAS_GET, "/v2/shops//shelves/a", "404"},
    {OAS_GET, "/v2/shops/1/shelf", "404"},
    {OAS_POST, "/v2/shops/1%2F2/to/a/b", "26 shops/1%2F2 a/b"},
    {OAS_POST, "/v2/shops/1/to", "26 shops/1 "},
    /* Numbers. */
    {OAS_PUT, "/v1/numbered/12", "22 12"},
    /* Nothing. */
    {OAS_GET, "", "404"},
    {OAS_GET, "/", "404"},
    {OAS_GET, "//", "404"},
    {OAS_GET, "v1/products", "404"},
    {OAS_GET, "/v1", "404"},
    {OAS_GET, "/v1/", "404"},
    {OAS_GET, "/v1/products/", "404"},
    {OAS_GET, "/v1//products", "404"},
    {OAS_GET, "/v1/products/1/", "404"},
    {OAS_GET, "/V1/products", "404"},
    {OAS_GET, "/v1/products/../products/1", "404"},
};

static void test_gw_router__finds_the_rpc_of_a_path(void **state)
{
    const struct gw_router *router = compile(rules, COUNT(rules), *state);
    for (size_t i = 0; i < COUNT(paths); i++)
        assert_string_equal(describe(router, paths[i].verb, paths[i].path, *state), paths[i].means);
}

static void test_gw_router__order_of_rules_does_not_matter(void **state)
{
    struct oas_rule turned[COUNT(rules)];
    for (size_t shift = 0; shift < COUNT(rules); shift++) {
        for (size_t i = 0; i < COUNT(rules); i++)
            turned[COUNT(rules) - 1 - i] = rules[(i + shift) % COUNT(rules)];
        const struct gw_router *router = compile(turned, COUNT(rules), *state);
        for (size_t i = 0; i < COUNT(paths); i++)
            assert_string_equal(describe(router, paths[i].verb, paths[i].path, *state),
                                paths[i].means);
    }
}

static void test_gw_router__a_long_path_costs_no_more_than_its_length(void **state)
{
    const struct gw_router *router = compile(rules, COUNT(rules), *state);
    char path[32 * 1024];
    memset(path, '/', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_string_equal(describe(router, OAS_GET, path, *state), "404");
    memcpy(path, "/v1/media", 9);
    struct gw_match match;
    nx_status status = gw_router_match(router, OAS_GET, nx_str_from(path), *state, &match);
    assert_int_equal(status.code, NX_OK);
    assert_int_equal(match.values[0].len, strlen(path) - 4);
}

/* A segment of each literal path is "a" or "*", as the bits of a number say. */
#define HOSTILE_SEGMENTS 8
#define HOSTILE_RULES (1u << HOSTILE_SEGMENTS)

static void hostile_rules(struct oas_rule *list, struct nx_arena *arena)
{
    for (unsigned i = 0; i < HOSTILE_RULES; i++) {
        char *path = nx_arena_calloc(arena, 1, 2 * HOSTILE_SEGMENTS + 1);
        for (unsigned j = 0; j < HOSTILE_SEGMENTS; j++)
            memcpy(path + 2 * (size_t)j, i >> j & 1 ? "/*" : "/a", 2);
        list[i] =
            (struct oas_rule){S "ListProducts", OAS_GET, path, "", "", i + 1, NULL, NULL, NULL};
    }
}

static size_t visits(const struct gw_router *router, const char *path, struct nx_arena *arena)
{
    struct gw_match match;
    assert_int_equal(gw_router_match(router, OAS_GET, nx_str_from(path), arena, &match).code,
                     NX_OK);
    return match.visits;
}

/* All ways to match are tried where all fit, so that Allow is right; each node once, with the rules
 * that end there. A path that goes on behind the templates costs nothing more. */
static void test_gw_router__rules_that_all_begin_alike_are_walked_once(void **state)
{
    static struct oas_rule list[HOSTILE_RULES];
    hostile_rules(list, *state);
    const struct gw_router *router = compile(list, HOSTILE_RULES, *state);
    const size_t nodes = 2 * HOSTILE_RULES - 1;
    assert_int_equal(visits(router, "/a/a/a/a/a/a/a/a", *state), nodes);
    assert_int_equal(visits(router, "/a/a/a/a/a/a/a/a:verb", *state),
                     2 * nodes - HOSTILE_RULES / 2);
    assert_int_equal(visits(router, "/b/b/b/b/b/b/b/b", *state), HOSTILE_SEGMENTS + 1);
    assert_string_equal(describe(router, OAS_GET, "/a/a/a/a/a/a/a/a", *state), "1");
    assert_string_equal(describe(router, OAS_GET, "/b/a/a/a/b/a/a/a", *state), "18");
    char path[32 * 1024];
    for (size_t i = 0; i + 1 < sizeof path; i += 2)
        memcpy(path + i, "/a", 2);
    path[sizeof path - 2] = '\0';
    assert_int_equal(visits(router, path, *state), nodes);
    assert_string_equal(describe(router, OAS_GET, path, *state), "404");
}

static void test_gw_router__many_literals_at_one_place(void **state)
{
    enum { COUNT_OF_RULES = 1000 };
    static struct oas_rule list[COUNT_OF_RULES];
    for (unsigned i = 0; i < COUNT_OF_RULES; i++)
        list[i] = (struct oas_rule){S "ListProducts",
                                    OAS_GET,
                                    nx_arena_printf(*state, "/v1/r%u", i * 7919 % COUNT_OF_RULES),
                                    "",
                                    "",
                                    i + 1,
                                    NULL,
                                    NULL,
                                    NULL};
    const struct gw_router *router = compile(list, COUNT_OF_RULES, *state);
    for (unsigned i = 0; i < COUNT_OF_RULES; i++) {
        assert_string_equal(describe(router, OAS_GET, list[i].path, *state),
                            nx_arena_printf(*state, "%u", i + 1));
        assert_int_equal(visits(router, list[i].path, *state), 3);
    }
    assert_string_equal(describe(router, OAS_GET, "/v1/r", *state), "404");
    assert_string_equal(describe(router, OAS_GET, "/v1/r1000", *state), "404");
}

/* Any field can be the body or the answer: a message, a list or map of them, a single value. */
static void test_gw_router__bodies_are_fields_of_any_kind(void **state)
{
    static struct oas_rule list[] = {
        {S "CreateProduct", OAS_POST, "/v1/message", "product", "price", 1, NULL, NULL, NULL},
        {S "CreateProduct", OAS_POST, "/v1/text", "request_id", "title", 2, NULL, NULL, NULL},
        {S "BatchCreateProducts", OAS_POST, "/v1/list", "requests", "products", 3, NULL, NULL,
         NULL},
    };
    struct gw_match match;
    const struct gw_router *router = compile(list, COUNT(list), *state);
    static const struct {
        const char *path;
        bool is_message;
    } rows[] = {{"/v1/message", true}, {"/v1/text", false}, {"/v1/list", false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        nx_status status =
            gw_router_match(router, OAS_POST, nx_str_from(rows[i].path), *state, &match);
        assert_int_equal(status.code, NX_OK);
        assert_int_equal(match.route->body != NULL, rows[i].is_message);
        assert_int_equal(match.route->value == NULL, rows[i].is_message);
        assert_int_equal(match.route->answers != NULL, rows[i].is_message);
        assert_string_equal(match.route->response->name, list[i].response_body);
    }
}

/* "line" of what a method and a path mean, 405 or 404. */
static void test_gw_router__custom_methods(void **state)
{
    static struct oas_rule list[] = {
        {S "ListProducts", OAS_GET, "/v1/products", "", "", 1, NULL, NULL, NULL},
        {S "GetProduct", OAS_CUSTOM, "/v1/{name=products/*}", "", "", 2, NULL, NULL, NULL},
        {S "GetProduct", OAS_ANY, "/v1/{name=products/*}", "", "", 3, NULL, NULL, NULL},
        {S "GetProduct", OAS_GET, "/v1/{name=products/*}", "", "", 4, NULL, NULL, NULL},
        {S "GetCategory", OAS_CUSTOM + 1, "/v1/{name=categories/*}", "", "", 5, NULL, NULL, NULL},
        {S "GetCategory", OAS_GET, "/v1/{name=categories/*}", "", "", 6, NULL, NULL, NULL},
    };
    static const struct {
        const char *method;
        const char *path;
        unsigned line;
        unsigned allowed;
    } rows[] = {
        {"PURGE", "/v1/products/1", 2, 0x61},  {"GET", "/v1/products/1", 4, 0x61},
        {"HEAD", "/v1/products/1", 4, 0x61},   {"BREW", "/v1/products/1", 3, 0x61},
        {"purge", "/v1/products/1", 3, 0x61},  {"PURGE", "/v1/products", 0, 1},
        {"HEAD", "/v1/products", 1, 1},        {"BREW", "/v1/products", 0, 1},
        {"HEAD", "/v1/categories/1", 5, 0x81}, {"GET", "/v1/categories/1", 6, 0x81},
        {"PURGE", "/v1/nothing", 0, 0},        {"OPTIONS", "/v1/products/1", 0, 0x61},
    };
    const struct oas_spec spec = {.rules = list,
                                  .rule_count = COUNT(list),
                                  .custom_methods = {"PURGE", "HEAD"},
                                  .custom_method_count = 2};
    struct gw_router *router;
    nx_status status = gw_router_compile(&spec, "f", services, COUNT(services), *state, &router);
    assert_string_equal(nx_status_message(status), "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct gw_match match;
        status = gw_router_match_method(router, rows[i].method, nx_str_from(rows[i].path), *state,
                                        &match);
        assert_int_equal(status.code, NX_OK);
        assert_int_equal(match.route ? match.route->rule->line : 0, rows[i].line);
        assert_int_equal(match.allowed, rows[i].allowed);
    }
}

/* What RFC 3986 reserves stays encoded in a variable of many segments, unless the spec says that
 * it is decoded, but for the slash. */
static void test_gw_router__decodes_as_the_spec_says(void **state)
{
    static const struct {
        const char *path;
        const char *reserved;
        const char *fully;
    } rows[] = {
        {"/v1/products/a%3Ab%20c", "12 products/a%3Ab c", "12 products/a:b c"},
        {"/v1/products/%2f%23%2520%C3%BC", "12 products/%2f%23%20\xc3\xbc",
         "12 products/%2f#%20\xc3\xbc"},
        {"/v1/media/a/%2A%2B/%7E", "19 media/a/%2A%2B/~", "19 media/a/*+/~"},
        {"/v1/one/%2f%23%3A", "18 /#:", "18 /#:"},
    };
    struct oas_spec spec = {.rules = rules, .rule_count = COUNT(rules)};
    struct gw_router *router;
    nx_status status = gw_router_compile(&spec, "f", services, COUNT(services), *state, &router);
    assert_int_equal(status.code, NX_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        spec.fully_decode_reserved_expansion = false;
        assert_string_equal(describe(router, OAS_GET, rows[i].path, *state), rows[i].reserved);
        spec.fully_decode_reserved_expansion = true;
        assert_string_equal(describe(router, OAS_GET, rows[i].path, *state), rows[i].fully);
    }
}

/* A rule, and what is said about it. */
static const struct {
    struct oas_rule rule;
    const char *message;
} wrong_rules[] = {
    {{S "GetNothing", OAS_GET, "/v1/a", "", "", 1, NULL, NULL, NULL},
     "nexus.yaml:1: the service has no RPC '" S "GetNothing'"},
    {{"other.Service.Get", OAS_GET, "/v1/a", "", "", 2, NULL, NULL, NULL},
     "nexus.yaml:2: no service has the RPC 'other.Service.Get'"},
    {{"", OAS_GET, "/v1/a", "", "", 3, NULL, NULL, NULL},
     "nexus.yaml:3: no service has the RPC ''"},
    {{S "GetProduct", OAS_GET, "/v1/{name", "", "", 4, NULL, NULL, NULL},
     "nexus.yaml:4: path '/v1/{name'"},
    {{S "GetProduct", OAS_GET, "/v1/{slug}", "", "", 5, NULL, NULL, NULL},
     "nexus.yaml:5: nexus.catalog.v1.GetProductRequest has no field 'slug'"},
    {{S "UpdateProduct", OAS_PATCH, "/v1/{product}", "", "", 6, NULL, NULL, NULL},
     "nexus.yaml:6: 'product' in the path is no single value"},
    {{S "UpdateProduct", OAS_PATCH, "/v1/{product.tags}", "", "", 7, NULL, NULL, NULL},
     "nexus.yaml:7: 'product.tags' in the path is no single value"},
    {{S "CreateProduct", OAS_POST, "/v1/a", "item", "", 8, NULL, NULL, NULL},
     "nexus.yaml:8: the body 'item' is no field of"},
    {{S "CreateProduct", OAS_POST, "/v1/{request_id}", "request_id", "", 9, NULL, NULL, NULL},
     "nexus.yaml:9: 'request_id' is in the path and the body"},
    {{S "CreateProduct", OAS_POST, "/v1/a", "product.title", "", 9, NULL, NULL, NULL},
     "nexus.yaml:9: the body 'product.title' is no field of"},
    {{S "CreateProduct", OAS_GET, "/v1/a", "product", "", 10, NULL, NULL, NULL},
     "nexus.yaml:10: GET takes no body"},
    {{S "LookupProduct", OAS_GET, "/v1/a", "", "", 12, "slugs", "moved.current_slug", NULL},
     "nexus.yaml:12: the redirect's parameter 'slugs' is no text in the query"},
    {{S "LookupCategory", OAS_GET, "/v1/{slug}", "", "", 13, "slug", "moved.current_slug", NULL},
     "nexus.yaml:13: the redirect's parameter 'slug' is no text in the query"},
    {{S "LookupProduct", OAS_GET, "/v1/a", "", "", 14, "slug", "moved.slugs", NULL},
     "nexus.yaml:14: the redirect's 'moved.slugs' is no text of"},
    {{S "LookupProduct", OAS_GET, "/v1/a", "", "", 15, "slug", "moved", NULL},
     "nexus.yaml:15: the redirect's 'moved' is no text of"},
    {{S "GetProduct", OAS_GET, "/v1/a", "", "titles", 11, NULL, NULL, NULL},
     "nexus.yaml:11: the response_body 'titles' is no field of"},
    {{S "GetProduct", OAS_GET, "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a",
      "", "", 12, NULL, NULL, NULL},
     "nexus.yaml:12: a path of more than 32 segments"},
};

static void test_gw_router__refuses_a_rule_that_cannot_work(void **state)
{
    for (size_t i = 0; i < COUNT(wrong_rules); i++) {
        struct oas_rule rule = wrong_rules[i].rule;
        const struct oas_spec spec = {.rules = &rule, .rule_count = 1};
        struct gw_router *router;
        nx_status status =
            gw_router_compile(&spec, "nexus.yaml", services, COUNT(services), *state, &router);
        assert_int_equal(status.code, NX_INVALID_ARGUMENT);
        const char *message = wrong_rules[i].message;
        assert_int_equal(strncmp(nx_status_message(status), message, strlen(message)), 0);
    }
}

static void test_gw_router__refuses_two_rules_for_the_same(void **state)
{
    struct oas_rule pair[] = {
        {S "GetProduct", OAS_GET, "/v1/{name=things/*}", "", "", 5, NULL, NULL, NULL},
        {S "GetCategory", OAS_GET, "/v1/things/{name}", "", "", 6, NULL, NULL, NULL},
    };
    const struct oas_spec spec = {.rules = pair, .rule_count = 2};
    struct gw_router *router;
    nx_status status = gw_router_compile(&spec, "f", services, COUNT(services), *state, &router);
    assert_int_equal(status.code, NX_INVALID_ARGUMENT);
    assert_string_equal(nx_status_message(status),
                        "f:6: the path '/v1/things/{name}' matches the same as that of line 5");
    pair[1].verb = OAS_DELETE;
    status = gw_router_compile(&spec, "f", services, COUNT(services), *state, &router);
    assert_int_equal(status.code, NX_OK);
}

static void test_gw_router__says_when_memory_is_out(void **state)
{
    (void)state;
    const struct oas_spec spec = {.rules = rules, .rule_count = COUNT(rules)};
    for (size_t cap = 0;; cap += 64) {
        struct nx_arena *arena = nx_arena_new(cap);
        struct gw_router *router;
        struct gw_match match;
        nx_status status = gw_router_compile(&spec, "f", services, COUNT(services), arena, &router);
        if (status.code == NX_OK)
            status = gw_router_match(router, OAS_GET, NX_STR("/v1/products/%41"), arena, &match);
        nx_arena_destroy(arena);
        if (status.code == NX_OK)
            return;
        assert_int_equal(status.code, NX_RESOURCE_EXHAUSTED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_gw_router__finds_the_rpc_of_a_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gw_router__order_of_rules_does_not_matter, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_gw_router__a_long_path_costs_no_more_than_its_length,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gw_router__rules_that_all_begin_alike_are_walked_once,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gw_router__many_literals_at_one_place, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_gw_router__bodies_are_fields_of_any_kind, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_gw_router__custom_methods, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gw_router__decodes_as_the_spec_says, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_gw_router__refuses_a_rule_that_cannot_work, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_gw_router__refuses_two_rules_for_the_same, set_up,
                                        tear_down),
        cmocka_unit_test(test_gw_router__says_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
