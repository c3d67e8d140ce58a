/* Streams as text, which form a client gets, and which rules may name a stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "echo.nexus.h"
#include "gw_frames.h"
#include "gw_router.h"
#include "gw_transcode.h"
#include "zoo.pb-c.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- Forms --- */

static void test_gw_frames__the_best_form_is_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        int form; /* -1: none */
    } rows[] = {
        {NULL, GW_ARRAY},
        {"", GW_ARRAY},
        {" , ", GW_ARRAY},
        {"*/*", GW_ARRAY},
        {"application/*", GW_ARRAY},
        {"application/json", GW_ARRAY},
        {"application/x-ndjson", GW_LINES},
        {"application/jsonl", GW_LINES},
        {"text/event-stream", GW_EVENTS},
        {"Text/Event-Stream; charset=utf-8", GW_EVENTS},
        {"text/*", GW_EVENTS},
        {"text/html, text/*;q=0.1", GW_EVENTS},
        {"*/*, text/event-stream", GW_EVENTS},
        {"text/event-stream;q=0.5, */*;q=0.1", GW_EVENTS},
        {"text/event-stream;q=0.5, */*", GW_ARRAY},
        {"application/json;q=0.1, application/x-ndjson;q=0.11", GW_LINES},
        {"application/json;q=1.000, application/x-ndjson", GW_ARRAY},
        {"application/json;q=0, */*", GW_LINES},
        {"application/json;v=1;q=0.2,application/jsonl;q=0.3", GW_LINES},
        {"application/json;q=0", -1},
        {"application/json;q=0.000", -1},
        {"text/event-stream;q=x", -1},
        {"text/html", -1},
        {"*/*;q=0", -1},
        {"application/jsons", -1},
        {"application", -1},
        {";q=1", -1},
        {";;;,,,;", -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum gw_form form = GW_ARRAY;
        bool found = gw_frames_choose(rows[i].accept, &form);
        if ((found ? (int)form : -1) != rows[i].form)
            fail_msg("%s: %d", rows[i].accept ? rows[i].accept : "NULL", found ? (int)form : -1);
    }
}

/* A stream of as many messages, with an id, and an error behind them unless it is NULL. */
static void check(enum gw_form form, unsigned count, const char *id, const char *error,
                  const char *expected)
{
    struct nx_buf buf;
    nx_buf_init(&buf, 4096);
    for (unsigned i = 0; i < count; i++) {
        gw_frames_begin(form, i == 0, nx_str_from(id), &buf);
        nx_buf_append_str(&buf, NX_STR("{}"));
        gw_frames_end(form, &buf);
    }
    if (error)
        assert_int_equal(gw_frames_error(form, nx_str_from(error), &buf), form != GW_ARRAY);
    else
        gw_frames_finish(form, count == 0, &buf);
    nx_buf_append_char(&buf, '\0');
    assert_false(buf.failed);
    assert_string_equal(buf.ptr, expected);
    nx_buf_cleanup(&buf);
}

static void test_gw_frames__each_form_of_a_stream(void **state)
{
    (void)state;
    check(GW_ARRAY, 0, "", NULL, "[]\n");
    check(GW_ARRAY, 1, "7", NULL, "[{}]\n");
    check(GW_ARRAY, 3, "", NULL, "[{},{},{}]\n");
    check(GW_ARRAY, 2, "", "E", "[{},{}");
    check(GW_LINES, 0, "", NULL, "");
    check(GW_LINES, 2, "7", NULL, "{}\n{}\n");
    check(GW_LINES, 1, "", "E", "{}\nE\n");
    check(GW_EVENTS, 0, "", NULL, "");
    check(GW_EVENTS, 2, "7", NULL, "id: 7\ndata: {}\n\nid: 7\ndata: {}\n\n");
    check(GW_EVENTS, 1, "", "E", "data: {}\n\nevent: error\ndata: E\n\n");
    check(GW_EVENTS, 1, "a\nevent: x", NULL, "data: {}\n\n");
    check(GW_EVENTS, 1, "a\rdata: x", NULL, "data: {}\n\n");
}

static void test_gw_frames__only_events_have_a_heartbeat(void **state)
{
    (void)state;
    struct nx_buf buf;
    nx_buf_init(&buf, 100);
    gw_frames_beat(GW_ARRAY, &buf);
    gw_frames_beat(GW_LINES, &buf);
    assert_int_equal(buf.len, 0);
    gw_frames_beat(GW_EVENTS, &buf);
    assert_memory_equal(buf.ptr, ":\n\n", 3);
    nx_buf_cleanup(&buf);
}

