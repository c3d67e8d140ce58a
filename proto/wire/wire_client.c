/* The life of a call on the client.
 *
 *   started    wire_client_start(): one batch sends all and asks for all
 *   completed  on_completed(), once, on a client thread: status, details, message
 *   gone       completed, and its handle released: destroy()
 *
 * A call that cannot be started is cancelled and asked for its status, so that it completes on a
 * client thread like any other. */
#include "wire_client.h"

#include "nx_clock.h"
#include "wire_bytes.h"
#include "wire_internal.h"
#include "wire_status.h"

#include <assert.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client_thread {
    grpc_completion_queue *queue;
    pthread_t thread;
    bool running;
};

struct wire_client {
    struct client_thread *threads;
    unsigned thread_count;
    grpc_channel **channels;
    unsigned channel_count;
    struct wire_pb_limits limits;
    size_t max_response_bytes;
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
    wire_any_done done;
    void *arg;
    atomic_uint references; /* the handle's, and the completion's */

    grpc_call *core;
    atomic_bool cancelled; /* by us */
    nx_status not_started;
    struct wire_tag completed;
    grpc_byte_buffer *request;
    grpc_byte_buffer *response;
    grpc_metadata *metadata;
    grpc_metadata_array initial;
    grpc_metadata_array trailing;
    grpc_status_code code;
    grpc_slice message;
};

/* --- The client --- */

static void *run_thread(void *arg)
{
    struct client_thread *thread = arg;
    wire_serve_queue(thread->queue);
    return NULL;
}

static grpc_channel *new_channel(const struct wire_client_options *options, size_t most)
{
    grpc_arg args[] = {
        /* A connection of its own for each channel: the server pins a connection to one queue. */
        {.type = GRPC_ARG_INTEGER, .key = GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, .value.integer = 1},
        {.type = GRPC_ARG_INTEGER,
         .key = GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
         .value.integer = (int)most},
        {.type = GRPC_ARG_INTEGER,
         .key = GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
         .value.integer = 100},
        {.type = GRPC_ARG_INTEGER, .key = GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, .value.integer = 100},
        {.type = GRPC_ARG_INTEGER, .key = GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, .value.integer = 1000},
        {.type = GRPC_ARG_INTEGER, .key = GRPC_ARG_ENABLE_RETRIES, .value.integer = 0},
    };
    grpc_channel_args all = {.num_args = sizeof args / sizeof *args, .args = args};
    grpc_channel_credentials *insecure = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(options->target, insecure, &all);
    grpc_channel_credentials_release(insecure);
    return channel;
}

static nx_status start_threads(struct wire_client *client)
{
    static const struct nx_error no_thread = {.message = "cannot start a thread"};
    for (unsigned i = 0; i < client->thread_count; i++) {
        struct client_thread *thread = &client->threads[i];
        if (pthread_create(&thread->thread, NULL, run_thread, thread) != 0)
            return (nx_status){NX_INTERNAL, &no_thread};
        thread->running = true;
    }
    return NX_STATUS_OK;
}

nx_status wire_client_new(const struct wire_client_options *options,
                          struct wire_client **ret_client)
{
    unsigned thread_count = options->threads ? options->threads : 1;
    unsigned channel_count = options->channels ? options->channels : 1;
    struct wire_client *client = calloc(1, sizeof *client);
    struct client_thread *threads = calloc(thread_count, sizeof *threads);
    grpc_channel **channels = calloc(channel_count, sizeof(grpc_channel *));
    if (!client || !threads || !channels) {
        free(client);
        free(threads);
        free(channels);
        return nx_fail_memory();
    }
    wire_init();
    client->threads = threads;
    client->thread_count = thread_count;
    client->channels = channels;
    client->channel_count = channel_count;
    client->limits.max_depth = options->max_depth ? options->max_depth : 100;
    client->limits.max_fields = UINT32_MAX;
    client->max_response_bytes =
        options->max_response_bytes ? options->max_response_bytes : (size_t)4 << 20;
    pthread_mutex_init(&client->mutex, NULL);
    pthread_cond_init(&client->idle, NULL);
    for (unsigned i = 0; i < thread_count; i++)
        threads[i].queue = grpc_completion_queue_create_for_next(NULL);
    for (unsigned i = 0; i < channel_count; i++)
        channels[i] = new_channel(options, client->max_response_bytes);
    nx_status status = start_threads(client);
    if (status.code != NX_OK) {
        wire_client_destroy(client);
        return status;
    }
    *ret_client = client;
    return NX_STATUS_OK;
}

