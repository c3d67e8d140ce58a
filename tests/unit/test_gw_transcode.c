/* From an HTTP request to a request message: each row is a request, and the message as JSON or the
 * error with the field to blame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gw_error.h"
#include "gw_transcode.h"
#include "nexus/catalog/v1/catalog_service.nexus.h"
#include "pbj.h"
#include "wire_status.h"
#include "zoo.pb-c.h"

#define S "nexus.catalog.v1.CatalogService."
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct wire_service *const services[] = {&nexus_catalog_v1_catalog_service};

static struct oas_rule rules[] = {
    {S "ListProducts", OAS_GET, "/v1/products", "", "", 1, NULL, NULL, NULL},
    {S "CreateProduct", OAS_POST, "/v1/products", "product", "", 2, NULL, NULL, NULL},
    {S "GetProduct", OAS_GET, "/v1/{name=products/*}", "", "", 3, NULL, NULL, NULL},
    {S "UpdateProduct", OAS_PATCH, "/v1/{product.name=products/*}", "product", "", 4, NULL, NULL,
     NULL},
    {S "DeleteProduct", OAS_DELETE, "/v1/{name=products/*}", "", "", 5, NULL, NULL, NULL},
    {S "DeleteCategory", OAS_POST, "/v1/{name=categories/*}:undelete", "*", "", 6, NULL, NULL,
     NULL},
    {S "CreateCategory", OAS_PUT, "/v1/numbered/{category_id}", "category", "", 7, NULL, NULL,
     NULL},
    {S "UpdateProduct", OAS_PUT, "/v1/open/{product.name}", "", "", 8, NULL, NULL, NULL},
};

struct fixture {
    struct nx_arena *arena;
    struct gw_router *router;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    static const struct oas_spec spec = {.rules = rules, .rule_count = COUNT(rules)};
    fixture.arena = nx_arena_new((size_t)4 * 1024 * 1024);
    nx_status status = gw_router_compile(&spec, "nexus.yaml", services, COUNT(services),
                                         fixture.arena, &fixture.router);
    *state = &fixture;
    return status.code == NX_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    const struct fixture *fixture = *state;
    nx_arena_destroy(fixture->arena);
    return 0;
}

struct request {
    enum oas_verb verb;
    const char *path;
    const char *query;
    const char *body;
    const char *if_match;
    const char *idempotency_key;
};

static nx_status transcode(const struct fixture *fixture, const struct request *request,
                           struct nx_arena *arena, ProtobufCMessage **ret_message)
{
    const struct gw_input input = {
        .query = nx_str_from(request->query ? request->query : ""),
        .body = nx_str_from(request->body ? request->body : ""),
        .if_match = request->if_match,
        .idempotency_key = request->idempotency_key,
        .max_depth = 100,
    };
    struct gw_match match;
    NX_TRY(
        gw_router_match(fixture->router, request->verb, nx_str_from(request->path), arena, &match));
    assert_non_null(match.route);
    return gw_transcode(&match, &input, arena, ret_message);
}

/* The message as JSON, or "CODE field". */
static const char *describe(const struct fixture *fixture, const struct request *request)
{
    static const struct pbj_write_options options = {.omit_defaults = true};
    struct nx_arena *arena = fixture->arena;
    ProtobufCMessage *message;
    nx_status status = transcode(fixture, request, arena, &message);
    if (status.code != NX_OK) {
        const struct nx_violation *violation = status.error->violations;
        return nx_arena_printf(arena, "%s %s", nx_code_name(status.code),
                               violation ? violation->field : "-");
    }
    struct nx_buf buf;
    nx_buf_init(&buf, 65536);
    assert_int_equal(pbj_write(message, &options, arena, &buf).code, NX_OK);
    const char *text = nx_arena_strdup(arena, nx_buf_str(&buf));
    nx_buf_cleanup(&buf);
    return text;
}

/* Further members follow in their order. */
#define AT(verb_, path_) .verb = verb_, .path = path_
#define CREATE AT(OAS_POST, "/v1/products")
#define GET AT(OAS_GET, "/v1/products/1")
#define LIST AT(OAS_GET, "/v1/products")
#define PATCH AT(OAS_PATCH, "/v1/products/1")
#define DELETE AT(OAS_DELETE, "/v1/products/1")

