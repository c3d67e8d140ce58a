/* What the files of a server call share; internal to wire. The life of a call is told in
 * wire_call.c. */
#ifndef WIRE_CALL_H
#define WIRE_CALL_H

#include "wire_internal.h"
#include "wire_pairs.h"
#include "wire_shard.h"

struct wire_call {
    struct wire_shard *shard;
    const struct wire_route *route;
    struct nx_arena *arena;
    struct wire_call *next; /* among the shard's spare ones */
    atomic_uint references;
    atomic_bool answered;
    atomic_bool watched; /* the closed tag, or an answer that stands for it, is out */
    atomic_bool is_cancelled;
    /* What the call is counted in until it is answered: its kind, and its connection. */
    atomic_uint *kind_counter;
    atomic_uint *peer_counter;

    grpc_call *core;
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_byte_buffer *payload;
    grpc_call_details details; /* of the catch-all route only */

    struct wire_tag arrived;
    struct wire_tag closed;
    struct wire_tag sent;

    int closed_early; /* the core's answer: the client went away before the status was sent */
    void (*cancelled)(void *arg);
    void *cancelled_arg;

    struct wire_pairs initial;
    struct wire_pairs trailing;
    bool initial_is_sent;
    grpc_byte_buffer *response;
    grpc_slice message;
    struct wire_unsent unsent;

    struct wire_stream *stream; /* NULL for unary calls, and before the first use */
};

/* The tags and messages of a call that streams. In the call's arena. */
struct wire_stream {
    struct wire_call *call;
    struct nx_arena *arena; /* of the message that was received last */
    struct wire_tag receiving;
    struct wire_tag sending;
    struct wire_tag initial;
    grpc_byte_buffer *received;
    wire_received_adapt adapt;
    wire_typed on_received;
    void *received_arg;
    grpc_byte_buffer *sent;
    struct wire_unsent unsent;
    wire_sent on_sent;
    void *sent_arg;
};

/* The op that sends the initial metadata. */
grpc_op wire_call_initial_op(struct wire_call *call);

/* Decode one received message into an arena. */
nx_status wire_call_decode(const struct wire_call *call, grpc_byte_buffer *buffer,
                           struct nx_arena *arena, ProtobufCMessage **ret_message) NX_MUST_USE;

/* Give a call that streams what it needs for that. */
nx_status wire_stream_init(struct wire_call *call) NX_MUST_USE;

/* Free what the stream holds outside the call's arena. Takes NULL. */
void wire_stream_cleanup(struct wire_stream *stream);

#endif
