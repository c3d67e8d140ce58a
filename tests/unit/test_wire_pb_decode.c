/* What becomes of bytes: the rules of the encoding one by one, and agreement with protobuf-c where
 * it keeps them. */
#include "echo.pb-c.h"
#include "nexus_descriptors.h"
#include "wire_pb.h"
#include "zoo.pb-c.h"

#include <google/protobuf/descriptor.pb-c.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CAP_BYTES ((size_t)64 << 20)
#define ZOO (&nexus__test__v1__zoo__descriptor)
#define OPTION (&google__protobuf__uninterpreted_option__descriptor)
#define FIELD_OPTIONS (&google__protobuf__field_options__descriptor)

static const struct wire_pb_limits limits = {.max_depth = 100, .max_fields = 1000000};

static ProtobufCMessage *decode(const ProtobufCMessageDescriptor *type, const void *bytes,
                                size_t len, struct nx_arena *arena)
{
    ProtobufCMessage *message = NULL;
    nx_status status = wire_pb_unpack(type, (struct nx_str){bytes, len}, &limits, arena, &message);
    if (status.code != NX_OK)
        fail_msg("%s", nx_status_message(status));
    assert_true(protobuf_c_message_check(message));
    return message;
}

/* By wire_pb, and where protobuf-c tells no less the same by it. */
static struct nx_str pack(const ProtobufCMessage *message, struct nx_arena *arena)
{
    size_t len = wire_pb_packed_size(message);
    uint8_t *bytes = nx_arena_alloc(arena, len);
    uint8_t *theirs = nx_arena_alloc(arena, len);
    assert_non_null(bytes);
    assert_non_null(theirs);
    assert_int_equal(wire_pb_pack(message, bytes, len), len);
    if (protobuf_c_message_get_packed_size(message) == len) {
        protobuf_c_message_pack(message, theirs);
        assert_memory_equal(bytes, theirs, len);
    }
    return (struct nx_str){(const char *)bytes, len};
}

/* "0a 01 61" as bytes. */
static struct nx_str from_hex(const char *hex, struct nx_arena *arena)
{
    char *bytes = nx_arena_alloc(arena, strlen(hex));
    assert_non_null(bytes);
    size_t len = 0;
    for (char *end; *hex; hex = end) {
        bytes[len++] = (char)strtoul(hex, &end, 16);
        assert_true(end > hex);
    }
    return (struct nx_str){bytes, len};
}

/* Bytes, and what protobuf-c packs of what was made of them; NULL for the same. */
struct row {
    const char *name;
    const ProtobufCMessageDescriptor *type;
    const char *in;
    const char *out;
};

