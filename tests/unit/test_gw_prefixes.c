/* Each parser of what comes over HTTP is fed each of its texts byte after byte: every beginning of
 * the text, in a block of memory that ends where it ends, so that whoever looks further is caught.
 * It has an outcome, and the whole text has the same one before and after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gw_coding.h"
#include "gw_forward.h"
#include "gw_headers.h"
#include "gw_transcode.h"
#include "gw_url.h"
#include "json_token.h"
#include "pbj.h"
#include "zoo.pb-c.h"

#define ARENA_BYTES ((size_t)8 << 20)
#define MAX_OUTCOME 65536
#define MAX_TEXTS 16
#define S "nexus.test.v1.Keeper."

/* What a parser makes of a text, as a text. */
typedef const char *(*parse)(struct nx_str text, struct nx_arena *arena);

static const char *failure(nx_status status, struct nx_arena *arena)
{
    if (status.code != NX_INVALID_ARGUMENT && status.code != NX_ABORTED)
        fail_msg("code %d: %s", (int)status.code, nx_status_message(status));
    return nx_arena_printf(arena, "%s", nx_status_message(status));
}

static const char *written(const ProtobufCMessage *message, struct nx_arena *arena)
{
    static const struct pbj_write_options options = {.omit_defaults = true};
    struct nx_buf buf;
    nx_buf_init(&buf, MAX_OUTCOME);
    nx_status status = pbj_write(message, &options, arena, &buf);
    const char *text =
        status.code == NX_OK ? nx_arena_strdup(arena, nx_buf_str(&buf)) : nx_status_message(status);
    nx_buf_cleanup(&buf);
    return text;
}

/* --- Targets and bodies --- */

static const struct wire_method methods[] = {
    {"Feed", "/nexus.test.v1.Keeper/Feed", WIRE_UNARY, &nexus__test__v1__zoo__descriptor,
     &nexus__test__v1__zoo__descriptor, NULL},
};
static const struct wire_service keeper = {"nexus.test.v1.Keeper", methods, 1};
static const struct wire_service *const services[] = {&keeper};

static struct oas_rule rules[] = {
    {S "Feed", OAS_GET, "/zoo", "", "", 2, NULL, NULL, NULL},
    {S "Feed", OAS_GET, "/zoo/{a_string}/{animal.name=a/**}:now", "", "", 3, NULL, NULL, NULL},
    {S "Feed", OAS_GET, "/{a_int64}:verb", "", "", 4, NULL, NULL, NULL},
    {S "Feed", OAS_POST, "/zoo", "*", "", 5, NULL, NULL, NULL},
    {S "Feed", OAS_PATCH, "/zoo", "animal", "", 6, NULL, NULL, NULL},
};

static const char *request(enum oas_verb verb, struct nx_str target, struct nx_str body,
                           struct nx_arena *arena)
{
    static const struct oas_spec spec = {.rules = rules,
                                         .rule_count = sizeof rules / sizeof *rules};
    struct gw_input input = {.max_depth = 100, .body = body};
    struct gw_router *router;
    struct gw_match match;
    struct nx_str path;
    ProtobufCMessage *message;
    gw_url_split(target, &path, &input.query);
    assert_int_equal(gw_router_compile(&spec, "rules", services, 1, arena, &router).code, NX_OK);
    nx_status status = gw_router_match(router, verb, path, arena, &match);
    if (status.code == NX_OK && !match.route)
        return nx_arena_printf(arena, "no route, %x", match.allowed);
    if (status.code == NX_OK)
        status = gw_transcode(&match, &input, arena, &message);
    return status.code == NX_OK ? written(message, arena) : failure(status, arena);
}

static const char *parse_target(struct nx_str text, struct nx_arena *arena)
{
    return request(OAS_GET, text, NX_STR(""), arena);
}

static const char *parse_body(struct nx_str text, struct nx_arena *arena)
{
    return request(OAS_POST, NX_STR("/zoo"), text, arena);
}

static const char *parse_patch(struct nx_str text, struct nx_arena *arena)
{
    return request(OAS_PATCH, NX_STR("/zoo"), text, arena);
}

