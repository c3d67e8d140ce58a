#include "wire_pb.h"

#include "nx_utf8.h"

#include <string.h>

enum wire_type { VARINT = 0, FIXED64 = 1, LENGTH = 2, GROUP_BEGIN = 3, GROUP_END = 4, FIXED32 = 5 };

#define MAX_VARINT_BYTES 10
#define MAX_FIELD_NUMBER 536870911

/* One scan of one message from a stranger. */
struct scan {
    const struct wire_pb_limits *limits;
    struct nx_arena *arena;
    uint32_t fields;
};

/* A message being scanned, and the field of the one above that holds it. */
struct frame {
    const struct frame *up;
    const ProtobufCMessageDescriptor *type;
    const ProtobufCFieldDescriptor *field; /* being read, NULL if unknown */
    uint32_t depth;
};

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

static char *path_of(const struct frame *frame, struct nx_arena *arena)
{
    if (!frame)
        return nx_arena_strdup(arena, NX_STR(""));
    char *above = path_of(frame->up, arena);
    if (!above || !frame->field)
        return above;
    return nx_arena_printf(arena, "%s%s%s", above, *above ? "." : "", frame->field->name);
}

static nx_status malformed(const struct scan *scan, const struct frame *frame, const char *what)
{
    char *path = path_of(frame, scan->arena);
    return path ? nx_fail_field(scan->arena, path, "%s", what) : nx_fail_memory();
}

static bool read_varint(struct cursor *cursor, uint64_t *ret_value)
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

static bool skip_bytes(struct cursor *cursor, uint64_t count)
{
    if (count > (uint64_t)(cursor->end - cursor->at))
        return false;
    cursor->at += count;
    return true;
}

static bool read_tag(struct cursor *cursor, uint32_t *ret_number, enum wire_type *ret_type)
{
    uint64_t tag;
    if (!read_varint(cursor, &tag) || tag >> 3 == 0 || tag >> 3 > MAX_FIELD_NUMBER || (tag & 7) > 5)
        return false;
    *ret_number = (uint32_t)(tag >> 3);
    *ret_type = (enum wire_type)(tag & 7);
    return true;
}

static nx_status count_field(struct scan *scan, const struct frame *frame)
{
    if (++scan->fields > scan->limits->max_fields)
        return malformed(scan, frame, "the message has too many fields");
    return NX_STATUS_OK;
}

/* Skip what one field holds, other than a group. */
static bool skip_plain(struct cursor *cursor, enum wire_type type)
{
    uint64_t value;
    switch (type) {
    case VARINT:
        return read_varint(cursor, &value);
    case FIXED64:
        return skip_bytes(cursor, 8);
    case FIXED32:
        return skip_bytes(cursor, 4);
    case LENGTH:
        return read_varint(cursor, &value) && skip_bytes(cursor, value);
    default:
        return false;
    }
}

/* Skip a group whose opening tag has been read, with all the groups in it. */
static nx_status skip_group(struct scan *scan, const struct frame *frame, struct cursor *cursor,
                            uint32_t number)
{
    for (;;) {
        uint32_t inner;
        enum wire_type type;
        NX_TRY(count_field(scan, frame));
        if (!read_tag(cursor, &inner, &type))
            return malformed(scan, frame, "a group is cut off");
        if (type == GROUP_END)
            return inner == number ? NX_STATUS_OK
                                   : malformed(scan, frame, "a group ends with another's number");
        if (type == GROUP_BEGIN) {
            struct frame below = {frame, NULL, NULL, frame->depth + 1};
            if (below.depth > scan->limits->max_depth)
                return malformed(scan, frame, "messages are nested too deep");
            NX_TRY(skip_group(scan, &below, cursor, inner));
        } else if (!skip_plain(cursor, type)) {
            return malformed(scan, frame, "a field of a group is cut off");
        }
    }
}

