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
    return exchange->peer.header(exchange->peer.connection, name);
}

/* Make the answer an error. */
void gw_render_failure(struct gw_exchange *exchange, nx_status status);

/* Steps that make the answer. Each fails as it finds something wrong. */
nx_status gw_render_message(struct gw_exchange *exchange) NX_MUST_USE; /* of the RPC */
nx_status gw_render_page(struct gw_exchange *exchange) NX_MUST_USE;
nx_status gw_render_health(struct gw_exchange *exchange) NX_MUST_USE;
nx_status gw_render_readiness(struct gw_exchange *exchange) NX_MUST_USE;
nx_status gw_render_options(struct gw_exchange *exchange) NX_MUST_USE;

#endif
