/* Exchanges as the handler of an HTTP server, by the gateway's configuration. */
#ifndef GW_HTTP_H
#define GW_HTTP_H

#include "gw_exchange.h"

/* Listen and serve.
 * Borrows: the gateway, until the server is stopped.
 * Fails:   INVALID_ARGUMENT: not an address; UNAVAILABLE: it cannot be listened at; INTERNAL. */
nx_status gw_http_start(struct gw_gateway *gateway, struct nx_arena *arena,
                        struct http_server **ret_server, unsigned *ret_port) NX_MUST_USE;

#endif
