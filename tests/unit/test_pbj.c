#include "pbj_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "json_rows.h"
#include "pbj_rows.h"
#include "pbj_types.h"

static void test_pbj__valid_texts_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < pbj_valid_row_count; i++) {
        const char *written =
            pbj_valid_rows[i].written ? pbj_valid_rows[i].written : pbj_valid_rows[i].text;
        struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
        ProtobufCMessage *message = pbj_bench_read(pbj_valid_rows[i].text, arena);
        pbj_bench_assert_written(message, &pbj_bench_writing, arena, written);
        pbj_bench_assert_written(pbj_bench_read(written, arena), &pbj_bench_writing, arena,
                                 written);
        nx_arena_destroy(arena);
    }
}

/* What JSON made must be what protobuf-c understands, and the other way round. */
static void test_pbj__messages_survive_the_wire(void **state)
{
    (void)state;
    for (size_t i = 0; i < pbj_valid_row_count; i++) {
        const char *written =
            pbj_valid_rows[i].written ? pbj_valid_rows[i].written : pbj_valid_rows[i].text;
        struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
        ProtobufCMessage *message = pbj_bench_read(pbj_valid_rows[i].text, arena);
        size_t size = protobuf_c_message_get_packed_size(message);
        uint8_t *bytes = calloc(size + 1, 1);
        assert_non_null(bytes);
        assert_int_equal(protobuf_c_message_pack(message, bytes), size);
        ProtobufCMessage *again = protobuf_c_message_unpack(ZOO, NULL, size, bytes);
        assert_non_null(again);
        /* protobuf-c does not send -0, which equals 0. */
        if (!strstr(written, ":-0}"))
            pbj_bench_assert_written(again, &pbj_bench_writing, arena, written);
        protobuf_c_message_free_unpacked(again, NULL);
        free(bytes);
        nx_arena_destroy(arena);
    }
}

static void assert_violation(nx_status status, const char *text, const char *field,
                             const char *reason)
{
    if (status.code != NX_INVALID_ARGUMENT)
        fail_msg("%s: code %d", text, (int)status.code);
    const struct nx_violation *violation = status.error->violations;
    assert_non_null(violation);
    assert_string_equal(violation->field, field);
    if (!strstr(violation->description, reason))
        fail_msg("%s: \"%s\" lacks \"%s\"", text, violation->description, reason);
}

static void test_pbj__invalid_texts_name_the_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < pbj_invalid_row_count; i++) {
        struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
        ProtobufCMessage *message = NULL;
        nx_status status = pbj_bench_try(pbj_invalid_rows[i].text, arena, &message);
        assert_violation(status, pbj_invalid_rows[i].text.ptr, pbj_invalid_rows[i].field,
                         pbj_invalid_rows[i].reason);
        assert_null(message);
        nx_arena_destroy(arena);
    }
}

