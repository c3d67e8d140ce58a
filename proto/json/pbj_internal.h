/* What the parts of pbj share. Not for others.
 *
 *   pbj_name.c            names: of fields in both spellings, of enum values, of map entries
 *   pbj_number.c          decimal text to exact numbers
 *   pbj_time.c            the texts of Timestamp and Duration
 *   pbj_mask.c            the text of FieldMask
 *   pbj_base64.c          the text of bytes
 *   pbj_path.c            where the reader stands, for errors and for the list of leaves
 *   pbj_read.c            messages, lists and maps      pbj_write.c
 *   pbj_read_scalar.c     single values
 *   pbj_read_wellknown.c  types with forms of their own  pbj_write_wellknown.c
 *   pbj_any.c             google.protobuf.Any, both ways
 *   pbj_types.c           what an Any may hold */
#ifndef PBJ_INTERNAL_H
#define PBJ_INTERNAL_H

#include "json_token.h"
#include "pbj.h"

/* ---- Names ---- */

enum pbj_wellknown {
    PBJ_PLAIN, /* not a well-known type, or one without a form of its own */
    PBJ_ANY,
    PBJ_DURATION,
    PBJ_FIELD_MASK,
    PBJ_LIST,
    PBJ_STRUCT,
    PBJ_TIMESTAMP,
    PBJ_VALUE,
    PBJ_WRAPPER,
    PBJ_WELLKNOWN_COUNT,
};

enum pbj_wellknown pbj_wellknown_of(const ProtobufCMessageDescriptor *type);

/* The types that have a form of their own, one by one; NULL behind the last. */
const ProtobufCMessageDescriptor *pbj_wellknown_at(size_t index);

/* Whether `null` is a value of the field rather than its absence: Value and NullValue. */
bool pbj_takes_null(const ProtobufCFieldDescriptor *field);

/* Whether the field is a map. protobuf-c keeps no mark of it: what is recognised is a repeated
 * message nested in its parent, named by protoc's rule (FooBarEntry for foo_bar), with the two
 * fields key = 1, of a type that keys have, and value = 2. */
bool pbj_is_map(const ProtobufCMessageDescriptor *parent, const ProtobufCFieldDescriptor *field);

/* The field's json_name where that is not the camel form of its name, else NULL. protobuf-c has no
 * place for it; protoc-gen-nexus puts it in a spare one. */
const char *pbj_own_json_name(const ProtobufCFieldDescriptor *field);

/* Write foo_bar as fooBar; `to` has room for the name's length. Returns the length written. */
size_t pbj_camel(struct nx_str name, char *to);

/* False: the enum has no value of this name. */
bool pbj_enum_by_name(const ProtobufCEnumDescriptor *type, struct nx_str name, int32_t *ret_value);

/* The size of one value of the type in a message, a list or a map's entry. */
size_t pbj_size_of(ProtobufCType type);

static inline void *pbj_member(void *message, size_t offset)
{
    return (char *)message + offset;
}

static inline const void *pbj_member_const(const void *message, size_t offset)
{
    return (const char *)message + offset;
}

/* ---- Texts ---- */

enum pbj_number { PBJ_NUMBER_OK, PBJ_NUMBER_FRACTION, PBJ_NUMBER_RANGE };

/* The exact value of a text that json_is_number(): "1e3" and "10.0" are whole, "1.5" is not. */
enum pbj_number pbj_parse_i64(struct nx_str text, int64_t min, int64_t max, int64_t *ret_value);
enum pbj_number pbj_parse_u64(struct nx_str text, uint64_t max, uint64_t *ret_value);

/* The nearest value of a NUL-terminated JSON number. False: it is out of range. */
bool pbj_parse_double(const char *text, double *ret_value);
bool pbj_parse_float(const char *text, float *ret_value);

/* The value when it can be had without rounding, in which case the text needs no NUL. */
bool pbj_parse_short_double(struct nx_str text, double *ret_value);

/* NULL when the text is a timestamp (or duration) in range, else what is wrong with it. */
const char *pbj_parse_timestamp(struct nx_str text, int64_t *ret_seconds, int32_t *ret_nanos);
const char *pbj_parse_duration(struct nx_str text, int64_t *ret_seconds, int32_t *ret_nanos);

/* Append the text, quoted. False, and nothing appended: it is out of range. */
bool pbj_write_timestamp(struct nx_buf *buf, int64_t seconds, int32_t nanos);
bool pbj_write_duration(struct nx_buf *buf, int64_t seconds, int32_t nanos);

/* The first of the paths that a text has, with commas between; none of them between backquotes. */
struct nx_str pbj_mask_next_path(struct nx_str paths);

/* Write one path of a mask, fooBar.baz, as foo_bar.baz; `to` has room for twice its length.
 * Returns the length, or 0: it is not a path in lowerCamelCase. */
size_t pbj_mask_path_to_proto(struct nx_str path, char *to);

/* Append one path of a mask in JSON's form. False: it would not read back the same. */
bool pbj_mask_path_write(struct nx_buf *buf, struct nx_str path);

/* Most bytes that a base64 text of the length can stand for. */
size_t pbj_base64_room(size_t text_len);

/* Both alphabets, with or without padding. False: it is not base64. */
bool pbj_base64_decode(struct nx_str text, uint8_t *to, size_t *ret_len);
void pbj_base64_write(struct nx_buf *buf, const uint8_t *bytes, size_t len);

/* ---- Reading ---- */

enum pbj_step { PBJ_FIELD, PBJ_INDEX, PBJ_KEY };

/* One step from the outermost message to where the reader stands; lives on the C stack, and the
 * function that sets it takes it away again, also on failure. */
struct pbj_path {
    const struct pbj_path *parent;
    enum pbj_step step;
    const char *field;
    size_t index;
    struct nx_str key;
};