static const char *parse_tokens(struct nx_str text, struct nx_arena *arena)
{
    struct json_reader reader;
    struct json_token token;
    const char *seen = "";
    json_reader_init(&reader, text, 16, arena);
    do {
        nx_status status = json_reader_next(&reader, &token);
        if (status.code != NX_OK)
            return nx_arena_printf(arena, "%s %s", seen, failure(status, arena));
        seen = nx_arena_printf(arena, "%s %d@%zu", seen, (int)token.kind, token.offset);
    } while (token.kind != JSON_END);
    return seen;
}

/* --- Rules --- */

static const char *parse_template(struct nx_str text, struct nx_arena *arena)
{
    struct oas_template template;
    nx_status status = oas_template_parse(text.ptr, arena, &template);
    if (status.code != NX_OK)
        return failure(status, arena);
    return nx_arena_printf(arena, "%zu pieces, %zu variables, %.*s", template.piece_count,
                           template.variable_count, (int)template.verb.len, template.verb.ptr);
}

static const char *parse_spec(struct nx_str text, struct nx_arena *arena)
{
    struct oas_spec *spec;
    nx_status status = oas_spec_parse(text, "rules.yaml", arena, &spec);
    if (status.code != NX_OK)
        return failure(status, arena);
    const char *seen = nx_arena_printf(arena, "%s: %zu rules, %zu tags", spec->title,
                                       spec->rule_count, spec->tag_count);
    oas_spec_destroy(spec);
    return seen;
}

static const char *parse_forward(struct nx_str text, struct nx_arena *arena)
{
    struct gw_forward forward;
    nx_status status = gw_forward_parse(text.ptr, "", 1024, arena, &forward);
    if (status.code != NX_OK)
        return failure(status, arena);
    const char *seen = "";
    for (size_t i = 0; forward.sent[i]; i++)
        seen = nx_arena_printf(arena, "%s %s", seen, forward.sent[i]);
    return seen;
}

/* --- Headers: all of them get all of the texts --- */

static const char *parse_header(struct nx_str text, struct nx_arena *arena)
{
    char id[GW_REQUEST_ID_BYTES];
    int64_t timeout_ns = INT64_MAX;
    enum gw_coding coding = GW_IDENTITY;
    const char *header = text.ptr;
    gw_headers_request_id(header, id);
    bool is_theirs = strcmp(id, header) == 0;
    bool is_timeout = gw_headers_timeout(header, &timeout_ns);
    bool is_coding = gw_coding_parse(header, &coding);
    return nx_arena_printf(arena, "%d %d %d %lld %d %d %d %d %d %d", is_theirs,
                           gw_headers_traceparent(header) != NULL, is_timeout,
                           (long long)timeout_ns, is_coding, (int)coding,
                           (int)gw_coding_choose(header), gw_headers_is_json(header),
                           gw_headers_accepts_json(header), gw_headers_lists_etag(header, "\"a\""));
}

/* --- The test --- */

