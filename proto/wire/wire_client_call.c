/* The life of a call on the client.
 *
 *   started    wire_client_start(): a unary call in one batch that sends all and asks for all;
 *              one that streams in the batches of wire_client_stream.c
 *   ended      the last of its tags has come back: complete(), once, on a client thread
 *   gone       completed, and its handle released: destroy()
 *
 * A call that cannot be started is cancelled and asked for its status, so that it completes on a
 * client thread like any other. */
#include "wire_client_call.h"

#include "nx_clock.h"
#include "wire_bytes.h"
#include "wire_status.h"

#include <assert.h>
#include <grpc/slice.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void destroy(struct wire_client_call *call)
{
    wire_client_stream_cleanup(call);
    if (call->core)
        grpc_call_unref(call->core);
    if (call->request)
        grpc_byte_buffer_destroy(call->request);
    if (call->response)
        grpc_byte_buffer_destroy(call->response);
    grpc_metadata_array_destroy(&call->initial);
    grpc_metadata_array_destroy(&call->trailing);
    grpc_slice_unref(call->message);
    free(call);
}

void wire_client_release(struct wire_client_call *call)
{
    if (call && atomic_fetch_sub_explicit(&call->references, 1, memory_order_acq_rel) == 1)
        destroy(call);
}

void wire_client_cancel(struct wire_client_call *call)
{
    if (!call)
        return;
    atomic_store_explicit(&call->cancelled, true, memory_order_release);
    grpc_call_cancel(call->core, NULL);
}

static void link_call(struct wire_client_call *call)
{
    struct wire_client *client = call->client;
    pthread_mutex_lock(&client->mutex);
    call->next = client->calls;
    if (call->next)
        call->next->previous = call;
    client->calls = call;
    if (client->closing)
        wire_client_cancel(call);
    pthread_mutex_unlock(&client->mutex);
}

static void unlink_call(struct wire_client_call *call)
{
    struct wire_client *client = call->client;
    pthread_mutex_lock(&client->mutex);
    if (call->previous)
        call->previous->next = call->next;
    else
        client->calls = call->next;
    if (call->next)
        call->next->previous = call->previous;
    if (!client->calls)
        pthread_cond_broadcast(&client->idle);
    pthread_mutex_unlock(&client->mutex);
}

/* Whether the server's core dropped the call as it shut down: its clients are then told that the
 * call was cancelled, although nobody did that. */
static bool was_dropped(const struct wire_client_call *call)
{
    return call->code == GRPC_STATUS_CANCELLED && call->trailing.count == 0 &&
           !call->has_received && !atomic_load_explicit(&call->cancelled, memory_order_acquire);
}

/* A message over the limit of the core that received it, the server's or our own: both have the
 * same words for it, "(5 vs. 4)", and only the limit in them tells whose it is. */
static nx_status too_large(const struct wire_client_call *call)
{
    char ours[32];
    snprintf(ours, sizeof ours, " vs. %zu)", call->client->max_response_bytes);
    struct nx_str message = wire_bytes_of_slice(&call->message);
    if (!memmem(message.ptr, message.len, ours, strlen(ours)))
        return nx_fail_reason(call->arena, NX_RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE",
                              "the request is larger than the service takes");
    return nx_fail_reason(call->arena, NX_RESOURCE_EXHAUSTED, "RESPONSE_TOO_LARGE",
                          "the answer is larger than %zu bytes; ask for less",
                          call->client->max_response_bytes);
}

/* What the server said, with the details it sent. */
static nx_status received_failure(const struct wire_client_call *call)
{
    if (was_dropped(call))
        return nx_fail(call->arena, NX_UNAVAILABLE, "the server is being stopped");
    struct nx_str message = wire_bytes_of_slice(&call->message);
    if (call->code == GRPC_STATUS_RESOURCE_EXHAUSTED && call->trailing.count == 0 &&
        nx_str_starts_with(message, NX_STR("Received message larger than max")))
        return too_large(call);
    enum nx_code code =
        call->code <= GRPC_STATUS_UNAUTHENTICATED ? (enum nx_code)call->code : NX_UNKNOWN;
    struct nx_error *error = nx_arena_calloc(call->arena, 1, sizeof *error);
    char *text = nx_arena_strdup(call->arena, message);
    if (!error || !text)
        return nx_fail_memory();
    error->message = text;
    for (size_t i = 0; i < call->trailing.count; i++) {
        const grpc_metadata *pair = &call->trailing.metadata[i];
        if (!nx_str_equal(wire_bytes_of_slice(&pair->key), nx_str_from(WIRE_STATUS_KEY)))
            continue;
        struct nx_str details = wire_bytes_of_slice(&pair->value);
        char *copy = nx_arena_strdup(call->arena, details);
        if (copy)
            error->details = (struct nx_str){copy, details.len};
    }
    return (nx_status){code, error};
}

static const struct nx_error takes_too_much = {
    .message = "the answer takes more memory than it may; ask for less",
    .reason = "RESPONSE_TOO_LARGE",
};

