/* What is refused of untrusted protobuf, and the limits of what is taken. What is made of the rest
 * is in test_wire_pb_decode.c. */
#include "echo.pb-c.h"
#include "wire_pb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct wire_pb_limits limits = {.max_depth = 100, .max_fields = 1000};
static const ProtobufCMessageDescriptor *const type = &nexus__test__v1__echo_message__descriptor;

static nx_status check(const char *bytes, size_t len, struct nx_arena *arena)
{
    ProtobufCMessage *message;
    return wire_pb_unpack(type, (struct nx_str){bytes, len}, &limits, arena, &message);
}

/* Bytes, what is said of them, and of which field. */
struct row {
    const char *name;
    const char *bytes;
    size_t len;
    enum nx_code code;
    const char *field;
};
#define ROW(name_, bytes_, code_, field_)                                                          \
    {                                                                                              \
        .name = name_, .bytes = bytes_, .len = sizeof(bytes_) - 1, .code = code_, .field = field_  \
    }

static const struct row rows[] = {
    ROW("nothing", "", NX_OK, NULL),
    ROW("text",
        "\x0a\x03"
        "abc",
        NX_OK, NULL),
    ROW("non-ASCII text", "\x0a\x02\xc3\xa9", NX_OK, NULL),
    ROW("cut text",
        "\x0a\x04"
        "abc",
        NX_INVALID_ARGUMENT, "text"),
    ROW("text with NUL",
        "\x0a\x03"
        "a\0b",
        NX_INVALID_ARGUMENT, "text"),
    ROW("overlong UTF-8", "\x0a\x02\xc0\xaf", NX_INVALID_ARGUMENT, "text"),
    ROW("surrogate in UTF-8", "\x0a\x03\xed\xa0\x80", NX_INVALID_ARGUMENT, "text"),
    ROW("any bytes in bytes", "\x12\x03\xff\x00\xfe", NX_OK, NULL),
    ROW("bad text within", "\x1a\x04\x0a\x02\xff\xff", NX_INVALID_ARGUMENT, "inner.text"),
    ROW("bad text in a list", "\x22\x04\x0a\x02\xff\xff", NX_INVALID_ARGUMENT, "list.text"),
    ROW("message longer than its parent",
        "\x1a\x05\x0a\x02"
        "ab",
        NX_INVALID_ARGUMENT, "inner"),
    ROW("unknown varint", "\xa0\x06\x01", NX_OK, NULL),
    ROW("unknown fixed32", "\xa5\x06\x01\x02\x03\x04", NX_OK, NULL),
    ROW("unknown fixed64", "\xa1\x06\x01\x02\x03\x04\x05\x06\x07\x08", NX_OK, NULL),
    ROW("cut fixed64", "\xa1\x06\x01\x02\x03\x04\x05\x06\x07", NX_INVALID_ARGUMENT, ""),
    ROW("unknown group", "\xa3\x06\x08\x01\xa4\x06", NX_OK, NULL),
    ROW("group in a group", "\xa3\x06\xab\x06\xac\x06\xa4\x06", NX_OK, NULL),
    ROW("group that ends as another", "\xa3\x06\xac\x06", NX_INVALID_ARGUMENT, ""),
    ROW("group without end", "\xa3\x06\x08\x01", NX_INVALID_ARGUMENT, ""),
    ROW("end without group", "\xa4\x06", NX_INVALID_ARGUMENT, ""),
    ROW("field number 0", "\x00\x01", NX_INVALID_ARGUMENT, ""),
    ROW("wire type 6", "\x0e\x01", NX_INVALID_ARGUMENT, ""),
    ROW("wire type 7", "\x0f\x01", NX_INVALID_ARGUMENT, ""),
    ROW("varint of 11 bytes", "\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        NX_INVALID_ARGUMENT, "number"),
    ROW("varint of 10 bytes", "\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", NX_OK, NULL),
    ROW("length that wraps", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", NX_INVALID_ARGUMENT,
        "text"),
    ROW("cut tag", "\x80", NX_INVALID_ARGUMENT, ""),
    ROW("tag of 5 bytes", "\xa8\x80\x80\x80\x00\x01", NX_OK, NULL),
    ROW("tag of 6 bytes", "\xa8\x80\x80\x80\x80\x00\x01", NX_INVALID_ARGUMENT, ""),
    ROW("largest field number", "\xf8\xff\xff\xff\x0f\x01", NX_OK, NULL),
    ROW("field number too large", "\x80\x80\x80\x80\x10\x01", NX_INVALID_ARGUMENT, ""),
    ROW("cut field of another wire type", "\x0d\x01\x02\x03", NX_INVALID_ARGUMENT, "text"),
    ROW("group that is cut within", "\xa3\x06\x0a\x05\x01\xa4\x06", NX_INVALID_ARGUMENT, ""),
    ROW("any bytes in a text of another wire type's group", "\x0b\x0a\x01\xff\x0c", NX_OK, NULL),
};

static void test_wire_pb__table(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(1 << 16);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        nx_status status = check(rows[i].bytes, rows[i].len, arena);
        if (status.code != rows[i].code)
            fail_msg("%s: %s %s", rows[i].name, nx_code_name(status.code),
                     nx_status_message(status));
        if (rows[i].field && strcmp(status.error->violations->field, rows[i].field) != 0)
            fail_msg("%s: field \"%s\"", rows[i].name, status.error->violations->field);
        nx_arena_reset(arena);
    }
    nx_arena_destroy(arena);
}