static const struct row rows[] = {
    /* Numbers. */
    {"numbers of all types", ZOO,
     "08 01 10 01 1d 01 00 00 00 20 01 2d 01 00 00 00 30 01 38 01 41 01 00 00 00 00 00 00 00 48 01 "
     "51 01 00 00 00 00 00 00 00 5d 00 00 80 3f 61 00 00 00 00 00 00 f0 3f 68 01 70 05",
     NULL},
    {"the last value counts", ZOO, "08 01 08 02 7a 01 61 7a 01 62", "08 02 7a 01 62"},
    {"a last value of zero counts", ZOO, "08 01 08 00", ""},
    {"fields in any order", ZOO, "10 02 08 01", "08 01 10 02"},
    {"overlong varint", ZOO, "08 81 80 80 80 80 80 80 80 80 00", "08 01"},
    {"overlong tag", ZOO, "88 80 80 80 00 01", "08 01"},
    {"overlong length", ZOO, "7a 81 80 00 61", "7a 01 61"},
    {"int32 of 10 bytes", ZOO, "08 ff ff ff ff ff ff ff ff ff 01", NULL},
    {"int32 of 5 bytes", ZOO, "08 ff ff ff ff 0f", "08 ff ff ff ff ff ff ff ff ff 01"},
    {"int32 keeps the low bits", ZOO, "08 81 80 80 80 10", "08 01"},
    {"uint32 keeps the low bits", ZOO, "20 81 80 80 80 10", "20 01"},
    {"sint32 keeps the low bits", ZOO, "10 83 80 80 80 10", "10 03"},
    {"least sint32", ZOO, "10 ff ff ff ff 0f", NULL},
    {"least sint64", ZOO, "38 ff ff ff ff ff ff ff ff ff 01", NULL},
    {"the tenth byte of a varint has one bit", ZOO, "48 ff ff ff ff ff ff ff ff ff 7f",
     "48 ff ff ff ff ff ff ff ff ff 01"},
    {"bool of any varint", ZOO, "68 80 80 80 80 80 80 80 80 80 01", "68 01"},
    {"bool of an overlong zero", ZOO, "68 80 00", ""},
    {"enum without a name", ZOO, "70 63", NULL},
    {"negative enum", ZOO, "70 ff ff ff ff ff ff ff ff ff 01", NULL},
    {"negative zero in a list", ZOO, "b2 01 08 00 00 00 00 00 00 00 80", NULL},
    {"negative zero in a oneof", ZOO, "c2 03 09 11 00 00 00 00 00 00 00 80", NULL},
    {"NaN with a payload", ZOO, "61 01 00 00 00 00 00 f8 7f", NULL},
    {"bytes of any kind", ZOO, "82 01 03 ff 00 fe", NULL},

    /* Lists. */
    {"packed", ZOO, "a2 01 03 01 02 03", NULL},
    {"not packed", ZOO, "a0 01 01 a0 01 02", "a2 01 02 01 02"},
    {"both ways at once", ZOO, "a0 01 01 a2 01 02 02 03 a0 01 04", "a2 01 04 01 02 03 04"},
    {"packed and empty", ZOO, "a2 01 00", ""},
    {"packed doubles", ZOO, "b1 01 00 00 00 00 00 00 f0 3f", "b2 01 08 00 00 00 00 00 00 f0 3f"},
    {"packed bools of any varint", ZOO, "ba 01 05 00 02 80 80 01", "ba 01 03 00 01 01"},
    {"packed overlong numbers", ZOO, "aa 01 04 81 80 00 02", "aa 01 02 01 02"},
    {"packed enums without names", ZOO, "c2 01 02 63 05", NULL},
    {"not packed bools", ZOO, "b8 01 01 b8 01 00", "ba 01 02 01 00"},
    {"texts", ZOO, "ca 01 01 61 ca 01 00 ca 01 01 62", NULL},
    {"bytes", ZOO, "d2 01 01 ff d2 01 00", NULL},
    {"messages are not merged", ZOO, "da 01 02 10 04 da 01 00 da 01 02 10 06", NULL},
    {"list between other fields", ZOO, "a0 01 01 08 01 a0 01 02", "08 01 a2 01 02 01 02"},

    /* Messages. */
    {"messages merge", ZOO, "8a 01 03 0a 01 61 8a 01 02 10 04", "8a 01 05 0a 01 61 10 04"},
    {"messages merge all the way down", ZOO, "8a 01 05 1a 03 0a 01 61 8a 01 04 1a 02 10 04",
     "8a 01 07 1a 05 0a 01 61 10 04"},
    {"lists of merged messages are joined", ZOO, "8a 01 03 22 01 61 8a 01 03 22 01 62",
     "8a 01 06 22 01 61 22 01 62"},
    {"unknown fields of merged messages are joined", ZOO, "8a 01 03 a0 06 01 8a 01 03 a0 06 02",
     "8a 01 06 a0 06 01 a0 06 02"},
    {"an empty message is there", ZOO, "8a 01 00", NULL},
    {"an empty message merges", ZOO, "8a 01 02 10 04 8a 01 00", "8a 01 02 10 04"},

    /* Oneofs. */
    {"a oneof has the last", ZOO, "c8 02 01 c2 02 01 61", "c2 02 01 61"},
    {"a oneof has the last, of a smaller type", ZOO, "c2 02 01 61 e8 02 01", "e8 02 01"},
    {"a oneof keeps a zero", ZOO, "c8 02 00", NULL},
    {"a oneof keeps an empty text", ZOO, "c2 02 00", NULL},
    {"a oneof's message merges", ZOO, "d2 02 03 0a 01 61 d2 02 02 10 04",
     "d2 02 05 0a 01 61 10 04"},
    {"a oneof's message merges, and its oneof", ZOO, "e2 02 04 32 02 0a 00 e2 02 04 32 02 0a 00",
     "e2 02 06 32 04 0a 00 0a 00"},
    {"a oneof's message that another replaced is new", ZOO,
     "d2 02 03 0a 01 61 c8 02 01 d2 02 02 10 04", "d2 02 02 10 04"},
    {"a message after a number in a oneof", ZOO,
     "c8 02 ff ff ff ff ff ff ff ff ff 01 d2 02 02 10 04", "d2 02 02 10 04"},
    {"a oneof is not changed by another wire type", ZOO, "c8 02 01 c5 02 01 02 03 04", NULL},

    /* Maps. */
    {"the last entry of a key", ZOO,
     "f2 01 06 0a 01 61 12 01 31 f2 01 06 0a 01 62 12 01 32 f2 01 06 0a 01 61 12 01 33",
     "f2 01 06 0a 01 62 12 01 32 f2 01 06 0a 01 61 12 01 33"},
    {"the last of many entries of two keys", ZOO,
     "82 02 04 08 01 10 01 82 02 04 08 00 10 02 82 02 04 08 01 10 03 82 02 04 08 00 10 04 82 02 "
     "04 08 01 10 05 82 02 04 08 00 10 06 82 02 04 08 01 10 07 82 02 04 08 00 10 08 82 02 04 08 "
     "01 10 09 82 02 04 08 01 10 11",
     "82 02 02 10 08 82 02 04 08 01 10 11"},
    {"the last entry, not merged", ZOO, "fa 01 07 08 07 12 03 0a 01 61 fa 01 06 08 07 12 02 10 04",
     "fa 01 06 08 07 12 02 10 04"},
    {"within an entry, messages merge", ZOO, "fa 01 0b 08 07 12 03 0a 01 61 12 02 10 04",
     "fa 01 09 08 07 12 05 0a 01 61 10 04"},
    {"the last key in an entry", ZOO, "fa 01 06 08 07 08 08 12 00", "fa 01 04 08 08 12 00"},
    {"no key is the key 0", ZOO, "82 02 02 10 05 82 02 04 08 00 10 06", "82 02 02 10 06"},
    {"no key is the key \"\"", ZOO, "f2 01 03 12 01 31 f2 01 05 0a 00 12 01 32",
     "f2 01 03 12 01 32"},
    {"no value is 0", ZOO, "82 02 02 08 01", NULL},
    {"no value is an empty message", ZOO, "fa 01 02 08 07", "fa 01 04 08 07 12 00"},
    {"value before key", ZOO, "f2 01 06 12 01 31 0a 01 61", "f2 01 06 0a 01 61 12 01 31"},
    {"a key of another wire type is none", ZOO, "82 02 03 0a 01 61 82 02 00", "82 02 00"},
    {"keys that differ in the high bits", ZOO,
     "8a 02 0b 08 81 80 80 80 80 80 80 80 80 01 8a 02 02 08 01", NULL},
    {"a list that looks like a map", ZOO, "e2 01 03 0a 01 61 e2 01 03 0a 01 61", NULL},

    /* Unknown fields, and those of another wire type: after the others, as they came. */
    {"unknown fields", ZOO,
     "a0 3f 01 a1 3f 01 02 03 04 05 06 07 08 a2 3f 02 61 62 a5 3f 01 02 03 04", NULL},
    {"an unknown group", ZOO, "a3 3f 08 01 a4 3f", NULL},
    {"groups within", ZOO, "a3 3f 0b 13 14 0c a4 3f 08 01", "08 01 a3 3f 0b 13 14 0c a4 3f"},
    {"a group for a message", ZOO, "8b 01 10 04 8c 01", NULL},
    {"a group for a number", ZOO, "0b 0c", NULL},
    {"a text for a number", ZOO, "0a 01 61 08 01", "08 01 0a 01 61"},
    {"a number for a text", ZOO, "78 01", NULL},
    {"a number for a message", ZOO, "88 01 01", NULL},
    {"a fixed64 for a fixed32", ZOO, "29 01 02 03 04 05 06 07 08", NULL},
    {"a fixed32 for a bool", ZOO, "6d 01 02 03 04", NULL},
    {"a fixed32 for a list of numbers", ZOO, "a5 01 01 02 03 04 a0 01 01",
     "a2 01 01 01 a5 01 01 02 03 04"},
    {"a number for a list of texts", ZOO, "c8 01 01", NULL},
    {"bytes in unknown fields are not read", ZOO, "a2 3f 02 ff 00", NULL},

    /* proto2. */
    {"required fields", OPTION, "12 05 0a 01 61 10 00 1a 01 62", NULL},
    {"an optional field that is zero", OPTION, "20 00", NULL},
    {"an optional field that has its default", FIELD_OPTIONS, "08 00", NULL},
    {"an extension is unknown", FIELD_OPTIONS, "e2 41 01 02", NULL},
};

