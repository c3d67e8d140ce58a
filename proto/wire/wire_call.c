/* The life of a call on the server.
 *
 *   posted    wire_call_post(): the core has a place to put the next call of a route
 *   arrived   on_arrived(): a client called; another is posted in its place
 *   checked   admit(): in-flight cap, metadata cap, message present, decode
 *   owned     the implementation has it: it streams, if it does (wire_stream.c), and answers from
 *             any thread
 *   watched   the closed tag is out: it fires when the call is over, and says whether the client
 *             went away first. Not for calls that are answered at once: their answer asks for it
 *   answered  answer(): one batch of initial metadata, message and status
 *   gone      every tag has fired and no reference is held: retire()
 *
 * A reference comes with the arrival, which the answer's batch gives back; so does each other tag.
 * A call that is gone is kept for the next. One that could not be replaced when it arrived, for
 * want of memory, is posted for its route again: a route never runs out of posted calls. */
#include "wire_call.h"

#include "nx_clock.h"
#include "nx_log.h"
#include "wire_bytes.h"
#include "wire_peer.h"
#include "wire_status.h"

#include <assert.h>
#include <grpc/slice.h>
#include <stdlib.h>
#include <string.h>

/* An answer of fewer bytes fits what a client must be ready for, or wastes little if it does not.
 */
#define LARGE_ANSWER_BYTES ((size_t)65536)

static void post(struct wire_call *call, const struct wire_route *route);

/* Give back all that the call holds but its arena. */
static void release(struct wire_call *call)
{
    wire_stream_cleanup(call->stream);
    if (call->core)
        grpc_call_unref(call->core);
    if (call->payload)
        grpc_byte_buffer_destroy(call->payload);
    if (call->response)
        grpc_byte_buffer_destroy(call->response);
    grpc_slice_unref(call->message);
    wire_pairs_clear(&call->initial);
    wire_pairs_clear(&call->trailing);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_details_destroy(&call->details);
}

static void retire(struct wire_call *call)
{
    struct wire_server *server = call->shard->server;
    release(call);
    nx_arena_reset(call->arena);
    const struct wire_route *missing = wire_shard_keep(call->shard, call);
    if (missing)
        post(call, missing);
    wire_server_call_ended(server);
}

void wire_call_free(struct wire_call *call)
{
    nx_arena_destroy(call->arena);
    free(call);
}

void wire_call_ref(struct wire_call *call)
{
    atomic_fetch_add_explicit(&call->references, 1, memory_order_relaxed);
}

void wire_call_unref(struct wire_call *call)
{
    if (atomic_fetch_sub_explicit(&call->references, 1, memory_order_acq_rel) == 1)
        retire(call);
}

static void on_sent(struct wire_tag *tag, bool ok)
{
    (void)ok; /* the client may be gone: the closed tag tells */
    struct wire_call *call = WIRE_OWNER(tag, struct wire_call, sent);
    wire_shard_sent(call->shard, &call->unsent);
    wire_call_unref(call);
}

static void on_closed(struct wire_tag *tag, bool ok)
{
    struct wire_call *call = WIRE_OWNER(tag, struct wire_call, closed);
    if (ok && call->closed_early) {
        atomic_store_explicit(&call->is_cancelled, true, memory_order_release);
        if (call->cancelled && !atomic_load_explicit(&call->answered, memory_order_acquire))
            call->cancelled(call->cancelled_arg);
    }
    wire_call_unref(call);
}

static grpc_op closed_op(struct wire_call *call)
{
    grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
    op.data.recv_close_on_server.cancelled = &call->closed_early;
    return op;
}

/* Have the closed tag fire when the call is over; once. */
static void watch(struct wire_call *call)
{
    if (atomic_exchange_explicit(&call->watched, true, memory_order_acq_rel))
        return;
    grpc_op op = closed_op(call);
    wire_call_ref(call);
    wire_start_batch(call->core, &op, 1, &call->closed);
}