/* Refuse new calls, cancel those under way, and wait until all have completed. */
static void finish_calls(struct wire_client *client)
{
    pthread_mutex_lock(&client->mutex);
    client->closing = true;
    for (struct wire_client_call *call = client->calls; call; call = call->next)
        wire_client_cancel(call);
    while (client->calls)
        pthread_cond_wait(&client->idle, &client->mutex);
    pthread_mutex_unlock(&client->mutex);
}

void wire_client_destroy(struct wire_client *client)
{
    if (!client)
        return;
    finish_calls(client);
    for (unsigned i = 0; i < client->channel_count; i++)
        grpc_channel_destroy(client->channels[i]);
    for (unsigned i = 0; i < client->thread_count; i++) {
        struct client_thread *thread = &client->threads[i];
        grpc_completion_queue_shutdown(thread->queue);
        if (thread->running)
            pthread_join(thread->thread, NULL);
        else
            wire_serve_queue(thread->queue);
        grpc_completion_queue_destroy(thread->queue);
    }
    grpc_shutdown_blocking();
    pthread_cond_destroy(&client->idle);
    pthread_mutex_destroy(&client->mutex);
    free(client->threads);
    free(client->channels);
    free(client);
}

/* --- A call --- */

static void destroy(struct wire_client_call *call)
{
    if (call->core)
        grpc_call_unref(call->core);
    if (call->request)
        grpc_byte_buffer_destroy(call->request);
    if (call->response)
        grpc_byte_buffer_destroy(call->response);
    grpc_metadata_array_destroy(&call->initial);
    grpc_metadata_array_destroy(&call->trailing);
    grpc_slice_unref(call->message);
    free(call->metadata);
    free(call);
}

void wire_client_release(struct wire_client_call *call)
{
    if (atomic_fetch_sub_explicit(&call->references, 1, memory_order_acq_rel) == 1)
        destroy(call);
}

void wire_client_cancel(struct wire_client_call *call)
{
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
           !atomic_load_explicit(&call->cancelled, memory_order_acquire);
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

static nx_status received_message(struct wire_client_call *call, ProtobufCMessage **ret_response)
{
    struct wire_bytes bytes;
    if (!call->response || !wire_bytes_open(&bytes, call->response))
        return nx_fail(call->arena, NX_INTERNAL, "the server answered without a message");
    nx_status status = wire_pb_unpack(call->method->response, bytes.text, &call->client->limits,
                                      call->arena, ret_response);
    wire_bytes_close(&bytes);
    if (status.code == NX_INVALID_ARGUMENT) /* the server's fault, not the caller's */
        return nx_fail(call->arena, NX_INTERNAL, "the server's answer cannot be read: %s",
                       nx_status_message(status));
    return status;
}

static void on_completed(struct wire_tag *tag, bool ok)
{
    (void)ok; /* a batch that asks for the status always succeeds */
    struct wire_client_call *call = WIRE_OWNER(tag, struct wire_client_call, completed);
    ProtobufCMessage *response = NULL;
    nx_status status = call->not_started;
    if (status.code == NX_OK && call->code != GRPC_STATUS_OK)
        status = received_failure(call);
    else if (status.code == NX_OK)
        status = received_message(call, &response);
    call->adapt(call->done, call->arg, status, status.code == NX_OK ? response : NULL);
    unlink_call(call);
    wire_client_release(call);
}

static bool set_metadata(struct wire_client_call *call, const struct wire_call_options *options)
{
    if (!options || options->metadata_count == 0)
        return true;
    call->metadata = calloc(options->metadata_count, sizeof *call->metadata);
    if (!call->metadata)
        return false;
    for (size_t i = 0; i < options->metadata_count; i++) {
        const struct wire_metadata *from = &options->metadata[i];
        call->metadata[i].key = grpc_slice_from_copied_string(from->key);
        call->metadata[i].value = grpc_slice_from_copied_buffer(from->value.ptr, from->value.len);
    }
    return true;
}

static void free_metadata(struct wire_client_call *call, size_t count)
{
    for (size_t i = 0; call->metadata && i < count; i++) {
        grpc_slice_unref(call->metadata[i].key);
        grpc_slice_unref(call->metadata[i].value);
    }
}

static grpc_op status_op(struct wire_client_call *call)
{
    grpc_op op = {.op = GRPC_OP_RECV_STATUS_ON_CLIENT};
    op.data.recv_status_on_client.trailing_metadata = &call->trailing;
    op.data.recv_status_on_client.status = &call->code;
    op.data.recv_status_on_client.status_details = &call->message;
    return op;
}

static grpc_call_error start_batch(struct wire_client_call *call, size_t metadata_count)
{
    grpc_op ops[6] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},  {.op = GRPC_OP_SEND_MESSAGE},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}, {.op = GRPC_OP_RECV_INITIAL_METADATA},
        {.op = GRPC_OP_RECV_MESSAGE},           status_op(call),
    };
    ops[0].data.send_initial_metadata.count = metadata_count;
    ops[0].data.send_initial_metadata.metadata = call->metadata;
    ops[1].data.send_message.send_message = call->request;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &call->initial;
    ops[4].data.recv_message.recv_message = &call->response;
    return grpc_call_start_batch(call->core, ops, 6, &call->completed, NULL);
}