/* Any JSON at all is a Value, but for what one cannot hold; it is written so that it reads back. */
static void test_pbj_types__are_all_that_can_be_reached(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
    const ProtobufCMessageDescriptor *roots[] = {ZOO, ZOO};
    struct pbj_types types;
    assert_int_equal(pbj_types_collect(roots, 2, arena, &types).code, NX_OK);
    for (size_t i = 0; i < types.count; i++) {
        assert_ptr_equal(pbj_types_find(&types, nx_str_from(types.types[i]->name)), types.types[i]);
        if (i > 0)
            assert_true(strcmp(types.types[i - 1]->name, types.types[i]->name) < 0);
    }
    static const char *const known[] = {
        "nexus.test.v1.Zoo",      "nexus.test.v1.Animal",  "nexus.test.v1.PairEntry",
        "google.protobuf.Any",    "google.protobuf.Empty", "google.protobuf.UInt64Value",
        "google.protobuf.Struct",
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_string_equal(pbj_types_find(&types, nx_str_from(known[i]))->name, known[i]);
    static const struct nx_str unknown[] = {
        {"", 0},
        {"nexus", 5},
        {"nexus.test.v1.Zoo\0", 18},
        {"nexus.test.v1.Zoos", 18},
        {"zzz", 3},
        {".nexus.test.v1.Zoo", 18},
        {"google.protobuf.FileDescriptorSet", 33},
    };
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_null(pbj_types_find(&types, unknown[i]));
    /* Without a root, the well-known types. */
    assert_int_equal(pbj_types_collect(NULL, 0, arena, &types).code, NX_OK);
    assert_non_null(pbj_types_find(&types, NX_STR("google.protobuf.ListValue")));
    assert_null(pbj_types_find(&types, NX_STR("nexus.test.v1.Zoo")));
    nx_arena_destroy(arena);
    for (size_t cap = 0; cap < 512; cap += 128) {
        struct nx_arena *small = nx_arena_new(cap);
        assert_int_equal(pbj_types_collect(roots, 1, small, &types).code, NX_RESOURCE_EXHAUSTED);
        nx_arena_destroy(small);
    }
}

static void test_pbj__any_json_is_a_value(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *type = &google__protobuf__value__descriptor;
    static const struct pbj_read_options options = {.max_depth = JSON_ROWS_DEPTH};
    for (size_t i = 0; i < json_row_count; i++) {
        const struct json_row *row = &json_rows[i];
        struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
        ProtobufCMessage *message = NULL;
        nx_status status = pbj_read(type, row->text, &options, arena, &message);
        if (status.code != (row->has_value ? NX_OK : NX_INVALID_ARGUMENT))
            fail_msg("row %zu: %s: %s", i, row->text.ptr, nx_status_message(status));
        if (row->has_value) {
            struct nx_buf first;
            nx_buf_init(&first, PBJ_BENCH_BYTES);
            assert_int_equal(pbj_write(message, NULL, arena, &first).code, NX_OK);
            assert_int_equal(pbj_read(type, nx_buf_str(&first), &options, arena, &message).code,
                             NX_OK);
            nx_buf_append_char(&first, '\0');
            pbj_bench_assert_written(message, NULL, arena, first.ptr);
            nx_buf_cleanup(&first);
        }
        nx_arena_destroy(arena);
    }
}

static void test_pbj__survives_every_truncation(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
    for (size_t i = 0; i < pbj_valid_row_count; i++) {
        for (size_t len = 1; len < strlen(pbj_valid_rows[i].text); len++) {
            ProtobufCMessage *message = NULL;
            nx_status status =
                pbj_bench_try((struct nx_str){pbj_valid_rows[i].text, len}, arena, &message);
            bool whole = i == 1 && len >= 4; /* " { } " without its last space */
            if (!whole)
                assert_int_equal(status.code, NX_INVALID_ARGUMENT);
            nx_arena_reset(arena);
        }
    }
    nx_arena_destroy(arena);
}

/* However little memory there is, the answer is RESOURCE_EXHAUSTED. */
static void test_pbj__every_full_arena_is_exhausted(void **state)
{
    (void)state;
    for (size_t i = 0; i < pbj_valid_row_count; i++) {
        struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
        pbj_bench_read(pbj_valid_rows[i].text, arena);
        size_t used = nx_arena_used(arena);
        nx_arena_destroy(arena);
        for (size_t cap = 0; cap < used; cap += _Alignof(max_align_t)) {
            struct nx_arena *small = nx_arena_new(cap);
            ProtobufCMessage *message = NULL;
            nx_status status = pbj_bench_try(nx_str_from(pbj_valid_rows[i].text), small, &message);
            assert_int_equal(status.code, NX_RESOURCE_EXHAUSTED);
            nx_arena_destroy(small);
        }
    }
}

/* An error that has no room for itself is RESOURCE_EXHAUSTED, and never a crash. */
static void test_pbj__errors_need_no_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < pbj_invalid_row_count; i++) {
        for (size_t cap = 0; cap < 2048; cap += 4 * _Alignof(max_align_t)) {
            struct nx_arena *small = nx_arena_new(cap);
            ProtobufCMessage *message = NULL;
            nx_status status = pbj_bench_try(pbj_invalid_rows[i].text, small, &message);
            assert_true(status.code == NX_RESOURCE_EXHAUSTED || status.code == NX_INVALID_ARGUMENT);
            assert_null(message);
            nx_arena_destroy(small);
        }
    }
}

/* An object of so many levels in a Struct; the Zoo is one more. */
static char *nested(size_t levels, const char *open, const char *close)
{
    char *text = calloc(levels * (strlen(open) + strlen(close)) + 32, 1);
    assert_non_null(text);
    char *to = stpcpy(text, "{\"value\":");
    for (size_t i = 0; i < levels; i++)
        to = stpcpy(to, open);
    to = stpcpy(to, "0");
    for (size_t i = 0; i < levels; i++)
        to = stpcpy(to, close);
    stpcpy(to, "}");
    return text;
}