static void test_wire_pb__decodes_as_the_specification_says(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(CAP_BYTES);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_str in = from_hex(rows[i].in, arena);
        struct nx_str want = rows[i].out ? from_hex(rows[i].out, arena) : in;
        ProtobufCMessage *message = NULL;
        nx_status status = wire_pb_unpack(rows[i].type, in, &limits, arena, &message);
        if (status.code != NX_OK)
            fail_msg("%s: %s", rows[i].name, nx_status_message(status));
        struct nx_str got = pack(message, arena);
        if (!nx_str_equal(got, want)) {
            fprintf(stderr, "packed:");
            for (size_t k = 0; k < got.len; k++)
                fprintf(stderr, " %02x", (unsigned char)got.ptr[k]);
            fail_msg("%s", rows[i].name);
        }
        nx_arena_reset(arena);
    }
    nx_arena_destroy(arena);
}

/* Bytes, of which field it is said, and what. */
static const struct {
    const ProtobufCMessageDescriptor *type;
    const char *in;
    const char *field;
    const char *description;
} refused[] = {
    {ZOO, "b2 01 07 00 00 00 00 00 00 f0", "many_double", "holds a number that is cut off"},
    {ZOO, "a2 01 02 01 80", "many_int32", "holds a number that is cut off"},
    {ZOO, "aa 01 0b 80 80 80 80 80 80 80 80 80 80 00", "many_int64",
     "holds a number that is too long"},
    {ZOO, "ca 01 01 ff", "many_string", "is not valid UTF-8"},
    {ZOO, "f2 01 03 0a 01 ff", "map_string.key", "is not valid UTF-8"},
    {ZOO, "f2 01 03 12 01 00", "map_string.value", "contains a NUL character"},
    {ZOO, "d2 02 04 22 02 c3 28", "one_animal.tags", "is not valid UTF-8"},
    {OPTION, "12 03 0a 01 61", "name.is_extension", "is required"},
    {OPTION, "12 02 10 01", "name.name_part", "is required"},
    {OPTION, "12 06 0a 01 61 12 01 01", "name.is_extension", "is required"},
};

