#include "gw_exchange_internal.h"

#include "grpc/health/v1/health.nexus.h"
#include "gw_headers.h"
#include "gw_stream.h"
#include "gw_transcode.h"
#include "gw_url.h"
#include "nx_clock.h"
#include "nx_log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A refused body is read to its end up to this many times the limit, so that a client that only
 * reads after it has written gets to see the answer. */
#define TOLERATED_BODIES 8

#define READINESS_TIMEOUT_NS ((int64_t)1000000000)

/* --- Steps: headers --- */

/* The request could not be read. */
static nx_status fail_fault(struct gw_exchange *exchange, unsigned http_status, const char *fault)
{
    enum nx_code code = http_status == 408   ? NX_DEADLINE_EXCEEDED
                        : http_status == 503 ? NX_RESOURCE_EXHAUSTED
                        : http_status > 500  ? NX_UNIMPLEMENTED
                                             : NX_INVALID_ARGUMENT;
    return REFUSE(exchange, http_status, code, "%s", fault);
}

static nx_status identify(struct gw_exchange *exchange)
{
    const struct http_request *head = exchange->head;
    gw_headers_request_id(gw_exchange_header(exchange, "X-Request-Id"), exchange->request_id);
    exchange->is_get = gw_headers_is_get(head->method);
    exchange->is_options = strcmp(head->method, "OPTIONS") == 0;
    exchange->has_body = head->length > 0 || head->is_chunked;
    return head->fault ? fail_fault(exchange, head->fault_status, head->fault) : NX_STATUS_OK;
}

/* Whether the path is beside the API, and then what it is. */
static bool find_page(struct gw_exchange *exchange)
{
    exchange->file = gw_static_find(exchange->gateway->files, exchange->path);
    if (nx_str_equal(exchange->path, NX_STR("/healthz")))
        exchange->kind = GW_HEALTH;
    else if (nx_str_equal(exchange->path, NX_STR("/readyz")))
        exchange->kind = GW_READINESS;
    else if (exchange->file)
        exchange->kind = GW_PAGE;
    return exchange->kind != GW_API;
}

static nx_status route(struct gw_exchange *exchange)
{
    struct gw_match *match = &exchange->match;
    bool is_page = find_page(exchange);
    if (is_page)
        match->allowed = 1u << OAS_GET;
    else if (exchange->is_options && nx_str_equal(exchange->path, NX_STR("*")))
        match->allowed = 1u << OAS_ANY; /* of the server as a whole (RFC 9110, 9.3.7) */
    else
        NX_TRY(gw_router_match_method(exchange->gateway->router, exchange->head->method,
                                      exchange->path, exchange->arena, match));
    if (match->allowed == 0)
        return REFUSE(exchange, 404, NX_NOT_FOUND, "there is nothing at this path");
    bool found = is_page ? exchange->is_get : match->route != NULL;
    if (!found && !exchange->is_options)
        return REFUSE(exchange, 405, NX_UNIMPLEMENTED, "this path does not have the method %.20s",
                      exchange->head->method);
    if (exchange->is_options)
        exchange->kind = GW_OPTIONS;
    else if (!is_page && match->route->method->kind == WIRE_CLIENT_STREAM)
        exchange->kind = GW_CLIENT_STREAM;
    else if (!is_page && match->route->method->kind == WIRE_SERVER_STREAM)
        exchange->kind =
            strcmp(exchange->head->method, "HEAD") == 0 ? GW_STREAM_HEAD : GW_SERVER_STREAM;
    return NX_STATUS_OK;
}

static nx_status too_long(struct gw_exchange *exchange)
{
    return REFUSE(exchange, 413, NX_RESOURCE_EXHAUSTED, "the body is longer than %llu bytes",
                  (unsigned long long)exchange->gateway->config->http_max_body_bytes);
}

/* Headers that would make a method another one, for who cannot send it: who looks at the method, as
 * caches and firewalls do, would be deceived. */
static bool overrides_method(const struct gw_exchange *exchange)
{
    return gw_exchange_header(exchange, "X-HTTP-Method-Override") ||
           gw_exchange_header(exchange, "X-HTTP-Method") ||
           gw_exchange_header(exchange, "X-Method-Override");
}

