#include "pbj_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pbj_rows.h"

static void test_pbj__writing_an_any_can_exhaust_the_arena(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
    ProtobufCMessage *message =
        pbj_bench_read("{\"any\":{\"@type\":" ANIMAL_URL ",\"name\":\"a\",\"child\":{}}}", arena);
    size_t before = nx_arena_used(arena);
    struct nx_buf buf;
    nx_buf_init(&buf, PBJ_BENCH_BYTES);
    assert_int_equal(pbj_write(message, &pbj_bench_writing, arena, &buf).code, NX_OK);
    size_t used = nx_arena_used(arena) - before;
    for (size_t cap = 0; cap < used; cap += _Alignof(max_align_t)) {
        struct nx_arena *small = nx_arena_new(cap);
        nx_status status = pbj_write(message, &pbj_bench_writing, small, &buf);
        assert_int_equal(status.code, NX_RESOURCE_EXHAUSTED);
        nx_arena_destroy(small);
    }
    nx_buf_cleanup(&buf);
    nx_arena_destroy(arena);
}

static void test_pbj__defaults_are_written_on_request(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
    Nexus__Test__V1__Animal animal = NEXUS__TEST__V1__ANIMAL__INIT;
    pbj_bench_assert_written(&animal.base, NULL, arena,
                             "{\"name\":\"\",\"legCount\":0,\"tags\":[]}");
    struct pbj_write_options original = {.original_names = true};
    pbj_bench_assert_written(&animal.base, &original, arena,
                             "{\"name\":\"\",\"leg_count\":0,\"tags\":[]}");
    struct pbj_write_options numbers = {.omit_defaults = true, .enums_as_numbers = true};
    pbj_bench_assert_written(pbj_bench_read("{\"aColour\":\"COLOUR_BLUE\"}", arena), &numbers,
                             arena, "{\"aColour\":5}");
    struct nx_buf buf;
    nx_buf_init(&buf, PBJ_BENCH_BYTES);
    assert_int_equal(pbj_write(pbj_bench_read("{}", arena), NULL, arena, &buf).code, NX_OK);
    nx_buf_append_char(&buf, '\0');
    assert_non_null(strstr(buf.ptr, "\"aInt64\":\"0\",\"aSint64\":\"0\""));
    assert_non_null(strstr(buf.ptr, "\"aBool\":false,\"aColour\":\"COLOUR_UNSPECIFIED\""));
    assert_non_null(strstr(buf.ptr, "\"mapString\":{}"));
    assert_non_null(strstr(buf.ptr, "\"nothing\":null"));
    assert_null(strstr(buf.ptr, "\"one"));
    assert_null(strstr(buf.ptr, "\"animal\""));
    nx_buf_cleanup(&buf);
    nx_arena_destroy(arena);
}

static void assert_unwritable(const ProtobufCMessage *message, const char *reason)
{
    struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
    struct nx_buf buf;
    nx_buf_init(&buf, PBJ_BENCH_BYTES);
    nx_status status = pbj_write(message, &pbj_bench_writing, arena, &buf);
    assert_int_equal(status.code, NX_INTERNAL);
    if (!strstr(nx_status_message(status), reason))
        fail_msg("\"%s\" lacks \"%s\"", nx_status_message(status), reason);
    nx_buf_cleanup(&buf);
    nx_arena_destroy(arena);
}

static void assert_any_unwritable(const char *url, const char *bytes, size_t len,
                                  const char *reason)
{
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    any.type_url = (char *)url;
    any.value = (ProtobufCBinaryData){len, (uint8_t *)bytes};
    assert_unwritable(&any.base, reason);
}

static void test_pbj__values_without_a_form_are_internal_errors(void **state)
{
    (void)state;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    time.seconds = INT64_MAX;
    assert_unwritable(&time.base, "Timestamp is out of range");
    time.seconds = 0;
    time.nanos = -1;
    assert_unwritable(&time.base, "Timestamp is out of range");
    Google__Protobuf__Duration duration = GOOGLE__PROTOBUF__DURATION__INIT;
    duration.seconds = 1;
    duration.nanos = -1;
    assert_unwritable(&duration.base, "Duration is out of range");
    duration.seconds = INT64_MIN;
    assert_unwritable(&duration.base, "Duration is out of range");
    Nexus__Test__V1__Animal animal = NEXUS__TEST__V1__ANIMAL__INIT;
    animal.name = (char *)"\xFF";
    assert_unwritable(&animal.base, "UTF-8");
    Google__Protobuf__Value value = GOOGLE__PROTOBUF__VALUE__INIT;
    assert_unwritable(&value.base, "no kind");
    value.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE;
    value.number_value = 1e308 * 10;
    assert_unwritable(&value.base, "finite");
    static const char *const paths[] = {"fooBar", "foo__bar", "foo_3", "foo_",
                                        "_foo",   "a,b",      "",      "a.`\xFF`"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char *path = (char *)paths[i];
        Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
        mask.n_paths = 1;
        mask.paths = &path;
        assert_unwritable(&mask.base, "FieldMask");
    }
    assert_any_unwritable("a/b", "", 0, "not known");
    assert_any_unwritable("a/nexus.test.v1.Animal", "\x0A\x05", 2, "does not hold");
    assert_any_unwritable("a/nexus.test.v1.Animal", "\x0B", 1, "does not hold");
    assert_any_unwritable("a/nexus.test.v1.Animal", "\x0A\xFF\xFF\xFF\xFF\xFF\x01", 7, "does not");
}

