#include "wire_pb_internal.h"

#include "nx_utf8.h"

#include <string.h>

static nx_status decode_message(struct wire_pb_scan *scan, const struct wire_pb_frame *up,
                                struct wire_pb_cursor cursor, ProtobufCMessage *message);

static ProtobufCMessage *new_message(const struct wire_pb_scan *scan,
                                     const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = nx_arena_alloc(scan->arena, type->sizeof_message);
    if (message)
        protobuf_c_message_init(type, message);
    return message;
}

/* A new element of a list; or a member, which is merged with what it has. */
static nx_status decode_submessage(struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                                   struct wire_pb_cursor inner)
{
    const ProtobufCFieldDescriptor *field = frame->field;
    bool listed = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (frame->depth >= scan->limits->max_depth)
        return wire_pb_malformed(scan, frame, "messages are nested too deep");
    ProtobufCMessage **slot = wire_pb_slot(scan, frame->message, field);
    if (slot && (listed || !*slot))
        *slot = new_message(scan, field->descriptor);
    if (!slot || !*slot)
        return nx_fail_memory();
    if (listed && *(size_t *)wire_pb_at(frame->message, field->quantifier_offset) == 1)
        NX_TRY(wire_pb_note_map(scan, frame));
    return decode_message(scan, frame, inner, *slot);
}

static nx_status decode_string(const struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                               struct nx_str text)
{
    if (text.len > 0 && memchr(text.ptr, '\0', text.len))
        return wire_pb_malformed(scan, frame, "contains a NUL character");
    if (!nx_utf8_valid(text))
        return wire_pb_malformed(scan, frame, "is not valid UTF-8");
    char *copy = nx_arena_strdup(scan->arena, text);
    char **slot = wire_pb_slot(scan, frame->message, frame->field);
    if (!copy || !slot)
        return nx_fail_memory();
    *slot = copy;
    return NX_STATUS_OK;
}

static nx_status decode_bytes(const struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                              struct nx_str bytes)
{
    uint8_t *copy = bytes.len > 0 ? nx_arena_alloc(scan->arena, bytes.len) : NULL;
    ProtobufCBinaryData *slot = wire_pb_slot(scan, frame->message, frame->field);
    if (!slot || (bytes.len > 0 && !copy))
        return nx_fail_memory();
    if (copy)
        memcpy(copy, bytes.ptr, bytes.len);
    *slot = (ProtobufCBinaryData){bytes.len, copy};
    return NX_STATUS_OK;
}

static nx_status decode_delimited(struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                                  struct wire_pb_cursor *cursor)
{
    struct wire_pb_cursor inner;
    NX_TRY(wire_pb_read_delimited(scan, frame, cursor, &inner));
    if (frame->field->type == PROTOBUF_C_TYPE_MESSAGE)
        return decode_submessage(scan, frame, inner);
    struct nx_str bytes = {(const char *)inner.at, (size_t)(inner.end - inner.at)};
    if (frame->field->type == PROTOBUF_C_TYPE_STRING)
        return decode_string(scan, frame, bytes);
    return decode_bytes(scan, frame, bytes);
}

/* How many numbers packed bytes hold, if they are whole. */
static size_t count_packed(const struct wire_pb_kind *kind, struct wire_pb_cursor bytes)
{
    size_t len = (size_t)(bytes.end - bytes.at);
    if (kind->wire_type != VARINT)
        return len / kind->size;
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += bytes.at[i] < 0x80;
    return count;
}

static nx_status decode_packed(struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                               struct wire_pb_cursor *cursor)
{
    const struct wire_pb_kind *kind = &wire_pb_kinds[frame->field->type];
    struct wire_pb_cursor inner;
    NX_TRY(wire_pb_read_delimited(scan, frame, cursor, &inner));
    size_t count = count_packed(kind, inner);
    char *slots = count > 0 ? wire_pb_append(scan, frame->message, frame->field, count) : NULL;
    if (count > 0 && !slots)
        return nx_fail_memory();
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        if (!wire_pb_read_number(&inner, (enum wire_type)kind->wire_type, &bits))
            return wire_pb_malformed(scan, frame, "holds a number that is too long");
        wire_pb_store_number(slots + i * kind->size, kind, bits);
    }
    if (inner.at != inner.end)
        return wire_pb_malformed(scan, frame, "holds a number that is cut off");
    return NX_STATUS_OK;
}

