/* The life of a call on the server.
 *
 *   posted    wire_call_post(): the core has a place to put the next call of a route
 *   arrived   on_arrived(): a client called; another is posted in its place
 *   watched   the closed tag is out: it fires when the call is over, and says whether the client
 *             went away first
 *   checked   admit(): in-flight cap, metadata cap, message present, pre-scan, unpack
 *   owned     the implementation has it, and answers from any thread
 *   answered  answer(): one batch of initial metadata, message and status
 *   gone      both tags have fired and no reference is held: destroy()
 *
 * Two references come with the arrival: one that the answer's batch gives back, one that the closed
 * tag gives back. */
#include "wire_internal.h"

#include "nx_clock.h"
#include "nx_log.h"
#include "wire_bytes.h"
#include "wire_status.h"

#include <assert.h>
#include <grpc/slice.h>
#include <stdlib.h>
#include <string.h>

struct wire_call {
    struct wire_shard *shard;
    const struct wire_route *route;
    struct nx_arena *arena;
    atomic_uint references;
    atomic_bool answered;
    atomic_bool is_cancelled;
    bool counted; /* among the shard's in-flight calls */

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

    grpc_byte_buffer *response;
    grpc_slice message;
    grpc_metadata trailer;
};

static void destroy(struct wire_call *call)
{
    struct wire_server *server = call->shard->server;
    if (call->counted)
        atomic_fetch_sub_explicit(&call->shard->in_flight, 1, memory_order_relaxed);
    if (call->core)
        grpc_call_unref(call->core);
    if (call->payload)
        grpc_byte_buffer_destroy(call->payload);
    if (call->response)
        grpc_byte_buffer_destroy(call->response);
    grpc_slice_unref(call->message);
    grpc_slice_unref(call->trailer.key);
    grpc_slice_unref(call->trailer.value);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_details_destroy(&call->details);
    nx_arena_destroy(call->arena);
    free(call);
    wire_server_call_ended(server);
}

void wire_call_ref(struct wire_call *call)
{
    atomic_fetch_add_explicit(&call->references, 1, memory_order_relaxed);
}

void wire_call_unref(struct wire_call *call)
{
    if (atomic_fetch_sub_explicit(&call->references, 1, memory_order_acq_rel) == 1)
        destroy(call);
}

static void on_sent(struct wire_tag *tag, bool ok)
{
    (void)ok; /* the client may be gone: the closed tag tells */
    wire_call_unref(WIRE_OWNER(tag, struct wire_call, sent));
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

static void watch(struct wire_call *call)
{
    grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
    op.data.recv_close_on_server.cancelled = &call->closed_early;
    wire_call_ref(call);
    grpc_call_error error = grpc_call_start_batch(call->core, &op, 1, &call->closed, NULL);
    assert(error == GRPC_CALL_OK);
    (void)error;
}

/* --- Answering --- */

static void answer(struct wire_call *call, enum nx_code code)
{
    bool again = atomic_exchange_explicit(&call->answered, true, memory_order_acq_rel);
    assert(!again && "a call is answered once");
    (void)again;
    grpc_op ops[3] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}};
    size_t count = 1;
    if (call->response) {
        ops[count].op = GRPC_OP_SEND_MESSAGE;
        ops[count++].data.send_message.send_message = call->response;
    }
    grpc_op *status = &ops[count++];
    status->op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    status->data.send_status_from_server.status = (grpc_status_code)code;
    status->data.send_status_from_server.status_details = &call->message;
    if (GRPC_SLICE_LENGTH(call->trailer.key) > 0) {
        status->data.send_status_from_server.trailing_metadata = &call->trailer;
        status->data.send_status_from_server.trailing_metadata_count = 1;
    }
    grpc_call_error error = grpc_call_start_batch(call->core, ops, count, &call->sent, NULL);
    assert(error == GRPC_CALL_OK);
    (void)error;
}

void wire_call_reply(struct wire_call *call, const ProtobufCMessage *response)
{
    assert(response->descriptor == call->route->method->response);
    call->response = wire_bytes_pack(response);
    answer(call, NX_OK);
}