/* --- Answering --- */

grpc_op wire_call_initial_op(struct wire_call *call)
{
    grpc_op op = {.op = GRPC_OP_SEND_INITIAL_METADATA};
    op.data.send_initial_metadata.metadata = call->initial.items;
    op.data.send_initial_metadata.count = call->initial.count;
    call->initial_is_sent = true;
    return op;
}

static grpc_op message_op(struct wire_call *call)
{
    grpc_op op = {.op = GRPC_OP_SEND_MESSAGE};
    op.data.send_message.send_message = call->response;
    return op;
}

static grpc_op status_op(struct wire_call *call, enum nx_code code)
{
    grpc_op op = {.op = GRPC_OP_SEND_STATUS_FROM_SERVER};
    op.data.send_status_from_server.status = (grpc_status_code)code;
    op.data.send_status_from_server.status_details = &call->message;
    op.data.send_status_from_server.trailing_metadata = call->trailing.items;
    op.data.send_status_from_server.trailing_metadata_count = call->trailing.count;
    return op;
}

static void answer(struct wire_call *call, enum nx_code code)
{
    bool again = atomic_exchange_explicit(&call->answered, true, memory_order_acq_rel);
    assert(!again && "a call is answered once");
    (void)again;
    if (call->kind_counter) {
        atomic_fetch_sub_explicit(call->kind_counter, 1, memory_order_relaxed);
        atomic_fetch_sub_explicit(call->peer_counter, 1, memory_order_relaxed);
    }
    grpc_op ops[4];
    size_t count = 0;
    if (!call->initial_is_sent)
        ops[count++] = wire_call_initial_op(call);
    if (call->response) {
        size_t bytes = grpc_byte_buffer_length(call->response);
        if (bytes >= LARGE_ANSWER_BYTES)
            wire_shard_sends(call->shard, &call->unsent, call->core, bytes);
        ops[count++] = message_op(call);
    }
    ops[count++] = status_op(call, code);
    if (!atomic_exchange_explicit(&call->watched, true, memory_order_acq_rel))
        ops[count++] = closed_op(call);
    wire_start_batch(call->core, ops, count, &call->sent);
}

void wire_call_reply(struct wire_call *call, const ProtobufCMessage *response)
{
    assert(response->descriptor == call->route->method->response);
    assert(!wire_responses_stream(call->route->method->kind));
    call->response = wire_bytes_pack(response);
    answer(call, NX_OK);
}

void wire_call_finish(struct wire_call *call)
{
    assert(wire_responses_stream(call->route->method->kind));
    answer(call, NX_OK);
}

void wire_call_fail(struct wire_call *call, nx_status status)
{
    assert(status.code != NX_OK);
    struct nx_str details = wire_status_pack(status, call->arena);
    struct nx_str message = wire_trim(nx_str_from(nx_status_message(status)));
    call->message = grpc_slice_from_copied_buffer(message.ptr, message.len);
    if (details.len > 0) {
        nx_status added = wire_call_add_trailing(call, WIRE_STATUS_KEY, details);
        (void)added; /* without memory the code and the message must do */
    }
    answer(call, status.code);
}

void wire_call_fail_unimplemented(struct wire_call *call)
{
    struct nx_str path = {call->route->method ? call->route->method->path : NULL, 0};
    if (path.ptr)
        path.len = strlen(path.ptr);
    else
        path = wire_bytes_of_slice(&call->details.method);
    wire_call_fail(call, nx_fail_reason(call->arena, NX_UNIMPLEMENTED, "METHOD_UNIMPLEMENTED",
                                        "there is no method %.*s", (int)path.len, path.ptr));
}

/* --- Arriving --- */