static void test_wire_pb__failures_name_the_field(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(CAP_BYTES);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        ProtobufCMessage *message = NULL;
        nx_status status = wire_pb_unpack(refused[i].type, from_hex(refused[i].in, arena), &limits,
                                          arena, &message);
        assert_int_equal(status.code, NX_INVALID_ARGUMENT);
        assert_string_equal(status.error->violations->field, refused[i].field);
        assert_string_equal(status.error->violations->description, refused[i].description);
        assert_null(message);
        nx_arena_reset(arena);
    }
    nx_arena_destroy(arena);
}

static void test_wire_pb__negative_zero_survives(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(CAP_BYTES);
    struct nx_str in = from_hex("5d 00 00 00 80 61 00 00 00 00 00 00 00 80", arena);
    const Nexus__Test__V1__Zoo *zoo = (Nexus__Test__V1__Zoo *)decode(ZOO, in.ptr, in.len, arena);
    assert_true(zoo->a_float == 0 && signbit(zoo->a_float));
    assert_true(zoo->a_double == 0 && signbit(zoo->a_double));
    assert_true(nx_str_equal(pack(&zoo->base, arena), in));
    nx_arena_destroy(arena);
}

/* `count` fields of the same bytes, "head", with a number in 4 bytes of varint behind it. */
static size_t repeat(uint8_t *bytes, const uint8_t *head, size_t head_len, uint32_t count,
                     uint32_t step)
{
    size_t len = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = i * step;
        memcpy(bytes + len, head, head_len);
        len += head_len;
        for (unsigned k = 0; k < 4; k++)
            bytes[len++] = (uint8_t)((number >> (7 * k) & 0x7F) | (k < 3 ? 0x80 : 0));
    }
    return len;
}