/* --- Rules --- */

#define S "nexus.test.v1.EchoService."

static const struct wire_service *const services[] = {&nexus_test_v1_echo_service};

static nx_status compile(struct oas_rule rule, struct nx_arena *arena,
                         struct gw_router **ret_router)
{
    struct oas_rule *copy = nx_arena_calloc(arena, 1, sizeof *copy);
    struct oas_spec *spec = nx_arena_calloc(arena, 1, sizeof *spec);
    assert_non_null(copy);
    assert_non_null(spec);
    *copy = rule;
    if (!copy->body)
        copy->body = "";
    copy->response_body = "";
    copy->line = 5;
    *spec = (struct oas_spec){.rules = copy, .rule_count = 1};
    return gw_router_compile(spec, "s.yaml", services, 1, arena, ret_router);
}

static void test_gw_route__streams_that_cannot_be_are_refused(void **state)
{
    (void)state;
    const struct {
        struct oas_rule rule;
        const char *message;
    } rows[] = {
        {{.selector = S "Chat", .verb = OAS_POST, .path = "/a", .body = "*"},
         "s.yaml:5: '" S "Chat' streams both ways, which HTTP cannot do"},
        {{.selector = S "Sum", .verb = OAS_POST, .path = "/a"},
         "s.yaml:5: '" S "Sum' takes a stream: the rule needs a body, or bytes of a stream"},
        {{.selector = S "Sum",
          .verb = OAS_GET,
          .path = "/a",
          .stream = &(struct oas_stream){.bytes = "data"}},
         "s.yaml:5: '" S "Sum' takes a stream, which is a body; a get or delete has none"},
        {{.selector = S "Sum",
          .verb = OAS_POST,
          .path = "/a",
          .stream = &(struct oas_stream){.bytes = "text"}},
         "s.yaml:5: the stream's bytes 'text' are no field of bytes of nexus.test.v1.EchoMessage"},
        {{.selector = S "Sum",
          .verb = OAS_POST,
          .path = "/a",
          .stream = &(struct oas_stream){.bytes = "none"}},
         "s.yaml:5: the stream's bytes 'none' are no field of bytes of nexus.test.v1.EchoMessage"},
        {{.selector = S "Sum",
          .verb = OAS_POST,
          .path = "/{data}",
          .stream = &(struct oas_stream){.bytes = "data"}},
         "s.yaml:5: 'data' is in the path and the body"},
        {{.selector = S "Sum",
          .verb = OAS_POST,
          .path = "/a",
          .body = "*",
          .stream = &(struct oas_stream){.id = "number"}},
         "s.yaml:5: '" S "Sum' answers with no stream that could have ids"},
        {{.selector = S "Echo",
          .verb = OAS_POST,
          .path = "/a",
          .stream = &(struct oas_stream){.bytes = "data"}},
         "s.yaml:5: '" S "Echo' takes no stream that could be bytes"},
        {{.selector = S "Echo",
          .verb = OAS_GET,
          .path = "/a",
          .stream = &(struct oas_stream){.last_event_id = "text"}},
         "s.yaml:5: '" S "Echo' answers with no stream that could have ids"},
        {{.selector = S "Count",
          .verb = OAS_GET,
          .path = "/a",
          .stream = &(struct oas_stream){.id = "data"}},
         "s.yaml:5: the stream's id 'data' is no text or whole number of "
         "nexus.test.v1.EchoMessage"},
        {{.selector = S "Count",
          .verb = OAS_GET,
          .path = "/a",
          .stream = &(struct oas_stream){.id = "inner"}},
         "s.yaml:5: the stream's id 'inner' is no text or whole number of "
         "nexus.test.v1.EchoMessage"},
        {{.selector = S "Count",
          .verb = OAS_GET,
          .path = "/a",
          .stream = &(struct oas_stream){.last_event_id = "list"}},
         "s.yaml:5: the stream's last_event_id 'list' is no text or whole number of "
         "nexus.test.v1.EchoMessage"},
        {{.selector = S "Count",
          .verb = OAS_GET,
          .path = "/a",
          .redirect_parameter = "text",
          .redirect_from = "text"},
         "s.yaml:5: '" S "Count' streams, and cannot redirect"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct nx_arena *arena = nx_arena_new((size_t)1 << 20);
        struct gw_router *router;
        nx_status status = compile(rows[i].rule, arena, &router);
        assert_int_equal(status.code, NX_INVALID_ARGUMENT);
        assert_string_equal(nx_status_message(status), rows[i].message);
        nx_arena_destroy(arena);
    }
}

static void test_gw_transcode__last_event_id_goes_before_the_query(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new((size_t)1 << 20);
    struct gw_router *router;
    const struct oas_rule rule = {
        .selector = S "Count",
        .verb = OAS_GET,
        .path = "/a",
        .stream = &(struct oas_stream){.id = "text", .last_event_id = "inner.number"}};
    assert_int_equal(compile(rule, arena, &router).code, NX_OK);
    struct gw_match match;
    assert_int_equal(gw_router_match(router, OAS_GET, NX_STR("/a"), arena, &match).code, NX_OK);
    struct gw_input input = {.query = NX_STR("inner.number=3&text=x"), .last_event_id = " 42 "};
    ProtobufCMessage *message;
    assert_int_equal(gw_transcode(&match, &input, arena, &message).code, NX_OK);
    const Nexus__Test__V1__EchoMessage *echo = (const Nexus__Test__V1__EchoMessage *)message;
    assert_int_equal(echo->inner->number, 42);
    input.last_event_id = "4 2";
    nx_status status = gw_transcode(&match, &input, arena, &message);
    assert_int_equal(status.code, NX_INVALID_ARGUMENT);
    assert_string_equal(status.error->violations->field, "inner.number");
    input.last_event_id = "\xc3\xa4";
    assert_int_equal(gw_transcode(&match, &input, arena, &message).code, NX_INVALID_ARGUMENT);
    nx_arena_destroy(arena);
}

/* --- Ids --- */

static void test_gw_field__ids_of_every_kind(void **state)
{
    (void)state;
    Nexus__Test__V1__Zoo zoo = NEXUS__TEST__V1__ZOO__INIT;
    zoo.a_int32 = INT32_MIN;
    zoo.a_sint32 = -1;
    zoo.a_sfixed32 = -7;
    zoo.a_uint32 = UINT32_MAX;
    zoo.a_fixed32 = 8;
    zoo.a_int64 = INT64_MIN;
    zoo.a_sint64 = -9;
    zoo.a_sfixed64 = 10;
    zoo.a_uint64 = UINT64_MAX;
    zoo.a_fixed64 = 11;
    zoo.a_string = (char *)"a b";
    static const char *const rows[][2] = {
        {"a_int32", "-2147483648"},
        {"a_sint32", "-1"},
        {"a_sfixed32", "-7"},
        {"a_uint32", "4294967295"},
        {"a_fixed32", "8"},
        {"a_int64", "-9223372036854775808"},
        {"a_sint64", "-9"},
        {"a_sfixed64", "10"},
        {"a_uint64", "18446744073709551615"},
        {"a_fixed64", "11"},
        {"a_string", "a b"},
        {"one_int64", ""}, /* of a oneof that has another */
        {"one_string", "x"},
    };
    zoo.choice_case = NEXUS__TEST__V1__ZOO__CHOICE_ONE_STRING;
    zoo.one_string = (char *)"x";
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct nx_buf buf;
        nx_buf_init(&buf, 100);
        gw_field_append(
            &zoo.base,
            protobuf_c_message_descriptor_get_field_by_name(zoo.base.descriptor, rows[i][0]), &buf);
        nx_buf_append_char(&buf, '\0');
        assert_string_equal(buf.ptr, rows[i][1]);
        nx_buf_cleanup(&buf);
    }
    static const char *const others[] = {"a_float", "a_double", "a_bool",  "a_colour",
                                         "a_bytes", "a_string", "one_bool"};
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(gw_field_is_integer(
            protobuf_c_message_descriptor_get_field_by_name(zoo.base.descriptor, others[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gw_frames__the_best_form_is_chosen),
        cmocka_unit_test(test_gw_frames__each_form_of_a_stream),
        cmocka_unit_test(test_gw_frames__only_events_have_a_heartbeat),
        cmocka_unit_test(test_gw_route__streams_that_cannot_be_are_refused),
        cmocka_unit_test(test_gw_transcode__last_event_id_goes_before_the_query),
        cmocka_unit_test(test_gw_field__ids_of_every_kind),
    };
    return cmocka_run_group_tests_name("gw_frames", tests, NULL, NULL);
}