static const struct {
    struct request request;
    const char *means;
} rows[] = {
    /* Path. */
    {{GET}, "{\"name\":\"products/1\"}"},
    {{AT(OAS_GET, "/v1/products/a%20%C3%BC")}, "{\"name\":\"products/a \xc3\xbc\"}"},
    {{AT(OAS_PUT, "/v1/numbered/12"), NULL, "{}"}, "{\"category\":{},\"categoryId\":\"12\"}"},
    {{AT(OAS_PUT, "/v1/numbered/x"), NULL, "{}"}, "INVALID_ARGUMENT category_id"},
    {{AT(OAS_PUT, "/v1/numbered/9223372036854775808"), NULL, "{}"}, "INVALID_ARGUMENT category_id"},

    /* Query: both spellings, types, encodings. */
    {{LIST}, "{}"},
    {{LIST, "pageSize=5&page_token=a%2Bb+c&showDeleted=true"},
     "{\"pageSize\":5,\"pageToken\":\"a+b c\",\"showDeleted\":true}"},
    {{LIST, "pageSize=-1"}, "{\"pageSize\":-1}"},
    {{LIST, "page%53ize=5"}, "{\"pageSize\":5}"},
    {{LIST, "pageToken="}, "{}"},
    {{LIST, "&&pageSize=5&"}, "{\"pageSize\":5}"},
    {{LIST, "pageSize=many"}, "INVALID_ARGUMENT page_size"},
    {{LIST, "pageSize="}, "INVALID_ARGUMENT page_size"},
    {{LIST, "pageSize"}, "INVALID_ARGUMENT page_size"},
    {{LIST, "pageSize=2147483648"}, "INVALID_ARGUMENT page_size"},
    {{LIST, "showDeleted=1"}, "INVALID_ARGUMENT show_deleted"},
    {{LIST, "pageSize=5&pageSize=5"}, "INVALID_ARGUMENT page_size"},
    {{LIST, "pageSize=5&page_size=6"}, "INVALID_ARGUMENT page_size"},
    {{LIST, "colour=red"}, "INVALID_ARGUMENT colour"},
    {{LIST, "PageSize=1"}, "INVALID_ARGUMENT PageSize"},
    {{LIST, "pageSize.x=1"}, "INVALID_ARGUMENT pageSize.x"},
    {{LIST, "=1"}, "INVALID_ARGUMENT "},
    {{LIST, ".=1"}, "INVALID_ARGUMENT ."},
    {{LIST, "pageToken=%C3("}, "INVALID_ARGUMENT -"},
    {{LIST, "pageToken=%00"}, "INVALID_ARGUMENT -"},
    {{LIST, "%=1"}, "INVALID_ARGUMENT -"},

    /* Query: parts of messages, lists, enums, times. */
    {{AT(OAS_PUT, "/v1/open/p"),
      "product.title=T&product.price.units=3&product.price.currencyCode=EUR"},
     "{\"product\":{\"name\":\"p\",\"title\":\"T\",\"price\":{\"currencyCode\":\"EUR\",\"units\":"
     "\"3\"}}}"},
    {{AT(OAS_PUT, "/v1/open/p"), "product.tags=a&product.tags=b"},
     "{\"product\":{\"name\":\"p\",\"tags\":[\"a\",\"b\"]}}"},
    {{AT(OAS_PUT, "/v1/open/p"), "product.state=STATE_ACTIVE"},
     "{\"product\":{\"name\":\"p\",\"state\":\"STATE_ACTIVE\"}}"},
    {{AT(OAS_PUT, "/v1/open/p"), "product.state=SOLD"}, "INVALID_ARGUMENT product.state"},
    {{AT(OAS_PUT, "/v1/open/p"), "product.createTime=2026-01-31T10:00:00Z"},
     "{\"product\":{\"name\":\"p\",\"createTime\":\"2026-01-31T10:00:00Z\"}}"},
    {{AT(OAS_PUT, "/v1/open/p"), "product.createTime=yesterday"},
     "INVALID_ARGUMENT product.create_time"},
    {{AT(OAS_PUT, "/v1/open/p"), "product.price=3"}, "INVALID_ARGUMENT product.price"},
    {{AT(OAS_PUT, "/v1/open/p"), "product=x"}, "INVALID_ARGUMENT product"},
    {{AT(OAS_PUT, "/v1/open/p"), "product.attributes.fields.x=1"},
     "INVALID_ARGUMENT product.attributes.fields.x"},
    {{AT(OAS_PUT, "/v1/open/p"), "product.name=q"}, "INVALID_ARGUMENT product.name"},
    {{AT(OAS_PUT, "/v1/open/p"), "updateMask=title,createTime"},
     "{\"product\":{\"name\":\"p\"},\"updateMask\":\"title,createTime\"}"},

    /* One source a field. */
    {{GET, "name=products/1"}, "INVALID_ARGUMENT name"},
    {{CREATE, "product.title=x", "{}"}, "INVALID_ARGUMENT product.title"},
    {{CREATE, "product=x", "{}"}, "INVALID_ARGUMENT product"},
    {{AT(OAS_POST, "/v1/categories/7:undelete"), "force=true", "{}"}, "INVALID_ARGUMENT force"},

    /* Body. */
    {{CREATE, "productId=7&validateOnly=true", "{\"title\":\"x\",\"allow_backorder\":true}"},
     "{\"product\":{\"title\":\"x\",\"allowBackorder\":true},\"productId\":\"7\",\"validateOnly\":"
     "true}"},
    {{CREATE}, "INVALID_ARGUMENT product"},
    {{CREATE, NULL, "{"}, "INVALID_ARGUMENT product"},
    {{CREATE, NULL, "{} {}"}, "INVALID_ARGUMENT product"},
    {{CREATE, NULL, "[]"}, "INVALID_ARGUMENT product"},
    {{CREATE, NULL, "null"}, "INVALID_ARGUMENT product"},
    {{CREATE, NULL, "{\"colour\":1}"}, "INVALID_ARGUMENT product.colour"},
    {{CREATE, NULL, "{\"price\":{\"units\":\"x\"}}"}, "INVALID_ARGUMENT product.price.units"},
    {{CREATE, NULL, "{\"tags\":[\"a\",5]}"}, "INVALID_ARGUMENT product.tags[1]"},
    {{CREATE, NULL, "{\"title\":\"\xc3(\"}"}, "INVALID_ARGUMENT product.title"},
    {{GET, NULL, "{}"}, "INVALID_ARGUMENT "},
    {{AT(OAS_POST, "/v1/categories/7:undelete"), NULL, "{\"force\":true}"},
     "{\"name\":\"categories/7\",\"force\":true}"},
    {{AT(OAS_POST, "/v1/categories/7:undelete")}, "{\"name\":\"categories/7\"}"},
    {{AT(OAS_POST, "/v1/categories/7:undelete"), NULL, "{\"name\":\"categories/7\"}"},
     "{\"name\":\"categories/7\"}"},
    {{AT(OAS_POST, "/v1/categories/7:undelete"), NULL, "{\"name\":\"categories/8\"}"},
     "INVALID_ARGUMENT name"},
    {{AT(OAS_POST, "/v1/categories/7:undelete"), NULL, "{\"nam\":1}"}, "INVALID_ARGUMENT nam"},
    {{PATCH, "updateMask=attributes.fooBar.item_no,price.units,attributes.`a.b,c`", "{}"},
     "{\"product\":{\"name\":\"products/1\"},\"updateMask\":"
     "\"attributes.`fooBar`.`item_no`,price.units,attributes.`a.b,c`\"}"},
    {{PATCH, "updateMask=title", "{\"name\":\"products/1\"}"},
     "{\"product\":{\"name\":\"products/1\"},\"updateMask\":\"title\"}"},
    {{PATCH, NULL, "{\"name\":\"products/2\"}"}, "INVALID_ARGUMENT product.name"},
    {{PATCH, NULL, "{\"name\":\"\"}"}, "INVALID_ARGUMENT product.name"},

    /* Update mask. */
    {{PATCH, NULL, "{\"title\":\"x\",\"tags\":[],\"attributes\":{\"a\":1}}"},
     "{\"product\":{\"name\":\"products/1\",\"title\":\"x\",\"attributes\":{\"a\":1}},"
     "\"updateMask\":\"title,tags,attributes\"}"},
    {{PATCH, NULL, "{\"name\":\"products/1\",\"etag\":\"\\\"e\\\"\",\"brand\":\"\"}"},
     "{\"product\":{\"name\":\"products/1\",\"etag\":\"\\\"e\\\"\"},\"updateMask\":\"brand\"}"},
    {{PATCH, NULL, "{}"}, "{\"product\":{\"name\":\"products/1\"}}"},
    {{PATCH, NULL, "{\"name\":\"products/1\"}"}, "{\"product\":{\"name\":\"products/1\"}}"},
    {{PATCH, "update_mask=brand", "{\"title\":\"x\"}"},
     "{\"product\":{\"name\":\"products/1\",\"title\":\"x\"},\"updateMask\":\"brand\"}"},
    {{CREATE, NULL, "{\"title\":\"x\"}"}, "{\"product\":{\"title\":\"x\"}}"},

    {{PATCH, NULL, "{\"price\":{\"units\":\"7\",\"currencyCode\":\"EUR\"},\"title\":\"x\"}"},
     "{\"product\":{\"name\":\"products/1\",\"title\":\"x\",\"price\":{\"currencyCode\":\"EUR\","
     "\"units\":\"7\"}},\"updateMask\":\"title,price\"}"},

    /* Headers. */
    {{PATCH, "updateMask=title", "{}", "\"a1\""},
     "{\"product\":{\"name\":\"products/1\",\"etag\":\"\\\"a1\\\"\"},\"updateMask\":\"title\"}"},
    {{PATCH, "updateMask=title", "{\"etag\":\"\\\"a1\\\"\"}", "\"a1\""},
     "{\"product\":{\"name\":\"products/1\",\"etag\":\"\\\"a1\\\"\"},\"updateMask\":\"title\"}"},
    {{PATCH, NULL, "{\"etag\":\"\\\"a1\\\"\"}", "\"b2\""}, "ABORTED -"},
    {{DELETE, NULL, NULL, " \"a1\" "}, "{\"name\":\"products/1\",\"etag\":\"\\\"a1\\\"\"}"},
    {{DELETE, "etag=%22b2%22", NULL, "\"a1\""}, "ABORTED -"},
    {{DELETE, NULL, NULL, "*"}, "{\"name\":\"products/1\"}"},
    {{DELETE, NULL, NULL, "\"a\", \"b\""}, "INVALID_ARGUMENT -"},
    {{DELETE, NULL, NULL, "W/\"a\""}, "INVALID_ARGUMENT -"},
    {{DELETE, NULL, NULL, "a"}, "INVALID_ARGUMENT -"},
    {{DELETE, NULL, NULL, ""}, "INVALID_ARGUMENT -"},
    {{DELETE, NULL, NULL, "\""}, "INVALID_ARGUMENT -"},
    {{GET, NULL, NULL, "\"a1\""}, "{\"name\":\"products/1\"}"},
    {{DELETE, NULL, NULL, NULL, "k-1"}, "{\"name\":\"products/1\",\"requestId\":\"k-1\"}"},
    {{DELETE, NULL, NULL, NULL, "\"k-1\""}, "{\"name\":\"products/1\",\"requestId\":\"k-1\"}"},
    {{DELETE, "requestId=k-1", NULL, NULL, "k-1"},
     "{\"name\":\"products/1\",\"requestId\":\"k-1\"}"},
    {{DELETE, "requestId=k-2", NULL, NULL, "k-1"}, "INVALID_ARGUMENT request_id"},
    {{DELETE, NULL, NULL, NULL, "caf\xc3\xa9"}, "INVALID_ARGUMENT -"},
    {{GET, NULL, NULL, NULL, "k-1"}, "{\"name\":\"products/1\"}"},
};