static nx_status scan_message(struct scan *scan, const struct frame *up,
                              const ProtobufCMessageDescriptor *type, struct cursor cursor);

/* Check what a length-delimited field holds, by the type it is declared with. */
static nx_status scan_delimited(struct scan *scan, const struct frame *frame, struct cursor *cursor)
{
    uint64_t length;
    if (!read_varint(cursor, &length) || length > (uint64_t)(cursor->end - cursor->at))
        return malformed(scan, frame, "the field is cut off");
    struct cursor inner = {cursor->at, cursor->at + length};
    cursor->at += length;
    if (!frame->field)
        return NX_STATUS_OK;
    if (frame->field->type == PROTOBUF_C_TYPE_MESSAGE)
        return scan_message(scan, frame, frame->field->descriptor, inner);
    if (frame->field->type != PROTOBUF_C_TYPE_STRING)
        return NX_STATUS_OK;
    struct nx_str text = {(const char *)inner.at, (size_t)length};
    if (text.len > 0 && memchr(text.ptr, '\0', text.len))
        return malformed(scan, frame, "contains a NUL character");
    return nx_utf8_valid(text) ? NX_STATUS_OK : malformed(scan, frame, "is not valid UTF-8");
}

static nx_status scan_message(struct scan *scan, const struct frame *up,
                              const ProtobufCMessageDescriptor *type, struct cursor cursor)
{
    struct frame frame = {up, type, NULL, up ? up->depth + 1 : 1};
    if (frame.depth > scan->limits->max_depth)
        return malformed(scan, up, "messages are nested too deep");
    while (cursor.at < cursor.end) {
        uint32_t number;
        enum wire_type wire_type;
        frame.field = NULL;
        NX_TRY(count_field(scan, &frame));
        if (!read_tag(&cursor, &number, &wire_type))
            return malformed(scan, &frame, "holds bytes that are no protobuf field");
        frame.field = protobuf_c_message_descriptor_get_field(type, number);
        if (wire_type == LENGTH)
            NX_TRY(scan_delimited(scan, &frame, &cursor));
        else if (wire_type == GROUP_BEGIN)
            NX_TRY(skip_group(scan, &frame, &cursor, number));
        else if (!skip_plain(&cursor, wire_type))
            return malformed(scan, &frame, "the field is cut off");
    }
    return NX_STATUS_OK;
}

nx_status wire_pb_check(const ProtobufCMessageDescriptor *type, struct nx_str bytes,
                        const struct wire_pb_limits *limits, struct nx_arena *arena)
{
    struct scan scan = {.limits = limits, .arena = arena};
    const uint8_t *begin = (const uint8_t *)(bytes.len > 0 ? bytes.ptr : "");
    return scan_message(&scan, NULL, type, (struct cursor){begin, begin + bytes.len});
}

static void *arena_alloc(void *arena, size_t size)
{
    return nx_arena_alloc(arena, size);
}

static void arena_free(void *arena, void *memory)
{
    (void)arena;
    (void)memory;
}

ProtobufCAllocator wire_pb_allocator(struct nx_arena *arena)
{
    return (ProtobufCAllocator){.alloc = arena_alloc, .free = arena_free, .allocator_data = arena};
}

nx_status wire_pb_unpack(const ProtobufCMessageDescriptor *type, struct nx_str bytes,
                         const struct wire_pb_limits *limits, struct nx_arena *arena,
                         ProtobufCMessage **ret_message)
{
    NX_TRY(wire_pb_check(type, bytes, limits, arena));
    ProtobufCAllocator allocator = wire_pb_allocator(arena);
    ProtobufCMessage *message =
        protobuf_c_message_unpack(type, &allocator, bytes.len, (const uint8_t *)bytes.ptr);
    if (message) {
        *ret_message = message;
        return NX_STATUS_OK;
    }
    if (nx_arena_exhausted(arena))
        return nx_fail_memory();
    return nx_fail_field(arena, "", "the bytes are not a %s", type->name);
}