static nx_status decode_number(struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                               struct wire_pb_cursor *cursor)
{
    const struct wire_pb_kind *kind = &wire_pb_kinds[frame->field->type];
    uint64_t bits;
    if (!wire_pb_read_number(cursor, (enum wire_type)kind->wire_type, &bits))
        return wire_pb_malformed(scan, frame, "the field is cut off");
    void *slot = wire_pb_slot(scan, frame->message, frame->field);
    if (!slot)
        return nx_fail_memory();
    wire_pb_store_number(slot, kind, bits);
    return NX_STATUS_OK;
}

static nx_status decode_unknown(struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                                struct wire_pb_cursor *cursor, uint32_t number, enum wire_type type)
{
    const char *begin = (const char *)cursor->at;
    NX_TRY(wire_pb_skip(scan, frame, cursor, number, type));
    struct nx_str bytes = {begin, (size_t)((const char *)cursor->at - begin)};
    return wire_pb_keep_unknown(scan, frame->message, number, type, bytes);
}

/* Fields come in order, and a list's elements one after the other: most are found by a guess. */
static const ProtobufCFieldDescriptor *find_field(struct wire_pb_frame *frame, uint32_t number)
{
    const ProtobufCMessageDescriptor *type = frame->message->descriptor;
    for (unsigned i = frame->guess; i < type->n_fields && i < frame->guess + 2; i++) {
        if (type->fields[i].id == number) {
            frame->guess = i;
            return &type->fields[i];
        }
    }
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(type, number);
    if (field)
        frame->guess = (unsigned)(field - type->fields);
    return field;
}

/* Remember that the frame's field, a required one, is there. */
static nx_status note_required(const struct wire_pb_scan *scan, struct wire_pb_frame *frame)
{
    if (!frame->required)
        frame->required =
            nx_arena_calloc(scan->arena, frame->message->descriptor->n_fields / 8 + 1, 1);
    if (!frame->required)
        return nx_fail_memory();
    frame->required[frame->guess / 8] |= (uint8_t)(1U << frame->guess % 8);
    return NX_STATUS_OK;
}

static nx_status check_required(const struct wire_pb_scan *scan, struct wire_pb_frame *frame)
{
    const ProtobufCMessageDescriptor *type = frame->message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        frame->field = &type->fields[i];
        if (frame->field->label == PROTOBUF_C_LABEL_REQUIRED && !frame->field->default_value &&
            !(frame->required && frame->required[i / 8] >> i % 8 & 1))
            return wire_pb_malformed(scan, frame, "is required");
    }
    return NX_STATUS_OK;
}

static nx_status decode_field(struct wire_pb_scan *scan, struct wire_pb_frame *frame,
                              struct wire_pb_cursor *cursor)
{
    uint32_t number = 0;
    enum wire_type type = GROUP_END;
    frame->field = NULL;
    NX_TRY(wire_pb_read_tag(scan, frame, cursor, &number, &type));
    const ProtobufCFieldDescriptor *field = find_field(frame, number);
    frame->field = field;
    if (!field)
        return decode_unknown(scan, frame, cursor, number, type);
    bool expected = type == wire_pb_kinds[field->type].wire_type;
    if (expected && field->label == PROTOBUF_C_LABEL_REQUIRED)
        NX_TRY(note_required(scan, frame));
    if (expected && type == LENGTH)
        return decode_delimited(scan, frame, cursor);
    if (expected)
        return decode_number(scan, frame, cursor);
    if (type == LENGTH && field->label == PROTOBUF_C_LABEL_REPEATED)
        return decode_packed(scan, frame, cursor);
    return decode_unknown(scan, frame, cursor, number, type);
}

static nx_status decode_message(struct wire_pb_scan *scan, const struct wire_pb_frame *up,
                                struct wire_pb_cursor cursor, ProtobufCMessage *message)
{
    struct wire_pb_frame frame = {.up = up, .message = message, .depth = up ? up->depth + 1 : 1};
    while (cursor.at < cursor.end)
        NX_TRY(decode_field(scan, &frame, &cursor));
    return check_required(scan, &frame);
}

nx_status wire_pb_unpack(const ProtobufCMessageDescriptor *type, struct nx_str bytes,
                         const struct wire_pb_limits *limits, struct nx_arena *arena,
                         ProtobufCMessage **ret_message)
{
    struct wire_pb_scan scan = {.limits = limits, .arena = arena};
    ProtobufCMessage *message = new_message(&scan, type);
    if (!message)
        return nx_fail_memory();
    const uint8_t *begin = (const uint8_t *)(bytes.len > 0 ? bytes.ptr : "");
    NX_TRY(decode_message(&scan, NULL, (struct wire_pb_cursor){begin, begin + bytes.len}, message));
    NX_TRY(wire_pb_settle_maps(&scan));
    *ret_message = message;
    return NX_STATUS_OK;
}