/* Whether a body is missing rather than empty: its rule has a field for it, and nothing says how
 * long it is. Where the body is all of the request, none is an empty one: clients send POST without
 * a Content-Length when they have nothing to say (RFC 9112, 6.3). */
static bool lacks_body(const struct gw_exchange *exchange)
{
    const struct gw_route *route = exchange->match.route;
    return exchange->kind == GW_API && (route->body || route->value) && !exchange->has_body &&
           !exchange->head->has_length;
}

static nx_status check_accept(struct gw_exchange *exchange)
{
    const char *accept = gw_exchange_header(exchange, "Accept");
    bool is_json = exchange->kind == GW_API || exchange->kind == GW_CLIENT_STREAM;
    if (is_json && !gw_headers_accepts_json(accept))
        return REFUSE(exchange, 406, NX_INVALID_ARGUMENT,
                      "the answer is application/json, which the header Accept does not take");
    if ((exchange->kind == GW_SERVER_STREAM || exchange->kind == GW_STREAM_HEAD) &&
        !gw_frames_choose(accept, &exchange->flow.form))
        return REFUSE(exchange, 406, NX_INVALID_ARGUMENT,
                      "the answer can be " GW_FRAMES_TYPES
                      ", none of which the header Accept takes");
    return NX_STATUS_OK;
}

/* How long a call may take: INT64_MAX, or what the configuration says, or the client if less. */
static nx_status check_timeout(struct gw_exchange *exchange)
{
    const struct gw_config *config = exchange->gateway->config;
    bool streams = exchange->kind == GW_SERVER_STREAM || exchange->kind == GW_CLIENT_STREAM;
    uint64_t most_ms = streams ? config->backend_stream_timeout_ms : config->backend_timeout_ms;
    exchange->timeout_ns = most_ms > 0 ? (int64_t)most_ms * 1000000 : INT64_MAX;
    if (!gw_headers_timeout(gw_exchange_header(exchange, "Grpc-Timeout"), &exchange->timeout_ns))
        return nx_fail(exchange->arena, NX_INVALID_ARGUMENT,
                       "the header Grpc-Timeout is no duration such as 500m or 2S");
    return NX_STATUS_OK;
}

/* The last look before the body is read. */
static nx_status admit(struct gw_exchange *exchange)
{
    const struct gw_config *config = exchange->gateway->config;
    if (overrides_method(exchange))
        return nx_fail(exchange->arena, NX_INVALID_ARGUMENT,
                       "a header must not change the method; send the method itself");
    NX_TRY(check_accept(exchange));
    NX_TRY(check_timeout(exchange));
    if (exchange->kind == GW_CLIENT_STREAM)
        return gw_stream_body_admit(exchange);
    if (exchange->head->length > config->http_max_body_bytes)
        return too_long(exchange);
    if (lacks_body(exchange))
        return REFUSE(exchange, 411, NX_INVALID_ARGUMENT,
                      "a body is missing, or neither Content-Length nor chunks tell its length");
    if (!exchange->has_body)
        return NX_STATUS_OK;
    if (!gw_coding_parse(gw_exchange_header(exchange, "Content-Encoding"), &exchange->coding))
        return REFUSE(exchange, 415, NX_INVALID_ARGUMENT,
                      "the Content-Encoding of a body can be one of " GW_CODINGS);
    if (!gw_headers_is_json(gw_exchange_header(exchange, "Content-Type")))
        return REFUSE(exchange, 415, NX_INVALID_ARGUMENT,
                      "the Content-Type of a body must be application/json, in UTF-8");
    return NX_STATUS_OK;
}

static bool is_of_api(const struct gw_exchange *exchange)
{
    return exchange->kind == GW_API || exchange->kind == GW_SERVER_STREAM ||
           exchange->kind == GW_CLIENT_STREAM;
}

static void each_header(void *request, gw_header_visit visit, void *arg)
{
    const struct http_request *head = request;
    for (size_t i = 0; i < head->header_count; i++)
        visit(arg, head->headers[i].name, head->headers[i].value);
}

