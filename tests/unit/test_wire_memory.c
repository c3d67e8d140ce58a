/* What becomes of a call when an allocation fails: of each one in turn, and of all of them. */
#include "fault_alloc.h"
#include "wire_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_ALLOCATIONS 200

static Echo small = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
static Echo large = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
static Nexus__Test__V1__FailRequest failing = NEXUS__TEST__V1__FAIL_REQUEST__INIT;

static int set_up(void **state)
{
    (void)state;
    static uint8_t bytes[100000];
    static Echo inner = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    static Echo *list[500];
    small.text = (char *)"small";
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        list[i] = &inner;
    inner.text = (char *)"inner";
    large.data = (ProtobufCBinaryData){sizeof bytes, bytes};
    large.list = list;
    large.n_list = sizeof list / sizeof *list;
    failing.code = NX_FAILED_PRECONDITION;
    failing.message = (char *)"told to";
    failing.field = (char *)"field";
    return 0;
}

/* Call with failing allocations. A call that there is no memory for has no outcome. */
static enum nx_code call_without_memory(struct bench *bench, const struct wire_method *method,
                                        const ProtobufCMessage *request, size_t index,
                                        bool all_after, size_t *ret_failed)
{
    struct outcome outcome = outcome_of(bench);
    const struct wire_metadata metadata = {"x-key", NX_STR("value")};
    const struct wire_call_options options = {.metadata = &metadata, .metadata_count = 1};
    fault_alloc_arm(index, all_after);
    struct wire_client_call *call = wire_client_unary(bench->client, method, request, &options,
                                                      outcome.arena, outcome_done, &outcome);
    if (call)
        outcome_wait(&outcome);
    *ret_failed = fault_alloc_disarm();
    enum nx_code code = call ? outcome.status.code : NX_RESOURCE_EXHAUSTED;
    wire_client_release(call);
    nx_arena_destroy(outcome.arena);
    return code;
}

static void expect_well(struct bench *bench)
{
    for (int i = 0; i < 3; i++) {
        struct outcome outcome = bench_call(bench, bench_method("Echo"), &small.base, NULL);
        assert_int_equal(outcome.status.code, NX_OK);
        nx_arena_destroy(outcome.arena);
    }
}

/* Fail each allocation of a call in turn, until a call goes without one. */
static void fail_each(const char *name, const ProtobufCMessage *request, enum nx_code expected,
                      size_t least)
{
    size_t index = 0;
    size_t failed = 1;
    for (; failed > 0; index++) {
        assert_true(index < MAX_ALLOCATIONS);
        struct bench *bench = bench_new((struct wire_server_options){0});
        enum nx_code code =
            call_without_memory(bench, bench_method(name), request, index, false, &failed);
        assert_true(code == expected || code == NX_RESOURCE_EXHAUSTED);
        expect_well(bench);
        bench_free(bench);
    }
    assert_true(index > least); /* there were allocations to fail */
}

static void test_wire_memory__each_allocation_of_a_small_call(void **state)
{
    (void)state;
    fail_each("Echo", &small.base, NX_OK, 2);
}

static void test_wire_memory__each_allocation_of_a_large_call(void **state)
{
    (void)state;
    fail_each("Echo", &large.base, NX_OK, 4);
}

static void test_wire_memory__each_allocation_of_a_failing_call(void **state)
{
    (void)state;
    fail_each("Fail", &failing.base, NX_FAILED_PRECONDITION, 2);
}

/* Each arrival lacks the memory for the next to be posted; none must be lost for good. */
static void test_wire_memory__methods_are_served_after_a_time_without(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){.shards = 2});
    for (int i = 0; i < 40; i++) {
        size_t failed;
        enum nx_code code =
            call_without_memory(bench, bench_method(i % 2 ? "Echo" : "Fail"),
                                i % 2 ? &large.base : &failing.base, 1, true, &failed);
        assert_true(code != NX_OK || i % 2);
    }
    expect_well(bench);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_memory__each_allocation_of_a_small_call),
        cmocka_unit_test(test_wire_memory__each_allocation_of_a_large_call),
        cmocka_unit_test(test_wire_memory__each_allocation_of_a_failing_call),
        cmocka_unit_test(test_wire_memory__methods_are_served_after_a_time_without),
    };
    return cmocka_run_group_tests_name("wire_memory", tests, set_up, NULL);
}
