/* Between gw_exchange.c, which lives an exchange's life, and gw_render.c, which makes its answers.
 */
#ifndef GW_EXCHANGE_INTERNAL_H
#define GW_EXCHANGE_INTERNAL_H

#include "gw_exchange.h"

/* Refuse with an HTTP status that no code stands for. */
#define REFUSE(exchange, http_status, code, ...)                                                   \
    ((exchange)->refusal = (http_status), nx_fail((exchange)->arena, (code), __VA_ARGS__))

/* A header of the request; NULL when it is absent. */
static inline const char *gw_exchange_header(const struct gw_exchange *exchange, const char *name)
{
    return http_request_header(exchange->head, name);
}

/* A call uses the client until it has completed and its handle is given back: each drops it once.
 * False: it is too late for a call, the gateway stops. */
bool gw_exchange_hold_client(struct gw_gateway *gateway);
void gw_exchange_drop_client(struct gw_gateway *gateway);

/* Keep what goes into the answer of the metadata of the call: of its beginning, and of its end if
 * that is there. They go with the handle. */
void gw_exchange_keep_metadata(struct gw_exchange *exchange);

/* Start the exchange's call, which streams. */
nx_status gw_exchange_open_stream(struct gw_exchange *exchange) NX_MUST_USE;

/* Steps of a stream that is the answer, and whether there is a reason to go on with them. */
nx_status gw_stream_answer_open(struct gw_exchange *exchange) NX_MUST_USE;
nx_status gw_stream_answer_begin(struct gw_exchange *exchange) NX_MUST_USE;
nx_status gw_stream_answer_head(struct gw_exchange *exchange) NX_MUST_USE;
bool gw_stream_answer_can_begin(const struct gw_exchange *exchange);

/* A body that streams: steps, and in between them parts of the body.
 * take: how much of the part is taken. flush: false when something is left. look: whether the call
 * has ended already. Each may answer. */
nx_status gw_stream_body_admit(struct gw_exchange *exchange) NX_MUST_USE; /* by its headers */
nx_status gw_stream_body_open(struct gw_exchange *exchange) NX_MUST_USE;
void gw_stream_body_look(struct gw_exchange *exchange);
void gw_stream_body_refuse(struct gw_exchange *exchange, nx_status status);
size_t gw_stream_body_take(struct gw_exchange *exchange, struct nx_str part);
bool gw_stream_body_flush(struct gw_exchange *exchange);
nx_status gw_stream_body_finish(struct gw_exchange *exchange) NX_MUST_USE;
nx_status gw_stream_body_render(struct gw_exchange *exchange) NX_MUST_USE;

/* Make the answer an error. */
void gw_render_failure(struct gw_exchange *exchange, nx_status status);

/* Note a call's status, with the HTTP status that it has for this request. */
void gw_render_note_status(struct gw_exchange *exchange, nx_status status);

/* Begin an answer that streams. */
void gw_render_stream(struct gw_exchange *exchange);

/* Append a message as JSON, or an error in one line. */
nx_status gw_render_json(const struct gw_exchange *exchange, const ProtobufCMessage *response,
                         struct nx_arena *arena, struct nx_buf *buf) NX_MUST_USE;
void gw_render_error(struct gw_exchange *exchange, nx_status status, struct nx_arena *arena,
                     struct nx_buf *buf);

/* Steps that make the answer. Each fails as it finds something wrong. */
nx_status gw_render_message(struct gw_exchange *exchange) NX_MUST_USE; /* of the RPC */
nx_status gw_render_page(struct gw_exchange *exchange) NX_MUST_USE;
nx_status gw_render_health(struct gw_exchange *exchange) NX_MUST_USE;
nx_status gw_render_readiness(struct gw_exchange *exchange) NX_MUST_USE;
nx_status gw_render_options(struct gw_exchange *exchange) NX_MUST_USE;

#endif