static void check_depth(size_t levels, const char *open, const char *close, uint32_t max_depth,
                        enum nx_code expected)
{
    char *text = nested(levels, open, close);
    struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
    struct pbj_read_options options = {.max_depth = max_depth};
    ProtobufCMessage *message = NULL;
    nx_status status = pbj_read(ZOO, nx_str_from(text), &options, arena, &message);
    assert_int_equal(status.code, expected);
    if (status.code == NX_OK)
        pbj_bench_assert_written(message, &pbj_bench_writing, arena, text);
    else
        assert_non_null(strstr(nx_status_message(status), "nested too deep"));
    nx_arena_destroy(arena);
    free(text);
}

static void test_pbj__depth_is_capped(void **state)
{
    (void)state;
    check_depth(99, "[", "]", 0, NX_OK);
    check_depth(100, "[", "]", 0, NX_INVALID_ARGUMENT);
    check_depth(99, "{\"a\":", "}", 0, NX_OK);
    check_depth(100, "{\"a\":", "}", 0, NX_INVALID_ARGUMENT);
    check_depth(10000, "[", "]", 0, NX_INVALID_ARGUMENT);
    check_depth(999, "{\"a\":", "}", 1000, NX_OK);
    check_depth(1000, "[", "]", 1000, NX_INVALID_ARGUMENT);
    check_depth(3, "[", "]", 3, NX_INVALID_ARGUMENT);
}

/* Anys in Anys, each with its type last, may not make reading quadratic. */
static void test_pbj__search_for_type_is_capped(void **state)
{
    (void)state;
    enum { LEVELS = 40 };
    static const char open[] = "{\"value\":";
    static const char close[] = ",\"@type\":\"a/google.protobuf.Any\"}";
    char *text = calloc(LEVELS * (sizeof open + sizeof close) + 64, 1);
    assert_non_null(text);
    char *to = stpcpy(text, "{\"any\":");
    for (int i = 0; i < LEVELS; i++)
        to = stpcpy(to, open);
    to = stpcpy(to, "{}");
    for (int i = 0; i < LEVELS; i++)
        to = stpcpy(to, close);
    stpcpy(to, "}");
    struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
    ProtobufCMessage *message = NULL;
    nx_status status = pbj_bench_try(nx_str_from(text), arena, &message);
    assert_int_equal(status.code, NX_INVALID_ARGUMENT);
    assert_non_null(strstr(nx_status_message(status), "must have \"@type\" as its first member"));
    nx_arena_destroy(arena);
    free(text);
}

static void test_pbj__unknown_fields_can_be_ignored(void **state)
{
    (void)state;
    struct pbj_read_options options = {.ignore_unknown = true, .resolve = pbj_bench_resolve};
    struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
    ProtobufCMessage *message = NULL;
    nx_status status = pbj_read(
        ZOO,
        NX_STR("{\"x\":{\"y\":[1,\"\\n\"]},\"aInt32\":1,\"any\":{\"z\":0,\"@type\":" DURATION_URL
               ",\"value\":\"1s\",\"@type\":[]},\"animal\":{\"w\":null}}"),
        &options, arena, &message);
    assert_int_equal(status.code, NX_OK);
    pbj_bench_assert_written(message, &pbj_bench_writing, arena,
                             "{\"aInt32\":1,\"animal\":{},\"any\":{\"@type\":" DURATION_URL
                             ",\"value\":\"1s\"}}");
    status = pbj_read(ZOO, NX_STR("{\"x\":[1,}"), &options, arena, &message);
    assert_violation(status, "cut", "", "malformed JSON at byte 8");
    nx_arena_destroy(arena);
}

static void test_pbj__unknown_names_of_enum_values_can_be_ignored(void **state)
{
    (void)state;
    static const struct pbj_valid_row rows[] = {
        {"{\"aColour\":\"PINK\",\"aInt32\":1}", "{\"aInt32\":1}"},
        {"{\"manyColour\":[\"PINK\"]}", "{}"},
        {"{\"manyColour\":[\"COLOUR_RED\",\"PINK\",7,\"\",\"COLOUR_BLUE\"]}",
         "{\"manyColour\":[\"COLOUR_RED\",7,\"COLOUR_BLUE\"]}"},
        {"{\"mapColour\":{\"1\":\"PINK\"}}", "{}"},
        {"{\"mapColour\":{\"1\":\"PINK\",\"2\":\"COLOUR_RED\",\"3\":\"\",\"1\":9}}",
         "{\"mapColour\":{\"2\":\"COLOUR_RED\",\"1\":9}}"},
        {"{\"oneString\":\"a\",\"oneNull\":\"PINK\"}", "{\"oneString\":\"a\"}"},
        {"{\"oneNull\":\"PINK\"}", "{}"},
    };
    static const struct pbj_read_options options = {.ignore_unknown = true};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
        ProtobufCMessage *message = NULL;
        const char **paths = NULL;
        size_t count = 0;
        nx_status status = pbj_read_with_paths(ZOO, nx_str_from(rows[i].text), &options, arena,
                                               &message, &paths, &count);
        assert_int_equal(status.code, NX_OK);
        pbj_bench_assert_written(message, &pbj_bench_writing, arena, rows[i].written);
        assert_int_equal(count, i == 6 ? 0 : 1);
        status = pbj_read(ZOO, nx_str_from(rows[i].text), &pbj_bench_reading, arena, &message);
        assert_int_equal(status.code, NX_INVALID_ARGUMENT);
        nx_arena_destroy(arena);
    }
}

