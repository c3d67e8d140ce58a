/* How libmicrohttpd tells the story of one request, and what is made of it:
 *
 *   on_target()            the request line is there: the exchange begins
 *   on_request(), first    the headers are there
 *   on_request(), again    with parts of the body, then once without
 *   on_request(), last     after a suspended connection was resumed
 *   on_read()              the connection takes the next part of an answer that streams
 *   on_completed()         the answer is sent, or the connection lost: the exchange ends
 *
 * A suspended connection is not watched: gw_watch.h does that.
 *
 * One polling thread collapses above about 200 busy connections (72 requests/s), two do not (45,000
 * at 1,000 connections): the configuration asks for two at least. */
#include "gw_http.h"

#include "gw_listen.h"
#include "gw_stream.h"
#include "gw_strict.h"
#include "gw_watch.h"
#include "nx_clock.h"
#include "nx_log.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Files of the process beside connections, with numbers that may come before theirs. */
#define OTHER_FILES 1024

/* Room for the head of an answer: what comes back of metadata, and as much of our own. */
#define ANSWER_HEAD_BYTES ((size_t)2 * GW_MAX_RETURNED_BYTES)
#define STREAM_BLOCK_BYTES 16384

/* How long a client may go on sending that has been answered. */
#define LINGER_S 5

struct gw_http {
    const struct gw_config *config;
    struct MHD_Daemon *daemon;
    struct gw_watch *watch;
    int listener; /* -1: closed, or the daemon's to close */
    unsigned port;
};

/* --- The connection as a peer --- */

static const char *peer_header(void *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* A visit on its way through the library. */
struct visit {
    gw_header_visit visit;
    void *arg;
};

static enum MHD_Result pass_on(void *arg, enum MHD_ValueKind kind, const char *name,
                               const char *value)
{
    const struct visit *visit = arg;
    (void)kind;
    visit->visit(visit->arg, name, value ? value : "");
    return MHD_YES;
}

static void peer_each_header(void *connection, gw_header_visit visit, void *arg)
{
    struct visit on_the_way = {visit, arg};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, pass_on, &on_the_way);
}

static void peer_suspend(void *connection)
{
    MHD_suspend_connection(connection);
}

static void peer_resume(void *connection)
{
    MHD_resume_connection(connection);
}

static int socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static struct gw_http *http_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void peer_watch(void *connection, struct wire_client_call *call)
{
    gw_watch_call(http_of(connection)->watch, socket_of(connection), call);
}

static void wake_stream(void *stream)
{
    gw_stream_wake(stream);
}

static int64_t in_seconds(uint64_t seconds)
{
    return nx_clock_monotonic_ns() + (int64_t)seconds * 1000000000;
}

static void expect(struct MHD_Connection *connection, int64_t deadline_ns)
{
    gw_watch_expect(http_of(connection)->watch, socket_of(connection), deadline_ns);
}

static void peer_attend(void *connection, struct gw_stream *stream, int64_t deadline_ns)
{
    if (stream) /* a body may be long; libmicrohttpd sees to it that it goes on */
        expect(connection, NX_DEADLINE_NEVER);
    gw_watch_attend(http_of(connection)->watch, socket_of(connection), deadline_ns,
                    stream ? wake_stream : NULL, stream);
}

/* --- Callbacks --- */

static void on_connection(void *arg, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct gw_http *http = arg;
    *socket_context = http;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        gw_watch_open(http->watch, socket_of(connection),
                      in_seconds(http->config->http_idle_timeout_s));
    else
        gw_watch_close(http->watch, socket_of(connection));
}

static void *on_target(void *gateway, const char *target, struct MHD_Connection *connection)
{
    expect(connection, in_seconds(http_of(connection)->config->http_request_timeout_s));
    return gw_exchange_new(gateway, nx_str_from(target));
}

