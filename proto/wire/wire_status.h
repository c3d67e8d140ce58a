/* A status as google.rpc.Status, the form in which its details cross the wire (AIP-193). */
#ifndef WIRE_STATUS_H
#define WIRE_STATUS_H

#include "nx_arena.h"
#include "nx_status.h"
#include "nx_str.h"

/* The metadata key that carries a serialized google.rpc.Status beside a failed call's status. */
#define WIRE_STATUS_KEY "grpc-status-details-bin"

/* The domain of every google.rpc.ErrorInfo made here. */
#define WIRE_ERROR_DOMAIN "nexus.catalog"

/* Serialize a failure, with ErrorInfo, BadRequest and RetryInfo as it has them, into the arena.
 * A failure that was received is passed on with the details it came with. Empty: the arena is
 * full, or there is nothing that the code and the message do not say. */
struct nx_str wire_status_pack(nx_status status, struct nx_arena *arena);

#endif