/* What goes to the service beside the message. */
static nx_status forward(struct gw_exchange *exchange)
{
    static const char *const none[] = {NULL};
    static const struct gw_forward only_own = {.sent = none, .max_bytes = SIZE_MAX};
    const struct gw_forward *forward =
        is_of_api(exchange) ? &exchange->gateway->forward : &only_own;
    const char *trace = gw_headers_traceparent(gw_exchange_header(exchange, "traceparent"));
    const struct wire_metadata own[] = {
        {"x-request-id", nx_str_from(exchange->request_id)},
        {"traceparent", nx_str_from(trace)},
    };
    const struct gw_header_source source = {(void *)exchange->head, each_header};
    const char *name;
    switch (gw_forward_headers(forward, &source, own, trace ? 2 : 1, exchange->arena,
                               &exchange->metadata, &name)) {
    case GW_FORWARDED:
        return NX_STATUS_OK;
    case GW_FORWARD_UNPRINTABLE:
        return nx_fail(exchange->arena, NX_INVALID_ARGUMENT,
                       "the header %s, which is passed on, has more than printable ASCII", name);
    case GW_FORWARD_TOO_LARGE:
        return REFUSE(exchange, 431, NX_INVALID_ARGUMENT,
                      "the headers that are passed on are longer than %zu bytes",
                      forward->max_bytes);
    case GW_FORWARD_NO_MEMORY:
        break;
    }
    return nx_fail_memory();
}

/* --- Steps: the API --- */

/* What the body is coded from. */
static nx_status decode(struct gw_exchange *exchange)
{
    if (exchange->coding == GW_IDENTITY || !exchange->has_body)
        return NX_STATUS_OK;
    switch (gw_coding_decode(exchange->coding, nx_buf_str(&exchange->body), &exchange->plain)) {
    case GW_DECODED:
        return NX_STATUS_OK;
    case GW_DECODE_MALFORMED:
        return nx_fail(exchange->arena, NX_INVALID_ARGUMENT, "the body is not well-formed %s",
                       gw_coding_name(exchange->coding));
    case GW_DECODE_TOO_LARGE:
        return too_long(exchange);
    case GW_DECODE_NO_MEMORY:
        break;
    }
    return nx_fail_memory();
}

static nx_status transcode(struct gw_exchange *exchange)
{
    bool is_coded = exchange->coding != GW_IDENTITY;
    const struct gw_input input = {
        .query = exchange->query,
        .body = nx_buf_str(is_coded ? &exchange->plain : &exchange->body),
        .if_match = gw_exchange_header(exchange, "If-Match"),
        .idempotency_key = gw_exchange_header(exchange, "Idempotency-Key"),
        .last_event_id = gw_exchange_header(exchange, "Last-Event-ID"),
        .max_depth = (uint32_t)exchange->gateway->config->json_max_depth,
    };
    return gw_transcode(&exchange->match, &input, exchange->arena, &exchange->request);
}

bool gw_exchange_hold_client(struct gw_gateway *gateway)
{
    atomic_fetch_add(&gateway->client_users, 2);
    if (!atomic_load(&gateway->refusing))
        return true;
    atomic_fetch_sub(&gateway->client_users, 2);
    return false;
}

void gw_exchange_drop_client(struct gw_gateway *gateway)
{
    atomic_fetch_sub(&gateway->client_users, 1);
}

/* Thread: the client's. What follows in the exchange's life follows here. */
static void on_answer(void *arg, nx_status status, const ProtobufCMessage *response)
{
    struct gw_exchange *exchange = arg;
    exchange->call_status = status;
    exchange->response = response;
    gw_exchange_drop_client(exchange->gateway);
    http_connection_finish(exchange->connection);
}

static void on_readiness(void *arg, nx_status status,
                         const Grpc__Health__V1__HealthCheckResponse *response)
{
    on_answer(arg, status, response ? &response->base : NULL);
}

/* What every call of an exchange has. */
static struct wire_call_options call_options(const struct gw_exchange *exchange, int64_t timeout_ns)
{
    return (struct wire_call_options){
        .deadline_ns = timeout_ns < INT64_MAX ? nx_clock_monotonic_ns() + timeout_ns : 0,
        .metadata = exchange->metadata.pairs,
        .metadata_count = exchange->metadata.count,
    };
}

