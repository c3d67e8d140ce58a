#include "gw_exchange_internal.h"

#include "grpc/health/v1/health.nexus.h"
#include "gw_error.h"
#include "gw_redirect.h"
#include "pbj.h"

#include <string.h>

/* Shorter answers fit into the packet that they need anyway. */
#define WORTH_CODING_BYTES 1024

/* What may be kept, and must be asked for again each time; errors and answers to writes are not.
 * What the API says may depend on who asks. */
static const char *cache_control(const struct gw_exchange *exchange, unsigned http_status)
{
    if (http_status >= 400 || !exchange->is_get)
        return "no-store";
    return exchange->kind == GW_PAGE  ? "no-cache"
           : exchange->kind == GW_API ? "private, no-cache"
                                      : "no-store";
}

static void begin_answer(struct gw_exchange *exchange, unsigned http_status)
{
    bool is_page = exchange->kind == GW_PAGE && http_status < 400;
    gw_answer_init(&exchange->answer, http_status, exchange->request_id,
                   cache_control(exchange, http_status), is_page);
    gw_cors_answer(&exchange->gateway->cors, gw_exchange_header(exchange, "Origin"),
                   &exchange->answer);
    for (unsigned i = 0; i < exchange->returned.count; i++)
        http_answer_add(&exchange->answer, exchange->returned.headers[i].name,
                        exchange->returned.headers[i].value);
}

/* --- Failures --- */

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

void gw_render_failure(struct gw_exchange *exchange, nx_status status)
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
    http_answer_add(&exchange->answer, "Content-Type", "application/json");
    if (retry_after_s > 0)
        http_answer_add(&exchange->answer, "Retry-After",
                        nx_arena_printf(exchange->arena, "%u", retry_after_s));
    if (http_status == 415)
        http_answer_add(&exchange->answer, "Accept-Encoding",
                        exchange->kind == GW_CLIENT_STREAM ? "identity" : GW_CODINGS);
    if (http_status == 405)
        http_answer_add(&exchange->answer, "Allow", allowed_methods(exchange));
}

/* --- The API --- */

/* The part of the response that the rule makes the answer; all of it where the part is no message.
 */
static const ProtobufCMessage *answer_message(const struct gw_route *route,
                                              const ProtobufCMessage *response,
                                              struct nx_arena *arena)
{
    if (!route->response || !route->answers)
        return response;
    const ProtobufCMessage *part = gw_field_message(response, route->response);
    return part ? part : pbj_new_message(arena, route->answers);
}

/* An etag as a header: only if it can be one. */
static const char *answer_etag(const struct gw_route *route, const ProtobufCMessage *message)
{
    const char *etag = route->answer_etag ? gw_field_text(message, route->answer_etag) : "";
    return etag[0] == '"' && gw_headers_is_printable(etag) ? etag : NULL;
}

/* What is too large: of our own client the request or the answer, of the service the metadata. */
static unsigned refusal_of_size(nx_status status, struct nx_arena *arena)
{
    const char *own = status.error->reason ? status.error->reason : "";
    if (strcmp(own, "REQUEST_TOO_LARGE") == 0)
        return 413;
    if (strcmp(own, "RESPONSE_TOO_LARGE") == 0)
        return 502;
    return strcmp(gw_error_reason(status, arena), "METADATA_TOO_LARGE") == 0 ? 431 : 0;
}

/* Send it in a coding that the client likes, if that makes it shorter. */
static void code_answer(struct gw_exchange *exchange)
{
    enum gw_coding coding = gw_coding_choose(gw_exchange_header(exchange, "Accept-Encoding"));
    struct nx_str content = exchange->answer.content;
    http_answer_add(&exchange->answer, "Vary", "Accept-Encoding");
    if (coding == GW_IDENTITY || content.len < WORTH_CODING_BYTES ||
        !gw_coding_encode(coding, content, &exchange->coded) || exchange->coded.len >= content.len)
        return;
    http_answer_add(&exchange->answer, "Content-Encoding", gw_coding_name(coding));
    exchange->answer.content = nx_buf_str(&exchange->coded);
}

void gw_render_note_status(struct gw_exchange *exchange, nx_status status)
{
    exchange->call_status = status;
    if (status.code == NX_ABORTED && gw_exchange_header(exchange, "If-Match"))
        exchange->refusal = 412;
    if (status.code == NX_RESOURCE_EXHAUSTED)
        exchange->refusal = refusal_of_size(status, exchange->arena);
}

nx_status gw_render_json(const struct gw_exchange *exchange, const ProtobufCMessage *response,
                         struct nx_arena *arena, struct nx_buf *buf)
{
    const struct gw_route *route = exchange->match.route;
    struct pbj_write_options form = answer_form(exchange);
    form.resolve = pbj_types_find;
    form.resolve_context = route->types;
    if (!route->answers)
        return pbj_write_field(response, route->response, &form, arena, buf);
    const ProtobufCMessage *message = answer_message(route, response, arena);
    return message ? pbj_write(message, &form, arena, buf) : nx_fail_memory();
}

