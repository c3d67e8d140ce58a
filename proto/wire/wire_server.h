/* The server side of gRPC: listening, and the life of a call.
 *
 * A server has one or more shards. A shard is one completion queue and the thread that serves it;
 * a call belongs to one shard from its arrival to its end. The thread of a shard receives,
 * checks, decodes and dispatches; whoever the implementation hands the call to answers it, from
 * any thread, exactly once.
 *
 *   arrive -> check limits -> pre-scan -> unpack -> dispatch -> reply or fail -> gone
 *                 |               |          |
 *                 +---------------+----------+--> answered with an error, never dispatched
 *
 * Follows the gRPC over HTTP/2 protocol as its C core implements it. */
#ifndef WIRE_SERVER_H
#define WIRE_SERVER_H

#include "wire.h"

struct wire_server;

struct wire_server_options {
    const char *const *addresses; /* "0.0.0.0:50051", "[::]:0", "unix:/run/nexus.sock" */
    size_t address_count;
    unsigned shards;           /* 0: 1 */
    unsigned max_in_flight;    /* calls a shard has at once; 0: 1024. More get RESOURCE_EXHAUSTED */
    size_t max_request_bytes;  /* of one message, never compressed; 0: 4 MiB */
    size_t max_metadata_bytes; /* of one call; 0: 8 KiB */
    size_t max_call_bytes;     /* memory of one call; 0: 64 MiB */
    uint32_t max_depth;        /* of nested messages; 0: 100 */
    uint32_t max_fields;       /* of one message with all it holds; 0: 1,000,000 */
    uint32_t max_streams;      /* of one connection; 0: 1000 */
};

/* Make a server that is not yet listening.
 * Borrows: options and what they point to until wire_server_start() has returned. */
nx_status wire_server_new(const struct wire_server_options *options,
                          struct wire_server **ret_server) NX_MUST_USE;

/* Serve a service; before wire_server_start(). Generated code wraps this with the types.
 * Borrows: service, implementation and context until wire_server_destroy(). */
nx_status wire_server_add(struct wire_server *server, const struct wire_service *service,
                          const void *implementation, void *context) NX_MUST_USE;

/* Listen and serve. `arena` only holds the error.
 * Fails:   UNAVAILABLE when an address cannot be bound; the message names it. */
nx_status wire_server_start(struct wire_server *server, struct nx_arena *arena) NX_MUST_USE;

/* The port bound for the address of this index; for addresses that asked for port 0. */
int wire_server_port(const struct wire_server *server, size_t address_index);

/* Stop accepting calls, wait for those under way, cancel what is left after grace_ms, and stop
 * the shards. Every call has been answered when this returns. Calling it again does nothing.
 * A call that arrives in the very moment is dropped by the core, which its client may see as
 * CANCELLED; ours makes that UNAVAILABLE. */
void wire_server_drain(struct wire_server *server, unsigned grace_ms);

/* Drain without grace if that was not done, and free. Takes NULL. */
void wire_server_destroy(struct wire_server *server);

/* --- A call --- */

/* Memory that lives as long as the call. One thread at a time: whoever owns the call. */
struct nx_arena *wire_call_arena(struct wire_call *call);

/* Which shard received the call: 0 up to the number of shards. */
unsigned wire_call_shard(const struct wire_call *call);

/* When the caller stops waiting, on the monotonic clock; NX_DEADLINE_NEVER when never. */
int64_t wire_call_deadline_ns(const struct wire_call *call);

/* The first value of a metadata key (lower case); ret_value is untouched when it is absent.
 * Valid as long as the call. */
bool wire_call_metadata(const struct wire_call *call, const char *key, struct nx_str *ret_value);

/* Be told, at most once, when the caller goes away before the answer.
 * Set it before handing the call on. The function runs on the shard's thread and must not answer:
 * it passes word to the owner. Pair it with wire_call_ref() where the owner may be done first. */
void wire_call_on_cancel(struct wire_call *call, void (*cancelled)(void *arg), void *arg);

/* Whether the caller has gone. Thread: any. */
bool wire_call_is_cancelled(const struct wire_call *call);

/* Answer, and give the call up: it is not to be used after, unless a reference is held.
 * Borrows: response until return.   Thread: any. */
void wire_call_reply(struct wire_call *call, const ProtobufCMessage *response);

/* Answer with an error, details included, and give the call up. The status must not be OK.
 * Borrows: the status until return. Thread: any. */
void wire_call_fail(struct wire_call *call, nx_status status);

/* What generated skeletons answer for an RPC that the implementation left NULL. */
void wire_call_fail_unimplemented(struct wire_call *call);

/* Keep the call's memory until the matching wire_call_unref(). Thread: any. */
void wire_call_ref(struct wire_call *call);
void wire_call_unref(struct wire_call *call);

#endif
