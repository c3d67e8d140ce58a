#include "gw_stream.h"

#include "gw_exchange_internal.h"
#include "nx_clock.h"

#include <pthread.h>
#include <stdlib.h>

struct gw_stream {
    struct gw_gateway *gateway;
    struct http_connection *connection;
    struct nx_arena *arena; /* of the call: the client's threads write into it */
    struct wire_client_call *call;
    bool is_endless; /* responses stream */

    pthread_mutex_t mutex; /* guards what follows; taken within the connection's */
    unsigned references;   /* the exchange's, and the call's */
    bool is_closed;        /* the connection is not to be waked any more */
    bool is_asking;        /* for a message that has not come */
    const ProtobufCMessage *message;
    bool is_sending;
    bool is_refused;     /* what was sent last was not taken: the end is near */
    bool is_half_closed; /* there is but the end to wait for */
    bool has_ended;
    nx_status status;
    const ProtobufCMessage *response;
};

/* --- Life --- */

/* Holds the lock, and lets it go. */
static void unlock_and_drop(struct gw_stream *stream)
{
    bool is_last = --stream->references == 0;
    pthread_mutex_unlock(&stream->mutex);
    if (!is_last)
        return;
    pthread_mutex_destroy(&stream->mutex);
    nx_arena_destroy(stream->arena);
    free(stream);
}

/* With the lock. */
static void wake(struct gw_stream *stream)
{
    if (!stream->is_closed)
        http_connection_wake(stream->connection);
}

/* Thread: the client's. */
static void on_ended(void *arg, nx_status status, const ProtobufCMessage *response)
{
    struct gw_stream *stream = arg;
    struct gw_gateway *gateway = stream->gateway;
    pthread_mutex_lock(&stream->mutex);
    stream->has_ended = true;
    stream->status = status;
    stream->response = response;
    wake(stream);
    unlock_and_drop(stream);
    atomic_fetch_sub(&gateway->streams, 1);
    gw_exchange_drop_client(gateway);
}

static struct gw_stream *new_stream(struct gw_gateway *gateway, struct http_connection *connection,
                                    const struct wire_method *method)
{
    struct gw_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    stream->arena = nx_arena_new(gateway->config->http_max_exchange_bytes);
    if (!stream->arena) {
        free(stream);
        return NULL;
    }
    stream->gateway = gateway;
    stream->connection = connection;
    stream->references = 2;
    stream->is_endless = wire_responses_stream(method->kind);
    pthread_mutex_init(&stream->mutex, NULL);
    return stream;
}

nx_status gw_stream_open(struct gw_gateway *gateway, struct http_connection *connection,
                         const struct wire_method *method, const ProtobufCMessage *request,
                         const struct wire_call_options *options, struct gw_stream **ret_stream)
{
    struct gw_stream *stream = new_stream(gateway, connection, method);
    if (stream)
        stream->call = wire_client_start(gateway->stream_client, method, request, options,
                                         stream->arena, on_ended, stream);
    if (!stream || !stream->call) {
        if (stream) {
            pthread_mutex_lock(&stream->mutex);
            stream->references = 1; /* the call will not come back */
            unlock_and_drop(stream);
        }
        atomic_fetch_sub(&gateway->streams, 1);
        gw_exchange_drop_client(gateway);
        gw_exchange_drop_client(gateway);
        return nx_fail_memory();
    }
    http_connection_wake_at(connection, NX_DEADLINE_NEVER);
    if (atomic_load(&gateway->refusing)) /* all that were attended to may have been aborted */
        wire_client_cancel(stream->call);
    *ret_stream = stream;
    return NX_STATUS_OK;
}