#define MANY 100000

static void test_wire_pb__large_maps_are_settled(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(CAP_BYTES);
    static uint8_t bytes[MANY * 16];
    static const uint8_t entry[] = {0xfa, 0x01, 0x05, 0x08}; /* map_animal {number: none} */
    size_t len = repeat(bytes, entry, sizeof entry, MANY, 1);
    const Nexus__Test__V1__Zoo *zoo = (Nexus__Test__V1__Zoo *)decode(ZOO, bytes, len, arena);
    assert_int_equal(zoo->n_map_animal, MANY);
    for (int32_t i = 0; i < MANY; i++) {
        assert_int_equal(zoo->map_animal[i]->key, i);
        assert_non_null(zoo->map_animal[i]->value);
    }
    nx_arena_reset(arena);
    len = repeat(bytes, entry, sizeof entry, MANY, 0);
    zoo = (Nexus__Test__V1__Zoo *)decode(ZOO, bytes, len, arena);
    assert_int_equal(zoo->n_map_animal, 1);
    nx_arena_destroy(arena);
}

static void test_wire_pb__merging_often_takes_no_more_memory_than_once(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new((size_t)16 << 20);
    static uint8_t bytes[MANY * 16];
    /* object {fields {no key, 101: number}}: one more entry of a map each time, all of one key. */
    static const uint8_t entry[] = {0xb2, 0x03, 0x08, 0x0a, 0x06, 0xa8, 0x06};
    size_t len = repeat(bytes, entry, sizeof entry, MANY / 2, 1);
    const Nexus__Test__V1__Zoo *zoo = (Nexus__Test__V1__Zoo *)decode(ZOO, bytes, len, arena);
    assert_int_equal(zoo->object->n_fields, 1);
    nx_arena_reset(arena);
    static const uint8_t tag[] = {0x8a, 0x01, 0x03, 0x22, 0x01, 'a'}; /* animal {tags: "a"} */
    len = 0;
    for (size_t i = 0; i < MANY; i++, len += sizeof tag)
        memcpy(bytes + len, tag, sizeof tag);
    zoo = (Nexus__Test__V1__Zoo *)decode(ZOO, bytes, len, arena);
    assert_int_equal(zoo->animal->n_tags, MANY);
    nx_arena_destroy(arena);
}

/* Every cap under what is needed: whichever allocation fails, that is the answer. */
static void test_wire_pb__any_allocation_may_fail(void **state)
{
    (void)state;
    struct nx_arena *scratch = nx_arena_new(CAP_BYTES);
    char hex[2000] =
        "a0 01 01 a2 01 02 02 03 7a 01 61 82 01 01 ff 8a 01 03 22 01 61 a5 3f 01 02 03 04 "
        "d2 02 02 10 04 d2 01 01 61 0b 0c";
    for (size_t i = 0; i < 12; i++) /* more entries of map_animal than are sorted in place */
        (void)snprintf(hex + strlen(hex), sizeof hex - strlen(hex), " fa 01 02 08 %02zx", i % 10);
    struct nx_str bytes = from_hex(hex, scratch);
    size_t enough = 0;
    for (size_t cap = 0; enough == 0; cap += 16) {
        struct nx_arena *arena = nx_arena_new(cap);
        ProtobufCMessage *message = NULL;
        nx_status status = wire_pb_unpack(ZOO, bytes, &limits, arena, &message);
        if (status.code == NX_OK)
            enough = cap;
        else
            assert_int_equal(status.code, NX_RESOURCE_EXHAUSTED);
        assert_int_equal(status.code == NX_OK, message != NULL);
        nx_arena_destroy(arena);
    }
    assert_true(enough > 0 && enough < 8000);
    nx_arena_destroy(scratch);
}

/* ---- Agreement with protobuf-c ---- */

static void *member(const ProtobufCMessage *message, size_t offset)
{
    return (char *)message + offset;
}

