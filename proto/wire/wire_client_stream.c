/* A client call that streams.
 *
 * Its batches: what is sent at the start (the only request and the half-close with it, if requests
 * do not stream), the headers of the answer (with the only response and the status, if responses do
 * not stream), the status. Then a batch for each message, and one for the half-close. */
#include "wire_client_call.h"

#include "wire_bytes.h"

#include <assert.h>

static void on_started(struct wire_tag *tag, bool ok)
{
    (void)ok; /* the status tells */
    wire_client_call_leave(WIRE_OWNER(tag, struct wire_client_call, started));
}

static void on_headers(struct wire_tag *tag, bool ok)
{
    (void)ok;
    wire_client_call_leave(WIRE_OWNER(tag, struct wire_client_call, headers));
}

static void on_half_closed(struct wire_tag *tag, bool ok)
{
    (void)ok;
    wire_client_call_leave(WIRE_OWNER(tag, struct wire_client_call, half_closing));
}

/* --- Starting --- */

static void start_sending(struct wire_client_call *call, const grpc_op *initial)
{
    grpc_op ops[3] = {
        *initial, {.op = GRPC_OP_SEND_MESSAGE}, {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}};
    ops[1].data.send_message.send_message = call->request;
    wire_start_batch(call->core, ops, call->request ? 3 : 1, &call->started);
}

static void start_receiving(struct wire_client_call *call, const grpc_op *status)
{
    grpc_op ops[3] = {{.op = GRPC_OP_RECV_INITIAL_METADATA}, {.op = GRPC_OP_RECV_MESSAGE}, *status};
    ops[0].data.recv_initial_metadata.recv_initial_metadata = &call->initial;
    ops[1].data.recv_message.recv_message = &call->response;
    if (wire_responses_stream(call->method->kind)) {
        wire_start_batch(call->core, &ops[0], 1, &call->headers);
        wire_start_batch(call->core, &ops[2], 1, &call->ended);
    } else {
        wire_start_batch(call->core, ops, 3, &call->ended);
    }
}

void wire_client_stream_start(struct wire_client_call *call, const grpc_op *initial,
                              const grpc_op *status)
{
    atomic_init(&call->pending, wire_responses_stream(call->method->kind) ? 3 : 2);
    start_sending(call, initial);
    start_receiving(call, status);
}

void wire_client_adapt_ended(wire_typed ended, void *arg, nx_status status,
                             const ProtobufCMessage *response)
{
    (void)response;
    ((wire_client_ended)ended)(arg, status);
}

/* --- Receiving --- */

/* The message in a buffer; NULL at the end, and for one that cannot be read, which ends the call.
 */
static ProtobufCMessage *take_message(struct wire_client_call *call, grpc_byte_buffer *buffer)
{
    ProtobufCMessage *message = NULL;
    nx_arena_reset(call->message_arena);
    if (!buffer)
        return NULL;
    call->has_received = true;
    nx_status status = wire_client_call_decode(call, buffer, call->message_arena, &message);
    if (status.code == NX_OK)
        return message;
    if (call->failure.code == NX_OK)
        call->failure = nx_status_copy(call->arena, status);
    grpc_call_cancel(call->core, NULL);
    return NULL;
}

static void on_received(struct wire_tag *tag, bool ok)
{
    struct wire_client_call *call = WIRE_OWNER(tag, struct wire_client_call, receiving);
    grpc_byte_buffer *buffer = call->received;
    wire_typed received = call->on_received;
    call->received = NULL;
    call->on_received = NULL;
    call->receive_adapt(received, call->received_arg, take_message(call, ok ? buffer : NULL));
    if (buffer)
        grpc_byte_buffer_destroy(buffer);
    wire_client_call_leave(call);
}

bool wire_client_receive_typed(struct wire_client_call *call, wire_client_received_adapt adapt,
                               wire_typed received, void *arg)
{
    assert(wire_responses_stream(call->method->kind));
    if (!wire_client_call_enter(call))
        return false;
    assert(!call->on_received && "one message is asked for at a time");
    call->receive_adapt = adapt;
    call->on_received = received;
    call->received_arg = arg;
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};
    op.data.recv_message.recv_message = &call->received;
    wire_start_batch(call->core, &op, 1, &call->receiving);
    return true;
}

static void adapt_untyped(wire_typed received, void *arg, const ProtobufCMessage *message)
{
    ((wire_client_received)received)(arg, message);
}

bool wire_client_receive(struct wire_client_call *call, wire_client_received received, void *arg)
{
    return wire_client_receive_typed(call, adapt_untyped, (wire_typed)received, arg);
}

/* --- Sending --- */

static void on_sent(struct wire_tag *tag, bool ok)
{
    struct wire_client_call *call = WIRE_OWNER(tag, struct wire_client_call, sending);
    wire_sent sent = call->on_sent;
    grpc_byte_buffer_destroy(call->sent);
    call->sent = NULL;
    if (sent)
        sent(call->sent_arg, ok);
    wire_client_call_leave(call);
}

bool wire_client_send(struct wire_client_call *call, const ProtobufCMessage *message,
                      wire_sent sent, void *arg)
{
    assert(wire_requests_stream(call->method->kind));
    assert(message->descriptor == call->method->request);
    if (!wire_client_call_enter(call))
        return false;
    assert(!call->sent && "one message is sent at a time");
    call->sent = wire_bytes_pack(message);
    call->on_sent = sent;
    call->sent_arg = arg;
    grpc_op op = {.op = GRPC_OP_SEND_MESSAGE};
    op.data.send_message.send_message = call->sent;
    wire_start_batch(call->core, &op, 1, &call->sending);
    return true;
}

bool wire_client_half_close(struct wire_client_call *call)
{
    assert(wire_requests_stream(call->method->kind));
    if (!wire_client_call_enter(call))
        return false;
    grpc_op op = {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT};
    wire_start_batch(call->core, &op, 1, &call->half_closing);
    return true;
}

/* --- Life --- */

bool wire_client_stream_init(struct wire_client_call *call)
{
    call->started.fire = on_started;
    call->headers.fire = on_headers;
    call->receiving.fire = on_received;
    call->sending.fire = on_sent;
    call->half_closing.fire = on_half_closed;
    if (!wire_responses_stream(call->method->kind))
        return true;
    call->message_arena = nx_arena_new(call->client->max_call_bytes);
    return call->message_arena != NULL;
}

void wire_client_stream_cleanup(struct wire_client_call *call)
{
    nx_arena_destroy(call->message_arena);
}
