#include "wire_pb_internal.h"

#define MAX_VARINT_BYTES 10
#define MAX_TAG_BYTES 5
#define MAX_FIELD_NUMBER 536870911

static char *path_of(const struct wire_pb_frame *frame, struct nx_arena *arena)
{
    if (!frame)
        return nx_arena_strdup(arena, NX_STR(""));
    char *above = path_of(frame->up, arena);
    if (!above || !frame->field)
        return above;
    return nx_arena_printf(arena, "%s%s%s", above, *above ? "." : "", frame->field->name);
}

nx_status wire_pb_malformed(const struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                            const char *what)
{
    char *path = path_of(frame, scan->arena);
    return path ? nx_fail_field(scan->arena, path, "%s", what) : nx_fail_memory();
}

bool wire_pb_read_long_varint(struct wire_pb_cursor *cursor, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < MAX_VARINT_BYTES && cursor->at < cursor->end; i++) {
        uint8_t byte = *cursor->at++;
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (!(byte & 0x80)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

nx_status wire_pb_read_tag(struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                           struct wire_pb_cursor *cursor, uint32_t *ret_number,
                           enum wire_type *ret_type)
{
    if (++scan->fields > scan->limits->max_fields)
        return wire_pb_malformed(scan, frame, "the message has too many fields");
    const uint8_t *begin = cursor->at;
    uint64_t tag;
    if (!wire_pb_read_varint(cursor, &tag) || cursor->at - begin > MAX_TAG_BYTES || tag >> 3 == 0 ||
        tag >> 3 > MAX_FIELD_NUMBER || (tag & 7) > FIXED32)
        return wire_pb_malformed(scan, frame, "holds bytes that are no protobuf field");
    *ret_number = (uint32_t)(tag >> 3);
    *ret_type = (enum wire_type)(tag & 7);
    return NX_STATUS_OK;
}

nx_status wire_pb_read_delimited(const struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                                 struct wire_pb_cursor *cursor, struct wire_pb_cursor *ret_inner)
{
    uint64_t length;
    if (!wire_pb_read_varint(cursor, &length) || length > (uint64_t)(cursor->end - cursor->at))
        return wire_pb_malformed(scan, frame, "the field is cut off");
    *ret_inner = (struct wire_pb_cursor){cursor->at, cursor->at + length};
    cursor->at += length;
    return NX_STATUS_OK;
}

static bool read_fixed(struct wire_pb_cursor *cursor, unsigned bytes, uint64_t *ret_value)
{
    if (cursor->end - cursor->at < (ptrdiff_t)bytes)
        return false;
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)cursor->at[i] << (8 * i);
    cursor->at += bytes;
    *ret_value = value;
    return true;
}

bool wire_pb_read_number(struct wire_pb_cursor *cursor, enum wire_type type, uint64_t *ret_value)
{
    switch (type) {
    case VARINT:
        return wire_pb_read_varint(cursor, ret_value);
    case FIXED64:
        return read_fixed(cursor, 8, ret_value);
    case FIXED32:
        return read_fixed(cursor, 4, ret_value);
    default:
        return false;
    }
}

/* Skip a group whose opening tag has been read. */
static nx_status skip_group(struct wire_pb_scan *scan, const struct wire_pb_frame *up,
                            struct wire_pb_cursor *cursor, uint32_t number)
{
    const struct wire_pb_frame frame = {.up = up, .depth = up->depth + 1};
    if (frame.depth > scan->limits->max_depth)
        return wire_pb_malformed(scan, up, "messages are nested too deep");
    for (;;) {
        uint32_t inner = 0;
        enum wire_type type = GROUP_END;
        NX_TRY(wire_pb_read_tag(scan, &frame, cursor, &inner, &type));
        if (type != GROUP_END)
            NX_TRY(wire_pb_skip(scan, &frame, cursor, inner, type));
        else if (inner == number)
            return NX_STATUS_OK;
        else
            return wire_pb_malformed(scan, &frame, "a group ends with another's number");
    }
}

nx_status wire_pb_skip(struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                       struct wire_pb_cursor *cursor, uint32_t number, enum wire_type type)
{
    uint64_t value;
    struct wire_pb_cursor inner;
    if (type == GROUP_BEGIN)
        return skip_group(scan, frame, cursor, number);
    if (type == LENGTH)
        return wire_pb_read_delimited(scan, frame, cursor, &inner);
    if (!wire_pb_read_number(cursor, type, &value))
        return wire_pb_malformed(scan, frame, "the field is cut off");
    return NX_STATUS_OK;
}
