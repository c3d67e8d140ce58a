/* A server and a client of a generated service, over loopback. */
#include "google/rpc/status.pb-c.h"
#include "nx_clock.h"
#include "wire_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void on_echoed(void *arg, nx_status status, const Echo *response)
{
    outcome_done(arg, status, &response->base);
}

static void test_wire__echo_through_typed_stub(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){.shards = 2});
    for (int i = 0; i < 50; i++) {
        Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
        request.text = (char *)"gr\xc3\xbc\xc3\x9f";
        request.number = INT64_MIN;
        struct outcome outcome = outcome_of(bench);
        wire_client_release(nexus_test_v1_echo_service_echo(bench->client, &request, NULL,
                                                            outcome.arena, on_echoed, &outcome));
        outcome_wait(&outcome);
        assert_int_equal(outcome.status.code, NX_OK);
        const Echo *response = (const Echo *)outcome.response;
        assert_string_equal(response->text, request.text);
        assert_true(response->number == INT64_MIN);
        nx_arena_destroy(outcome.arena);
    }
    bench_free(bench);
}

static void test_wire__failure_carries_details(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    for (int code = NX_CANCELLED; code <= NX_UNAUTHENTICATED; code++) {
        Nexus__Test__V1__FailRequest request = NEXUS__TEST__V1__FAIL_REQUEST__INIT;
        request.code = code;
        request.message = (char *)"100% wrong:\n\xc3\xa9";
        request.field = (char *)"some.field";
        struct outcome outcome = bench_call(bench, bench_method("Fail"), &request.base, NULL);
        assert_int_equal(outcome.status.code, code);
        assert_string_equal(nx_status_message(outcome.status), request.message);
        struct nx_str details = outcome.status.error->details;
        Google__Rpc__Status *decoded =
            google__rpc__status__unpack(NULL, details.len, (const uint8_t *)details.ptr);
        assert_non_null(decoded);
        assert_int_equal(decoded->code, code);
        assert_int_equal(decoded->n_details, 3);
        assert_string_equal(decoded->details[1]->type_url,
                            "type.googleapis.com/google.rpc.BadRequest");
        google__rpc__status__free_unpacked(decoded, NULL);
        nx_arena_destroy(outcome.arena);
    }
    bench_free(bench);
}

static void test_wire__unknown_and_unimplemented_methods(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    struct wire_method nowhere = *bench_method("Echo");
    nowhere.path = "/nexus.test.v1.NoService/Nothing";
    for (int i = 0; i < 10; i++) {
        struct outcome outcome = bench_call(bench, &nowhere, &request.base, NULL);
        assert_int_equal(outcome.status.code, NX_UNIMPLEMENTED);
        nx_arena_destroy(outcome.arena);
    }
    struct outcome outcome = bench_call(bench, bench_method("Missing"), &request.base, NULL);
    assert_int_equal(outcome.status.code, NX_UNIMPLEMENTED);
    nx_arena_destroy(outcome.arena);
    bench_free(bench);
}

static void test_wire__deadline_passes_and_reaches_the_server(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    int64_t deadline = nx_clock_monotonic_ns() + 200 * INT64_C(1000000);
    const struct wire_call_options options = {.deadline_ns = deadline};
    struct outcome outcome = bench_call(bench, bench_method("Wait"), &request.base, &options);
    assert_int_equal(outcome.status.code, NX_DEADLINE_EXCEEDED);
    bench_wait_for(bench, &bench->cancelled, 1);
    int64_t seen = wire_call_deadline_ns(bench->waiting[0]);
    assert_true(seen > deadline - INT64_C(1000000000) && seen < deadline + INT64_C(1000000000));
    assert_true(wire_call_is_cancelled(bench->waiting[0]));
    nx_arena_destroy(outcome.arena);
    bench_free(bench);
}

static void test_wire__client_cancels(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    struct outcome outcome = outcome_of(bench);
    struct wire_client_call *handle =
        wire_client_unary(bench->client, bench_method("Wait"), &request.base, NULL, outcome.arena,
                          outcome_done, &outcome);
    bench_wait_for(bench, &bench->waiting_count, 1);
    wire_client_cancel(handle);
    outcome_wait(&outcome);
    assert_int_equal(outcome.status.code, NX_CANCELLED);
    bench_wait_for(bench, &bench->cancelled, 1);
    wire_client_cancel(handle); /* too late is harmless */
    wire_client_release(handle);
    nx_arena_destroy(outcome.arena);
    bench_free(bench);
}

