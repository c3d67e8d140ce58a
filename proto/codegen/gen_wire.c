#include "gen_wire.h"

enum {
    REQUEST_FILE = 15,
    FILE_MESSAGE = 4,
    MESSAGE_NESTED = 3,
    MAX_DEPTH = 100,
};

static bool take(struct nx_str *rest, uint64_t count, struct nx_str *ret_taken)
{
    if (count > rest->len)
        return false;
    *ret_taken = (struct nx_str){rest->ptr, (size_t)count};
    rest->ptr += count;
    rest->len -= (size_t)count;
    return true;
}

static bool take_varint(struct nx_str *rest, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        struct nx_str byte;
        if (!take(rest, 1, &byte))
            return false;
        value |= (uint64_t)((unsigned char)*byte.ptr & 127) << shift;
        if (!((unsigned char)*byte.ptr & 128)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool gen_wire_next(struct nx_str *rest, struct gen_wire_field *ret_field)
{
    uint64_t tag, number;
    struct nx_str skipped, body = {NULL, 0};
    if (!take_varint(rest, &tag))
        return false;
    bool is_field = false;
    switch (tag & 7) {
    case 0:
        is_field = take_varint(rest, &number);
        break;
    case 1:
        is_field = take(rest, 8, &skipped);
        break;
    case 2:
        is_field = take_varint(rest, &number) && take(rest, number, &body);
        break;
    case 5:
        is_field = take(rest, 4, &skipped);
        break;
    default:
        break;
    }
    if (is_field)
        *ret_field = (struct gen_wire_field){(uint32_t)(tag >> 3), body};
    return is_field;
}

bool gen_wire_body(struct nx_str *bytes)
{
    uint64_t length;
    return take_varint(bytes, &length) && length == bytes->len;
}

static bool is_shallow(struct nx_str bytes, unsigned depth)
{
    static const uint32_t outer[] = {REQUEST_FILE, FILE_MESSAGE};
    uint32_t inner = depth < 2 ? outer[depth] : MESSAGE_NESTED;
    struct gen_wire_field field;
    if (depth > MAX_DEPTH)
        return false;
    while (gen_wire_next(&bytes, &field)) {
        if (field.number == inner && !is_shallow(field.body, depth + 1))
            return false;
    }
    return true;
}

bool gen_wire_is_shallow(struct nx_str request)
{
    return is_shallow(request, 0);
}