void gw_render_error(struct gw_exchange *exchange, nx_status status, struct nx_arena *arena,
                     struct nx_buf *buf)
{
    const struct pbj_write_options form = answer_form(exchange);
    unsigned http_status =
        exchange->refusal ? exchange->refusal : gw_error_http_status(status.code);
    unsigned retry_after_s;
    size_t before = buf->len;
    gw_error_write(without_address(exchange, status), http_status, &form, arena, buf,
                   &retry_after_s);
    if (buf->len > before && buf->ptr[buf->len - 1] == '\n')
        buf->len--;
    exchange->late_status = http_status;
    exchange->failure = nx_status_message(status);
}

void gw_render_stream(struct gw_exchange *exchange)
{
    begin_answer(exchange, 200);
    http_answer_add(&exchange->answer, "Content-Type", gw_frames_type(exchange->flow.form));
    http_answer_set(&exchange->answer, "Cache-Control", "no-store");
    http_answer_add(&exchange->answer, "X-Accel-Buffering", "no"); /* of a proxy in front */
    http_answer_add(&exchange->answer, "Vary", "Accept");
    exchange->answer.is_stream = true;
}

nx_status gw_render_message(struct gw_exchange *exchange)
{
    gw_render_note_status(exchange, exchange->call_status);
    NX_TRY(exchange->call_status);
    const ProtobufCMessage *message =
        answer_message(exchange->match.route, exchange->response, exchange->arena);
    if (!message)
        return nx_fail_memory();
    const char *location;
    NX_TRY(gw_redirect_find(exchange->match.route, exchange->response, exchange->path,
                            exchange->query, exchange->arena, &location));
    const char *etag = answer_etag(exchange->match.route, message);
    const char *known = exchange->is_get ? gw_exchange_header(exchange, "If-None-Match") : NULL;
    bool is_known = etag && known && gw_headers_lists_etag(known, etag);
    begin_answer(exchange, is_known ? 304 : location ? 301 : 200);
    http_answer_add(&exchange->answer, "Location", location);
    http_answer_add(&exchange->answer, "ETag", etag);
    /* A 304 sends no content, but tells how long it would be. */
    NX_TRY(gw_render_json(exchange, exchange->response, exchange->arena, &exchange->out));
    if (exchange->out.failed)
        return nx_fail(exchange->arena, NX_INTERNAL, "the answer is larger than it may be");
    http_answer_add(&exchange->answer, "Content-Type", "application/json");
    exchange->answer.content = nx_buf_str(&exchange->out);
    code_answer(exchange);
    return NX_STATUS_OK;
}

/* --- What is beside the API --- */

nx_status gw_render_page(struct gw_exchange *exchange)
{
    const struct gw_static_file *file = exchange->file;
    const char *known = gw_exchange_header(exchange, "If-None-Match");
    bool is_known = file->etag && known && gw_headers_lists_etag(known, file->etag);
    unsigned status = file->location ? 302 : is_known ? 304 : 200;
    begin_answer(exchange, status);
    http_answer_add(&exchange->answer, "Location", file->location);
    http_answer_add(&exchange->answer, "ETag", file->etag);
    if (file->location)
        return NX_STATUS_OK;
    enum gw_coding coding = gw_coding_choose(gw_exchange_header(exchange, "Accept-Encoding"));
    bool is_coded = file->coded[coding].len > 0;
    http_answer_add(&exchange->answer, "Content-Type", file->content_type);
    http_answer_add(&exchange->answer, "Vary", "Accept-Encoding");
    http_answer_add(&exchange->answer, "Content-Encoding",
                    is_coded ? gw_coding_name(coding) : NULL);
    exchange->answer.content = is_coded ? file->coded[coding] : file->content; /* but for a 304 */
    return NX_STATUS_OK;
}

static nx_status report(struct gw_exchange *exchange, unsigned http_status, struct nx_str content)
{
    begin_answer(exchange, http_status);
    http_answer_add(&exchange->answer, "Content-Type", "application/json");
    exchange->answer.content = content;
    return NX_STATUS_OK;
}

nx_status gw_render_health(struct gw_exchange *exchange)
{
    return report(exchange, 200, NX_STR("{\"status\":\"ok\"}\n"));
}

nx_status gw_render_readiness(struct gw_exchange *exchange)
{
    const Grpc__Health__V1__HealthCheckResponse *health =
        (const Grpc__Health__V1__HealthCheckResponse *)exchange->response;
    if (exchange->call_status.code != NX_OK)
        return REFUSE(exchange, 503, NX_UNAVAILABLE, "the service does not answer");
    if (health->status != GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING)
        return REFUSE(exchange, 503, NX_UNAVAILABLE, "the service is not ready");
    return report(exchange, 200, NX_STR("{\"status\":\"ok\"}\n"));
}

nx_status gw_render_options(struct gw_exchange *exchange)
{
    const char *allow = allowed_methods(exchange);
    if (!allow)
        return nx_fail_memory();
    begin_answer(exchange, 204);
    http_answer_add(&exchange->answer, "Allow", allow);
    if (gw_exchange_header(exchange, "Access-Control-Request-Method"))
        gw_cors_preflight(&exchange->gateway->cors, gw_exchange_header(exchange, "Origin"), allow,
                          &exchange->answer);
    return NX_STATUS_OK;
}