/* The library must not decode: an encoded slash is none. */
static size_t leave_encoded(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

static ssize_t on_read(void *exchange, uint64_t position, char *to, size_t room)
{
    (void)position;
    long count = gw_exchange_read(exchange, to, room);
    return count >= 0             ? count
           : count == GW_READ_END ? MHD_CONTENT_READER_END_OF_STREAM
                                  : MHD_CONTENT_READER_END_WITH_ERROR;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct gw_exchange *exchange)
{
    const struct gw_answer *answer = &exchange->answer;
    /* The content lives as long as the exchange, or the gateway. */
    struct MHD_Response *response =
        answer->is_stream
            ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, on_read,
                                                exchange, NULL)
            : MHD_create_response_from_buffer(answer->content.len, (void *)answer->content.ptr,
                                              MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    enum MHD_Result result = MHD_YES;
    for (unsigned i = 0; i < answer->header_count && result == MHD_YES; i++)
        result =
            MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
    if (answer->close && result == MHD_YES)
        result = MHD_add_response_header(response, "Connection", "close");
    if (result == MHD_YES)
        result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

/* libmicrohttpd takes no answer before the end of a body. What follows of it is thrown away for a
 * while, since a socket that is closed with something unread may take the answer back. */
static void peer_answer_now(void *connection, const struct gw_answer *answer)
{
    struct nx_buf text;
    int socket = socket_of(connection);
    nx_buf_init(&text, SIZE_MAX);
    nx_buf_printf(&text, "HTTP/1.1 %u %s\r\n", answer->status,
                  MHD_get_reason_phrase_for(answer->status));
    for (unsigned i = 0; i < answer->header_count; i++)
        nx_buf_printf(&text, "%s: %s\r\n", answer->headers[i].name, answer->headers[i].value);
    nx_buf_printf(&text, "Connection: close\r\nContent-Length: %zu\r\n\r\n", answer->content.len);
    nx_buf_append_str(&text, answer->content);
    if (!text.failed) /* what the socket does not take at once is lost: nothing may wait here */
        (void)send(socket, text.ptr, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(socket, SHUT_WR);
    nx_buf_cleanup(&text);
    expect(connection, in_seconds(LINGER_S));
}

static struct gw_peer peer_of(struct MHD_Connection *connection, const char *method,
                              const char *version, struct nx_str target)
{
    struct gw_strict strict;
    struct gw_peer peer = {
        .connection = connection,
        .method = method,
        .header = peer_header,
        .each_header = peer_each_header,
        .suspend = peer_suspend,
        .resume = peer_resume,
        .watch = peer_watch,
        .attend = peer_attend,
        .answer_now = peer_answer_now,
    };
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    peer.header_bytes = info ? info->header_size : 0;
    gw_strict_begin(&strict, method, target, version);
    peer_each_header(connection, gw_strict_header, &strict);
    peer.fault = gw_strict_end(&strict, peer.header_bytes);
    return peer;
}

/* At the headers. */
static void begin(struct gw_exchange *exchange, struct MHD_Connection *connection,
                  const char *method, const char *version)
{
    const struct gw_peer peer = peer_of(connection, method, version, exchange->target);
    gw_exchange_begin(exchange, &peer);
}

static enum MHD_Result on_request(void *gateway, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **context)
{
    (void)gateway;
    (void)url;
    struct gw_exchange *exchange = *context;
    if (!exchange) /* there was no memory for it */
        return MHD_NO;
    switch (exchange->phase) {
    case GW_AT_HEADERS:
        begin(exchange, connection, method, version);
        break;
    case GW_AT_BODY:
        if (*upload_len > 0) {
            const struct nx_str part = {upload, *upload_len};
            return gw_exchange_take_body(exchange, part, upload_len) ? MHD_YES : MHD_NO;
        }
        expect(connection, NX_DEADLINE_NEVER);
        gw_exchange_end_body(exchange);
        if (exchange->is_answered_now)
            return MHD_NO;
        break;
    case GW_AT_CALL:
        gw_exchange_wake(exchange);
        break;
    case GW_ANSWERED:
        break;
    }
    return exchange->phase == GW_ANSWERED ? send_answer(connection, exchange) : MHD_YES;
}

static void on_completed(void *gateway, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode reason)
{
    (void)gateway;
    (void)reason;
    expect(connection, in_seconds(http_of(connection)->config->http_idle_timeout_s));
    gw_exchange_destroy(*context);
    *context = NULL;
}

static void __attribute__((format(printf, 2, 0)))
on_log(void *arg, const char *format, va_list args)
{
    (void)arg;
    char text[512];
    int len = vsnprintf(text, sizeof text, format, args);
    if (len > 0 && (size_t)len < sizeof text && text[len - 1] == '\n')
        text[len - 1] = '\0';
    nx_log(NX_LOG_DEBUG, "microhttpd", "message", text, NULL);
}

/* --- Start and stop --- */

static struct MHD_Daemon *start_daemon(struct gw_gateway *gateway, struct gw_http *http)
{
    const struct gw_config *config = gateway->config;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, gateway, /* that was the essential, these are options */
        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,  /* the first, so that it hears of the others */
        MHD_OPTION_LISTEN_SOCKET, http->listener,  /* whose port is known */
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned)config->http_threads, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)config->http_max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)config->http_idle_timeout_s,
        /* Twice as much, so that what is too long by our own limit is still read and answered. */
        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)config->http_max_header_bytes * 2 + ANSWER_HEAD_BYTES, MHD_OPTION_STRICT_FOR_CLIENT,
        0, /* gw_strict is that, and answers in JSON */
        MHD_OPTION_URI_LOG_CALLBACK, on_target, gateway, MHD_OPTION_UNESCAPE_CALLBACK,
        leave_encoded, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_END);
}

nx_status gw_http_start(struct gw_gateway *gateway, struct nx_arena *arena,
                        struct gw_http **ret_http)
{
    int listener;
    unsigned port;
    NX_TRY(gw_listen(gateway->config->http_listen, arena, &listener, &port));
    struct gw_http *http = calloc(1, sizeof *http);
    if (!http) {
        close(listener);
        return nx_fail_memory();
    }
    *http = (struct gw_http){.config = gateway->config, .listener = listener, .port = port};
    nx_status status =
        gw_watch_start((unsigned)gateway->config->http_max_connections + OTHER_FILES, &http->watch);
    if (status.code == NX_OK) {
        http->daemon = start_daemon(gateway, http);
        if (!http->daemon)
            status = nx_fail(arena, NX_INTERNAL, "the HTTP server cannot be started");
    }
    if (status.code != NX_OK) {
        close(listener);
        gw_watch_stop(http->watch);
        free(http);
        return status;
    }
    *ret_http = http;
    return NX_STATUS_OK;
}

unsigned gw_http_port(const struct gw_http *http)
{
    return http->port;
}

void gw_http_quiesce(struct gw_http *http)
{
    if (http->listener < 0)
        return;
    MHD_quiesce_daemon(http->daemon);
    close(http->listener);
    http->listener = -1;
}

void gw_http_end_streams(struct gw_http *http)
{
    gw_watch_wake_all(http->watch);
}

void gw_http_abort_streams(struct gw_http *http)
{
    gw_watch_abort_all(http->watch);
}

void gw_http_stop(struct gw_http *http)
{
    if (!http)
        return;
    gw_http_quiesce(http);
    MHD_stop_daemon(http->daemon);
    gw_watch_stop(http->watch);
    free(http);
}
