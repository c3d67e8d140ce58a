#include "gw_exchange.h"

#include "grpc/health/v1/health.nexus.h"
#include "gw_error.h"
#include "gw_headers.h"
#include "gw_redirect.h"
#include "gw_transcode.h"
#include "gw_url.h"
#include "nx_clock.h"
#include "nx_log.h"
#include "pbj.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A refused body is read to its end up to this many times the limit, so that a client that only
 * reads after it has written gets to see the answer. */
#define TOLERATED_BODIES 8

/* Shorter answers fit into the packet that they need anyway. */
#define WORTH_CODING_BYTES 1024

#define READINESS_TIMEOUT_NS ((int64_t)1000000000)

static const char *header(const struct gw_exchange *exchange, const char *name)
{
    return exchange->peer.header(exchange->peer.connection, name);
}

static void begin_answer(struct gw_exchange *exchange, unsigned http_status)
{
    gw_answer_init(&exchange->answer, http_status, exchange->request_id);
    gw_cors_answer(&exchange->gateway->cors, header(exchange, "Origin"), &exchange->answer);
}

/* --- Failing --- */

/* Refuse with an HTTP status that no code stands for. */
#define REFUSE(exchange, http_status, code, ...)                                                   \
    ((exchange)->refusal = (http_status), nx_fail((exchange)->arena, (code), __VA_ARGS__))

/* The core's own words for a service that is not there have its address in them. */
static nx_status without_address(const struct gw_exchange *exchange, nx_status status)
{
    static const struct nx_error unreachable = {
        .message = "the service cannot be reached; try again",
        .retry_after_ms = 1000,
    };
    bool of_core = exchange->call_status.code == NX_UNAVAILABLE &&
                   status.error == exchange->call_status.error && status.error->details.len == 0 &&
                   !status.error->reason && !status.error->violations;
    return of_core ? (nx_status){NX_UNAVAILABLE, &unreachable} : status;
}

static const char *allowed_methods(const struct gw_exchange *exchange)
{
    return gw_headers_allow(gw_router_spec(exchange->gateway->router), exchange->match.allowed,
                            exchange->arena);
}

/* How messages are written, as the configuration has it. */
static struct pbj_write_options answer_form(const struct gw_exchange *exchange)
{
    const struct gw_config *config = exchange->gateway->config;
    return (struct pbj_write_options){
        .omit_defaults = !config->json_print_defaults,
        .enums_as_numbers = config->json_enums_as_numbers,
        .original_names = config->json_original_names,
    };
}

static void answer_failure(struct gw_exchange *exchange, nx_status status)
{
    unsigned http_status =
        exchange->refusal ? exchange->refusal : gw_error_http_status(status.code);
    unsigned retry_after_s = http_status == 503 ? 1 : 0;
    exchange->failure = nx_status_message(status);
    begin_answer(exchange, http_status);
    exchange->out.len = 0;
    exchange->out.failed = false;
    const struct pbj_write_options form = answer_form(exchange);
    gw_error_write(without_address(exchange, status), http_status, &form, exchange->arena,
                   &exchange->out, &retry_after_s);
    exchange->answer.content = nx_buf_str(&exchange->out);
    gw_answer_add(&exchange->answer, "Content-Type", "application/json");
    if (retry_after_s > 0)
        gw_answer_add(&exchange->answer, "Retry-After",
                      nx_arena_printf(exchange->arena, "%u", retry_after_s));
    if (http_status == 415)
        gw_answer_add(&exchange->answer, "Accept-Encoding", GW_CODINGS);
    if (http_status == 405)
        gw_answer_add(&exchange->answer, "Allow", allowed_methods(exchange));
}

/* --- Steps: headers --- */

