/* The spec file: what a good one becomes, and that each wrong one is named with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "oas_spec.h"
#include "oas_template.h"

#define HEAD "info: {title: T, version: '1'}\n"

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

static void test_oas_spec__reads_all_of_it(void **state)
{
    static const struct nx_str text = NX_STR("info:\n"
                                             "  title: Shop\n"
                                             "  version: 1.0.0\n"
                                             "  license: {name: MIT, identifier: MIT}\n"
                                             "servers: [{url: /}]\n"
                                             "tags:\n"
                                             "  - {name: A, description: b, path_prefix: /v1/a}\n"
                                             "http:\n"
                                             "  rules:\n"
                                             "    - selector: a.B.Get\n"
                                             "      get: /v1/{name=as/*}\n"
                                             "      additional_bindings:\n"
                                             "        - post: /v1/as:get\n"
                                             "          body: '*'\n"
                                             "    - selector: a.B.Create\n"
                                             "      post: /v1/as\n"
                                             "      body: a\n"
                                             "      response_body: b\n"
                                             "examples:\n"
                                             "  - {selector: a.B.Create, request: '{}'}\n");
    struct oas_spec *spec;
    nx_status status = oas_spec_parse(text, "s.yaml", *state, &spec);
    assert_string_equal(nx_status_message(status), "");
    assert_string_equal(spec->title, "Shop");
    assert_string_equal(spec->version, "1.0.0");
    assert_string_equal(spec->summary, "");
    assert_string_equal(spec->license_identifier, "MIT");
    assert_int_equal(spec->server_count, 1);
    assert_string_equal(spec->servers[0].url, "/");
    assert_string_equal(spec->servers[0].description, "");
    assert_string_equal(spec->tags[0].path_prefix, "/v1/a");

    assert_int_equal(spec->rule_count, 3);
    assert_string_equal(spec->rules[0].selector, "a.B.Get");
    assert_int_equal(spec->rules[0].verb, OAS_GET);
    assert_string_equal(spec->rules[0].path, "/v1/{name=as/*}");
    assert_string_equal(spec->rules[0].body, "");
    assert_int_equal(spec->rules[0].line, 10);
    assert_string_equal(spec->rules[1].selector, "a.B.Get");
    assert_int_equal(spec->rules[1].verb, OAS_POST);
    assert_string_equal(spec->rules[1].body, "*");
    assert_int_equal(spec->rules[1].line, 13);
    assert_string_equal(spec->rules[2].response_body, "b");
    assert_int_equal(spec->rules[2].line, 15);
    assert_string_equal(spec->examples[0].request, "{}");
    assert_int_equal(spec->examples[0].line, 20);
    oas_spec_destroy(spec);
    oas_spec_destroy(NULL);
}

struct bad_spec {
    struct nx_str text;
    const char *message;
};

#define RULE(text) NX_STR(HEAD "http:\n  rules:\n    - selector: a.B.C\n" text)

static const struct bad_spec bad_specs[] = {
    {NX_STR(""), "s.yaml:1: empty"},
    {NX_STR("info: {title: T}\nhttp: {rules: []}\n"), "s.yaml:1: 'version' is missing"},
    {NX_STR("info: {title: '', version: '1'}\nhttp: {rules: []}\n"),
     "s.yaml:1: info: title and version must not be empty"},
    {NX_STR(HEAD), "s.yaml:1: 'http' is missing"},
    {NX_STR("info:\nhttp: {rules: []}\n"), "s.yaml:1: info must be a mapping of keys"},
    {NX_STR(HEAD "http: {rules: []}\npaths: {}\n"),
     "s.yaml:3: unknown key 'paths' (known: info, servers, tags, http, examples)"},
    {NX_STR(HEAD "http:\n  rules:\n    - get: /v1\n"), "s.yaml:4: 'selector' is missing"},
    {NX_STR(HEAD "http:\n  rules:\n    - selector: ''\n      get: /v1\n"),
     "s.yaml:4: selector: must not be empty"},
    {RULE("      body: x\n"), "s.yaml:4: a.B.C: none of get, put, post, patch, delete, custom"},
    {RULE("      get: /a\n      put: /b\n"),
     "s.yaml:4: a.B.C: more than one of get, put, post, patch, delete, custom"},
    {RULE("      get: /a\n      head: /b\n"),
     "s.yaml:6: unknown key 'head' (known: selector, get, put, post, patch, delete, custom, "
     "body, response_body, redirect, stream, additional_bindings)"},
    {RULE("      get: /a\n      get: /b\n"), "s.yaml:6: 'get' is there twice"},
    {RULE("      get: /a\n      body: x\n"), "s.yaml:6: a.B.C: a get or delete has no body"},
    {RULE("      get: a\n    - selector: a.B.C\n      get: /b\n"),
     "s.yaml:5: a.B.C: path 'a': '/' expected at offset 0"},
    {RULE("      get: /a\n      additional_bindings:\n        - get: /b\n"
          "          additional_bindings: [{get: /c}]\n"),
     "s.yaml:8: unknown key 'additional_bindings' (known: get, put, post, patch, delete, custom, "
     "body, response_body, redirect, stream)"},
    {RULE("      get: /a\n      custom: {kind: HEAD, path: /a}\n"),
     "s.yaml:4: a.B.C: more than one of get, put, post, patch, delete, custom"},
    {RULE("      custom: {kind: HEAD}\n"), "s.yaml:5: 'path' is missing"},
    {RULE("      custom: {kind: '', path: /a}\n"), "s.yaml:5: a.B.C: the kind is no HTTP method"},
    {RULE("      custom: {kind: 'A B', path: /a}\n"),
     "s.yaml:5: a.B.C: the kind is no HTTP method"},
    {RULE("      custom: {kind: OPTIONS, path: /a}\n"),
     "s.yaml:5: a.B.C: OPTIONS and CONNECT are not for rules"},
    {RULE("      custom: {kind: HEAD, path: /a/}\n"),
     "s.yaml:5: a.B.C: path '/a/': a segment is missing or has a character that must not be there "
     "at offset 3"},
    {NX_STR(HEAD "http:\n  rules: []\n  fully_decode_reserved_expansion: perhaps\n"),
     "s.yaml:4: fully_decode_reserved_expansion: must be true or false"},
    {RULE("      get: a\n"), "s.yaml:5: a.B.C: path 'a': '/' expected at offset 0"},
    {RULE("      get: /a\n      additional_bindings:\n        - get: /b\n        - {}\n"),
     "s.yaml:8: a.B.C: none of get, put, post, patch, delete, custom"},
    {RULE("      get: /a\n      additional_bindings:\n        - selector: x\n"),
     "s.yaml:7: unknown key 'selector' (known: get, put, post, patch, delete, custom, body, "
     "response_body, redirect, stream)"},
    {RULE("      post: /a\n      redirect: {parameter: x, from: y}\n"),
     "s.yaml:6: a.B.C: only a get can redirect"},
    {RULE("      get: /a\n      redirect: {parameter: x}\n"), "s.yaml:6: 'from' is missing"},
    {RULE("      get: /a\n      redirect: x\n"), "s.yaml:6: redirect must be a mapping of keys"},
    {RULE("      get: /a\n      stream: {ids: x}\n"),
     "s.yaml:6: unknown key 'ids' (known: id, last_event_id, bytes, types)"},
    {RULE("      post: /a\n      stream: {types: [a/b]}\n"),
     "s.yaml:6: a.B.C: types without bytes"},
    {RULE("      post: /a\n      stream: {bytes: x, types: [a]}\n"),
     "s.yaml:6: a.B.C: a type is no media type such as image/png"},
    {RULE("      post: /a\n      stream: {bytes: x, types: ['a/b;c=d']}\n"),
     "s.yaml:6: a.B.C: a type is no media type such as image/png"},
    {RULE("      get: [/a\n"), "s.yaml:6: did not find expected ',' or ']'"},
};

static void test_oas_spec__bad_file_names_its_line(void **state)
{
    for (size_t i = 0; i < sizeof bad_specs / sizeof bad_specs[0]; i++) {
        struct oas_spec *spec = NULL;
        nx_status status = oas_spec_parse(bad_specs[i].text, "s.yaml", *state, &spec);
        assert_string_equal(nx_status_message(status), bad_specs[i].message);
        assert_int_equal(status.code, NX_INVALID_ARGUMENT);
        assert_null(spec);
    }
}

static void test_oas_spec__last_rule_of_a_selector_wins(void **state)
{
    static const struct nx_str text = RULE("      get: /a\n"
                                           "      additional_bindings: [{post: /a}]\n"
                                           "    - selector: x.Y.Z\n"
                                           "      get: /c\n"
                                           "    - selector: a.B.C\n"
                                           "      put: /b\n"
                                           "      additional_bindings: [{delete: /b}]\n");
    struct oas_spec *spec;
    nx_status status = oas_spec_parse(text, "s.yaml", *state, &spec);
    assert_string_equal(nx_status_message(status), "");
    assert_int_equal(spec->rule_count, 3);
    assert_string_equal(spec->rules[0].path, "/c");
    assert_int_equal(spec->rules[1].verb, OAS_PUT);
    assert_int_equal(spec->rules[1].line, 9);
    assert_int_equal(spec->rules[2].verb, OAS_DELETE);
    assert_string_equal(spec->rules[2].selector, "a.B.C");
    oas_spec_destroy(spec);
}

static void test_oas_spec__custom_methods_are_verbs_of_the_spec(void **state)
{
    static const struct nx_str text = NX_STR(HEAD "http:\n"
                                                  "  fully_decode_reserved_expansion: true\n"
                                                  "  rules:\n"
                                                  "    - selector: a.B.C\n"
                                                  "      custom: {kind: PURGE, path: /a}\n"
                                                  "      additional_bindings:\n"
                                                  "        - custom: {kind: HEAD, path: /a}\n"
                                                  "        - custom: {kind: PURGE, path: /b}\n"
                                                  "        - custom: {kind: '*', path: /c}\n"
                                                  "        - custom: {kind: PUT, path: /d}\n"
                                                  "          body: '*'\n");
    static const unsigned verbs[] = {OAS_CUSTOM, OAS_CUSTOM + 1, OAS_CUSTOM, OAS_ANY, OAS_PUT};
    struct oas_spec *spec;
    nx_status status = oas_spec_parse(text, "s.yaml", *state, &spec);
    assert_string_equal(nx_status_message(status), "");
    assert_true(spec->fully_decode_reserved_expansion);
    assert_int_equal(spec->rule_count, 5);
    for (size_t i = 0; i < spec->rule_count; i++)
        assert_int_equal(spec->rules[i].verb, verbs[i]);
    assert_int_equal(oas_spec_verb(spec, "HEAD"), OAS_CUSTOM + 1);
    assert_int_equal(oas_spec_verb(spec, "DELETE"), OAS_DELETE);
    assert_int_equal(oas_spec_verb(spec, "purge"), OAS_ANY);
    oas_spec_destroy(spec);
}

static void test_oas_spec__rules_need_no_info(void **state)
{
    struct oas_spec *spec;
    nx_status status = oas_spec_parse(NX_STR("http:\n  rules:\n    - selector: a.B.C\n"
                                             "      get: /a\n"),
                                      "s.yaml", *state, &spec);
    assert_string_equal(nx_status_message(status), "");
    assert_string_equal(spec->title, "");
    assert_string_equal(spec->license_name, "");
    assert_int_equal(spec->rule_count, 1);
    oas_spec_destroy(spec);
}

static void test_oas_spec__custom_methods_are_few(void **state)
{
    char text[4096];
    size_t len = (size_t)snprintf(text, sizeof text,
                                  HEAD "http:\n  rules:\n    - selector: a.B.C\n"
                                       "      get: /a\n      additional_bindings:\n");
    for (unsigned i = 0; i <= OAS_MAX_CUSTOM_METHODS; i++)
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "        - custom: {kind: M%u, path: /a}\n", i);
    struct oas_spec *spec = NULL;
    nx_status status = oas_spec_parse((struct nx_str){text, len}, "s.yaml", *state, &spec);
    assert_string_equal(nx_status_message(status), "s.yaml:23: a.B.C: too many custom methods");
}

static void test_oas_spec__missing_file_is_named(void **state)
{
    struct oas_spec *spec = NULL;
    nx_status status = oas_spec_load("no/such.yaml", *state, &spec);
    assert_string_equal(nx_status_message(status), "no/such.yaml: No such file or directory");
}

static void test_oas_template__takes_a_path_apart(void **state)
{
    struct oas_template template;
    nx_status status = oas_template_parse("/v1/{parent=products/*}/images/{id}/{rest=a/**}:upload",
                                          *state, &template);
    assert_string_equal(nx_status_message(status), "");
    assert_int_equal(template.piece_count, 7);
    assert_int_equal(template.variable_count, 3);
    assert_string_equal(template.variables[0].field_path, "parent");
    assert_string_equal(template.variables[0].pattern, "products/*");
    assert_string_equal(template.variables[1].pattern, "*");
    assert_int_equal(template.pieces[0].variable, -1);
    assert_int_equal(template.pieces[1].variable, 0);
    assert_true(nx_str_equal(template.pieces[1].text, NX_STR("products")));
    assert_int_equal(template.pieces[2].kind, OAS_ONE);
    assert_int_equal(template.pieces[4].variable, 1);
    assert_int_equal(template.pieces[6].kind, OAS_REST);
    assert_true(nx_str_equal(template.verb, NX_STR("upload")));
}

static const char *const bad_templates[] = {
    "",           "v1",        "/",       "//",     "/v1/",    "/v1//a",   "/{a",      "/{}",
    "/{a.}",      "/{.a}",     "/{1a}",   "/{a=}",  "/{a=b/}", "/{a={b}}", "/{a}/{a}", "/**/a",
    "/{a=**}/b",  "/{a=**/b}", "/a:",     "/a:b:c", "/a:b/c",  "/a b",     "/a?b",     "/a%2F",
    "/a\xc3\xa4", "/***",      "/{a=b}c", "/a{b}",  "/*a",
};

static void test_oas_template__refuses_what_the_grammar_does_not_have(void **state)
{
    for (size_t i = 0; i < sizeof bad_templates / sizeof bad_templates[0]; i++) {
        struct oas_template template;
        nx_status status = oas_template_parse(bad_templates[i], *state, &template);
        if (status.code != NX_INVALID_ARGUMENT)
            fail_msg("'%s' was accepted", bad_templates[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_oas_spec__reads_all_of_it),
        TEST(test_oas_spec__bad_file_names_its_line),
        TEST(test_oas_spec__last_rule_of_a_selector_wins),
        TEST(test_oas_spec__custom_methods_are_verbs_of_the_spec),
        TEST(test_oas_spec__rules_need_no_info),
        TEST(test_oas_spec__custom_methods_are_few),
        TEST(test_oas_spec__missing_file_is_named),
        TEST(test_oas_template__takes_a_path_apart),
        TEST(test_oas_template__refuses_what_the_grammar_does_not_have),
    };
    return cmocka_run_group_tests_name("oas_spec", tests, NULL, NULL);
}
