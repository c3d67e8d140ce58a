/* Who is at the other end of a server's call. */
#ifndef WIRE_PEER_H
#define WIRE_PEER_H

#include <grpc/grpc.h>

#include "nx_arena.h"
#include "nx_str.h"

/* Where the call comes from: "192.0.2.1:50000", "[2001:db8::1]:50000", or "unix:"; "" when memory
 * is out, or the connection is already gone.
 * Ask as soon as the call has arrived. A plaintext connection is known to the core by the number of
 * its file alone: once it is closed the number can be another's. So this is for logs, and decides
 * nothing.
 * Result: in the arena. */
struct nx_str wire_peer_address(grpc_call *call, struct nx_arena *arena);

/* Who the client is by the certificate that was verified: its first URI, else its first DNS name,
 * else its common name. False, and ret untouched: it showed none.
 * Result: in the arena. */
bool wire_peer_identity(grpc_call *call, struct nx_arena *arena, struct nx_str *ret_identity);

#endif