static void test_wire__in_flight_cap_sheds(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){.max_in_flight = 2});
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    struct outcome held[2];
    for (size_t i = 0; i < 2; i++) {
        held[i] = outcome_of(bench);
        wire_client_release(wire_client_unary(bench->client, bench_method("Wait"), &request.base,
                                              NULL, held[i].arena, outcome_done, &held[i]));
        bench_wait_for(bench, &bench->waiting_count, i + 1);
    }
    struct outcome shed = bench_call(bench, bench_method("Echo"), &request.base, NULL);
    assert_int_equal(shed.status.code, NX_RESOURCE_EXHAUSTED);
    nx_arena_destroy(shed.arena);
    bench_answer_waiting(bench);
    for (size_t i = 0; i < 2; i++) {
        outcome_wait(&held[i]);
        assert_int_equal(held[i].status.code, NX_OK);
        nx_arena_destroy(held[i].arena);
    }
    struct outcome after;
    int64_t until = nx_clock_monotonic_ns() + TIMEOUT_S * INT64_C(1000000000);
    do { /* the held calls are counted until their answers have left */
        after = bench_call(bench, bench_method("Echo"), &request.base, NULL);
        nx_arena_destroy(after.arena);
    } while (after.status.code != NX_OK && nx_clock_monotonic_ns() < until);
    assert_int_equal(after.status.code, NX_OK);
    bench_free(bench);
}

static void test_wire__sizes_are_capped(void **state)
{
    (void)state;
    struct bench *bench = bench_new(
        (struct wire_server_options){.max_request_bytes = 65536, .max_metadata_bytes = 2048});
    static uint8_t bytes[70000];
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    request.data = (ProtobufCBinaryData){60000, bytes};
    struct outcome fits = bench_call(bench, bench_method("Echo"), &request.base, NULL);
    assert_int_equal(fits.status.code, NX_OK);
    nx_arena_destroy(fits.arena);
    request.data.len = sizeof bytes;
    struct outcome large = bench_call(bench, bench_method("Echo"), &request.base, NULL);
    assert_int_equal(large.status.code, NX_RESOURCE_EXHAUSTED);
    nx_arena_destroy(large.arena);
    request.data.len = 0;
    static char value[3000];
    memset(value, 'v', sizeof value);
    const struct wire_metadata metadata = {"x-large", {value, sizeof value}};
    const struct wire_call_options options = {.metadata = &metadata, .metadata_count = 1};
    struct outcome crowded = bench_call(bench, bench_method("Echo"), &request.base, &options);
    assert_int_equal(crowded.status.code, NX_RESOURCE_EXHAUSTED);
    nx_arena_destroy(crowded.arena);
    bench_free(bench);
}

static void test_wire__an_answer_over_the_limit_says_so(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){.max_request_bytes = 8 << 20});
    static uint8_t bytes[5 << 20]; /* the client takes 4 MiB */
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    request.data = (ProtobufCBinaryData){sizeof bytes, bytes};
    struct outcome outcome = bench_call(bench, bench_method("Echo"), &request.base, NULL);
    assert_int_equal(outcome.status.code, NX_RESOURCE_EXHAUSTED);
    assert_string_equal(outcome.status.error->reason, "RESPONSE_TOO_LARGE");
    nx_arena_destroy(outcome.arena);
    bench_free(bench);
}

static void test_wire__a_request_over_the_limit_says_so(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){.max_request_bytes = 1 << 20});
    static uint8_t bytes[2 << 20];
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    request.data = (ProtobufCBinaryData){sizeof bytes, bytes};
    struct outcome outcome = bench_call(bench, bench_method("Echo"), &request.base, NULL);
    assert_int_equal(outcome.status.code, NX_RESOURCE_EXHAUSTED);
    assert_string_equal(outcome.status.error->reason, "REQUEST_TOO_LARGE");
    nx_arena_destroy(outcome.arena);
    bench_free(bench);
}

/* Other peers would drop the whole of a field that has blanks there. */
static void test_wire__blanks_at_the_ends_are_not_sent(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    Nexus__Test__V1__FailRequest request = NEXUS__TEST__V1__FAIL_REQUEST__INIT;
    request.code = NX_ABORTED;
    request.message = (char *)"  two words ";
    struct outcome outcome = bench_call(bench, bench_method("Fail"), &request.base, NULL);
    assert_string_equal(nx_status_message(outcome.status), "two words");
    nx_arena_destroy(outcome.arena);
    bench_free(bench);
}

static void test_wire__invalid_metadata_completes_with_an_error(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    const struct wire_metadata metadata = {"Not Valid", {"v", 1}};
    const struct wire_call_options options = {.metadata = &metadata, .metadata_count = 1};
    struct outcome outcome = bench_call(bench, bench_method("Echo"), &request.base, &options);
    assert_int_equal(outcome.status.code, NX_INVALID_ARGUMENT);
    nx_arena_destroy(outcome.arena);
    bench_free(bench);
}

#define DRAIN_MS 20000

static void *drain(void *server)
{
    wire_server_drain(server, DRAIN_MS);
    return NULL;
}