static void complete_with(struct wire_client_call *call, nx_status status)
{
    call->not_started = status;
    grpc_call_cancel(call->core, NULL);
    grpc_op op = status_op(call);
    grpc_call_error error = grpc_call_start_batch(call->core, &op, 1, &call->completed, NULL);
    assert(error == GRPC_CALL_OK);
    (void)error;
}

static struct wire_client_call *new_call(struct wire_client *client,
                                         const struct wire_method *method, struct nx_arena *arena)
{
    /* The core aborts without memory; so does this, rather than lose a completion. */
    struct wire_client_call *call = gpr_zalloc(sizeof *call);
    call->client = client;
    call->method = method;
    call->arena = arena;
    call->completed.fire = on_completed;
    call->message = grpc_empty_slice();
    atomic_init(&call->references, 2);
    grpc_metadata_array_init(&call->initial);
    grpc_metadata_array_init(&call->trailing);
    return call;
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
wire_client_start(struct wire_client *client, const struct wire_method *method,
                  const ProtobufCMessage *request, const struct wire_call_options *options,
                  struct nx_arena *arena, wire_client_adapt adapt, wire_any_done done, void *arg)
{
    struct wire_client_call *call = new_call(client, method, arena);
    call->adapt = adapt;
    call->done = done;
    call->arg = arg;
    unsigned channel = pick_channel(client);
    grpc_completion_queue *queue = client->threads[channel % client->thread_count].queue;
    gpr_timespec deadline = wire_time_from_deadline(options ? options->deadline_ns : 0);
    size_t metadata_count = options ? options->metadata_count : 0;
    call->core =
        grpc_channel_create_call(client->channels[channel], NULL, GRPC_PROPAGATE_DEFAULTS, queue,
                                 grpc_slice_from_static_string(method->path), NULL, deadline, NULL);
    call->request = wire_bytes_pack(request);
    link_call(call);
    if (!set_metadata(call, options))
        complete_with(call, nx_fail_memory());
    else if (start_batch(call, metadata_count) != GRPC_CALL_OK)
        complete_with(call, nx_fail(arena, NX_INTERNAL, "the call's metadata is not valid"));
    free_metadata(call, metadata_count);
    return call;
}

static void adapt_untyped(wire_any_done done, void *arg, nx_status status,
                          const ProtobufCMessage *response)
{
    ((wire_client_done)done)(arg, status, response);
}

struct wire_client_call *wire_client_unary(struct wire_client *client,
                                           const struct wire_method *method,
                                           const ProtobufCMessage *request,
                                           const struct wire_call_options *options,
                                           struct nx_arena *arena, wire_client_done done, void *arg)
{
    return wire_client_start(client, method, request, options, arena, adapt_untyped,
                             (wire_any_done)done, arg);
}