void gw_stream_close(struct gw_stream *stream)
{
    if (!stream)
        return;
    struct gw_gateway *gateway = stream->gateway;
    pthread_mutex_lock(&stream->mutex);
    stream->is_closed = true;
    pthread_mutex_unlock(&stream->mutex);
    wire_client_cancel(stream->call); /* nothing, if it has ended */
    wire_client_release(stream->call);
    pthread_mutex_lock(&stream->mutex);
    unlock_and_drop(stream);
    gw_exchange_drop_client(gateway);
}

/* A stream to the client could go on for ever; one from it comes to its end. */
static bool is_stopping(const struct gw_stream *stream)
{
    return stream->is_endless && !stream->has_ended && atomic_load(&stream->gateway->draining);
}

const struct wire_client_call *gw_stream_call(struct gw_stream *stream, bool *ret_has_ended)
{
    pthread_mutex_lock(&stream->mutex);
    *ret_has_ended = stream->has_ended;
    bool has_begun = stream->has_ended || stream->message;
    pthread_mutex_unlock(&stream->mutex);
    return has_begun ? stream->call : NULL;
}

/* --- Receiving --- */

/* Thread: the client's. No message: the end is told next, with its status. */
static void on_message(void *arg, const ProtobufCMessage *message)
{
    struct gw_stream *stream = arg;
    pthread_mutex_lock(&stream->mutex);
    stream->is_asking = false;
    stream->message = message;
    if (message)
        wake(stream);
    pthread_mutex_unlock(&stream->mutex);
}

void gw_stream_ask(struct gw_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    bool asks = !stream->is_asking && !stream->has_ended;
    stream->message = NULL;
    stream->is_asking = asks;
    pthread_mutex_unlock(&stream->mutex);
    if (asks && !wire_client_receive(stream->call, on_message, stream)) {
        pthread_mutex_lock(&stream->mutex);
        stream->is_asking = false;
        pthread_mutex_unlock(&stream->mutex);
    }
}

/* --- Sending --- */

/* Thread: the client's. */
static void on_sent(void *arg, bool ok)
{
    struct gw_stream *stream = arg;
    pthread_mutex_lock(&stream->mutex);
    stream->is_sending = false;
    stream->is_refused = !ok;
    wake(stream);
    pthread_mutex_unlock(&stream->mutex);
}

bool gw_stream_send(struct gw_stream *stream, const ProtobufCMessage *message)
{
    pthread_mutex_lock(&stream->mutex);
    stream->is_sending = true;
    pthread_mutex_unlock(&stream->mutex);
    if (wire_client_send(stream->call, message, on_sent, stream))
        return true;
    pthread_mutex_lock(&stream->mutex);
    stream->is_sending = false;
    stream->is_refused = true;
    pthread_mutex_unlock(&stream->mutex);
    return false;
}

bool gw_stream_is_sending(struct gw_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    bool is_sending = stream->is_sending || stream->is_refused;
    pthread_mutex_unlock(&stream->mutex);
    return is_sending;
}

void gw_stream_half_close(struct gw_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    stream->is_half_closed = true;
    pthread_mutex_unlock(&stream->mutex);
    (void)wire_client_half_close(stream->call); /* else it has ended, which is told */
}

void gw_stream_cancel(struct gw_stream *stream)
{
    wire_client_cancel(stream->call);
}

enum gw_event gw_stream_look(struct gw_stream *stream, const ProtobufCMessage **ret_message,
                             nx_status *ret_status)
{
    static const struct nx_error stopping = {.message = "the gateway is stopping; try again",
                                             .retry_after_ms = 1000};
    enum gw_event event = GW_NOTHING;
    pthread_mutex_lock(&stream->mutex);
    if (is_stopping(stream)) {
        *ret_status = (nx_status){NX_UNAVAILABLE, &stopping};
        event = GW_END;
    } else if (stream->message) {
        *ret_message = stream->message;
        event = GW_MESSAGE;
    } else if (stream->has_ended) {
        *ret_status = stream->status;
        *ret_message = stream->response;
        event = GW_END;
    }
    pthread_mutex_unlock(&stream->mutex);
    return event;
}
