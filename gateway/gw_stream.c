#include "gw_stream.h"

#include "gw_exchange_internal.h"
#include "nx_clock.h"

#include <pthread.h>
#include <stdlib.h>

struct gw_stream {
    struct gw_gateway *gateway;
    struct gw_peer peer;
    struct nx_arena *arena; /* of the call: the client's threads write into it */
    struct wire_client_call *call;
    bool is_endless; /* responses stream */

    pthread_mutex_t turn; /* taken before the other: whose turn it is with the exchange */
    void (*on_early_end)(void *arg);
    void *early_arg;

    pthread_mutex_t mutex; /* guards what follows; not held when the watch is called */
    unsigned references;   /* the connection's, and the call's */
    bool is_asleep;
    bool is_asking; /* for a message that has not come */
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
    pthread_mutex_destroy(&stream->turn);
    nx_arena_destroy(stream->arena);
    free(stream);
}

/* With the lock. */
static void wake(struct gw_stream *stream)
{
    if (!stream->is_asleep)
        return;
    stream->is_asleep = false;
    stream->peer.resume(stream->peer.connection);
}

/* Thread: the client's. */
static void on_ended(void *arg, nx_status status, const ProtobufCMessage *response)
{
    struct gw_stream *stream = arg;
    struct gw_gateway *gateway = stream->gateway;
    pthread_mutex_lock(&stream->turn);
    pthread_mutex_lock(&stream->mutex);
    bool is_early = !stream->is_asleep;
    stream->has_ended = true;
    stream->status = status;
    stream->response = response;
    wake(stream);
    pthread_mutex_unlock(&stream->mutex);
    if (is_early && stream->on_early_end)
        stream->on_early_end(stream->early_arg);
    pthread_mutex_unlock(&stream->turn);
    pthread_mutex_lock(&stream->mutex);
    unlock_and_drop(stream);
    atomic_fetch_sub(&gateway->streams, 1);
    gw_exchange_drop_client(gateway);
}

static struct gw_stream *new_stream(struct gw_gateway *gateway, const struct gw_peer *peer,
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
    stream->peer = *peer;
    stream->references = 2;
    stream->is_endless = wire_responses_stream(method->kind);
    pthread_mutex_init(&stream->mutex, NULL);
    pthread_mutex_init(&stream->turn, NULL);
    return stream;
}

nx_status gw_stream_open(struct gw_gateway *gateway, const struct gw_peer *peer,
                         const struct wire_method *method, const ProtobufCMessage *request,
                         const struct wire_call_options *options, struct gw_stream **ret_stream)
{
    struct gw_stream *stream = new_stream(gateway, peer, method);
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
    peer->watch(peer->connection, stream->call);
    peer->attend(peer->connection, stream, NX_DEADLINE_NEVER);
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
    gw_stream_on_early_end(stream, NULL, NULL);
    stream->peer.attend(stream->peer.connection, NULL, NX_DEADLINE_NEVER);
    stream->peer.watch(stream->peer.connection, NULL);
    wire_client_cancel(stream->call); /* nothing, if it has ended */
    wire_client_release(stream->call);
    pthread_mutex_lock(&stream->mutex);
    unlock_and_drop(stream);
    gw_exchange_drop_client(gateway);
}

/* --- Sleeping --- */

/* A stream to the client could go on for ever; one from it comes to its end. */
static bool is_stopping(const struct gw_stream *stream)
{
    return stream->is_endless && !stream->has_ended && atomic_load(&stream->gateway->draining);
}

/* With the lock. */
static bool has_news(const struct gw_stream *stream)
{
    bool can_send = !stream->is_endless && !stream->is_sending && !stream->is_refused &&
                    !stream->is_half_closed;
    return stream->message || can_send || stream->has_ended || is_stopping(stream);
}

static void sleep_locked(struct gw_stream *stream)
{
    stream->peer.suspend(stream->peer.connection);
    stream->is_asleep = true;
}

bool gw_stream_sleep(struct gw_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    bool sleeps = !has_news(stream);
    if (sleeps)
        sleep_locked(stream);
    pthread_mutex_unlock(&stream->mutex);
    return sleeps;
}

void gw_stream_sleep_always(struct gw_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    sleep_locked(stream);
    if (has_news(stream))
        wake(stream);
    pthread_mutex_unlock(&stream->mutex);
}

void gw_stream_wake(struct gw_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    wake(stream);
    pthread_mutex_unlock(&stream->mutex);
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
    if (has_news(stream))
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

void gw_stream_enter(struct gw_stream *stream)
{
    pthread_mutex_lock(&stream->turn);
}

void gw_stream_leave(struct gw_stream *stream)
{
    pthread_mutex_unlock(&stream->turn);
}

void gw_stream_on_early_end(struct gw_stream *stream, void (*ended)(void *arg), void *arg)
{
    pthread_mutex_lock(&stream->turn);
    stream->on_early_end = ended;
    stream->early_arg = arg;
    pthread_mutex_lock(&stream->mutex);
    bool has_ended = stream->has_ended;
    pthread_mutex_unlock(&stream->mutex);
    if (ended && has_ended)
        ended(arg);
    pthread_mutex_unlock(&stream->turn);
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
