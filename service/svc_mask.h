/* Field masks of updates (AIP-134, AIP-161). */
#ifndef SVC_MASK_H
#define SVC_MASK_H

#include "google/protobuf/field_mask.pb-c.h"
#include "svc_resource.h"

/* The fields to change. An absent or empty mask: those that are present in the message; "*": all
 * that can be written.
 * Fails:   INVALID_ARGUMENT for a path that is no field, or that clients cannot write. */
nx_status svc_mask_read(const struct svc_resource *resource,
                        const Google__Protobuf__FieldMask *mask, const ProtobufCMessage *message,
                        struct nx_arena *arena, svc_field_set *ret_fields) NX_MUST_USE;

#endif