static void test_gw_transcode__makes_the_request_message(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(describe(*state, &rows[i].request), rows[i].means);
}

static void test_gw_transcode__a_long_name_is_cut_in_the_error(void **state)
{
    char query[20000];
    memset(query, 'x', sizeof query);
    query[sizeof query - 1] = '\0';
    const struct request request = {LIST, query};
    assert_true(strlen(describe(*state, &request)) < 200);
}

static void test_gw_transcode__says_when_memory_is_out(void **state)
{
    const struct request request = {
        PATCH, "validateOnly=true&requestId=a%20b",
        "{\"title\":\"x\",\"price\":{\"units\":\"1\"},\"tags\":[\"a\",\"b\"]}", "\"a1\"", NULL};
    for (size_t cap = 0;; cap += 16) {
        struct nx_arena *arena = nx_arena_new(cap);
        ProtobufCMessage *message;
        nx_status status = transcode(*state, &request, arena, &message);
        nx_arena_destroy(arena);
        if (status.code == NX_OK)
            return;
        assert_int_equal(status.code, NX_RESOURCE_EXHAUSTED);
    }
}

/* An Any may hold what the services have messages of, and nothing else. */
static void test_gw_transcode__any_holds_messages_of_the_services(void **state)
{
    const struct fixture *fixture = *state;
    static const struct wire_method methods[] = {
        {.name = "Keep",
         .path = "/a.v1.Keeper/Keep",
         .request = &nexus__test__v1__zoo__descriptor,
         .response = &nexus__test__v1__zoo__descriptor},
    };
    static const struct wire_service keeper = {"a.v1.Keeper", methods, COUNT(methods)};
    static const struct wire_service *const keepers[] = {&keeper};
    static struct oas_rule rule = {
        "a.v1.Keeper.Keep", OAS_POST, "/keep", "*", "", 1, NULL, NULL, NULL};
    const struct oas_spec spec = {.rules = &rule, .rule_count = 1};
    struct gw_router *router;
    assert_int_equal(
        gw_router_compile(&spec, "f", keepers, COUNT(keepers), fixture->arena, &router).code,
        NX_OK);
    struct gw_match match;
    assert_int_equal(
        gw_router_match(router, OAS_POST, NX_STR("/keep"), fixture->arena, &match).code, NX_OK);
    assert_non_null(match.route);
    struct gw_input input = {
        .body = NX_STR("{\"any\":{\"@type\":\"a/nexus.test.v1.Animal\",\"name\":\"cat\"}}")};
    ProtobufCMessage *request;
    assert_int_equal(gw_transcode(&match, &input, fixture->arena, &request).code, NX_OK);
    const struct pbj_write_options options = {
        .omit_defaults = true, .resolve = pbj_types_find, .resolve_context = match.route->types};
    struct nx_buf text;
    nx_buf_init(&text, 65536);
    assert_int_equal(pbj_write(request, &options, fixture->arena, &text).code, NX_OK);
    assert_true(nx_str_equal(nx_buf_str(&text), input.body));
    nx_buf_cleanup(&text);
    input.body = NX_STR("{\"any\":{\"@type\":\"a/nexus.catalog.v1.Product\"}}");
    nx_status status = gw_transcode(&match, &input, fixture->arena, &request);
    assert_int_equal(status.code, NX_INVALID_ARGUMENT);
    assert_string_equal(status.error->violations->field, "any");
}

