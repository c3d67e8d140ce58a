#include "zoo_by_chance.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire_pb.h"
#include "zoo.pb-c.h"

#define BYTES ((size_t)1 << 20)
#define FIELD_PERCENT 40
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Wire types. */
enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

/* xorshift64* (Vigna). */
static uint64_t next(struct chance *chance)
{
    uint64_t x = chance->state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    chance->state = x;
    return x * 0x2545f4914f6cdd1d;
}

uint32_t chance_below(struct chance *chance, uint32_t limit)
{
    return (uint32_t)((next(chance) >> 32) % limit);
}

/* --- The encoding --- */

static void put_varint(struct nx_buf *buf, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        nx_buf_append_char(buf, (char)(value | 0x80));
    nx_buf_append_char(buf, (char)value);
}

static void put_tag(struct nx_buf *buf, uint32_t number, unsigned wire_type)
{
    put_varint(buf, (uint64_t)number << 3 | wire_type);
}

static void put_fixed(struct nx_buf *buf, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        nx_buf_append_char(buf, (char)(value >> (8 * i)));
}

static void put_bytes(struct nx_buf *buf, uint32_t number, struct nx_str bytes)
{
    put_tag(buf, number, LENGTH);
    put_varint(buf, bytes.len);
    nx_buf_append_str(buf, bytes);
}

/* --- Values --- */

static uint64_t integer(struct chance *chance)
{
    static const uint64_t edges[] = {0,         1,         UINT64_MAX,          INT64_MAX,
                                     127,       128,       (uint64_t)INT64_MIN, 9007199254740993,
                                     INT32_MAX, UINT32_MAX};
    return chance_below(chance, 2) ? edges[chance_below(chance, COUNT(edges))]
                                   : next(chance) >> chance_below(chance, 64);
}

static double number(struct chance *chance, bool finite)
{
    static const double edges[] = {0.0,     -0.0, 1.5,  -1e21,    5e-324,    DBL_MAX,
                                   DBL_MIN, 0.1,  1e-7, INFINITY, -INFINITY, NAN};
    if (chance_below(chance, 2))
        return edges[chance_below(chance, COUNT(edges) - (finite ? 3 : 0))];
    uint64_t bits = next(chance);
    double value;
    memcpy(&value, &bits, sizeof value);
    return isfinite(value) ? value : 1;
}

static struct nx_str text(struct chance *chance)
{
    static const char *const texts[] = {
        "",
        "plain",
        "caf\u00e9",
        "\u65e5\u672c\u8a9e",
        "\U0001f36e",
        "null",
        "\"\\/\b\f\n\r\t",
        "\x01\x1f\x7f",
        "\u2028\u2029\ufeff",
        "\U0010ffff\ufffd",
        "1e5",
        "a.b",
        "</script>",
        "e\u0301",
    };
    return nx_str_from(texts[chance_below(chance, COUNT(texts))]);
}

/* The 64 bits of a value of a scalar type, and how they are sent. */
static uint64_t scalar(struct chance *chance, const ProtobufCFieldDescriptor *field,
                       unsigned *ret_wire_type)
{
    uint64_t bits = 0;
    double real = number(chance, false);
    float single = isnan(real) || fabs(real) <= (double)FLT_MAX ? (float)real : 2;
    *ret_wire_type = VARINT;
    switch (field->type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
        *ret_wire_type = FIXED32;
        return (uint32_t)integer(chance);
    case PROTOBUF_C_TYPE_FLOAT:
        *ret_wire_type = FIXED32;
        memcpy(&bits, &single, sizeof single);
        return bits;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
        *ret_wire_type = FIXED64;
        return integer(chance);
    case PROTOBUF_C_TYPE_DOUBLE:
        *ret_wire_type = FIXED64;
        memcpy(&bits, &real, sizeof real);
        return bits;
    case PROTOBUF_C_TYPE_BOOL:
        return chance_below(chance, 2);
    case PROTOBUF_C_TYPE_ENUM:
        if (field->descriptor == &google__protobuf__null_value__descriptor)
            return 0;
        return chance_below(chance, 3) ? chance_below(chance, 7) : integer(chance);
    default:
        return integer(chance);
    }
}

static void put_scalar(struct nx_buf *buf, uint64_t bits, unsigned wire_type)
{
    if (wire_type == VARINT)
        put_varint(buf, bits);
    else
        put_fixed(buf, bits, wire_type == FIXED32 ? 4 : 8);
}

/* --- Well-known types --- */

static void put_moment(struct chance *chance, uint64_t span, int64_t first, bool has_sign,
                       struct nx_buf *buf)
{
    int64_t seconds = first + (int64_t)(next(chance) % span);
    int64_t nanos = chance_below(chance, 2) ? chance_below(chance, 1000) * INT64_C(1000000)
                                            : chance_below(chance, 1000000000);
    put_tag(buf, 1, VARINT);
    put_varint(buf, (uint64_t)seconds);
    put_tag(buf, 2, VARINT);
    put_varint(buf, (uint64_t)(has_sign && seconds < 0 ? -nanos : nanos));
}

static void put_mask(struct chance *chance, struct nx_buf *buf)
{
    static const char *const paths[] = {"title", "price.units", "a_b", "a_b.c_d.e", "x1.y"};
    for (uint32_t i = chance_below(chance, 4); i > 0; i--)
        put_bytes(buf, 1, nx_str_from(paths[chance_below(chance, COUNT(paths))]));
}