void wire_call_fail(struct wire_call *call, nx_status status)
{
    assert(status.code != NX_OK);
    struct nx_str details = wire_status_pack(status, call->arena);
    call->message = grpc_slice_from_copied_string(nx_status_message(status));
    if (details.len > 0) {
        call->trailer.key = grpc_slice_from_static_string(WIRE_STATUS_KEY);
        call->trailer.value = grpc_slice_from_copied_buffer(details.ptr, details.len);
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

static nx_status admit(struct wire_call *call, ProtobufCMessage **ret_request)
{
    const struct wire_server *server = call->shard->server;
    unsigned others = atomic_fetch_add_explicit(&call->shard->in_flight, 1, memory_order_relaxed);
    call->counted = true;
    if (others >= server->options.max_in_flight)
        return nx_fail_reason(call->arena, NX_RESOURCE_EXHAUSTED, "TOO_MANY_CALLS",
                              "the server has as many calls under way as it takes; try again");
    NX_TRY(check_metadata(call));
    if (!call->payload)
        return nx_fail(call->arena, NX_INVALID_ARGUMENT, "the call came without a request");
    struct wire_bytes bytes;
    if (!wire_bytes_open(&bytes, call->payload))
        return nx_fail(call->arena, NX_INVALID_ARGUMENT, "the request cannot be decompressed");
    nx_status status = wire_pb_unpack(call->route->method->request, bytes.text, &server->limits,
                                      call->arena, ret_request);
    wire_bytes_close(&bytes);
    return status;
}

static void on_arrived(struct wire_tag *tag, bool ok)
{
    struct wire_call *call = WIRE_OWNER(tag, struct wire_call, arrived);
    const struct wire_route *route = call->route;
    if (!ok) { /* the server shuts down */
        wire_call_unref(call);
        return;
    }
    wire_call_post(call->shard, route);
    watch(call);
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

static struct wire_call *new_call(struct wire_shard *shard, const struct wire_route *route)
{
    struct wire_call *call = calloc(1, sizeof *call);
    struct nx_arena *arena = nx_arena_new(shard->server->options.max_call_bytes);
    if (!call || !arena) {
        nx_arena_destroy(arena);
        free(call);
        return NULL;
    }
    call->shard = shard;
    call->route = route;
    call->arena = arena;
    call->arrived.fire = on_arrived;
    call->closed.fire = on_closed;
    call->sent.fire = on_sent;
    call->message = grpc_empty_slice();
    call->trailer.key = grpc_empty_slice();
    call->trailer.value = grpc_empty_slice();
    atomic_init(&call->references, 1);
    grpc_metadata_array_init(&call->metadata);
    grpc_call_details_init(&call->details);
    wire_server_call_begins(shard->server);
    return call;
}

void wire_call_post(struct wire_shard *shard, const struct wire_route *route)
{
    struct wire_call *call = new_call(shard, route);
    if (!call) {
        nx_log(NX_LOG_ERROR, "out of memory for a call", "method",
               route->method ? route->method->path : "*", NULL);
        return;
    }
    grpc_server *core = shard->server->core;
    grpc_call_error error =
        route->method
            ? grpc_server_request_registered_call(core, route->registration, &call->core,
                                                  &call->deadline, &call->metadata, &call->payload,
                                                  shard->queue, shard->queue, &call->arrived)
            : grpc_server_request_call(core, &call->core, &call->details, &call->metadata,
                                       shard->queue, shard->queue, &call->arrived);
    if (error != GRPC_CALL_OK)
        wire_call_unref(call);
}

/* --- Looking --- */

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
    struct nx_str wanted = nx_str_from(key);
    for (size_t i = 0; i < call->metadata.count; i++) {
        const grpc_metadata *pair = &call->metadata.metadata[i];
        if (nx_str_equal(wire_bytes_of_slice(&pair->key), wanted)) {
            *ret_value = wire_bytes_of_slice(&pair->value);
            return true;
        }
    }
    return false;
}

void wire_call_on_cancel(struct wire_call *call, void (*cancelled)(void *arg), void *arg)
{
    /* The closed tag fires on this same thread, later: nobody reads these meanwhile. */
    call->cancelled_arg = arg;
    call->cancelled = cancelled;
}

bool wire_call_is_cancelled(const struct wire_call *call)
{
    return atomic_load_explicit(&call->is_cancelled, memory_order_acquire);
}