static size_t element_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    default:
        return 4;
    }
}

static void assert_same(const ProtobufCMessage *a, const ProtobufCMessage *b);

static void assert_same_value(const void *a, const void *b, const ProtobufCFieldDescriptor *field)
{
    const ProtobufCBinaryData *left = a;
    const ProtobufCBinaryData *right = b;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        assert_string_equal(*(char *const *)a, *(char *const *)b);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        assert_int_equal(left->len, right->len);
        assert_int_equal(!left->data, !right->data);
        if (left->data && right->data)
            assert_memory_equal(left->data, right->data, left->len);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        assert_int_equal(!*(void *const *)a, !*(void *const *)b);
        if (*(void *const *)a)
            assert_same(*(ProtobufCMessage *const *)a, *(ProtobufCMessage *const *)b);
        break;
    default:
        assert_memory_equal(a, b, element_size(field->type));
    }
}

static void assert_same_field(const ProtobufCMessage *a, const ProtobufCMessage *b,
                              const ProtobufCFieldDescriptor *field)
{
    const void *left = member(a, field->offset);
    const void *right = member(b, field->offset);
    size_t quantifier_size =
        field->label == PROTOBUF_C_LABEL_REPEATED ? sizeof(size_t) : sizeof(protobuf_c_boolean);
    if (field->quantifier_offset != 0)
        assert_memory_equal(member(a, field->quantifier_offset),
                            member(b, field->quantifier_offset), quantifier_size);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
        *(uint32_t *)member(a, field->quantifier_offset) != field->id)
        return;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        bool absent = field->type == PROTOBUF_C_TYPE_STRING && !*(char *const *)left;
        if (!absent || *(char *const *)right)
            assert_same_value(left, right, field);
        return;
    }
    size_t count = *(size_t *)member(a, field->quantifier_offset);
    size_t size = element_size(field->type);
    assert_int_equal(!*(void *const *)left, !*(void *const *)right);
    for (size_t i = 0; i < count; i++)
        assert_same_value(*(char *const *)left + i * size, *(char *const *)right + i * size, field);
}

static void assert_same(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    assert_ptr_equal(a->descriptor, b->descriptor);
    for (unsigned i = 0; i < a->descriptor->n_fields; i++)
        assert_same_field(a, b, &a->descriptor->fields[i]);
    assert_int_equal(a->n_unknown_fields, b->n_unknown_fields);
    for (unsigned i = 0; i < a->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *left = &a->unknown_fields[i];
        const ProtobufCMessageUnknownField *right = &b->unknown_fields[i];
        assert_int_equal(left->tag, right->tag);
        assert_int_equal(left->wire_type, right->wire_type);
        assert_int_equal(left->len, right->len);
        assert_memory_equal(left->data, right->data, left->len);
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static ProtobufCMessage *random_message(const ProtobufCMessageDescriptor *type, unsigned depth,
                                        uint32_t *seed, struct nx_arena *arena);

/* Numbers are small or of any size, negative zero and NaN among them. */
static void random_number(void *to, size_t size, bool is_bool, uint32_t *seed)
{
    uint64_t bits = (uint64_t)next_random(seed) << 40 | next_random(seed);
    uint32_t low;
    bits >>= next_random(seed) % 64;
    if (next_random(seed) % 4 == 0)
        bits = ~bits;
    low = is_bool ? bits & 1 : (uint32_t)bits;
    memcpy(to, size == 8 ? (void *)&bits : (void *)&low, size);
}

static void random_value(void *to, const ProtobufCFieldDescriptor *field, unsigned depth,
                         uint32_t *seed, struct nx_arena *arena)
{
    size_t len = next_random(seed) % 20;
    char *text = nx_arena_alloc(arena, len + 1);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)('a' + next_random(seed) % 26);
    text[len] = '\0';
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        *(char **)to = text;
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *)to = (ProtobufCBinaryData){len, len ? (uint8_t *)text : NULL};
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)to = random_message(field->descriptor, depth + 1, seed, arena);
        break;
    default:
        random_number(to, element_size(field->type), field->type == PROTOBUF_C_TYPE_BOOL, seed);
    }
}