/* Bytes of `depth` messages, one in the other. */
static size_t nest(uint8_t *bytes, size_t capacity, unsigned depth)
{
    size_t len = 0;
    for (unsigned i = 1; i < depth; i++) {
        uint8_t head[8] = {0x1a};
        size_t size = 1;
        size_t rest = len;
        do {
            head[size++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
            rest >>= 7;
        } while (rest > 0);
        assert_true(len + size <= capacity);
        memmove(bytes + size, bytes, len);
        memcpy(bytes, head, size);
        len += size;
    }
    return len;
}

static void test_wire_pb__depth_is_bounded(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(1 << 20);
    static uint8_t bytes[1 << 16];
    size_t len = nest(bytes, sizeof bytes, 100);
    assert_int_equal(check((char *)bytes, len, arena).code, NX_OK);
    len = nest(bytes, sizeof bytes, 101);
    assert_int_equal(check((char *)bytes, len, arena).code, NX_INVALID_ARGUMENT);
    len = nest(bytes, sizeof bytes, 10000);
    assert_int_equal(check((char *)bytes, len, arena).code, NX_INVALID_ARGUMENT);
    nx_arena_destroy(arena);
}

static void test_wire_pb__groups_are_bounded(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(1 << 20);
    static char bytes[20000];
    for (size_t i = 0; i < sizeof bytes; i += 2)
        memcpy(bytes + i, "\xa3\x06", 2);
    assert_int_equal(check(bytes, sizeof bytes, arena).code, NX_INVALID_ARGUMENT);
    nx_arena_destroy(arena);
}

static void test_wire_pb__fields_are_counted(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(1 << 20);
    static char bytes[4000]; /* empty sub-messages: 2 bytes that would become 80 */
    for (size_t i = 0; i < sizeof bytes; i += 2)
        memcpy(bytes + i, "\x22\x00", 2);
    assert_int_equal(check(bytes, 2000, arena).code, NX_OK);
    assert_int_equal(check(bytes, 2002, arena).code, NX_INVALID_ARGUMENT);
    nx_arena_destroy(arena);
}

static void test_wire_pb__unpack_stays_under_the_cap(void **state)
{
    (void)state;
    static char bytes[2000];
    for (size_t i = 0; i < sizeof bytes; i += 2)
        memcpy(bytes + i, "\x22\x00", 2);
    struct nx_str text = {bytes, sizeof bytes};
    ProtobufCMessage *message;
    size_t enough = 0;
    for (size_t cap = 0; enough == 0; cap += 512) {
        struct nx_arena *arena = nx_arena_new(cap);
        nx_status status = wire_pb_unpack(type, text, &limits, arena, &message);
        if (status.code == NX_OK)
            enough = cap;
        else
            assert_int_equal(status.code, NX_RESOURCE_EXHAUSTED);
        assert_true(nx_arena_used(arena) <= cap);
        nx_arena_destroy(arena);
    }
    assert_true(enough > sizeof bytes);
}

/* Rooms of every size around what is needed; the sanitizer guards their ends. */
static void test_wire_pb__packs_into_the_end_of_its_room(void **state)
{
    (void)state;
    Nexus__Test__V1__EchoMessage message = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    message.text = "a text";
    message.number = 300;
    size_t size = wire_pb_packed_size(&message.base);
    uint8_t *wanted = calloc(1, size);
    assert_int_equal(protobuf_c_message_pack(&message.base, wanted), size);
    for (size_t room = 0; room <= size + 3; room++) {
        uint8_t *bytes = calloc(1, room + 1); /* a byte more, which must stay as it is */
        assert_int_equal(wire_pb_pack(&message.base, bytes, room), size);
        if (room >= size)
            assert_memory_equal(bytes + room - size, wanted, size);
        for (size_t i = 0; i + size < room; i++)
            assert_int_equal(bytes[i], 0);
        free(bytes);
    }
    free(wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_pb__table),
        cmocka_unit_test(test_wire_pb__depth_is_bounded),
        cmocka_unit_test(test_wire_pb__groups_are_bounded),
        cmocka_unit_test(test_wire_pb__fields_are_counted),
        cmocka_unit_test(test_wire_pb__unpack_stays_under_the_cap),
        cmocka_unit_test(test_wire_pb__packs_into_the_end_of_its_room),
    };
    return cmocka_run_group_tests_name("wire_pb", tests, NULL, NULL);
}
