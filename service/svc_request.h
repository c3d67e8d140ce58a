/* Requests that must not be carried out twice (AIP-155). */
#ifndef SVC_REQUEST_H
#define SVC_REQUEST_H

#include "store_resource.h"
#include "svc_resource.h"

/* Read a request_id, and take the fingerprint of the request that carries it: equal for equal
 * requests of one method, whatever the order of keys in a Struct (which it puts in order).
 * `request` is the message that request_id, one of its fields, points into.
 * Fails:   INVALID_ARGUMENT when it is not a UUID; RESOURCE_EXHAUSTED. */
nx_status svc_request_identify(const char *method, ProtobufCMessage *request, char **request_id,
                               struct nx_arena *arena, struct store_request *ret) NX_MUST_USE;

#endif