/* At most 3 elements; of a map one, since what the keys will be is left to chance. */
static void random_list(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                        unsigned depth, uint32_t *seed, struct nx_arena *arena)
{
    size_t size = element_size(field->type);
    bool map = strncmp(field->name, "map_", 4) == 0 || strcmp(field->name, "fields") == 0;
    size_t count = next_random(seed) % (map ? 2 : 4);
    char *array = count > 0 ? nx_arena_calloc(arena, count, size) : NULL;
    for (size_t i = 0; i < count; i++) {
        random_value(array + i * size, field, depth, seed, arena);
        ProtobufCMessage *entry = map ? *(ProtobufCMessage **)array : NULL;
        const ProtobufCFieldDescriptor *value = map ? &entry->descriptor->fields[1] : NULL;
        if (map && value->type == PROTOBUF_C_TYPE_MESSAGE)
            random_value((char *)entry + value->offset, value, depth + 1, seed, arena);
    }
    *(size_t *)member(message, field->quantifier_offset) = count;
    *(void **)member(message, field->offset) = array;
}

static ProtobufCMessage *random_message(const ProtobufCMessageDescriptor *type, unsigned depth,
                                        uint32_t *seed, struct nx_arena *arena)
{
    ProtobufCMessage *message = nx_arena_alloc(arena, type->sizeof_message);
    assert_non_null(message);
    protobuf_c_message_init(type, message);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        bool in_oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
        if (next_random(seed) % 3 > 0 || (depth > 3 && field->type == PROTOBUF_C_TYPE_MESSAGE))
            continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            random_list(message, field, depth, seed, arena);
            continue;
        }
        uint32_t *chosen = member(message, field->quantifier_offset);
        if (in_oneof && *chosen != 0)
            continue;
        if (in_oneof)
            *chosen = field->id;
        random_value(member(message, field->offset), field, depth, seed, arena);
    }
    return message;
}

/* What is decoded of the bytes is what protobuf-c makes of them, to the last member. */
static void assert_agreement(const ProtobufCMessageDescriptor *type, struct nx_str bytes,
                             struct nx_arena *arena)
{
    ProtobufCMessage *ours = decode(type, bytes.ptr, bytes.len, arena);
    ProtobufCMessage *theirs =
        protobuf_c_message_unpack(type, NULL, bytes.len, (const uint8_t *)bytes.ptr);
    assert_non_null(theirs);
    assert_same(ours, theirs);
    protobuf_c_message_free_unpacked(theirs, NULL);
    assert_true(nx_str_equal(pack(ours, arena), bytes));
}

static void test_wire_pb__agrees_with_protobuf_c(void **state)
{
    (void)state;
    static const ProtobufCMessageDescriptor *const types[] = {
        ZOO, &nexus__test__v1__echo_message__descriptor, &google__protobuf__value__descriptor};
    struct nx_arena *arena = nx_arena_new(CAP_BYTES);
    uint32_t seed = 1;
    for (unsigned i = 0; i < 1500; i++) {
        const ProtobufCMessageDescriptor *type = types[i % 3];
        struct nx_str bytes = pack(random_message(type, 0, &seed, arena), arena);
        assert_agreement(type, bytes, arena);
        nx_arena_reset(arena);
    }
    nx_arena_destroy(arena);
}

/* proto2, with optional members, enums, extensions and nesting. */
static void test_wire_pb__agrees_on_descriptors(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new(CAP_BYTES);
    assert_agreement(&google__protobuf__file_descriptor_set__descriptor, nexus_descriptors(),
                     arena);
    nx_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_pb__decodes_as_the_specification_says),
        cmocka_unit_test(test_wire_pb__failures_name_the_field),
        cmocka_unit_test(test_wire_pb__negative_zero_survives),
        cmocka_unit_test(test_wire_pb__large_maps_are_settled),
        cmocka_unit_test(test_wire_pb__merging_often_takes_no_more_memory_than_once),
        cmocka_unit_test(test_wire_pb__any_allocation_may_fail),
        cmocka_unit_test(test_wire_pb__agrees_with_protobuf_c),
        cmocka_unit_test(test_wire_pb__agrees_on_descriptors),
    };
    return cmocka_run_group_tests_name("wire_pb_decode", tests, NULL, NULL);
}