static nx_status identify(struct gw_exchange *exchange)
{
    uint64_t most = exchange->gateway->config->http_max_header_bytes;
    gw_headers_request_id(header(exchange, "X-Request-Id"), exchange->request_id);
    exchange->is_get = gw_headers_is_get(exchange->peer.method);
    exchange->is_options = strcmp(exchange->peer.method, "OPTIONS") == 0;
    const char *length = header(exchange, "Content-Length");
    exchange->declared_bytes = length ? strtoull(length, NULL, 10) : 0;
    exchange->has_body = exchange->declared_bytes > 0 || header(exchange, "Transfer-Encoding");
    exchange->expects_continue = header(exchange, "Expect") != NULL;
    if (exchange->peer.fault)
        return nx_fail(exchange->arena, NX_INVALID_ARGUMENT, "%s", exchange->peer.fault);
    if (exchange->path.len + exchange->query.len > most)
        return REFUSE(exchange, 414, NX_INVALID_ARGUMENT, "the URL is longer than %llu bytes",
                      (unsigned long long)most);
    if (exchange->peer.header_bytes > most)
        return REFUSE(exchange, 431, NX_INVALID_ARGUMENT,
                      "the request line and the headers are longer than %llu bytes",
                      (unsigned long long)most);
    return NX_STATUS_OK;
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
    else
        NX_TRY(gw_router_match_method(exchange->gateway->router, exchange->peer.method,
                                      exchange->path, exchange->arena, match));
    if (match->allowed == 0)
        return REFUSE(exchange, 404, NX_NOT_FOUND, "there is nothing at this path");
    bool found = is_page ? exchange->is_get : match->route != NULL;
    if (!found && !exchange->is_options)
        return REFUSE(exchange, 405, NX_UNIMPLEMENTED, "this path does not have the method %.20s",
                      exchange->peer.method);
    if (exchange->is_options)
        exchange->kind = GW_OPTIONS;
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
    return header(exchange, "X-HTTP-Method-Override") || header(exchange, "X-HTTP-Method") ||
           header(exchange, "X-Method-Override");
}

/* The last look before the body is read. */
static nx_status admit(struct gw_exchange *exchange)
{
    const struct gw_config *config = exchange->gateway->config;
    if (overrides_method(exchange))
        return nx_fail(exchange->arena, NX_INVALID_ARGUMENT,
                       "a header must not change the method; send the method itself");
    if (exchange->kind == GW_API && !gw_headers_accepts_json(header(exchange, "Accept")))
        return REFUSE(exchange, 406, NX_INVALID_ARGUMENT,
                      "the answer is application/json, which the header Accept does not take");
    exchange->timeout_ns = (int64_t)config->backend_timeout_ms * 1000000;
    if (!gw_headers_timeout(header(exchange, "Grpc-Timeout"), &exchange->timeout_ns))
        return nx_fail(exchange->arena, NX_INVALID_ARGUMENT,
                       "the header Grpc-Timeout is no duration such as 500m or 2S");
    if (exchange->declared_bytes > config->http_max_body_bytes)
        return too_long(exchange);
    if (!exchange->has_body)
        return NX_STATUS_OK;
    if (!gw_coding_parse(header(exchange, "Content-Encoding"), &exchange->coding))
        return REFUSE(exchange, 415, NX_INVALID_ARGUMENT,
                      "the Content-Encoding of a body can be one of " GW_CODINGS);
    if (!gw_headers_is_json(header(exchange, "Content-Type")))
        return REFUSE(exchange, 415, NX_INVALID_ARGUMENT,
                      "the Content-Type of a body must be application/json, in UTF-8");
    return NX_STATUS_OK;
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
        .if_match = header(exchange, "If-Match"),
        .idempotency_key = header(exchange, "Idempotency-Key"),
        .max_depth = (uint32_t)exchange->gateway->config->json_max_depth,
    };
    return gw_transcode(&exchange->match, &input, exchange->arena, &exchange->request);
}

