/* Paths of fields in a message, "product.price.units", resolved against its type. */
#ifndef GW_FIELD_H
#define GW_FIELD_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "nx_arena.h"
#include "nx_buf.h"
#include "nx_status.h"
#include "nx_str.h"

#define GW_MAX_FIELD_DEPTH 8

struct gw_field_path {
    const char *text; /* in proto names */
    const ProtobufCFieldDescriptor *fields[GW_MAX_FIELD_DEPTH];
    unsigned depth; /* 0: no such path */
};

/* Find what a path names; each part in either spelling. The depth is 0 when there is no such field,
 * or one inside a list or a map.
 * Fails:  RESOURCE_EXHAUSTED. */
nx_status gw_field_find(const ProtobufCMessageDescriptor *type, struct nx_str name,
                        struct nx_arena *arena, struct gw_field_path *ret_path) NX_MUST_USE;

/* The field at the end of a path. */
const ProtobufCFieldDescriptor *gw_field_leaf(const struct gw_field_path *path);

/* Whether one of two paths is the other, or lies within it. */
bool gw_field_overlaps(const char *path, const char *other);

/* Set the field from text as it stands in a URL, making the messages above it.
 * Fails:  INVALID_ARGUMENT, naming the path; RESOURCE_EXHAUSTED. */
nx_status gw_field_set(ProtobufCMessage *message, const struct gw_field_path *path,
                       struct nx_str text, struct nx_arena *arena) NX_MUST_USE;

/* The message that holds the leaf, or NULL when one above it is not there. */
const ProtobufCMessage *gw_field_holder(const ProtobufCMessage *message,
                                        const struct gw_field_path *path);

/* Whether two messages of one type have the same value at the path of a singular scalar. */
bool gw_field_same(const ProtobufCMessage *message, const ProtobufCMessage *other,
                   const struct gw_field_path *path);

/* The message in a singular message field; NULL when it is not set. */
ProtobufCMessage *gw_field_message(const ProtobufCMessage *message,
                                   const ProtobufCFieldDescriptor *field);

/* Put a message into a singular message field. */
void gw_field_put(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                  ProtobufCMessage *value);

/* The field of a message with this proto name if it is a singular string, else NULL. */
const ProtobufCFieldDescriptor *gw_field_string(const ProtobufCMessageDescriptor *type,
                                                const char *name);

/* Whether a field holds whole numbers: of any width, but no enum. */
bool gw_field_is_integer(const ProtobufCFieldDescriptor *field);

/* Append a singular string or whole number as text. */
void gw_field_append(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                     struct nx_buf *buf);

/* Set a singular bytes field, borrowing them. */
void gw_field_put_bytes(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                        struct nx_str bytes);

/* Where a message keeps a field's value. */
void *gw_field_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* The value of a string field; "" when it is not set. */
const char *gw_field_text(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

#endif