/* `is_terminated`: it takes a string, whose NUL is the end of the block. */
static const struct parser {
    const char *name;
    parse parse;
    bool is_terminated;
    const char *texts[MAX_TEXTS];
} parsers[] = {
    {"target",
     parse_target,
     false,
     {"/zoo?aInt32=-5&a_string=%C3%BC+%2B&many_string=a&manyString=b&animal.name=x&aBool=true",
      "/zoo/a%2Fb/a/b%2fc/d:now?time=2020-01-02T03:04:05.678Z&duration=-1.5s",
      "/zoo?mask=aInt32,animal.name&map_string=&any=x",
      "/9223372036854775807:verb?aDouble=1e308&aFloat=NaN&aColour=COLOUR_RED&aBytes=-_8",
      "http://host:1/zoo?%61Int32=1", "/zoo?animal.child.child.name=%F0%9F%8D%AE&bool_value=false",
      "/zoo?aInt32=1&aInt32=2", "/zoo?a=%zz", "/%ff/%00"}},
    {"body",
     parse_body,
     false,
     {"{\"aInt32\":-12e0,\"aString\":\"\\ud83c\\udf6e\\n\\u00fc\",\"manyDouble\":[0.5,\"NaN\"]}",
      "{\"mapAnimal\": {\"1\": {\"child\": {\"tags\": [\"a\", \"b\"]}}}, \"oneBool\": false}",
      "{\"object\": {\"a\": [1, null, {\"b\": {}}]}, \"value\": null, \"list\": [[], [true]]}",
      "{\"time\": \"2020-01-02T03:04:05.678901234+01:30\", \"duration\": \"-0.000000001s\"}",
      "{\"mask\": \"aB.c,d\", \"aBytes\": \"-_8=\", \"aUint64\": \"18446744073709551615\"}",
      "{\"empty\": {}, \"int64Value\": \"5\", \"boolValue\": null}", " { } ", "[1]", "nul",
      "\"\\u12"}},
    {"patch",
     parse_patch,
     false,
     {"{\"name\": \"x\", \"legCount\": 4, \"child\": {\"tags\": []}}"}},
    {"tokens",
     parse_tokens,
     false,
     {"[true, false, null, -0.5e+10, \"\\\"\\\\\\/\\b\\f\\n\\r\\t\\ud83c\\udf6e\", {\"k\": {}}]",
      "\xc3\xa9", "\"\xf0\x9f\x8d\xae\"", "-", "1.", "1e", "\"\\ud83c\\u0041\""}},
    {"template",
     parse_template,
     true,
     {"/v1/{product.name=products/*/variants/**}:verb", "/v1/*/{a}/b:c", "/{a=*}/{b=c/*}/**",
      "/v1/{a={b}}", "/", "/v1//a"}},
    {"spec",
     parse_spec,
     false,
     {"info: {title: T, version: \"1\"}\n"
      "tags:\n"
      "  - {name: A, description: \"b \\u00e9\", path_prefix: /v1/a}\n"
      "http:\n"
      "  fully_decode_reserved_expansion: true\n"
      "  rules:\n"
      "    - selector: a.B.C\n"
      "      get: /v1/{name=a/*}\n"
      "      additional_bindings:\n"
      "        - {post: '/v1/b', body: \"*\"}\n"
      "        - custom: {kind: PURGE, path: /v1/c}\n",
      "http: &a\n  rules: [*a]\n", "\xef\xbb\xbfhttp: {rules: []}\n",
      "http: {rules: [{selector: |\n"}},
    {"forward", parse_forward, true, {"Authorization, x-tenant,,TE", "a-bin", "x_y.z , X_Y.Z"}},
    {"header",
     parse_header,
     true,
     {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "application/json; charset=\"UTF-8\"", "text/html;q=0.5, application/*;q=0.0, */*;q=0.001",
      "99999999m", "W/\"x\", \"a\" , *", "zstd;q=0.5, br;q=1.000, *;q=0, gzip", "identity",
      "gzip, br", "\"", "caf\xc3\xa9\x7f"}},
};

static const char *feed(const struct parser *parser, struct nx_str text, struct nx_arena *arena)
{
    size_t size = text.len + (parser->is_terminated ? 1 : 0);
    char *block = calloc(size ? size : 1, 1);
    assert_non_null(block);
    memcpy(block, text.ptr, text.len);
    if (parser->is_terminated)
        block[text.len] = '\0';
    const char *outcome = parser->parse((struct nx_str){block, text.len}, arena);
    char *copy = outcome ? nx_arena_strdup(arena, nx_str_from(outcome)) : NULL;
    if (!copy)
        fail_msg("%s: no outcome for \"%.*s\"", parser->name, (int)text.len, text.ptr);
    free(block);
    return copy;
}