static nx_status fail_stopping(struct gw_exchange *exchange)
{
    return nx_fail(exchange->arena, NX_UNAVAILABLE, "the gateway is stopping; try again");
}

nx_status gw_exchange_open_stream(struct gw_exchange *exchange)
{
    const struct wire_call_options options = call_options(exchange, exchange->timeout_ns);
    struct gw_gateway *gateway = exchange->gateway;
    if (atomic_fetch_add(&gateway->streams, 1) >= gateway->config->backend_max_streams) {
        atomic_fetch_sub(&gateway->streams, 1);
        return REFUSE(exchange, 503, NX_UNAVAILABLE, "there are too many streams; try again");
    }
    if (!gw_exchange_hold_client(gateway)) {
        atomic_fetch_sub(&gateway->streams, 1);
        return fail_stopping(exchange);
    }
    return gw_stream_open(gateway, exchange->connection, exchange->match.route->method,
                          exchange->request, &options, &exchange->stream);
}

/* Send the request, or ask for the service's health if there is none. */
static nx_status start_call(struct gw_exchange *exchange, int64_t timeout_ns)
{
    struct gw_gateway *gateway = exchange->gateway;
    const struct wire_call_options options = call_options(exchange, timeout_ns);
    if (!gw_exchange_hold_client(gateway))
        return fail_stopping(exchange);
    struct wire_client_call *call;
    if (exchange->request) {
        call = wire_client_unary(gateway->client, exchange->match.route->method, exchange->request,
                                 &options, exchange->arena, on_answer, exchange);
    } else {
        const Grpc__Health__V1__HealthCheckRequest all =
            GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
        call = grpc_health_v1_health_check(gateway->client, &all, &options, exchange->arena,
                                           on_readiness, exchange);
    }
    exchange->call = call;
    if (!call) {
        gw_exchange_drop_client(gateway);
        gw_exchange_drop_client(gateway);
        return nx_fail_memory();
    }
    http_connection_hold(exchange->connection);
    return NX_STATUS_OK;
}

void gw_exchange_keep_metadata(struct gw_exchange *exchange)
{
    const struct gw_forward *forward = &exchange->gateway->forward;
    struct nx_str key;
    struct nx_str value;
    bool has_ended = true;
    const struct wire_client_call *call =
        exchange->stream ? gw_stream_call(exchange->stream, &has_ended) : exchange->call;
    if (!call || !is_of_api(exchange))
        return;
    for (size_t i = 0; wire_client_initial_at(call, i, &key, &value); i++)
        gw_forward_return(forward, key, value, exchange->arena, &exchange->returned);
    for (size_t i = 0; has_ended && wire_client_trailing_at(call, i, &key, &value); i++)
        gw_forward_return(forward, key, value, exchange->arena, &exchange->returned);
}

/* Give the call's handle back, once it has completed. */
static void release_call(struct gw_exchange *exchange)
{
    if (!exchange->call)
        return;
    wire_client_release(exchange->call);
    exchange->call = NULL;
    gw_exchange_drop_client(exchange->gateway);
}

static nx_status call(struct gw_exchange *exchange)
{
    return start_call(exchange, exchange->timeout_ns);
}

static nx_status ask_readiness(struct gw_exchange *exchange)
{
    if (atomic_load(&exchange->gateway->draining))
        return nx_fail(exchange->arena, NX_UNAVAILABLE, "the gateway is stopping");
    return start_call(exchange, READINESS_TIMEOUT_NS);
}

/* --- The life --- */

/* A step, and what is waited for after it. */
struct step {
    const char *name; /* in the log, when it fails */
    nx_status (*run)(struct gw_exchange *exchange);
    enum gw_phase then;
};

/* Of every exchange, up to the body. */
static const struct step first_steps[] = {
    {"identify", identify, GW_AT_HEADERS},     {"route", route, GW_AT_HEADERS},
    {"admit", admit, GW_AT_HEADERS},           {"forward", forward, GW_AT_HEADERS},
    {"open", gw_stream_body_open, GW_AT_BODY},
};