/* --- Errors --- */

static const char *error_text(struct nx_arena *arena, nx_status status, unsigned *ret_retry)
{
    struct nx_buf buf;
    nx_buf_init(&buf, 65536);
    gw_error_write(status, gw_error_http_status(status.code), NULL, arena, &buf, ret_retry);
    const char *text = nx_arena_strdup(arena, nx_buf_str(&buf));
    nx_buf_cleanup(&buf);
    return text;
}

static void test_gw_error__has_details_of_its_own_and_of_others(void **state)
{
    const struct fixture *fixture = *state;
    unsigned retry = 0;
    nx_status own = nx_fail_field(fixture->arena, "product.title", "too \"long\"");
    const char *expected =
        "{\"error\":{\"code\":400,\"message\":\"product.title: too \\\"long\\\"\",\"status\":"
        "\"INVALID_ARGUMENT\",\"details\":[{\"@type\":\"type.googleapis.com/"
        "google.rpc.BadRequest\","
        "\"fieldViolations\":[{\"field\":\"product.title\",\"description\":\"too \\\"long\\\"\"}]}]"
        "}}\n";
    assert_string_equal(error_text(fixture->arena, own, &retry), expected);
    struct nx_error received = {
        .message = own.error->message,
        .details = wire_status_pack(own, fixture->arena),
    };
    assert_string_equal(
        error_text(fixture->arena, (nx_status){NX_INVALID_ARGUMENT, &received}, &retry), expected);
    assert_int_equal(retry, 0);
}