static void test_pbj__paths_are_the_leaves(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *paths;
    } rows[] = {
        {"{}", ""},
        {"{\"aInt32\":1}", "a_int32 "},
        {"{\"aInt32\":null,\"animal\":null}", "a_int32 animal "},
        {"{\"animal\":{}}", "animal "},
        {"{\"animal\":{\"legCount\":1,\"child\":{\"name\":\"a\",\"child\":{}}}}",
         "animal.leg_count animal.child.name animal.child.child "},
        {"{\"manyAnimal\":[{\"name\":\"a\"}],\"aBool\":true}", "many_animal a_bool "},
        {"{\"mapAnimal\":{\"1\":{\"name\":\"a\"}}}", "map_animal "},
        {"{\"object\":{\"a\":{\"b\":1}},\"time\":\"1970-01-01T00:00:00Z\",\"value\":null}",
         "object time value "},
        {"{\"oneAnimal\":{\"name\":\"a\"}}", "one_animal.name "},
        {"{\"any\":{\"@type\":" ANIMAL_URL ",\"name\":\"a\"}}", "any "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
        ProtobufCMessage *message = NULL;
        const char **paths = NULL;
        size_t count = 0;
        nx_status status = pbj_read_with_paths(ZOO, nx_str_from(rows[i].text), &pbj_bench_reading,
                                               arena, &message, &paths, &count);
        assert_int_equal(status.code, NX_OK);
        char joined[256] = "";
        for (size_t k = 0; k < count; k++) {
            size_t len = strlen(joined);
            snprintf(joined + len, sizeof joined - len, "%s ", paths[k]);
        }
        assert_string_equal(joined, rows[i].paths);
        nx_arena_destroy(arena);
    }
}

static void test_pbj__text_sets_a_field(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        const char *text;
        const char *written; /* of the whole message so far, or NULL: an error */
    } rows[] = {
        {"aInt32", "-5", "{\"aInt32\":-5}"},
        {"a_int64", "12", "{\"aInt64\":\"12\"}"},
        {"aDouble", "0.5", "{\"aDouble\":0.5}"},
        {"aDouble", "NaN", "{\"aDouble\":\"NaN\"}"},
        {"aBool", "true", "{\"aBool\":true}"},
        {"aColour", "COLOUR_RED", "{\"aColour\":\"COLOUR_RED\"}"},
        {"aColour", "5", "{\"aColour\":\"COLOUR_BLUE\"}"},
        {"aString", "a\"\xC3\xA9", "{\"aString\":\"a\\\"\xC3\xA9\"}"},
        {"aBytes", "AA", "{\"aBytes\":\"AA==\"}"},
        {"time", "2026-01-31T10:00:00Z", "{\"time\":\"2026-01-31T10:00:00Z\"}"},
        {"duration", "1.5s", "{\"duration\":\"1.500s\"}"},
        {"mask", "title,price.units", "{\"mask\":\"title,price.units\"}"},
        {"boolValue", "false", "{\"boolValue\":false}"},
        {"oneInt64", "0", "{\"oneInt64\":\"0\"}"},
        {"aInt32", "x", NULL},
        {"aInt32", "", NULL},
        {"aBool", "1", NULL},
        {"aColour", "PINK", NULL},
        {"aString", "\xFF", NULL},
        {"animal", "{}", NULL},
        {"object", "{}", NULL},
        {"mapString", "{}", NULL},
        {"any", "{}", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
        ProtobufCMessage *message = pbj_bench_read("{}", arena);
        const ProtobufCFieldDescriptor *field = pbj_find_field(ZOO, nx_str_from(rows[i].field));
        assert_non_null(field);
        nx_status status =
            pbj_set_from_text(message, field, "the.path", nx_str_from(rows[i].text), arena);
        if (rows[i].written) {
            assert_int_equal(status.code, NX_OK);
            pbj_bench_assert_written(message, &pbj_bench_writing, arena, rows[i].written);
        } else {
            assert_violation(status, rows[i].text, "the.path", "");
        }
        nx_arena_destroy(arena);
    }
}