struct pbj_leaves {
    const char **paths;
    size_t count;
};

/* One reading. */
struct pbj_in {
    struct json_reader json;
    struct nx_arena *arena;
    const struct pbj_read_options *options;
    const struct pbj_path *path;
    struct pbj_leaves *leaves; /* NULL: not asked for, or within a leaf */
    size_t lookahead_left;     /* bytes that may still be read twice, in search of @type */
};

/* INVALID_ARGUMENT for where the reader stands. */
nx_status pbj_fail(struct pbj_in *in, const char *format, ...)
    __attribute__((format(printf, 2, 3))) NX_MUST_USE;

/* The same for a step that the reader does not take. */
nx_status pbj_fail_at(struct pbj_in *in, const struct pbj_path *at, const char *format, ...)
    __attribute__((format(printf, 3, 4))) NX_MUST_USE;

/* "must be a string, not a number" */
nx_status pbj_fail_kind(struct pbj_in *in, const struct json_token *token,
                        const char *expected) NX_MUST_USE;

/* Note that the reader stands on a leaf that is present. */
nx_status pbj_add_leaf(struct pbj_in *in) NX_MUST_USE;

/* A text cut to what is fit for an error's description. */
struct nx_str pbj_clip(struct nx_str text);

/* json_reader_next() and json_reader_skip(), with the path in their errors. */
nx_status pbj_next(struct pbj_in *in, struct json_token *ret_token) NX_MUST_USE;
nx_status pbj_skip(struct pbj_in *in, const struct json_token *first) NX_MUST_USE;

/* Make room for one more element of a repeated field, which the caller then counts. Every array of
 * the message must have come from here: the capacity is known from the count. NULL: the arena is
 * full. */
void *pbj_append(struct nx_arena *arena, ProtobufCMessage *message,
                 const ProtobufCFieldDescriptor *field);

/* Each of these reads one value, whose first token has been read. A token of kind JSON_KEY is a
 * plain text, a map's key or a part of a URL: numbers and bools stand in it as they are. */
nx_status pbj_read_value(struct pbj_in *in, const ProtobufCFieldDescriptor *field,
                         const struct json_token *token, void *slot) NX_MUST_USE;
nx_status pbj_read_scalar(struct pbj_in *in, const ProtobufCFieldDescriptor *field,
                          const struct json_token *token, void *slot) NX_MUST_USE;
nx_status pbj_read_double(struct pbj_in *in, const struct json_token *token,
                          double *ret_value) NX_MUST_USE;
nx_status pbj_read_string(struct pbj_in *in, const struct json_token *token,
                          char **ret_text) NX_MUST_USE;
nx_status pbj_read_message(struct pbj_in *in, const ProtobufCMessageDescriptor *type,
                           const struct json_token *token,
                           ProtobufCMessage **ret_message) NX_MUST_USE;
nx_status pbj_read_wellknown(struct pbj_in *in, enum pbj_wellknown kind,
                             const struct json_token *token, ProtobufCMessage *message) NX_MUST_USE;
nx_status pbj_read_list(struct pbj_in *in, ProtobufCMessage *message,
                        const ProtobufCFieldDescriptor *field,
                        const struct json_token *token) NX_MUST_USE;
nx_status pbj_read_map(struct pbj_in *in, ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *field,
                       const struct json_token *token) NX_MUST_USE;
nx_status pbj_read_any(struct pbj_in *in, const struct json_token *token,
                       ProtobufCMessage *message) NX_MUST_USE;

/* Read the members of an object that has just begun, up to its end. In an Any, "@type" is one. */
nx_status pbj_read_members(struct pbj_in *in, ProtobufCMessage *message, bool in_any) NX_MUST_USE;

/* Skip the value of a member that the type does not have, or fail, as the options say. */
nx_status pbj_read_unknown(struct pbj_in *in, const ProtobufCMessageDescriptor *type,
                           const struct json_token *key) NX_MUST_USE;

/* ---- Writing ---- */

/* One writing. */
struct pbj_out {
    struct nx_buf *buf;
    struct nx_arena *arena;
    const struct pbj_write_options *options;
    uint32_t depth; /* of arrays and objects */
};

nx_status pbj_fail_write(struct pbj_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3))) NX_MUST_USE;

/* Count one more array or object, up to JSON_MAX_DEPTH, and append its first byte. */
nx_status pbj_open(struct pbj_out *out, char bracket) NX_MUST_USE;
void pbj_close(struct pbj_out *out, char bracket);

nx_status pbj_write_message(struct pbj_out *out, const ProtobufCMessage *message) NX_MUST_USE;
nx_status pbj_write_value(struct pbj_out *out, const ProtobufCFieldDescriptor *field,
                          const void *slot) NX_MUST_USE;
nx_status pbj_write_string(struct pbj_out *out, const char *text) NX_MUST_USE;
nx_status pbj_write_list(struct pbj_out *out, const ProtobufCFieldDescriptor *field,
                         const void *elements, size_t count) NX_MUST_USE;
nx_status pbj_write_map(struct pbj_out *out, const ProtobufCFieldDescriptor *field,
                        const ProtobufCMessage *const *entries, size_t count) NX_MUST_USE;

/* Append the members of a plain message; `first` says that none is there yet. */
nx_status pbj_write_members(struct pbj_out *out, const ProtobufCMessage *message,
                            bool first) NX_MUST_USE;
nx_status pbj_write_wellknown(struct pbj_out *out, enum pbj_wellknown kind,
                              const ProtobufCMessage *message) NX_MUST_USE;
nx_status pbj_write_any(struct pbj_out *out, const ProtobufCMessage *message) NX_MUST_USE;

#endif
