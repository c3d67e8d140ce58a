/* The client side of gRPC: channels to one target, and asynchronous calls over them.
 *
 * A client owns a few channels (each a connection of its own) and the threads that serve their
 * completion queues. Calls are spread over the channels in turn. */
#ifndef WIRE_CLIENT_H
#define WIRE_CLIENT_H

#include "wire.h"

struct wire_client;
struct wire_client_call;

struct wire_client_options {
    const char *target;        /* gRPC naming: "127.0.0.1:50051", "unix:/run/nexus.sock" */
    unsigned channels;         /* 0: 1. As many as the server has completion queues, or more */
    unsigned threads;          /* 0: 1. Threads that completions run on */
    size_t max_response_bytes; /* 0: 4 MiB */
    uint32_t max_depth;        /* of received messages; 0: 100 */
};

struct wire_call_options {
    int64_t deadline_ns; /* on the monotonic clock; 0 or NX_DEADLINE_NEVER: none */
    const struct wire_metadata *metadata;
    size_t metadata_count;
};

/* Told once how a call ended. `response` is NULL unless the status is OK.
 * Borrows: the response and the status, both in the call's arena.
 * Thread:  a client thread. */
typedef void (*wire_client_done)(void *arg, nx_status status, const ProtobufCMessage *response);

/* Start a client. Connections are made when first needed, and again after they are lost.
 * Fails:   INTERNAL (no threads), RESOURCE_EXHAUSTED. */
nx_status wire_client_new(const struct wire_client_options *options,
                          struct wire_client **ret_client) NX_MUST_USE;

/* Cancel what is under way, wait for its completions, and free. Takes NULL. */
void wire_client_destroy(struct wire_client *client);

/* Start a unary call.
 * Borrows:   request and options until return; arena until completion, which runs exactly once.
 * Completes: on a client thread; never before this returns.
 * Returns:   a handle for wire_client_cancel(), valid until wire_client_release(). */
struct wire_client_call *
wire_client_unary(struct wire_client *client, const struct wire_method *method,
                  const ProtobufCMessage *request, const struct wire_call_options *options,
                  struct nx_arena *arena, wire_client_done done, void *arg);

/* What generated stubs call: as wire_client_unary(), with a typed completion function that only
 * `adapt` knows how to call. */
typedef void (*wire_any_done)(void);
typedef void (*wire_client_adapt)(wire_any_done done, void *arg, nx_status status,
                                  const ProtobufCMessage *response);
struct wire_client_call *
wire_client_start(struct wire_client *client, const struct wire_method *method,
                  const ProtobufCMessage *request, const struct wire_call_options *options,
                  struct nx_arena *arena, wire_client_adapt adapt, wire_any_done done, void *arg);

/* Thread: any. Ask for the call to end with CANCELLED; it may also end otherwise. */
void wire_client_cancel(struct wire_client_call *call);

/* Give the handle back: once per call, before or after it completed; does not cancel. */
void wire_client_release(struct wire_client_call *call);

#endif