/* Exactly one kind: a Value without one has no JSON. */
static void put_value(struct chance *chance, unsigned depth, struct nx_buf *buf)
{
    const ProtobufCMessageDescriptor *type = &google__protobuf__value__descriptor;
    const ProtobufCFieldDescriptor *kind = &type->fields[chance_below(chance, depth > 0 ? 6 : 4)];
    struct nx_buf inner;
    double real = number(chance, true);
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    nx_buf_init(&inner, BYTES);
    switch (kind->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        zoo_by_chance(chance, kind->descriptor, depth - 1, &inner);
        put_bytes(buf, kind->id, nx_buf_str(&inner));
        break;
    case PROTOBUF_C_TYPE_STRING:
        put_bytes(buf, kind->id, text(chance));
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        put_tag(buf, kind->id, FIXED64);
        put_fixed(buf, bits, 8);
        break;
    default: /* a bool, or null */
        put_tag(buf, kind->id, VARINT);
        put_varint(buf, kind->type == PROTOBUF_C_TYPE_BOOL ? chance_below(chance, 2) : 0);
    }
    nx_buf_cleanup(&inner);
}

/* What an Any holds is bytes to the decoder, so it is packed here as JSON would have it. */
static void put_any(struct chance *chance, unsigned depth, struct nx_buf *buf)
{
    static const struct wire_pb_limits limits = {.max_depth = 100, .max_fields = 1000000};
    static const ProtobufCMessageDescriptor *const types[] = {
        &nexus__test__v1__animal__descriptor, &google__protobuf__duration__descriptor,
        &google__protobuf__value__descriptor};
    const ProtobufCMessageDescriptor *type = types[chance_below(chance, COUNT(types))];
    struct nx_arena *arena = nx_arena_new(BYTES);
    struct nx_buf held;
    ProtobufCMessage *message;
    if (chance_below(chance, 8) == 0) {
        nx_arena_destroy(arena);
        return;
    }
    nx_buf_init(&held, BYTES);
    zoo_by_chance(chance, type, depth, &held);
    nx_status status = wire_pb_unpack(type, nx_buf_str(&held), &limits, arena, &message);
    assert_int_equal(status.code, NX_OK);
    size_t size = wire_pb_packed_size(message);
    uint8_t *packed = nx_arena_alloc(arena, size);
    char *url = nx_arena_printf(arena, "type.googleapis.com/%s", type->name);
    assert_true(packed && url);
    assert_int_equal(wire_pb_pack(message, packed, size), size);
    put_bytes(buf, 1, nx_str_from(url));
    put_bytes(buf, 2, (struct nx_str){(const char *)packed, size});
    nx_buf_cleanup(&held);
    nx_arena_destroy(arena);
}

/* --- Messages --- */

static void put_one(struct chance *chance, const ProtobufCFieldDescriptor *field, unsigned depth,
                    struct nx_buf *buf)
{
    struct nx_buf inner;
    unsigned wire_type;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        nx_buf_init(&inner, BYTES);
        zoo_by_chance(chance, field->descriptor, depth > 0 ? depth - 1 : 0, &inner);
        put_bytes(buf, field->id, nx_buf_str(&inner));
        nx_buf_cleanup(&inner);
        break;
    case PROTOBUF_C_TYPE_STRING:
        put_bytes(buf, field->id, text(chance));
        break;
    case PROTOBUF_C_TYPE_BYTES:
        put_bytes(buf, field->id, (struct nx_str){"\0\xff\xfe\x3f\xbf", chance_below(chance, 6)});
        break;
    default: {
        uint64_t bits = scalar(chance, field, &wire_type);
        put_tag(buf, field->id, wire_type);
        put_scalar(buf, bits, wire_type);
    }
    }
}

static void put_field(struct chance *chance, const ProtobufCFieldDescriptor *field, unsigned depth,
                      struct nx_buf *buf)
{
    uint32_t count = field->label == PROTOBUF_C_LABEL_REPEATED ? chance_below(chance, 4) : 1;
    /* A Value may not be missing from a map's entry. */
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && depth == 0 &&
        field->descriptor != &google__protobuf__value__descriptor)
        return;
    if (chance_below(chance, 20) == 0)
        count++; /* of what is single, the last counts, or they merge */
    for (uint32_t i = 0; i < count; i++)
        put_one(chance, field, depth, buf);
}

void zoo_by_chance(struct chance *chance, const ProtobufCMessageDescriptor *type, unsigned depth,
                   struct nx_buf *buf)
{
    /* From the year 1 to 9999; 10,000 years each way (timestamp.proto, duration.proto). */
    if (type == &google__protobuf__timestamp__descriptor)
        put_moment(chance, 315537897600, -62135596800, false, buf);
    else if (type == &google__protobuf__duration__descriptor)
        put_moment(chance, 2 * INT64_C(315576000000), -315576000000, true, buf);
    else if (type == &google__protobuf__field_mask__descriptor)
        put_mask(chance, buf);
    else if (type == &google__protobuf__value__descriptor)
        put_value(chance, depth, buf);
    else if (type == &google__protobuf__any__descriptor)
        put_any(chance, depth, buf);
    else
        for (unsigned i = 0; i < type->n_fields; i++)
            if (type->n_fields < 3 || chance_below(chance, 100) < FIELD_PERCENT)
                put_field(chance, &type->fields[i], depth, buf);
}