static void test_gw_error__details_are_in_the_form_that_is_asked_for(void **state)
{
    const struct fixture *fixture = *state;
    const struct pbj_write_options form = {.original_names = true};
    nx_status status = nx_fail_field(fixture->arena, "product.title", "too long");
    struct nx_buf buf;
    nx_buf_init(&buf, 65536);
    unsigned retry = 0;
    gw_error_write(status, 400, &form, fixture->arena, &buf, &retry);
    nx_buf_append_char(&buf, '\0');
    assert_false(buf.failed);
    assert_non_null(strstr(buf.ptr, "\"field_violations\":[{\"field\":\"product.title\","));
    assert_null(strstr(buf.ptr, "fieldViolations"));
    nx_buf_cleanup(&buf);
}

static void test_gw_error__tells_when_to_try_again(void **state)
{
    const struct fixture *fixture = *state;
    const struct nx_error error = {.message = "busy", .reason = "SHED", .retry_after_ms = 1500};
    unsigned retry = 0;
    assert_string_equal(
        error_text(fixture->arena, (nx_status){NX_RESOURCE_EXHAUSTED, &error}, &retry),
        "{\"error\":{\"code\":429,\"message\":\"busy\",\"status\":\"RESOURCE_EXHAUSTED\","
        "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"SHED\","
        "\"domain\":\"nexus.catalog\"},{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\","
        "\"retryDelay\":\"1.500s\"}]}}\n");
    assert_int_equal(retry, 2);
}

