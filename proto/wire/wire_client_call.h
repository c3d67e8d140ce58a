/* What the files of the client share; internal to wire. */
#ifndef WIRE_CLIENT_CALL_H
#define WIRE_CLIENT_CALL_H

#include "wire_client.h"
#include "wire_internal.h"
#include "wire_pairs.h"

struct wire_client_thread {
    grpc_completion_queue *queue;
    pthread_t thread;
    bool running;
};

struct wire_client {
    struct wire_client_thread *threads;
    unsigned thread_count;
    bool has_threads; /* and they are its own */
    grpc_channel **channels;
    unsigned channel_count;
    struct wire_pb_limits limits;
    size_t max_response_bytes;
    size_t max_call_bytes;
    atomic_uint next_channel;
    pthread_mutex_t mutex; /* guards the two below */
    pthread_cond_t idle;
    struct wire_client_call *calls; /* not yet completed */
    bool closing;
};

struct wire_client_call {
    struct wire_client *client;
    const struct wire_method *method;
    struct wire_client_call *next, *previous;
    struct nx_arena *arena;
    wire_client_adapt adapt;
    wire_typed done;
    void *arg;
    atomic_uint references; /* the handle's, and the completion's */
    atomic_uint pending;    /* tags that are out; at zero the call has ended */

    grpc_call *core;
    atomic_bool cancelled; /* by us */
    struct wire_tag ended;
    grpc_byte_buffer *request;
    grpc_byte_buffer *response;
    grpc_metadata_array initial;
    grpc_metadata_array trailing;
    grpc_status_code code;
    grpc_slice message;
    nx_status failure; /* found by us: it goes before what the server said */

    /* Of calls that stream. */
    struct nx_arena *message_arena; /* of the response that was received last */
    bool has_received;
    struct wire_tag started;
    struct wire_tag headers;
    struct wire_tag receiving;
    struct wire_tag sending;
    struct wire_tag half_closing;
    grpc_byte_buffer *received;
    wire_client_received_adapt receive_adapt;
    wire_typed on_received;
    void *received_arg;
    grpc_byte_buffer *sent;
    wire_sent on_sent;
    void *sent_arg;
};

/* Have one more tag out; false when the call has ended. */
bool wire_client_call_enter(struct wire_client_call *call);

/* A tag has come back and its callback has run; the last one completes the call. */
void wire_client_call_leave(struct wire_client_call *call);

/* Decode a response into an arena. */
nx_status wire_client_call_decode(const struct wire_client_call *call, grpc_byte_buffer *buffer,
                                  struct nx_arena *arena,
                                  ProtobufCMessage **ret_message) NX_MUST_USE;

/* Set a call up to stream; false without memory. */
bool wire_client_stream_init(struct wire_client_call *call);
void wire_client_stream_cleanup(struct wire_client_call *call);

/* The batches of a call that streams, in the place of the one of a unary call; the tags are out. */
void wire_client_stream_start(struct wire_client_call *call, const grpc_op *initial,
                              const grpc_op *status);

#endif