static nx_status check_metadata(const struct wire_call *call)
{
    size_t bytes = 0;
    for (size_t i = 0; i < call->metadata.count; i++) {
        const grpc_metadata *pair = &call->metadata.metadata[i];
        bytes += GRPC_SLICE_LENGTH(pair->key) + GRPC_SLICE_LENGTH(pair->value);
    }
    size_t most = call->shard->server->options.max_metadata_bytes;
    if (bytes <= most)
        return NX_STATUS_OK;
    return nx_fail_reason(call->arena, NX_RESOURCE_EXHAUSTED, "METADATA_TOO_LARGE",
                          "the metadata of a call may have %zu bytes", most);
}

nx_status wire_call_decode(const struct wire_call *call, grpc_byte_buffer *buffer,
                           struct nx_arena *arena, ProtobufCMessage **ret_message)
{
    const struct wire_server *server = call->shard->server;
    size_t most = server->options.max_request_bytes;
    struct wire_bytes bytes;
    enum wire_inflated outcome = wire_bytes_open(&bytes, buffer, most);
    if (outcome != WIRE_INFLATED)
        return wire_bytes_failure(outcome, "REQUEST_TOO_LARGE", most, arena);
    nx_status status = wire_pb_unpack(call->route->method->request, bytes.text, &server->limits,
                                      arena, ret_message);
    wire_bytes_close(&bytes);
    return status;
}

/* Count the call among those under way, until it is answered. What streams may take its time, and
 * is counted apart; no connection may have all. */
static nx_status count_in(struct wire_call *call)
{
    const struct wire_server_options *options = &call->shard->server->options;
    bool streams = call->route->method->kind != WIRE_UNARY;
    unsigned most = streams ? options->max_streaming : options->max_in_flight;
    call->kind_counter = streams ? &call->shard->streaming : &call->shard->in_flight;
    call->peer_counter = wire_shard_peer_counter(call->shard, call->core);
    unsigned others = atomic_fetch_add_explicit(call->kind_counter, 1, memory_order_relaxed);
    unsigned own = atomic_fetch_add_explicit(call->peer_counter, 1, memory_order_relaxed);
    if (own >= options->max_streams * WIRE_PEERS_SHARING)
        return nx_fail_reason(call->arena, NX_RESOURCE_EXHAUSTED, "TOO_MANY_CALLS",
                              "a connection can have %u calls under way", options->max_streams);
    if (others < most)
        return NX_STATUS_OK;
    return nx_fail_reason(call->arena, NX_RESOURCE_EXHAUSTED, "TOO_MANY_CALLS",
                          "the server has as many calls under way as it takes; try again");
}

static nx_status admit(struct wire_call *call, ProtobufCMessage **ret_request)
{
    enum wire_kind kind = call->route->method->kind;
    NX_TRY(count_in(call));
    NX_TRY(check_metadata(call));
    if (kind != WIRE_UNARY)
        NX_TRY(wire_stream_init(call));
    if (wire_requests_stream(kind))
        return NX_STATUS_OK;
    if (!call->payload)
        return nx_fail(call->arena, NX_INVALID_ARGUMENT, "the call came without a request");
    return wire_call_decode(call, call->payload, call->arena, ret_request);
}

/* Answer, or hand the call over. */
static void serve(struct wire_call *call)
{
    const struct wire_route *route = call->route;
    if (!route->method) {
        wire_call_fail_unimplemented(call);
        return;
    }
    ProtobufCMessage *request = NULL;
    nx_status status = admit(call, &request);
    if (status.code != NX_OK)
        wire_call_fail(call, status);
    else
        route->method->dispatch(route->implementation, route->context, call, request);
}

static void on_arrived(struct wire_tag *tag, bool ok)
{
    struct wire_call *call = WIRE_OWNER(tag, struct wire_call, arrived);
    if (!ok) { /* the server shuts down */
        wire_call_unref(call);
        return;
    }
    wire_call_post(call->shard, call->route);
    wire_call_ref(call);
    serve(call);
    if (!atomic_load_explicit(&call->answered, memory_order_acquire))
        watch(call);
    wire_call_unref(call);
}

/* --- Posting --- */

