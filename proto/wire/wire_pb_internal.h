/* What the parts of wire_pb share. Not for others.
 *
 *   wire_pb_scan.c   bytes: varints, tags, skipping; where the decoder stands, and its failures
 *   wire_pb_store.c  places: members, oneofs, lists, unknown fields
 *   wire_pb_map.c    maps: which fields are, and the last entry of a key
 *   wire_pb.c        messages, field by field
 *   wire_pb_pack.c   the other way */
#ifndef WIRE_PB_INTERNAL_H
#define WIRE_PB_INTERNAL_H

#include "wire_pb.h"

#include <stdbool.h>

enum wire_type { VARINT = 0, FIXED64 = 1, LENGTH = 2, GROUP_BEGIN = 3, GROUP_END = 4, FIXED32 = 5 };

/* Bytes not yet read. */
struct wire_pb_cursor {
    const uint8_t *at;
    const uint8_t *end;
};

/* A map field of one message, to be settled when all is decoded. */
struct wire_pb_map {
    struct wire_pb_map *next;
    ProtobufCMessage *message;
    const ProtobufCFieldDescriptor *field;
};

/* One message from a stranger, with all that is in it. */
struct wire_pb_scan {
    const struct wire_pb_limits *limits;
    struct nx_arena *arena;
    struct wire_pb_map *maps;
    uint32_t fields;
};

/* A message, or an unknown group, being read, and the field of the one above that holds it. */
struct wire_pb_frame {
    const struct wire_pb_frame *up;
    const ProtobufCFieldDescriptor *field; /* being read, NULL if unknown */
    ProtobufCMessage *message;             /* NULL: a group */
    uint8_t *required;                     /* a bit per field seen; NULL while there is none */
    uint32_t depth;
    unsigned guess; /* index of the field last read: it, or the next, is the likely one to come */
};

static inline void *wire_pb_at(const void *message, size_t offset)
{
    return (char *)message + offset;
}

/* ---- wire_pb_scan.c ---- */

/* INVALID_ARGUMENT for the field that the frame reads. */
nx_status wire_pb_malformed(const struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                            const char *what) NX_MUST_USE;

/* False: cut off, or longer than 10 bytes. */
bool wire_pb_read_long_varint(struct wire_pb_cursor *cursor, uint64_t *ret_value);

static inline bool wire_pb_read_varint(struct wire_pb_cursor *cursor, uint64_t *ret_value)
{
    if (cursor->at == cursor->end || *cursor->at & 0x80)
        return wire_pb_read_long_varint(cursor, ret_value);
    *ret_value = *cursor->at++;
    return true;
}

/* Count one more field and read its tag. */
nx_status wire_pb_read_tag(struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                           struct wire_pb_cursor *cursor, uint32_t *ret_number,
                           enum wire_type *ret_type) NX_MUST_USE;

/* Read the length of a field and take as many bytes. */
nx_status wire_pb_read_delimited(const struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                                 struct wire_pb_cursor *cursor,
                                 struct wire_pb_cursor *ret_inner) NX_MUST_USE;

/* Read a varint or a fixed-size value. False: cut off, or of another wire type. */
bool wire_pb_read_number(struct wire_pb_cursor *cursor, enum wire_type type, uint64_t *ret_value);

/* Skip what a field of the number holds; groups with all the groups in them. */
nx_status wire_pb_skip(struct wire_pb_scan *scan, const struct wire_pb_frame *frame,
                       struct wire_pb_cursor *cursor, uint32_t number,
                       enum wire_type type) NX_MUST_USE;

/* ---- wire_pb_store.c ---- */

/* How the values of a declared type stand on the wire and in memory. */
struct wire_pb_kind {
    uint8_t wire_type; /* of one value that is not packed */
    uint8_t size;      /* of one value in a message or a list */
    uint8_t form;      /* of a number: what becomes of its bits */
};
extern const struct wire_pb_kind wire_pb_kinds[PROTOBUF_C_TYPE_MESSAGE + 1];

/* Write a number as the kind has it. */
void wire_pb_store_number(void *to, const struct wire_pb_kind *kind, uint64_t bits);

/* The place for one more value of the field, which then counts as given: a new one at a list's
 * end, undefined; else the member itself, with the value it has. NULL: out of memory. */
void *wire_pb_slot(const struct wire_pb_scan *scan, ProtobufCMessage *message,
                   const ProtobufCFieldDescriptor *field);

/* Undefined places for `more` values, at least one, at a list's end. NULL: out of memory. */
void *wire_pb_append(const struct wire_pb_scan *scan, ProtobufCMessage *message,
                     const ProtobufCFieldDescriptor *field, size_t more);

/* Copy a field, with the bytes behind its tag, to the message's unknown fields. */
nx_status wire_pb_keep_unknown(const struct wire_pb_scan *scan, ProtobufCMessage *message,
                               uint32_t number, enum wire_type type,
                               struct nx_str bytes) NX_MUST_USE;

/* ---- wire_pb_map.c ---- */

/* Remember the list that the frame reads, which has its first element, if it is a map's. Refused
 * where the messages of its entries would be nested too deep, also those that it is to get. */
nx_status wire_pb_note_map(struct wire_pb_scan *scan,
                           const struct wire_pb_frame *frame) NX_MUST_USE;

/* Leave one entry, the last, for each key of all the maps noted, in the order they came; entries
 * without a message for a value get an empty one. O(n log n) for n entries in all. */
nx_status wire_pb_settle_maps(const struct wire_pb_scan *scan) NX_MUST_USE;

#endif