/* A call uses the client until it has completed and its handle is given back. False: too late. */
static bool hold_client(struct gw_gateway *gateway)
{
    atomic_fetch_add(&gateway->client_users, 2);
    if (!atomic_load(&gateway->refusing))
        return true;
    atomic_fetch_sub(&gateway->client_users, 2);
    return false;
}

/* Thread: the client's. The exchange is not to be touched after it is resumed. */
static void on_answer(void *arg, nx_status status, const ProtobufCMessage *response)
{
    struct gw_exchange *exchange = arg;
    exchange->call_status = status;
    exchange->response = response;
    atomic_fetch_sub(&exchange->gateway->client_users, 1);
    exchange->peer.resume(exchange->peer.connection);
}

static void on_readiness(void *arg, nx_status status,
                         const Grpc__Health__V1__HealthCheckResponse *response)
{
    on_answer(arg, status, response ? &response->base : NULL);
}

/* Send the request, or ask for the service's health if there is none. */
static nx_status start_call(struct gw_exchange *exchange, int64_t timeout_ns)
{
    struct gw_gateway *gateway = exchange->gateway;
    struct wire_metadata metadata[2] = {
        {"x-request-id", nx_str_from(exchange->request_id)},
        {"traceparent", nx_str_from(gw_headers_traceparent(header(exchange, "traceparent")))},
    };
    const struct wire_call_options options = {
        .deadline_ns = nx_clock_monotonic_ns() + timeout_ns,
        .metadata = metadata,
        .metadata_count = metadata[1].value.ptr ? 2 : 1,
    };
    if (!hold_client(gateway))
        return nx_fail(exchange->arena, NX_UNAVAILABLE, "the gateway is stopping; try again");
    struct wire_client_call *call;
    exchange->peer.suspend(exchange->peer.connection);
    if (exchange->request) {
        call = wire_client_unary(gateway->client, exchange->match.route->method, exchange->request,
                                 &options, exchange->arena, on_answer, exchange);
    } else {
        const Grpc__Health__V1__HealthCheckRequest all =
            GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
        call = grpc_health_v1_health_check(gateway->client, &all, &options, exchange->arena,
                                           on_readiness, exchange);
    }
    exchange->has_called = true;
    exchange->call = call;
    if (call)
        exchange->peer.watch(exchange->peer.connection, call);
    else
        on_answer(exchange, nx_fail_memory(), NULL);
    return NX_STATUS_OK;
}

/* Give the call's handle back, once it has completed. */
static void release_call(struct gw_exchange *exchange)
{
    if (!exchange->has_called)
        return;
    exchange->has_called = false;
    if (exchange->call)
        exchange->peer.watch(exchange->peer.connection, NULL);
    wire_client_release(exchange->call);
    atomic_fetch_sub(&exchange->gateway->client_users, 1);
}

static nx_status call(struct gw_exchange *exchange)
{
    return start_call(exchange, exchange->timeout_ns);
}

/* The part of the response that the rule makes the answer; all of it where the part is no message.
 */
static const ProtobufCMessage *answer_message(struct gw_exchange *exchange)
{
    const struct gw_route *route = exchange->match.route;
    if (!route->response || !route->answers)
        return exchange->response;
    const ProtobufCMessage *part = gw_field_message(exchange->response, route->response);
    return part ? part : pbj_new_message(exchange->arena, route->answers);
}

/* An etag as a header: only if it can be one. */
static const char *answer_etag(const struct gw_route *route, const ProtobufCMessage *message)
{
    const char *etag = route->answer_etag ? gw_field_text(message, route->answer_etag) : "";
    return etag[0] == '"' && gw_headers_is_printable(etag) ? etag : NULL;
}

static bool has_reason(nx_status status, const char *reason)
{
    return status.error->reason && strcmp(status.error->reason, reason) == 0;
}

