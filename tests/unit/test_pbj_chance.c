/* Messages by chance go through JSON and back, and are the same byte for byte. */
#include "pbj_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire_pb.h"
#include "zoo_by_chance.h"

#define ROUNDS 4000
#define DEPTH 5

static const struct wire_pb_limits limits = {.max_depth = 100, .max_fields = 1000000};

static ProtobufCMessage *unpack(struct nx_str bytes, unsigned round, struct nx_arena *arena)
{
    ProtobufCMessage *message = NULL;
    nx_status status = wire_pb_unpack(ZOO, bytes, &limits, arena, &message);
    if (status.code != NX_OK)
        fail_msg("round %u: %s", round, nx_status_message(status));
    return message;
}

static struct nx_str pack(const ProtobufCMessage *message, struct nx_arena *arena)
{
    size_t size = wire_pb_packed_size(message);
    uint8_t *bytes = nx_arena_alloc(arena, size);
    assert_non_null(bytes);
    assert_int_equal(wire_pb_pack(message, bytes, size), size);
    return (struct nx_str){(const char *)bytes, size};
}

static ProtobufCMessage *through_json(const ProtobufCMessage *message,
                                      const struct pbj_write_options *form, unsigned round,
                                      struct nx_arena *arena)
{
    struct nx_buf json;
    ProtobufCMessage *again = NULL;
    nx_buf_init(&json, PBJ_BENCH_BYTES);
    nx_status status = pbj_write(message, form, arena, &json);
    if (status.code != NX_OK)
        fail_msg("round %u is not written: %s", round, nx_status_message(status));
    assert_false(json.failed);
    status = pbj_bench_try(nx_buf_str(&json), arena, &again);
    if (status.code != NX_OK)
        fail_msg("round %u is not read: %s: %.*s", round, nx_status_message(status), (int)json.len,
                 json.ptr);
    nx_buf_cleanup(&json);
    return again;
}

/* Two fields of a Zoo have each other's names in JSON: by their own they would be taken for each
 * other. */
static bool has_swapped_names(const ProtobufCMessage *message)
{
    const Nexus__Test__V1__Zoo *zoo = (const Nexus__Test__V1__Zoo *)message;
    return zoo->swap_a != 0 || zoo->swap_b != 0;
}

/* The seed is the round, so that one that fails can be looked at alone. */
static void test_pbj__messages_by_chance_come_back_from_json(void **state)
{
    (void)state;
    size_t bytes_seen = 0;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        struct chance chance = {round * UINT64_C(0x9e3779b97f4a7c15)};
        struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
        struct nx_buf made;
        nx_buf_init(&made, PBJ_BENCH_BYTES);
        zoo_by_chance(&chance, ZOO, DEPTH, &made);
        assert_false(made.failed);
        ProtobufCMessage *message = unpack(nx_buf_str(&made), round, arena);
        const struct pbj_write_options form = {
            .omit_defaults = chance_below(&chance, 2),
            .enums_as_numbers = chance_below(&chance, 2),
            .original_names = chance_below(&chance, 2) && !has_swapped_names(message),
            .resolve = pbj_bench_resolve,
        };
        struct nx_str packed = pack(message, arena);
        struct nx_str repacked = pack(unpack(packed, round, arena), arena);
        struct nx_str from_json = pack(through_json(message, &form, round, arena), arena);
        if (!nx_str_equal(packed, repacked) || !nx_str_equal(packed, from_json))
            fail_msg("round %u: %zu bytes, unpacked and packed %zu, by way of JSON %zu", round,
                     packed.len, repacked.len, from_json.len);
        bytes_seen += packed.len;
        nx_buf_cleanup(&made);
        nx_arena_destroy(arena);
    }
    assert_true(bytes_seen > ROUNDS * (size_t)200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pbj__messages_by_chance_come_back_from_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
