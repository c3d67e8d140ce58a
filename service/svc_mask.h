/* Field masks of updates (AIP-134, AIP-161).
 *
 * A path names a field ("title"), or a part of a message in one: a field of it ("price.units"), or
 * a key of a Struct ("attributes.size.width"). A key with a dot or a backquote in it, or that is
 * "*", stands between backquotes, and a backquote in it is doubled: "attributes.`item.no`". */
#ifndef SVC_MASK_H
#define SVC_MASK_H

#include "google/protobuf/field_mask.pb-c.h"
#include "svc_resource.h"

/* A path to a part of a field. */
struct svc_mask_part {
    unsigned field;     /* of the resource, by index */
    const char **below; /* the names of what is below it, the quotes undone */
    size_t below_count;
};

/* What an update changes. */
struct svc_mask {
    svc_field_set fields; /* as a whole */
    struct svc_mask_part *parts;
    size_t part_count;
};

/* Read a mask. An absent or empty one names the fields that are present in the message; "*" all
 * that can be written. `at` is where the mask stands in the request, for errors. Fails:
 * INVALID_ARGUMENT for a path that is no field, or that clients cannot write. */
nx_status svc_mask_read(const struct svc_resource *resource,
                        const Google__Protobuf__FieldMask *mask, const ProtobufCMessage *message,
                        const char *at, struct nx_arena *arena, struct svc_mask *ret) NX_MUST_USE;

/* Take the parts that a mask names from `body` into `current`, which is changed; a part that `body`
 * lacks is reset, and a key removed. The result has these fields of `current`, and all others of
 * `body`: a message to write with svc_mask_fields(). It shares what it is made of with both.
 * NULL: the arena is full. */
ProtobufCMessage *svc_mask_merge(const struct svc_resource *resource, const struct svc_mask *mask,
                                 const ProtobufCMessage *body, ProtobufCMessage *current,
                                 struct nx_arena *arena);

/* The fields that a mask changes, as a whole or in part. */
svc_field_set svc_mask_fields(const struct svc_mask *mask);

#endif