nx_status wire_client_call_decode(const struct wire_client_call *call, grpc_byte_buffer *buffer,
                                  struct nx_arena *arena, ProtobufCMessage **ret_message)
{
    const struct wire_client *client = call->client;
    struct wire_bytes bytes;
    enum wire_inflated outcome = wire_bytes_open(&bytes, buffer, client->max_response_bytes);
    if (outcome != WIRE_INFLATED)
        return wire_bytes_failure(outcome, "RESPONSE_TOO_LARGE", client->max_response_bytes, arena);
    nx_status status =
        wire_pb_unpack(call->method->response, bytes.text, &client->limits, arena, ret_message);
    wire_bytes_close(&bytes);
    if (status.code == NX_INVALID_ARGUMENT) /* the server's fault, not the caller's */
        return nx_fail(arena, NX_INTERNAL, "the server's answer cannot be read: %s",
                       nx_status_message(status));
    if (status.code == NX_RESOURCE_EXHAUSTED)
        return (nx_status){NX_RESOURCE_EXHAUSTED, &takes_too_much};
    return status;
}

/* --- Ending --- */

static nx_status outcome_of(struct wire_client_call *call, ProtobufCMessage **ret_response)
{
    NX_TRY(call->failure);
    if (call->code != GRPC_STATUS_OK)
        return received_failure(call);
    if (wire_responses_stream(call->method->kind))
        return NX_STATUS_OK;
    if (!call->response)
        return nx_fail(call->arena, NX_INTERNAL, "the server answered without a message");
    return wire_client_call_decode(call, call->response, call->arena, ret_response);
}

static void complete(struct wire_client_call *call)
{
    ProtobufCMessage *response = NULL;
    nx_status status = outcome_of(call, &response);
    call->adapt(call->done, call->arg, status, status.code == NX_OK ? response : NULL);
    unlink_call(call);
    wire_client_release(call);
}

bool wire_client_call_enter(struct wire_client_call *call)
{
    unsigned pending = atomic_load_explicit(&call->pending, memory_order_relaxed);
    while (pending > 0) {
        if (atomic_compare_exchange_weak_explicit(&call->pending, &pending, pending + 1,
                                                  memory_order_acq_rel, memory_order_relaxed))
            return true;
    }
    return false;
}

void wire_client_call_leave(struct wire_client_call *call)
{
    if (atomic_fetch_sub_explicit(&call->pending, 1, memory_order_acq_rel) == 1)
        complete(call);
}

static void on_ended(struct wire_tag *tag, bool ok)
{
    (void)ok; /* a batch that asks for the status always succeeds */
    wire_client_call_leave(WIRE_OWNER(tag, struct wire_client_call, ended));
}

/* --- Starting --- */

static grpc_op status_op(struct wire_client_call *call)
{
    grpc_op op = {.op = GRPC_OP_RECV_STATUS_ON_CLIENT};
    op.data.recv_status_on_client.trailing_metadata = &call->trailing;
    op.data.recv_status_on_client.status = &call->code;
    op.data.recv_status_on_client.status_details = &call->message;
    return op;
}

static grpc_op initial_op(const struct wire_pairs *metadata, bool wait_for_ready)
{
    grpc_op op = {.op = GRPC_OP_SEND_INITIAL_METADATA};
    if (wait_for_ready)
        op.flags = GRPC_INITIAL_METADATA_WAIT_FOR_READY |
                   GRPC_INITIAL_METADATA_WAIT_FOR_READY_EXPLICITLY_SET;
    op.data.send_initial_metadata.count = metadata->count;
    op.data.send_initial_metadata.metadata = metadata->items;
    return op;
}