/* And from there on, by what it turned out to be. */
static const struct step steps_of[][4] = {
    [GW_API] = {{"decode", decode, GW_AT_BODY},
                {"transcode", transcode, GW_AT_BODY},
                {"call", call, GW_AT_CALL},
                {"render", gw_render_message, GW_ANSWERED}},
    [GW_PAGE] = {{"page", gw_render_page, GW_ANSWERED}},
    [GW_OPTIONS] = {{"options", gw_render_options, GW_ANSWERED}},
    [GW_HEALTH] = {{"health", gw_render_health, GW_ANSWERED}},
    [GW_READINESS] = {{"ask", ask_readiness, GW_AT_CALL},
                      {"readiness", gw_render_readiness, GW_ANSWERED}},
    [GW_SERVER_STREAM] = {{"decode", decode, GW_AT_BODY},
                          {"transcode", transcode, GW_AT_BODY},
                          {"open", gw_stream_answer_open, GW_AT_CALL},
                          {"begin", gw_stream_answer_begin, GW_ANSWERED}},
    [GW_STREAM_HEAD] = {{"decode", decode, GW_AT_BODY},
                        {"transcode", transcode, GW_AT_BODY},
                        {"head", gw_stream_answer_head, GW_ANSWERED}},
    [GW_CLIENT_STREAM] = {{"finish", gw_stream_body_finish, GW_AT_CALL},
                          {"render", gw_stream_body_render, GW_ANSWERED}},
};

/* Take steps until one has something else to wait for than the phase, or fails. */
static void proceed(struct gw_exchange *exchange)
{
    enum gw_phase phase = exchange->phase;
    while (exchange->phase == phase) {
        const struct step *step = phase == GW_AT_HEADERS
                                      ? &first_steps[exchange->step]
                                      : &steps_of[exchange->kind][exchange->step];
        exchange->step++;
        nx_status status = step->run(exchange);
        exchange->phase = status.code == NX_OK ? step->then : GW_ANSWERED;
        if (status.code != NX_OK) {
            exchange->failed_step = step->name;
            gw_render_failure(exchange, status);
        }
    }
    if (phase == GW_AT_HEADERS)
        exchange->step = 0;
    if (atomic_load_explicit(&exchange->gateway->draining, memory_order_relaxed))
        exchange->answer.close = true;
}

/* Whether an answer that is known already must not wait for the body. */
static bool is_hopeless(const struct gw_exchange *exchange)
{
    const struct http_request *head = exchange->head;
    uint64_t tolerated = exchange->gateway->config->http_max_body_bytes * TOLERATED_BODIES;
    /* With a fault, the proxy in front may have taken for a body what comes here as a request; and
     * without a length, who sent a body nevertheless. */
    return head->fault || exchange->refusal == 411 ||
           (exchange->has_body && (head->expects_continue || head->length > tolerated));
}

struct gw_exchange *gw_exchange_begin(struct gw_gateway *gateway,
                                      struct http_connection *connection,
                                      const struct http_request *request)
{
    struct gw_exchange *exchange = nx_arena_calloc(request->arena, 1, sizeof *exchange);
    if (!exchange)
        return NULL;
    exchange->gateway = gateway;
    exchange->arena = request->arena;
    exchange->connection = connection;
    exchange->head = request;
    exchange->began_ns = nx_clock_monotonic_ns();
    gw_url_split(request->target, &exchange->path, &exchange->query);
    nx_buf_init(&exchange->body, gateway->config->http_max_body_bytes);
    nx_buf_init(&exchange->plain, gateway->config->http_max_body_bytes);
    nx_buf_init(&exchange->out, gateway->config->http_max_exchange_bytes);
    nx_buf_init(&exchange->coded, gateway->config->http_max_exchange_bytes);
    atomic_fetch_add(&gateway->exchanges, 1);
    proceed(exchange);
    if (exchange->phase == GW_ANSWERED && !is_hopeless(exchange))
        exchange->phase = GW_AT_BODY; /* to throw it away; an early answer ends the connection */
    return exchange;
}

/* Throw a body away, but not for ever. */
static void throw_away(struct gw_exchange *exchange)
{
    uint64_t most = exchange->gateway->config->http_max_body_bytes;
    if (exchange->body_bytes > most * TOLERATED_BODIES)
        exchange->phase = GW_ANSWERED;
}