static void test_gw_error__leaves_out_what_cannot_be_read(void **state)
{
    const struct fixture *fixture = *state;
    static const struct nx_str details[] = {
        NX_STR("\xff\xff\xff"),
        /* An Any without a type, of an unknown type, and of a known one with bad content. */
        NX_STR("\x1a\x00"),
        NX_STR("\x1a\x08\x0a\x06x/what."),
        NX_STR("\x1a\x24\x0a\x1fx.example/google.rpc.BadRequest\x12\x01\xff"),
    };
    for (size_t i = 0; i < COUNT(details); i++) {
        const struct nx_error error = {.message = "bad \xff", .details = details[i]};
        unsigned retry = 0;
        assert_string_equal(
            error_text(fixture->arena, (nx_status){NX_INTERNAL, &error}, &retry),
            "{\"error\":{\"code\":500,\"message\":\"the error has no readable message\","
            "\"status\":\"INTERNAL\",\"details\":[]}}\n");
    }
}

static void test_gw_error__has_a_reason_of_its_own_or_of_the_details(void **state)
{
    struct fixture *fixture = *state;
    const struct nx_violation violation = {"a.b", "wrong", NULL};
    const struct nx_error own = {.message = "m", .reason = "TOO_BAD", .violations = &violation};
    const nx_status status = {NX_RESOURCE_EXHAUSTED, &own};
    assert_string_equal(gw_error_reason(status, fixture->arena), "TOO_BAD");
    struct nx_error received = {.message = "m",
                                .details = wire_status_pack(status, fixture->arena)};
    struct nx_str whole = received.details;
    assert_true(whole.len > 0);
    const nx_status remote = {NX_RESOURCE_EXHAUSTED, &received};
    assert_string_equal(gw_error_reason(remote, fixture->arena), "TOO_BAD");
    for (size_t len = 0; len < whole.len; len++) {
        received.details = (struct nx_str){whole.ptr, len};
        const char *reason = gw_error_reason(remote, fixture->arena);
        assert_true(*reason == '\0' || strcmp(reason, "TOO_BAD") == 0);
    }
    received.details = (struct nx_str){NULL, 0};
    assert_string_equal(gw_error_reason(remote, fixture->arena), "");
    received.details = NX_STR("\x1a\x24\x0a\x1fx.example/google.rpc.BadRequest\x12\x01\xff");
    assert_string_equal(gw_error_reason(remote, fixture->arena), "");
}

static void test_gw_error__every_code_has_a_status(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= NX_UNAUTHENTICATED; code++)
        assert_in_range(gw_error_http_status((enum nx_code)code), 200, 599);
    assert_int_equal(gw_error_http_status((enum nx_code)99), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gw_transcode__makes_the_request_message),
        cmocka_unit_test(test_gw_transcode__a_long_name_is_cut_in_the_error),
        cmocka_unit_test(test_gw_transcode__says_when_memory_is_out),
        cmocka_unit_test(test_gw_transcode__any_holds_messages_of_the_services),
        cmocka_unit_test(test_gw_error__has_details_of_its_own_and_of_others),
        cmocka_unit_test(test_gw_error__details_are_in_the_form_that_is_asked_for),
        cmocka_unit_test(test_gw_error__tells_when_to_try_again),
        cmocka_unit_test(test_gw_error__leaves_out_what_cannot_be_read),
        cmocka_unit_test(test_gw_error__has_a_reason_of_its_own_or_of_the_details),
        cmocka_unit_test(test_gw_error__every_code_has_a_status),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
