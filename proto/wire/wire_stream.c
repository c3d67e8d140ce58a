/* Messages of a server call that streams, one at a time each way. Every tag that is out holds a
 * reference of the call; its callback runs only while the call is not answered. */
#include "wire_call.h"

#include "wire_bytes.h"

#include <assert.h>

static const struct nx_error client_gone = {.message = "the client has gone"};

static bool is_answered(const struct wire_call *call)
{
    return atomic_load_explicit(&call->answered, memory_order_acquire);
}

static void start(struct wire_call *call, const grpc_op *ops, size_t count, struct wire_tag *tag)
{
    wire_call_ref(call);
    wire_start_batch(call->core, ops, count, tag);
}

/* --- Receiving --- */

/* The message in a buffer, which may be NULL: the client has sent its last. */
static nx_status take_message(struct wire_stream *stream, grpc_byte_buffer *buffer,
                              ProtobufCMessage **ret_message)
{
    nx_arena_reset(stream->arena);
    if (buffer)
        return wire_call_decode(stream->call, buffer, stream->arena, ret_message);
    return grpc_call_failed_before_recv_message(stream->call->core)
               ? (nx_status){NX_CANCELLED, &client_gone}
               : NX_STATUS_OK;
}

static void on_received(struct wire_tag *tag, bool ok)
{
    (void)ok; /* also true for a call that was cancelled */
    struct wire_stream *stream = WIRE_OWNER(tag, struct wire_stream, receiving);
    struct wire_call *call = stream->call;
    grpc_byte_buffer *buffer = stream->received;
    wire_typed received = stream->on_received;
    stream->received = NULL;
    stream->on_received = NULL;
    if (!is_answered(call)) {
        ProtobufCMessage *message = NULL;
        nx_status status =
            ok ? take_message(stream, buffer, &message) : (nx_status){NX_CANCELLED, &client_gone};
        stream->adapt(received, stream->received_arg, status, message);
    }
    if (buffer)
        grpc_byte_buffer_destroy(buffer);
    wire_call_unref(call);
}

void wire_call_receive_typed(struct wire_call *call, wire_received_adapt adapt, wire_typed received,
                             void *arg)
{
    struct wire_stream *stream = call->stream;
    assert(wire_requests_stream(call->route->method->kind));
    if (is_answered(call))
        return;
    assert(!stream->on_received && "one message is asked for at a time");
    stream->adapt = adapt;
    stream->on_received = received;
    stream->received_arg = arg;
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};
    op.data.recv_message.recv_message = &stream->received;
    start(call, &op, 1, &stream->receiving);
}

static void adapt_untyped(wire_typed received, void *arg, nx_status status,
                          const ProtobufCMessage *message)
{
    ((wire_received)received)(arg, status, message);
}

void wire_call_receive(struct wire_call *call, wire_received received, void *arg)
{
    wire_call_receive_typed(call, adapt_untyped, (wire_typed)received, arg);
}

/* --- Sending --- */

static void on_message_sent(struct wire_tag *tag, bool ok)
{
    struct wire_stream *stream = WIRE_OWNER(tag, struct wire_stream, sending);
    struct wire_call *call = stream->call;
    wire_sent sent = stream->on_sent;
    wire_shard_sent(call->shard, &stream->unsent);
    grpc_byte_buffer_destroy(stream->sent);
    stream->sent = NULL;
    if (sent && !is_answered(call))
        sent(stream->sent_arg, ok);
    wire_call_unref(call);
}

void wire_call_send(struct wire_call *call, const ProtobufCMessage *message, wire_sent sent,
                    void *arg)
{
    struct wire_stream *stream = call->stream;
    assert(wire_responses_stream(call->route->method->kind));
    assert(message->descriptor == call->route->method->response);
    if (is_answered(call))
        return;
    assert(!stream->sent && "one message is sent at a time");
    stream->sent = wire_bytes_pack(message);
    wire_shard_sends(call->shard, &stream->unsent, call->core,
                     grpc_byte_buffer_length(stream->sent));
    stream->on_sent = sent;
    stream->sent_arg = arg;
    grpc_op ops[2];
    size_t count = 0;
    if (!call->initial_is_sent)
        ops[count++] = wire_call_initial_op(call);
    grpc_op *op = &ops[count++];
    *op = (grpc_op){.op = GRPC_OP_SEND_MESSAGE};
    op->data.send_message.send_message = stream->sent;
    start(call, ops, count, &stream->sending);
}

static void on_initial_sent(struct wire_tag *tag, bool ok)
{
    (void)ok; /* the closed tag tells whether the client is there */
    wire_call_unref(WIRE_OWNER(tag, struct wire_stream, initial)->call);
}

void wire_call_send_initial(struct wire_call *call)
{
    if (call->initial_is_sent || is_answered(call))
        return;
    grpc_op op = wire_call_initial_op(call);
    start(call, &op, 1, &call->stream->initial);
}

/* --- Life --- */

nx_status wire_stream_init(struct wire_call *call)
{
    struct wire_stream *stream = nx_arena_calloc(call->arena, 1, sizeof *stream);
    if (!stream)
        return nx_fail_memory();
    *stream = (struct wire_stream){
        .call = call,
        .receiving = {on_received},
        .sending = {on_message_sent},
        .initial = {on_initial_sent},
    };
    call->stream = stream;
    if (!wire_requests_stream(call->route->method->kind))
        return NX_STATUS_OK;
    stream->arena = nx_arena_new(call->shard->server->options.max_call_bytes);
    return stream->arena ? NX_STATUS_OK : nx_fail_memory();
}

void wire_stream_cleanup(struct wire_stream *stream)
{
    if (!stream)
        return;
    nx_arena_destroy(stream->arena);
}
