/* Protobuf messages as JSON, both ways, driven by protobuf-c's descriptors.
 *
 * The proto3 JSON mapping (https://protobuf.dev/programming-guides/json/), strictly: unknown
 * fields, duplicate keys, two members of one oneof, numbers out of range, invalid UTF-8 and
 * excess depth are errors that name the field.  No DOM: text is read straight into messages in
 * the arena, and messages are written straight to text. Well-known types take their special forms.
 *
 * The JSON name of a field is its json_name, which protoc-gen-nexus and proto/dynamic keep in the
 * descriptors, or made from its name by protobuf's rule (foo_bar -> fooBar); both the JSON name and
 * that of the proto are read. protobuf-c has no proto3 presence. */
#ifndef PBJ_H
#define PBJ_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "nx_arena.h"
#include "nx_buf.h"
#include "nx_status.h"
#include "nx_str.h"

/* Finds the type of a google.protobuf.Any by full name; NULL when it is not known. pbj_types.h has
 * one for the messages that are linked in. */
typedef const ProtobufCMessageDescriptor *(*pbj_resolve)(void *context, struct nx_str full_name);

struct pbj_read_options {
    uint32_t max_depth;  /* of arrays and objects, the outermost being 1; 0: 100 */
    bool ignore_unknown; /* skip unknown fields, and unknown names of enum values, not fail */
    pbj_resolve resolve; /* for Any; NULL: an Any is an error */
    void *resolve_context;
};

struct pbj_write_options {
    bool omit_defaults; /* leave out scalars and lists that are at their default */
    bool enums_as_numbers;
    bool original_names; /* foo_bar instead of fooBar */
    pbj_resolve resolve; /* for Any; an Any it cannot find is an error */
    void *resolve_context;
};

/* Read one message from a JSON text (RFC 8259, UTF-8, a BOM is an error).
 * Result: in the arena; nothing needs to be freed. `text` may be let go after.
 * Fails:  INVALID_ARGUMENT: the violation's field is the path in proto names ("product.price"),
 *         its description has the reason and, for malformed JSON, the byte offset.
 *         RESOURCE_EXHAUSTED: the arena is full. */
nx_status pbj_read(const ProtobufCMessageDescriptor *type, struct nx_str text,
                   const struct pbj_read_options *options, struct nx_arena *arena,
                   ProtobufCMessage **ret_message) NX_MUST_USE;

/* As pbj_read(), and also tell which fields the text has: the paths, in proto names, of every
 * leaf that is present, descending into messages but not into lists, maps or well-known types;
 * for `{"title": "x", "price": {"units": 1}}`: "title", "price.units". */
nx_status pbj_read_with_paths(const ProtobufCMessageDescriptor *type, struct nx_str text,
                              const struct pbj_read_options *options, struct nx_arena *arena,
                              ProtobufCMessage **ret_message, const char ***ret_paths,
                              size_t *ret_path_count) NX_MUST_USE;

/* Read one scalar or enum field's value, or a well-known type that has a string form (Timestamp,
 * Duration, FieldMask, wrappers), from plain text as it stands in a URL, and set the field, or
 * append to it when it is repeated. `message` must have come from
 * pbj_new_message(). Fails:  INVALID_ARGUMENT (the violation's field is `path`),
 * RESOURCE_EXHAUSTED. */
nx_status pbj_set_from_text(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                            const char *path, struct nx_str text,
                            struct nx_arena *arena) NX_MUST_USE;

/* Read one field's value, whichever kind it is of, and set the field of an otherwise empty message;
 * `null` stands for its default. As pbj_read() with what stands behind the field's name in the
 * message's JSON. */
nx_status pbj_read_field(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                         struct nx_str text, const struct pbj_read_options *options,
                         struct nx_arena *arena) NX_MUST_USE;

/* Append the JSON form of a message; after a failure the buffer ends with a part of it. The
 * buffer's own failure is the caller's to check. `arena` holds the error, and what an Any unpacks
 * to. Fails:  INTERNAL: a value that has no JSON form (a Timestamp out of range, a string that is
 * not UTF-8, an unknown Any). RESOURCE_EXHAUSTED: the arena is full. */
nx_status pbj_write(const ProtobufCMessage *message, const struct pbj_write_options *options,
                    struct nx_arena *arena, struct nx_buf *buf) NX_MUST_USE;

/* The same for the value of one field: its default when it is not set, `null` for a message. */
nx_status pbj_write_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                          const struct pbj_write_options *options, struct nx_arena *arena,
                          struct nx_buf *buf) NX_MUST_USE;

/* An empty message of the type, also of one that has no message_init, as those that are made at run
 * time. NULL: the arena is full. */
ProtobufCMessage *pbj_new_message(struct nx_arena *arena, const ProtobufCMessageDescriptor *type);

/* The field of a type by either spelling of its name; NULL when there is none. */
const ProtobufCFieldDescriptor *pbj_find_field(const ProtobufCMessageDescriptor *type,
                                               struct nx_str name);

#endif