size_t gw_exchange_take_body(struct gw_exchange *exchange, struct nx_str part)
{
    uint64_t most = exchange->gateway->config->http_max_body_bytes;
    if (exchange->stream)
        return gw_stream_body_take(exchange, part);
    exchange->body_bytes += part.len;
    if (exchange->answer.status != 0) {
        throw_away(exchange);
        return part.len;
    }
    nx_buf_append_str(&exchange->body, part);
    if (exchange->body.failed) {
        exchange->failed_step = "body";
        gw_render_failure(exchange,
                          exchange->body_bytes > most ? too_long(exchange) : nx_fail_memory());
    }
    return part.len;
}

/* The body breaks off, or is malformed: there is no telling where another request begins. */
static void refuse_body(struct gw_exchange *exchange, nx_status status)
{
    if (exchange->stream) {
        gw_stream_body_refuse(exchange, status);
        return;
    }
    exchange->failed_step = "body";
    exchange->phase = GW_ANSWERED;
    if (exchange->answer.status == 0)
        gw_render_failure(exchange, status);
}

void gw_exchange_end_body(struct gw_exchange *exchange, unsigned fault_status, const char *fault)
{
    assert(exchange->phase == GW_AT_BODY);
    exchange->body_is_over = true;
    if (fault)
        refuse_body(exchange, fail_fault(exchange, fault_status, fault));
    else if (exchange->stream)
        gw_exchange_wake(exchange);
    else if (exchange->answer.status != 0)
        exchange->phase = GW_ANSWERED;
    else
        proceed(exchange);
}

/* What a body that streams waited for. */
static void wake_body(struct gw_exchange *exchange)
{
    if (!exchange->body_is_over)
        gw_stream_body_look(exchange);
    else if (gw_stream_body_flush(exchange))
        proceed(exchange);
}

void gw_exchange_wake(struct gw_exchange *exchange)
{
    if (exchange->stream && exchange->phase == GW_AT_BODY) {
        wake_body(exchange);
        return;
    }
    if (exchange->phase != GW_AT_CALL)
        return;
    if (!exchange->stream)
        gw_exchange_keep_metadata(exchange);
    release_call(exchange);
    if (!exchange->stream || gw_stream_answer_can_begin(exchange))
        proceed(exchange);
}

const struct http_answer *gw_exchange_answer(const struct gw_exchange *exchange)
{
    return exchange->phase == GW_ANSWERED ? &exchange->answer : NULL;
}

void gw_exchange_cancel(struct gw_exchange *exchange)
{
    if (exchange->call)
        wire_client_cancel(exchange->call);
    if (exchange->stream)
        gw_stream_cancel(exchange->stream);
}

static void log_exchange(const struct gw_exchange *exchange)
{
    unsigned status = exchange->answer.status;
    bool is_bad = status >= 500 || exchange->late_status >= 500;
    if (!is_bad && !exchange->gateway->log_access)
        return;
    int64_t took_us = (nx_clock_monotonic_ns() - exchange->began_ns) / 1000;
    const char *path = nx_arena_strdup(exchange->arena, exchange->path);
    char status_text[12];
    char took_text[24];
    snprintf(status_text, sizeof status_text, "%u", status);
    snprintf(took_text, sizeof took_text, "%lld.%03lld", (long long)(took_us / 1000),
             (long long)(took_us % 1000));
    nx_log(is_bad ? NX_LOG_WARN : NX_LOG_DEBUG, "exchange", "method", exchange->head->method,
           "path", path ? path : "", "status", status_text, "duration_ms", took_text, "request_id",
           exchange->request_id, exchange->failed_step ? "failed_step" : NULL,
           exchange->failed_step, "error", exchange->failure, NULL);
}

void gw_exchange_destroy(struct gw_exchange *exchange)
{
    log_exchange(exchange);
    release_call(exchange); /* when the connection was lost before it could wake */
    gw_stream_close(exchange->stream);
    nx_arena_destroy(exchange->flow.arena);
    gw_feed_cleanup(exchange->feed);
    nx_buf_cleanup(&exchange->body);
    nx_buf_cleanup(&exchange->plain);
    nx_buf_cleanup(&exchange->out);
    nx_buf_cleanup(&exchange->coded);
    atomic_fetch_sub(&exchange->gateway->exchanges, 1);
}