static void test_pbj__deep_bytes_in_an_any_are_refused(void **state)
{
    (void)state;
    /* Animal.child in Animal.child ...: each level a tag and a length of up to three bytes. */
    enum { LEVELS = 20000, ROOM = LEVELS * 4 };
    char *bytes = calloc(ROOM, 1);
    assert_non_null(bytes);
    size_t begin = ROOM;
    for (int i = 0; i < LEVELS; i++) {
        size_t len = ROOM - begin;
        size_t prefix = len < 0x80 ? 2 : len < 0x4000 ? 3 : 4;
        begin -= prefix;
        bytes[begin] = 0x1A;
        for (size_t k = 1; k < prefix; k++)
            bytes[begin + k] = (char)((len >> (7 * (k - 1)) & 0x7F) | (k + 1 < prefix ? 0x80 : 0));
    }
    assert_any_unwritable("a/nexus.test.v1.Animal", bytes + begin, ROOM - begin, "does not hold");
    free(bytes);
}

/* What an Any holds is read as what comes over the wire is. */
static void test_pbj__bytes_in_an_any_are_read_as_from_a_stranger(void **state)
{
    (void)state;
    const struct {
        struct nx_str bytes;
        const char *written; /* beside the type */
    } rows[] = {
        {NX_STR("\x08\x05\x13\x14\x10\x04"), ",\"legCount\":4"}, /* a wrong type, a group */
        {NX_STR("\x1A\x02\x10\x01\x1A\x03\x0A\x01\x61"),
         ",\"child\":{\"name\":\"a\",\"legCount\":1}"}, /* two that merge */
        {NX_STR("\x10\x01\x10\x00"), ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
        Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
        any.type_url = (char *)"a/nexus.test.v1.Animal";
        any.value = (ProtobufCBinaryData){rows[i].bytes.len, (uint8_t *)rows[i].bytes.ptr};
        const char *expected =
            nx_arena_printf(arena, "{\"@type\":\"%s\"%s}", any.type_url, rows[i].written);
        pbj_bench_assert_written(&any.base, &pbj_bench_writing, arena, expected);
        nx_arena_destroy(arena);
    }
    assert_any_unwritable("a/nexus.test.v1.Animal", "\x0A\x01\xFF", 3, "name");
    assert_any_unwritable("a/nexus.test.v1.Animal", "\x0A\x01\0", 3, "name");
    assert_any_unwritable("a/nexus.test.v1.Animal", "\x1A\x03\x0A\x01\xFF", 5, "child.name");
}

/* As deep as JSON may be, whatever it takes in bytes. */
static void test_pbj__deepest_any_round_trips(void **state)
{
    (void)state;
    enum { LEVELS = 98 }; /* of 100; the Zoo and the Any are the others */
    static const char *const brackets[][2] = {{"[", "]"}, {"{\"a\":", "}"}};
    for (size_t i = 0; i < sizeof brackets / sizeof *brackets; i++) {
        struct nx_buf text;
        nx_buf_init(&text, PBJ_BENCH_BYTES);
        nx_buf_printf(&text, "{\"any\":{\"@type\":\"a/google.protobuf.Value\",\"value\":");
        for (int k = 0; k < LEVELS; k++)
            nx_buf_append_str(&text, nx_str_from(brackets[i][0]));
        nx_buf_append_char(&text, '0');
        for (int k = 0; k < LEVELS; k++)
            nx_buf_append_str(&text, nx_str_from(brackets[i][1]));
        nx_buf_append(&text, "}}", 3);
        struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
        pbj_bench_assert_written(pbj_bench_read(text.ptr, arena), &pbj_bench_writing, arena,
                                 text.ptr);
        nx_arena_destroy(arena);
        nx_buf_cleanup(&text);
    }
}

static void test_pbj__map_entry_without_value_is_the_default(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xFA, 0x01, 0x02, 0x08, 0x07}; /* map_animal {7: absent} */
    ProtobufCMessage *message = protobuf_c_message_unpack(ZOO, NULL, sizeof bytes, bytes);
    assert_non_null(message);
    struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
    pbj_bench_assert_written(message, &pbj_bench_writing, arena, "{\"mapAnimal\":{\"7\":{}}}");
    nx_arena_destroy(arena);
    protobuf_c_message_free_unpacked(message, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pbj__writing_an_any_can_exhaust_the_arena),
        cmocka_unit_test(test_pbj__defaults_are_written_on_request),
        cmocka_unit_test(test_pbj__values_without_a_form_are_internal_errors),
        cmocka_unit_test(test_pbj__deep_bytes_in_an_any_are_refused),
        cmocka_unit_test(test_pbj__bytes_in_an_any_are_read_as_from_a_stranger),
        cmocka_unit_test(test_pbj__deepest_any_round_trips),
        cmocka_unit_test(test_pbj__map_entry_without_value_is_the_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