/* All of a unary call in one batch. */
static void start_unary(struct wire_client_call *call, const grpc_op *initial,
                        const grpc_op *status)
{
    grpc_op ops[6] = {*initial,
                      {.op = GRPC_OP_SEND_MESSAGE},
                      {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
                      {.op = GRPC_OP_RECV_INITIAL_METADATA},
                      {.op = GRPC_OP_RECV_MESSAGE},
                      *status};
    ops[1].data.send_message.send_message = call->request;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &call->initial;
    ops[4].data.recv_message.recv_message = &call->response;
    atomic_init(&call->pending, 1);
    wire_start_batch(call->core, ops, sizeof ops / sizeof *ops, &call->ended);
}

/* The core would send it all the same, and only then see. */
static nx_status check_deadline(const struct wire_client_call *call,
                                const struct wire_call_options *options)
{
    if (!options || options->deadline_ns <= 0 || options->deadline_ns > nx_clock_monotonic_ns())
        return NX_STATUS_OK;
    return nx_fail(call->arena, NX_DEADLINE_EXCEEDED, "the deadline had passed before the call");
}

static nx_status copy_metadata(struct wire_client_call *call,
                               const struct wire_call_options *options, struct wire_pairs *pairs)
{
    for (size_t i = 0; options && i < options->metadata_count; i++) {
        const struct wire_metadata *from = &options->metadata[i];
        NX_TRY(wire_pairs_add(pairs, call->arena, from->key, from->value));
    }
    return NX_STATUS_OK;
}

static void start(struct wire_client_call *call, const struct wire_call_options *options)
{
    struct wire_pairs metadata = {.count = 0};
    grpc_op status = status_op(call);
    call->failure = check_deadline(call, options);
    if (call->failure.code == NX_OK)
        call->failure = copy_metadata(call, options, &metadata);
    if (call->failure.code != NX_OK) {
        grpc_call_cancel(call->core, NULL);
        atomic_init(&call->pending, 1);
        wire_start_batch(call->core, &status, 1, &call->ended);
    } else {
        grpc_op initial = initial_op(&metadata, options && options->wait_for_ready);
        if (call->method->kind == WIRE_UNARY)
            start_unary(call, &initial, &status);
        else
            wire_client_stream_start(call, &initial, &status);
    }
    wire_pairs_clear(&metadata);
}

static struct wire_client_call *new_call(struct wire_client *client,
                                         const struct wire_method *method, struct nx_arena *arena)
{
    struct wire_client_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->client = client;
    call->method = method;
    call->arena = arena;
    call->ended.fire = on_ended;
    call->message = grpc_empty_slice();
    atomic_init(&call->references, 2);
    grpc_metadata_array_init(&call->initial);
    grpc_metadata_array_init(&call->trailing);
    if (method->kind == WIRE_UNARY || wire_client_stream_init(call))
        return call;
    destroy(call);
    return NULL;
}

/* The next channel in turn that is connected; the next in turn when none is. Each has its own
 * pauses between attempts to connect, and a call must not fail on one while another is there. */
static unsigned pick_channel(struct wire_client *client)
{
    unsigned turn = atomic_fetch_add_explicit(&client->next_channel, 1, memory_order_relaxed);
    unsigned first = turn % client->channel_count;
    for (unsigned i = 0; i < client->channel_count; i++) {
        unsigned channel = (first + i) % client->channel_count;
        if (grpc_channel_check_connectivity_state(client->channels[channel], 1) ==
            GRPC_CHANNEL_READY)
            return channel;
    }
    return first;
}

struct wire_client_call *
wire_client_start_typed(struct wire_client *client, const struct wire_method *method,
                        const ProtobufCMessage *request, const struct wire_call_options *options,
                        struct nx_arena *arena, wire_client_adapt adapt, wire_typed done, void *arg)
{
    assert(!request == wire_requests_stream(method->kind));
    struct wire_client_call *call = new_call(client, method, arena);
    if (!call)
        return NULL;
    call->adapt = adapt;
    call->done = done;
    call->arg = arg;
    unsigned channel = pick_channel(client);
    grpc_completion_queue *queue = client->threads[channel % client->thread_count].queue;
    gpr_timespec deadline = wire_time_from_deadline(options ? options->deadline_ns : 0);
    call->core =
        grpc_channel_create_call(client->channels[channel], NULL, GRPC_PROPAGATE_DEFAULTS, queue,
                                 grpc_slice_from_static_string(method->path), NULL, deadline, NULL);
    if (request)
        call->request = wire_bytes_pack(request);
    link_call(call);
    start(call, options);
    return call;
}

static void adapt_untyped(wire_typed done, void *arg, nx_status status,
                          const ProtobufCMessage *response)
{
    ((wire_client_done)done)(arg, status, response);
}

struct wire_client_call *wire_client_start(struct wire_client *client,
                                           const struct wire_method *method,
                                           const ProtobufCMessage *request,
                                           const struct wire_call_options *options,
                                           struct nx_arena *arena, wire_client_done done, void *arg)
{
    return wire_client_start_typed(client, method, request, options, arena, adapt_untyped,
                                   (wire_typed)done, arg);
}

struct wire_client_call *wire_client_unary(struct wire_client *client,
                                           const struct wire_method *method,
                                           const ProtobufCMessage *request,
                                           const struct wire_call_options *options,
                                           struct nx_arena *arena, wire_client_done done, void *arg)
{
    assert(method->kind == WIRE_UNARY);
    return wire_client_start(client, method, request, options, arena, done, arg);
}

/* --- Looking --- */

bool wire_client_initial(const struct wire_client_call *call, const char *key,
                         struct nx_str *ret_value)
{
    return wire_metadata_find(&call->initial, key, ret_value);
}

bool wire_client_trailing(const struct wire_client_call *call, const char *key,
                          struct nx_str *ret_value)
{
    return wire_metadata_find(&call->trailing, key, ret_value);
}

bool wire_client_initial_at(const struct wire_client_call *call, size_t index,
                            struct nx_str *ret_key, struct nx_str *ret_value)
{
    return wire_metadata_at(&call->initial, index, ret_key, ret_value);
}

bool wire_client_trailing_at(const struct wire_client_call *call, size_t index,
                             struct nx_str *ret_key, struct nx_str *ret_value)
{
    return wire_metadata_at(&call->trailing, index, ret_key, ret_value);
}