static void test_wire__drain_finishes_calls_under_way(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){.shards = 2});
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    struct outcome outcome = outcome_of(bench);
    wire_client_release(wire_client_unary(bench->client, bench_method("Wait"), &request.base, NULL,
                                          outcome.arena, outcome_done, &outcome));
    bench_wait_for(bench, &bench->waiting_count, 1);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, drain, bench->server), 0);
    struct outcome refused;
    int64_t now = nx_clock_monotonic_ns();
    int64_t until = now + DRAIN_MS / 2 * INT64_C(1000000);
    do { /* a call that the core keeps without handing it over (wire_server_drain) has a deadline */
        const struct wire_call_options options = {.deadline_ns = now + INT64_C(1000000000)};
        refused = bench_call(bench, bench_method("Echo"), &request.base, &options);
        nx_arena_destroy(refused.arena);
        now = nx_clock_monotonic_ns();
    } while (refused.status.code != NX_UNAVAILABLE && now < until);
    assert_int_equal(refused.status.code, NX_UNAVAILABLE);
    bench_answer_waiting(bench);
    outcome_wait(&outcome);
    assert_int_equal(outcome.status.code, NX_OK);
    nx_arena_destroy(outcome.arena);
    pthread_join(thread, NULL);
    bench_free(bench);
}

static void test_wire__address_in_use_is_said(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    struct nx_arena *arena = nx_arena_new(4096);
    const char *address = bench->target;
    const struct wire_server_options options = {.addresses = &address, .address_count = 1};
    struct wire_server *second;
    assert_int_equal(wire_server_new(&options, &second).code, NX_OK);
    nx_status status = wire_server_start(second, arena);
    assert_int_equal(status.code, NX_UNAVAILABLE);
    assert_non_null(strstr(nx_status_message(status), address));
    wire_server_destroy(second);
    nx_arena_destroy(arena);
    bench_free(bench);
}

static void test_wire__no_server_is_unavailable(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    wire_server_drain(bench->server, 0);
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    struct outcome outcome = bench_call(bench, bench_method("Echo"), &request.base, NULL);
    assert_int_equal(outcome.status.code, NX_UNAVAILABLE);
    nx_arena_destroy(outcome.arena);
    bench_free(bench);
}

/* Each channel pauses on its own between attempts; calls must go to one that is back. */
static void test_wire__no_call_fails_once_a_channel_is_back(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    wire_server_destroy(bench->server);
    for (int i = 0; i < 8; i++) {
        struct outcome outcome = bench_call(bench, bench_method("Echo"), &request.base, NULL);
        assert_int_equal(outcome.status.code, NX_UNAVAILABLE);
        nx_arena_destroy(outcome.arena);
    }
    struct nx_arena *arena = nx_arena_new(4096);
    const char *address = bench->target;
    const struct wire_server_options options = {.addresses = &address, .address_count = 1};
    assert_int_equal(wire_server_new(&options, &bench->server).code, NX_OK);
    assert_int_equal(nexus_test_v1_echo_service_serve(bench->server, &bench_service, bench).code,
                     NX_OK);
    assert_int_equal(wire_server_start(bench->server, arena).code, NX_OK);
    nx_arena_destroy(arena);
    enum nx_code code;
    int64_t until = nx_clock_monotonic_ns() + TIMEOUT_S * INT64_C(1000000000);
    do {
        struct outcome outcome = bench_call(bench, bench_method("Echo"), &request.base, NULL);
        code = outcome.status.code;
        nx_arena_destroy(outcome.arena);
    } while (code != NX_OK && nx_clock_monotonic_ns() < until);
    for (int i = 0; i < 200; i++) {
        struct outcome outcome = bench_call(bench, bench_method("Echo"), &request.base, NULL);
        assert_int_equal(outcome.status.code, NX_OK);
        nx_arena_destroy(outcome.arena);
    }
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire__echo_through_typed_stub),
        cmocka_unit_test(test_wire__failure_carries_details),
        cmocka_unit_test(test_wire__unknown_and_unimplemented_methods),
        cmocka_unit_test(test_wire__deadline_passes_and_reaches_the_server),
        cmocka_unit_test(test_wire__client_cancels),
        cmocka_unit_test(test_wire__in_flight_cap_sheds),
        cmocka_unit_test(test_wire__sizes_are_capped),
        cmocka_unit_test(test_wire__an_answer_over_the_limit_says_so),
        cmocka_unit_test(test_wire__a_request_over_the_limit_says_so),
        cmocka_unit_test(test_wire__blanks_at_the_ends_are_not_sent),
        cmocka_unit_test(test_wire__invalid_metadata_completes_with_an_error),
        cmocka_unit_test(test_wire__drain_finishes_calls_under_way),
        cmocka_unit_test(test_wire__address_in_use_is_said),
        cmocka_unit_test(test_wire__no_server_is_unavailable),
        cmocka_unit_test(test_wire__no_call_fails_once_a_channel_is_back),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