static void test_gw_prefixes__every_beginning_has_an_outcome(void **state)
{
    (void)state;
    for (size_t p = 0; p < sizeof parsers / sizeof *parsers; p++) {
        for (size_t i = 0; i < MAX_TEXTS && parsers[p].texts[i]; i++) {
            struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
            struct nx_arena *scratch = nx_arena_new(ARENA_BYTES);
            struct nx_str whole = nx_str_from(parsers[p].texts[i]);
            const char *before = feed(&parsers[p], whole, arena);
            for (size_t len = 0; len < whole.len; len++) {
                (void)feed(&parsers[p], (struct nx_str){whole.ptr, len}, scratch);
                nx_arena_reset(scratch);
            }
            assert_string_equal(feed(&parsers[p], whole, scratch), before);
            nx_arena_destroy(scratch);
            nx_arena_destroy(arena);
        }
    }
}

/* The vectors are what they are meant to be: the first of each is understood. */
static void test_gw_prefixes__first_texts_are_understood(void **state)
{
    static const char understood_target[] =
        "{\"aInt32\":-5,\"aBool\":true,\"aString\":\"\xc3\xbc +\",\"animal\":{\"name\":\"x\"},"
        "\"manyString\":[\"a\",\"b\"]}";
    static const char *const outcomes[] = {
        understood_target,
        "{\"aInt32\":-12,\"aString\":\"\xf0\x9f\x8d\xae\\n\xc3\xbc\",\"manyDouble\":[0.5,\"NaN\"]}",
        "{\"animal\":{\"name\":\"x\",\"legCount\":4,\"child\":{}}}",
        " 3@0 8@1 9@7 10@14 7@20 6@30 1@62 5@63 1@68 2@69 2@70 4@71 0@72",
        "5 pieces, 1 variables, verb",
        "T: 3 rules, 1 tags",
        "\"te\" must not be passed on",
        "1 1 0 ",
    };
    (void)state;
    for (size_t p = 0; p < sizeof parsers / sizeof *parsers; p++) {
        struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
        const char *outcome = feed(&parsers[p], nx_str_from(parsers[p].texts[0]), arena);
        if (!strstr(outcome, outcomes[p]))
            fail_msg("%s: \"%s\" lacks \"%s\"", parsers[p].name, outcome, outcomes[p]);
        nx_arena_destroy(arena);
    }
}

static void check_coding(enum gw_coding coding, struct nx_str plain)
{
    struct nx_buf coded;
    struct nx_buf out;
    nx_buf_init(&coded, ARENA_BYTES);
    assert_true(gw_coding_encode(coding, plain, &coded));
    for (size_t len = 0; len <= coded.len; len++) {
        char *block = calloc(len ? len : 1, 1);
        assert_non_null(block);
        memcpy(block, coded.ptr, len);
        nx_buf_init(&out, plain.len);
        enum gw_decoded outcome = gw_coding_decode(coding, (struct nx_str){block, len}, &out);
        if (outcome != (len == coded.len ? GW_DECODED : GW_DECODE_MALFORMED))
            fail_msg("%s: %zu of %zu bytes: %d", gw_coding_name(coding), len, coded.len,
                     (int)outcome);
        /* What came out of a part is a part of the text. */
        assert_true(out.len <= plain.len &&
                    (out.len == 0 || memcmp(out.ptr, plain.ptr, out.len) == 0));
        assert_true(len < coded.len || out.len == plain.len);
        nx_buf_cleanup(&out);
        free(block);
    }
    nx_buf_cleanup(&coded);
}

static void test_gw_prefixes__a_coded_text_that_is_cut_is_malformed(void **state)
{
    static char plain[3000];
    (void)state;
    uint32_t noise = 1;
    for (size_t i = 0; i < sizeof plain; i++) {
        noise = noise * 1664525 + 1013904223;
        plain[i] = (char)('a' + (noise >> 28));
    }
    for (int coding = GW_GZIP; coding < GW_CODING_COUNT; coding++) {
        check_coding((enum gw_coding)coding, (struct nx_str){plain, sizeof plain});
        check_coding((enum gw_coding)coding, (struct nx_str){plain, 1});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gw_prefixes__every_beginning_has_an_outcome),
        cmocka_unit_test(test_gw_prefixes__first_texts_are_understood),
        cmocka_unit_test(test_gw_prefixes__a_coded_text_that_is_cut_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
