#include "gw_http.h"

#include "gw_listen.h"

#include <unistd.h>

static void *begin(void *gateway, struct http_connection *connection,
                   const struct http_request *request)
{
    return gw_exchange_begin(gateway, connection, request);
}

static size_t take_body(void *exchange, struct nx_str part)
{
    return gw_exchange_take_body(exchange, part);
}

static void end_body(void *exchange, unsigned fault_status, const char *fault)
{
    gw_exchange_end_body(exchange, fault_status, fault);
}

static const struct http_answer *answer(void *exchange)
{
    return gw_exchange_answer(exchange);
}

static void wake(void *exchange)
{
    gw_exchange_wake(exchange);
}

static long read_content(void *exchange, char *to, size_t room)
{
    return gw_exchange_read(exchange, to, room);
}

static void cancel(void *exchange)
{
    gw_exchange_cancel(exchange);
}

static void end(void *exchange)
{
    gw_exchange_destroy(exchange);
}

static const struct http_handler handler = {
    .begin = begin,
    .body = take_body,
    .end_body = end_body,
    .answer = answer,
    .wake = wake,
    .read = read_content,
    .gone = cancel,
    .end = end,
};

nx_status gw_http_start(struct gw_gateway *gateway, struct nx_arena *arena,
                        struct http_server **ret_server, unsigned *ret_port)
{
    const struct gw_config *config = gateway->config;
    int listener;
    NX_TRY(gw_listen(config->http_listen, arena, &listener, ret_port));
    const struct http_options options = {
        .listener = listener,
        .threads = (unsigned)config->http_threads,
        .max_connections = (unsigned)config->http_max_connections,
        .max_head_bytes = (size_t)config->http_max_header_bytes,
        .max_exchange_bytes = (size_t)config->http_max_exchange_bytes,
        .idle_timeout_s = (unsigned)config->http_idle_timeout_s,
        .request_timeout_s = (unsigned)config->http_request_timeout_s,
        .handler = &handler,
        .arg = gateway,
    };
    nx_status status = http_server_start(&options, ret_server);
    if (status.code != NX_OK)
        close(listener);
    return status;
}