/* Send it in a coding that the client likes, if that makes it shorter. */
static void code_answer(struct gw_exchange *exchange)
{
    enum gw_coding coding = gw_coding_choose(header(exchange, "Accept-Encoding"));
    struct nx_str content = exchange->answer.content;
    gw_answer_add(&exchange->answer, "Vary", "Accept-Encoding");
    if (coding == GW_IDENTITY || content.len < WORTH_CODING_BYTES ||
        !gw_coding_encode(coding, content, &exchange->coded) || exchange->coded.len >= content.len)
        return;
    gw_answer_add(&exchange->answer, "Content-Encoding", gw_coding_name(coding));
    exchange->answer.content = nx_buf_str(&exchange->coded);
}

static nx_status render(struct gw_exchange *exchange)
{
    nx_status status = exchange->call_status;
    if (status.code == NX_ABORTED && header(exchange, "If-Match"))
        exchange->refusal = 412;
    if (status.code == NX_RESOURCE_EXHAUSTED)
        exchange->refusal = has_reason(status, "REQUEST_TOO_LARGE")    ? 413
                            : has_reason(status, "RESPONSE_TOO_LARGE") ? 502
                                                                       : 0;
    NX_TRY(status);
    const ProtobufCMessage *message = answer_message(exchange);
    if (!message)
        return nx_fail_memory();
    const char *location;
    NX_TRY(gw_redirect_find(exchange->match.route, exchange->response, exchange->path,
                            exchange->query, exchange->arena, &location));
    const char *etag = answer_etag(exchange->match.route, message);
    const char *known = exchange->is_get ? header(exchange, "If-None-Match") : NULL;
    bool is_known = etag && known && gw_headers_lists_etag(known, etag);
    begin_answer(exchange, is_known ? 304 : location ? 301 : 200);
    gw_answer_add(&exchange->answer, "Location", location);
    gw_answer_add(&exchange->answer, "ETag", etag);
    /* A 304 sends no content, but tells how long it would be. */
    struct pbj_write_options form = answer_form(exchange);
    const struct gw_route *route = exchange->match.route;
    form.resolve = pbj_types_find;
    form.resolve_context = route->types;
    if (route->answers)
        NX_TRY(pbj_write(message, &form, exchange->arena, &exchange->out));
    else
        NX_TRY(pbj_write_field(message, route->response, &form, exchange->arena, &exchange->out));
    if (exchange->out.failed)
        return nx_fail(exchange->arena, NX_INTERNAL, "the answer is larger than it may be");
    gw_answer_add(&exchange->answer, "Content-Type", "application/json");
    exchange->answer.content = nx_buf_str(&exchange->out);
    code_answer(exchange);
    return NX_STATUS_OK;
}

/* --- Steps: what is beside the API --- */

static nx_status serve_page(struct gw_exchange *exchange)
{
    static const char policy[] = "default-src 'self'; style-src 'self' 'unsafe-inline'; "
                                 "img-src 'self' data:; object-src 'none'; base-uri 'none'; "
                                 "frame-ancestors 'none'";
    const struct gw_static_file *file = exchange->file;
    const char *known = header(exchange, "If-None-Match");
    bool is_known = file->etag && known && gw_headers_lists_etag(known, file->etag);
    unsigned status = file->location ? 302 : is_known ? 304 : 200;
    begin_answer(exchange, status);
    gw_answer_add(&exchange->answer, "Location", file->location);
    gw_answer_add(&exchange->answer, "ETag", file->etag);
    gw_answer_add(&exchange->answer, "Content-Security-Policy", policy);
    gw_answer_add(&exchange->answer, "Referrer-Policy", "no-referrer");
    if (file->location)
        return NX_STATUS_OK;
    enum gw_coding coding = gw_coding_choose(header(exchange, "Accept-Encoding"));
    bool is_coded = file->coded[coding].len > 0;
    gw_answer_add(&exchange->answer, "Content-Type", file->content_type);
    gw_answer_add(&exchange->answer, "Vary", "Accept-Encoding");
    gw_answer_add(&exchange->answer, "Content-Encoding", is_coded ? gw_coding_name(coding) : NULL);
    exchange->answer.content = is_coded ? file->coded[coding] : file->content; /* but for a 304 */
    return NX_STATUS_OK;
}