/* Memory for a call: one that is spare, or a new one. */
static struct wire_call *new_call(struct wire_shard *shard)
{
    struct wire_call *call = wire_shard_take(shard);
    if (call)
        return call;
    call = calloc(1, sizeof *call);
    struct nx_arena *arena = nx_arena_new(shard->server->options.max_call_bytes);
    if (!call || !arena) {
        nx_arena_destroy(arena);
        free(call);
        return NULL;
    }
    call->shard = shard;
    call->arena = arena;
    return call;
}

static void reset(struct wire_call *call, const struct wire_route *route)
{
    *call = (struct wire_call){
        .shard = call->shard,
        .arena = call->arena,
        .route = route,
        .arrived = {on_arrived},
        .closed = {on_closed},
        .sent = {on_sent},
        .message = grpc_empty_slice(),
    };
    atomic_init(&call->references, 1);
    grpc_metadata_array_init(&call->metadata);
    grpc_call_details_init(&call->details);
}

static void post(struct wire_call *call, const struct wire_route *route)
{
    grpc_server *core = call->shard->server->core;
    grpc_completion_queue *queue = call->shard->queue;
    reset(call, route);
    wire_server_call_begins(call->shard->server);
    wire_hand_over(&call->arrived);
    grpc_call_error error =
        route->method
            ? grpc_server_request_registered_call(
                  core, route->registration, &call->core, &call->deadline, &call->metadata,
                  wire_requests_stream(route->method->kind) ? NULL : &call->payload, queue, queue,
                  &call->arrived)
            : grpc_server_request_call(core, &call->core, &call->details, &call->metadata, queue,
                                       queue, &call->arrived);
    if (error != GRPC_CALL_OK)
        wire_call_unref(call);
}

void wire_call_post(struct wire_shard *shard, const struct wire_route *route)
{
    struct wire_call *call = new_call(shard);
    if (call) {
        post(call, route);
        return;
    }
    wire_shard_lacks(shard, route);
    nx_log(NX_LOG_ERROR, "out of memory for a call", "method",
           route->method ? route->method->path : "*", NULL);
}

/* --- Looking --- */

struct nx_str wire_call_peer(struct wire_call *call)
{
    return wire_peer_address(call->core, call->arena);
}

bool wire_call_identity(struct wire_call *call, struct nx_str *ret_identity)
{
    return wire_peer_identity(call->core, call->arena, ret_identity);
}

struct nx_arena *wire_call_arena(struct wire_call *call)
{
    return call->arena;
}

unsigned wire_call_shard(const struct wire_call *call)
{
    return call->shard->index;
}

int64_t wire_call_deadline_ns(const struct wire_call *call)
{
    return wire_time_to_deadline(call->deadline);
}

bool wire_call_metadata(const struct wire_call *call, const char *key, struct nx_str *ret_value)
{
    return wire_metadata_find(&call->metadata, key, ret_value);
}

bool wire_call_metadata_at(const struct wire_call *call, size_t index, struct nx_str *ret_key,
                           struct nx_str *ret_value)
{
    return wire_metadata_at(&call->metadata, index, ret_key, ret_value);
}

nx_status wire_call_add_initial(struct wire_call *call, const char *key, struct nx_str value)
{
    assert(!call->initial_is_sent);
    return wire_pairs_add(&call->initial, call->arena, key, value);
}

nx_status wire_call_add_trailing(struct wire_call *call, const char *key, struct nx_str value)
{
    return wire_pairs_add(&call->trailing, call->arena, key, value);
}

void wire_call_on_cancel(struct wire_call *call, void (*cancelled)(void *arg), void *arg)
{
    /* The closed tag fires on this same thread, later: nobody reads these meanwhile. */
    call->cancelled_arg = arg;
    call->cancelled = cancelled;
    watch(call);
}

bool wire_call_is_cancelled(const struct wire_call *call)
{
    return atomic_load_explicit(&call->is_cancelled, memory_order_acquire);
}
