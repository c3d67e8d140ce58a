/* A client: its channels and its threads. Its calls are in wire_client_call.c. */
#include "wire_client_call.h"
#include "wire_tls.h"

#include <grpc/grpc_security.h>
#include <limits.h>
#include <stdlib.h>

#define MAX_ARGS 16

/* Room for a status message of 4 KiB, which percent-encoding makes three times as long, and as much
 * of details; the core's own limit is 8 KiB, and what is over it hides the status. */
#define DEFAULT_METADATA_BYTES ((size_t)32 << 10)

static void *run_thread(void *arg)
{
    struct wire_client_thread *thread = arg;
    wire_serve_queue(thread->queue);
    return NULL;
}

static void put_integer(grpc_channel_args *args, const char *key, size_t value)
{
    args->args[args->num_args++] = (grpc_arg){
        .type = GRPC_ARG_INTEGER,
        .key = (char *)key,
        .value.integer = value > INT_MAX ? INT_MAX : (int)value,
    };
}

static void put_string(grpc_channel_args *args, const char *key, const char *value)
{
    args->args[args->num_args++] =
        (grpc_arg){.type = GRPC_ARG_STRING, .key = (char *)key, .value.string = (char *)value};
}

static grpc_channel *new_channel(const struct wire_client_options *options, size_t most)
{
    grpc_arg items[MAX_ARGS];
    grpc_channel_args args = {.args = items};
    /* A connection of its own for each channel: the server pins a connection to one queue. */
    put_integer(&args, GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    put_integer(&args, GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, most);
    put_integer(&args, GRPC_ARG_MAX_METADATA_SIZE,
                options->max_metadata_bytes ? options->max_metadata_bytes : DEFAULT_METADATA_BYTES);
    /* The core unpacks without any limit: wire_inflate.c does it. */
    put_integer(&args, GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
    put_integer(&args, GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    /* Not a pause, despite its name, but how long an attempt may take: TLS with a busy server. */
    put_integer(&args, GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
    put_integer(&args, GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    put_integer(&args, GRPC_ARG_ENABLE_RETRIES, 0);
    put_integer(&args, GRPC_ARG_ENABLE_CHANNELZ, 0); /* nobody asks for it */
    if (options->round_robin)
        put_string(&args, GRPC_ARG_LB_POLICY_NAME, "round_robin");
    if (options->keepalive_time_ms > 0) {
        put_integer(&args, GRPC_ARG_KEEPALIVE_TIME_MS, options->keepalive_time_ms);
        put_integer(&args, GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
        put_integer(&args, GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    }
    if (options->keepalive_timeout_ms > 0)
        put_integer(&args, GRPC_ARG_KEEPALIVE_TIMEOUT_MS, options->keepalive_timeout_ms);
    if (options->tls) {
        const char *name = wire_client_tls_server_name(options->tls);
        if (name)
            put_string(&args, GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, name);
        return grpc_channel_create(options->target, wire_client_tls_credentials(options->tls),
                                   &args);
    }
    grpc_channel_credentials *insecure = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(options->target, insecure, &args);
    grpc_channel_credentials_release(insecure);
    return channel;
}

static nx_status start_threads(struct wire_client *client)
{
    static const struct nx_error no_thread = {.message = "cannot start a thread"};
    for (unsigned i = 0; i < client->thread_count; i++) {
        struct wire_client_thread *thread = &client->threads[i];
        if (pthread_create(&thread->thread, NULL, run_thread, thread) != 0)
            return (nx_status){NX_INTERNAL, &no_thread};
        thread->running = true;
    }
    return NX_STATUS_OK;
}

nx_status wire_client_new(const struct wire_client_options *options,
                          struct wire_client **ret_client)
{
    const struct wire_client *other = options->shares_threads_of;
    unsigned thread_count = other ? other->thread_count : options->threads ? options->threads : 1;
    unsigned channel_count = options->channels ? options->channels : 1;
    struct wire_client *client = calloc(1, sizeof *client);
    struct wire_client_thread *threads =
        other ? other->threads : calloc(thread_count, sizeof *threads);
    grpc_channel **channels = calloc(channel_count, sizeof(grpc_channel *));
    if (!client || !threads || !channels) {
        free(client);
        if (!other)
            free(threads);
        free(channels);
        return nx_fail_memory();
    }
    wire_init();
    client->threads = threads;
    client->has_threads = !other;
    client->thread_count = thread_count;
    client->channels = channels;
    client->channel_count = channel_count;
    client->limits.max_depth = options->max_depth ? options->max_depth : 100;
    client->limits.max_fields = UINT32_MAX;
    client->max_response_bytes =
        options->max_response_bytes ? options->max_response_bytes : (size_t)4 << 20;
    client->max_call_bytes = options->max_call_bytes ? options->max_call_bytes : (size_t)64 << 20;
    pthread_mutex_init(&client->mutex, NULL);
    pthread_cond_init(&client->idle, NULL);
    for (unsigned i = 0; i < thread_count && client->has_threads; i++)
        threads[i].queue = grpc_completion_queue_create_for_next(NULL);
    for (unsigned i = 0; i < channel_count; i++)
        channels[i] = new_channel(options, client->max_response_bytes);
    nx_status status = client->has_threads ? start_threads(client) : NX_STATUS_OK;
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
    for (unsigned i = 0; i < client->thread_count && client->has_threads; i++) {
        struct wire_client_thread *thread = &client->threads[i];
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
    if (client->has_threads)
        free(client->threads);
    free(client->channels);
    free(client);
}