static nx_status report(struct gw_exchange *exchange, unsigned http_status, struct nx_str content)
{
    begin_answer(exchange, http_status);
    gw_answer_add(&exchange->answer, "Content-Type", "application/json");
    exchange->answer.content = content;
    return NX_STATUS_OK;
}

static nx_status report_health(struct gw_exchange *exchange)
{
    return report(exchange, 200, NX_STR("{\"status\":\"ok\"}\n"));
}

static nx_status ask_readiness(struct gw_exchange *exchange)
{
    if (atomic_load(&exchange->gateway->draining))
        return nx_fail(exchange->arena, NX_UNAVAILABLE, "the gateway is stopping");
    return start_call(exchange, READINESS_TIMEOUT_NS);
}

static nx_status report_readiness(struct gw_exchange *exchange)
{
    const Grpc__Health__V1__HealthCheckResponse *health =
        (const Grpc__Health__V1__HealthCheckResponse *)exchange->response;
    if (exchange->call_status.code != NX_OK)
        return REFUSE(exchange, 503, NX_UNAVAILABLE, "the service does not answer");
    if (health->status != GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING)
        return REFUSE(exchange, 503, NX_UNAVAILABLE, "the service is not ready");
    return report(exchange, 200, NX_STR("{\"status\":\"ok\"}\n"));
}

static nx_status report_options(struct gw_exchange *exchange)
{
    const char *allow = allowed_methods(exchange);
    if (!allow)
        return nx_fail_memory();
    begin_answer(exchange, 204);
    gw_answer_add(&exchange->answer, "Allow", allow);
    if (header(exchange, "Access-Control-Request-Method"))
        gw_cors_preflight(&exchange->gateway->cors, header(exchange, "Origin"), allow,
                          &exchange->answer);
    return NX_STATUS_OK;
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
    {"identify", identify, GW_AT_HEADERS},
    {"route", route, GW_AT_HEADERS},
    {"admit", admit, GW_AT_BODY},
};

/* And from there on, by what it turned out to be. */
static const struct step steps_of[][4] = {
    [GW_API] = {{"decode", decode, GW_AT_BODY},
                {"transcode", transcode, GW_AT_BODY},
                {"call", call, GW_AT_CALL},
                {"render", render, GW_ANSWERED}},
    [GW_PAGE] = {{"page", serve_page, GW_ANSWERED}},
    [GW_OPTIONS] = {{"options", report_options, GW_ANSWERED}},
    [GW_HEALTH] = {{"health", report_health, GW_ANSWERED}},
    [GW_READINESS] = {{"ask", ask_readiness, GW_AT_CALL},
                      {"readiness", report_readiness, GW_ANSWERED}},
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
            answer_failure(exchange, status);
        }
    }
    if (phase == GW_AT_HEADERS)
        exchange->step = 0;
    if (atomic_load_explicit(&exchange->gateway->draining, memory_order_relaxed))
        exchange->answer.close = true;
}

struct gw_exchange *gw_exchange_new(struct gw_gateway *gateway, struct nx_str target)
{
    struct nx_arena *arena = nx_arena_new(gateway->config->http_max_exchange_bytes);
    struct gw_exchange *exchange = arena ? nx_arena_calloc(arena, 1, sizeof *exchange) : NULL;
    char *copy = exchange ? nx_arena_strdup(arena, target) : NULL;
    if (!copy) {
        nx_arena_destroy(arena);
        return NULL;
    }
    exchange->gateway = gateway;
    exchange->arena = arena;
    exchange->began_ns = nx_clock_monotonic_ns();
    exchange->target_len = target.len;
    gw_url_split((struct nx_str){copy, target.len}, &exchange->path, &exchange->query);
    nx_buf_init(&exchange->body, gateway->config->http_max_body_bytes);
    nx_buf_init(&exchange->plain, gateway->config->http_max_body_bytes);
    nx_buf_init(&exchange->out, gateway->config->http_max_exchange_bytes);
    nx_buf_init(&exchange->coded, gateway->config->http_max_exchange_bytes);
    atomic_fetch_add(&gateway->exchanges, 1);
    return exchange;
}

