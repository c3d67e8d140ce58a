/* The client side of gRPC: channels to one target, and asynchronous calls over them.
 *
 * A client owns a few channels (each a connection of its own, or one to each address with round
 * robin) and the threads that serve their completion queues. Calls are spread over the channels in
 * turn. */
#ifndef WIRE_CLIENT_H
#define WIRE_CLIENT_H

#include "wire.h"

struct wire_client;
struct wire_client_call;
struct wire_client_tls;

struct wire_client_options {
    /* gRPC naming: "127.0.0.1:50051", "dns:///host:50051", "unix:/run/nexus.sock",
     * "ipv4:10.0.0.1:50051,10.0.0.2:50051" */
    const char *target;
    unsigned channels; /* 0: 1. As many as the server has completion queues, or more */
    unsigned threads;  /* 0: 1. Threads that completions run on */

    /* Another client whose threads this one is to use, rather than have its own, and which outlives
     * it; NULL: none. In a process only one thread of the core polls at a time: one that has
     * nothing to do takes its turn nevertheless, and wakes others for what it finds. */
    const struct wire_client *shares_threads_of;
    size_t max_response_bytes; /* of one message, unpacked; 0: 4 MiB */
    size_t max_call_bytes;     /* memory of one received message of a stream; 0: 64 MiB */
    size_t max_metadata_bytes; /* of an answer, status message and details too; 0: 32 KiB */
    uint32_t max_depth;        /* of received messages; 0: 100 */
    bool round_robin; /* calls go to all addresses of the target in turn, not to the first */
    uint32_t keepalive_time_ms;    /* ping a silent connection; 0: never. Servers may refuse below
                                    * 5 minutes (too_many_pings) */
    uint32_t keepalive_timeout_ms; /* without an answer it is given up; 0: 20 s */
    const struct wire_client_tls *tls; /* as long as the client lives; NULL: plaintext */
};

struct wire_call_options {
    /* On the monotonic clock; 0 or NX_DEADLINE_NEVER: none. One that has passed: nothing is sent.
     */
    int64_t deadline_ns;
    const struct wire_metadata *metadata;
    size_t metadata_count;
    bool
        wait_for_ready; /* wait for a connection up to the deadline, rather than fail without one */
};

/* Told once how a call ended; nothing else of the call is told after. `response` is NULL unless the
 * status is OK and there is one response.
 * Borrows: the response and the status, both in the call's arena.
 * Thread:  a client thread. */
typedef void (*wire_client_done)(void *arg, nx_status status, const ProtobufCMessage *response);

/* Start a client. Connections are made when first needed, and again after they are lost: at once,
 * then with growing pauses up to a second.
 * Fails:   INTERNAL (no threads), RESOURCE_EXHAUSTED. */
nx_status wire_client_new(const struct wire_client_options *options,
                          struct wire_client **ret_client) NX_MUST_USE;

/* Cancel what is under way, wait for its completions, and free. Takes NULL. */
void wire_client_destroy(struct wire_client *client);

/* Start a unary call.
 * Borrows:   request and options until return; arena until completion, which runs exactly once.
 * Completes: on a client thread, never inline; perhaps before this returns.
 * Returns:   a handle for wire_client_cancel(), valid until wire_client_release(). NULL: there is
 * no memory, and `done` does not run. */
struct wire_client_call *
wire_client_unary(struct wire_client *client, const struct wire_method *method,
                  const ProtobufCMessage *request, const struct wire_call_options *options,
                  struct nx_arena *arena, wire_client_done done, void *arg);

/* The same for a method of any kind; the request is NULL where requests stream. */
struct wire_client_call *
wire_client_start(struct wire_client *client, const struct wire_method *method,
                  const ProtobufCMessage *request, const struct wire_call_options *options,
                  struct nx_arena *arena, wire_client_done done, void *arg);

/* Thread: any. Ask for the call to end with CANCELLED; it may also end otherwise. Takes NULL. */
void wire_client_cancel(struct wire_client_call *call);

/* Give the handle back: once per call, before or after it completed; does not cancel. Takes
 * NULL. */
void wire_client_release(struct wire_client_call *call);

/* The first value of a key in the initial metadata of the answer, from the first response on (from
 * the completion where there is one response), or in the trailing metadata, in the completion.
 * ret_value is untouched when it is absent. Valid as long as the handle. */
bool wire_client_initial(const struct wire_client_call *call, const char *key,
                         struct nx_str *ret_value);
bool wire_client_trailing(const struct wire_client_call *call, const char *key,
                          struct nx_str *ret_value);

/* The same pairs in the order in which they came, by index; false beyond the last. */
bool wire_client_initial_at(const struct wire_client_call *call, size_t index,
                            struct nx_str *ret_key, struct nx_str *ret_value);
bool wire_client_trailing_at(const struct wire_client_call *call, size_t index,
                             struct nx_str *ret_key, struct nx_str *ret_value);

/* --- A call that streams ---
 *
 * One receive and one send can be under way at a time; the next is asked for when its callback has
 * come. Callbacks run on the client thread of the call, never inline. False: the call has ended,
 * and the callback does not run. */

/* Be given the next response; NULL when there are no more, and the completion tells why.
 * The message lives until the next one is asked for. */
typedef void (*wire_client_received)(void *arg, const ProtobufCMessage *message);
bool wire_client_receive(struct wire_client_call *call, wire_client_received received, void *arg);

/* Send one of many requests. `sent` may be NULL where nothing but the half-close follows.
 * Borrows: message until return. */
bool wire_client_send(struct wire_client_call *call, const ProtobufCMessage *message,
                      wire_sent sent, void *arg);

/* No more requests will be sent; once. */
bool wire_client_half_close(struct wire_client_call *call);

/* --- What generated stubs call: the same with typed functions that only `adapt` can call. --- */

typedef void (*wire_client_adapt)(wire_typed done, void *arg, nx_status status,
                                  const ProtobufCMessage *response);
struct wire_client_call *wire_client_start_typed(struct wire_client *client,
                                                 const struct wire_method *method,
                                                 const ProtobufCMessage *request,
                                                 const struct wire_call_options *options,
                                                 struct nx_arena *arena, wire_client_adapt adapt,
                                                 wire_typed done, void *arg);

/* For a call whose responses stream there is no response to complete with. */
typedef void (*wire_client_ended)(void *arg, nx_status status);
void wire_client_adapt_ended(wire_typed ended, void *arg, nx_status status,
                             const ProtobufCMessage *response);

typedef void (*wire_client_received_adapt)(wire_typed received, void *arg,
                                           const ProtobufCMessage *message);
bool wire_client_receive_typed(struct wire_client_call *call, wire_client_received_adapt adapt,
                               wire_typed received, void *arg);

#endif
