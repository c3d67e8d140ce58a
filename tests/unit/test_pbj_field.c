/* Values of single fields as JSON: what is an HTTP body where a rule's body or response_body names
 * a field that is no message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pbj.h"
#include "zoo.pb-c.h"

/* The value of one field, as it stands behind its name in the message's JSON. */
static void test_pbj__one_field_by_itself(void **state)
{
    static const struct {
        const char *field;
        const char *json; /* of the value; as it is written, too */
        const char *unset;
    } rows[] = {
        {"a_int64", "\"7\"", "\"0\""},
        {"a_bool", "true", "false"},
        {"a_string", "\"x\"", "\"\""},
        {"a_bytes", "\"AQ==\"", "\"\""},
        {"a_colour", "\"COLOUR_BLUE\"", "\"COLOUR_UNSPECIFIED\""},
        {"many_animal", "[{\"name\":\"x\",\"legCount\":0,\"tags\":[]}]", "[]"},
        {"map_string", "{\"a\":\"b\"}", "{}"},
        {"one_string", "\"\"", "\"\""},
        {"one_int64", "\"7\"", "\"0\""},
        {"one_animal", "{\"name\":\"\",\"legCount\":0,\"tags\":[]}", "null"},
        {"time", "\"1970-01-01T00:00:00Z\"", "null"},
        {"value", "[1]", "null"},
    };
    const ProtobufCMessageDescriptor *type = &nexus__test__v1__zoo__descriptor;
    struct nx_arena *arena = nx_arena_new(1 << 20);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(type, rows[i].field);
        struct nx_buf buf;
        nx_buf_init(&buf, 1024);
        ProtobufCMessage *message = pbj_new_message(arena, type);
        assert_int_equal(pbj_write_field(message, field, NULL, arena, &buf).code, NX_OK);
        assert_true(nx_str_equal(nx_buf_str(&buf), nx_str_from(rows[i].unset)));
        nx_status status = pbj_read_field(message, field, nx_str_from(rows[i].json), NULL, arena);
        assert_string_equal(nx_status_message(status), "");
        buf.len = 0;
        assert_int_equal(pbj_write_field(message, field, NULL, arena, &buf).code, NX_OK);
        assert_true(nx_str_equal(nx_buf_str(&buf), nx_str_from(rows[i].json)));
        nx_buf_cleanup(&buf);
    }
    nx_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pbj__one_field_by_itself),
    };
    return cmocka_run_group_tests_name("pbj_field", tests, NULL, NULL);
}