/* Whether an answer that is known already must not wait for the body. */
static bool is_hopeless(const struct gw_exchange *exchange)
{
    uint64_t tolerated = exchange->gateway->config->http_max_body_bytes * TOLERATED_BODIES;
    /* With a fault, the proxy in front may have taken for a body what comes here as a request. */
    return exchange->peer.fault || (exchange->has_body && (exchange->expects_continue ||
                                                           exchange->declared_bytes > tolerated));
}

void gw_exchange_begin(struct gw_exchange *exchange, const struct gw_peer *peer)
{
    exchange->peer = *peer;
    proceed(exchange);
    if (exchange->phase != GW_ANSWERED)
        return;
    if (is_hopeless(exchange))
        exchange->answer.close = true; /* what follows is no request */
    else
        exchange->phase = GW_AT_BODY; /* to throw it away; an early answer ends the connection */
}

bool gw_exchange_take_body(struct gw_exchange *exchange, struct nx_str part)
{
    uint64_t most = exchange->gateway->config->http_max_body_bytes;
    exchange->body_bytes += part.len;
    if (exchange->body_bytes > most * TOLERATED_BODIES)
        return false;
    if (exchange->answer.status != 0)
        return true;
    nx_buf_append_str(&exchange->body, part);
    if (!exchange->body.failed)
        return true;
    exchange->failed_step = "body";
    answer_failure(exchange, exchange->body_bytes > most ? too_long(exchange) : nx_fail_memory());
    return true;
}

void gw_exchange_end_body(struct gw_exchange *exchange)
{
    assert(exchange->phase == GW_AT_BODY);
    if (exchange->answer.status != 0)
        exchange->phase = GW_ANSWERED;
    else
        proceed(exchange);
}

void gw_exchange_wake(struct gw_exchange *exchange)
{
    assert(exchange->phase == GW_AT_CALL);
    release_call(exchange);
    proceed(exchange);
}

static void log_exchange(const struct gw_exchange *exchange)
{
    unsigned status = exchange->answer.status;
    bool is_bad = status >= 500;
    if (!is_bad && !exchange->gateway->log_access)
        return;
    int64_t took_us = (nx_clock_monotonic_ns() - exchange->began_ns) / 1000;
    const char *path = nx_arena_strdup(exchange->arena, exchange->path);
    char status_text[12];
    char took_text[24];
    snprintf(status_text, sizeof status_text, "%u", status);
    snprintf(took_text, sizeof took_text, "%lld.%03lld", (long long)(took_us / 1000),
             (long long)(took_us % 1000));
    nx_log(is_bad ? NX_LOG_WARN : NX_LOG_DEBUG, "exchange", "method",
           exchange->peer.method ? exchange->peer.method : "", "path", path ? path : "", "status",
           status_text, "duration_ms", took_text, "request_id", exchange->request_id,
           exchange->failed_step ? "failed_step" : NULL, exchange->failed_step, "error",
           exchange->failure, NULL);
}

void gw_exchange_destroy(struct gw_exchange *exchange)
{
    if (!exchange)
        return;
    log_exchange(exchange);
    release_call(exchange); /* when the connection was lost before it could wake */
    atomic_fetch_sub(&exchange->gateway->exchanges, 1);
    nx_buf_cleanup(&exchange->body);
    nx_buf_cleanup(&exchange->plain);
    nx_buf_cleanup(&exchange->out);
    nx_buf_cleanup(&exchange->coded);
    nx_arena_destroy(exchange->arena);
}