static void test_pbj__text_appends_to_a_list(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(PBJ_BENCH_BYTES);
    ProtobufCMessage *message = pbj_bench_read("{\"manyString\":[\"a\"]}", arena);
    const ProtobufCFieldDescriptor *field = pbj_find_field(ZOO, NX_STR("manyString"));
    static const char *const texts[] = {"b", "c", "d", "e"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(pbj_set_from_text(message, field, "p", nx_str_from(texts[i]), arena).code,
                         NX_OK);
    nx_status status = pbj_set_from_text(message, field, "p", NX_STR("a\0b"), arena);
    assert_violation(status, "NUL", "p", "contains a NUL character");
    pbj_bench_assert_written(message, &pbj_bench_writing, arena,
                             "{\"manyString\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}");
    const ProtobufCFieldDescriptor *one = pbj_find_field(ZOO, NX_STR("one_string"));
    const ProtobufCFieldDescriptor *other = pbj_find_field(ZOO, NX_STR("one_int64"));
    assert_int_equal(pbj_set_from_text(message, one, "p", NX_STR("x"), arena).code, NX_OK);
    status = pbj_set_from_text(message, other, "q", NX_STR("1"), arena);
    assert_violation(status, "oneof", "q", "excludes one_string");
    nx_arena_destroy(arena);
}

static void test_pbj__fields_are_found_by_both_names(void **state)
{
    (void)state;
    const ProtobufCFieldDescriptor *a = pbj_find_field(ZOO, NX_STR("swap_b"));
    const ProtobufCFieldDescriptor *b = pbj_find_field(ZOO, NX_STR("swap_a"));
    assert_string_equal(a->name, "swap_a"); /* a JSON name comes before that of the proto */
    assert_string_equal(b->name, "swap_b");
    for (const ProtobufCFieldDescriptor *field = ZOO->fields; field < ZOO->fields + ZOO->n_fields;
         field++)
        assert_ptr_equal(pbj_find_field(ZOO, nx_str_from(field->name)), field == a   ? b
                                                                        : field == b ? a
                                                                                     : field);
    assert_ptr_equal(pbj_find_field(ZOO, NX_STR("manyInt32")),
                     pbj_find_field(ZOO, NX_STR("many_int32")));
    assert_null(pbj_find_field(ZOO, NX_STR("")));
    assert_null(pbj_find_field(ZOO, NX_STR("manyInt3")));
    assert_null(pbj_find_field(ZOO, NX_STR("manyInt322")));
    assert_null(pbj_find_field(ZOO, NX_STR("many_Int32")));
    assert_null(pbj_find_field(ZOO, NX_STR("a_int32\0")));
    char longer[300];
    memset(longer, 'a', sizeof longer);
    assert_null(pbj_find_field(ZOO, (struct nx_str){longer, sizeof longer}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pbj__valid_texts_round_trip),
        cmocka_unit_test(test_pbj__messages_survive_the_wire),
        cmocka_unit_test(test_pbj__invalid_texts_name_the_field),
        cmocka_unit_test(test_pbj_types__are_all_that_can_be_reached),
        cmocka_unit_test(test_pbj__any_json_is_a_value),
        cmocka_unit_test(test_pbj__survives_every_truncation),
        cmocka_unit_test(test_pbj__every_full_arena_is_exhausted),
        cmocka_unit_test(test_pbj__errors_need_no_memory),
        cmocka_unit_test(test_pbj__depth_is_capped),
        cmocka_unit_test(test_pbj__search_for_type_is_capped),
        cmocka_unit_test(test_pbj__unknown_fields_can_be_ignored),
        cmocka_unit_test(test_pbj__unknown_names_of_enum_values_can_be_ignored),
        cmocka_unit_test(test_pbj__paths_are_the_leaves),
        cmocka_unit_test(test_pbj__text_sets_a_field),
        cmocka_unit_test(test_pbj__text_appends_to_a_list),
        cmocka_unit_test(test_pbj__fields_are_found_by_both_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
