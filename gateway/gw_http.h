/* The HTTP server: libmicrohttpd on one side, exchanges on the other. */
#ifndef GW_HTTP_H
#define GW_HTTP_H

#include "gw_exchange.h"

struct gw_http;

/* Listen and serve, by the gateway's configuration.
 * Borrows: the gateway, until stopped.
 * Fails:   INVALID_ARGUMENT: not an address; UNAVAILABLE: it cannot be listened at; INTERNAL. */
nx_status gw_http_start(struct gw_gateway *gateway, struct nx_arena *arena,
                        struct gw_http **ret_http) NX_MUST_USE;

/* The port listened at. */
unsigned gw_http_port(const struct gw_http *http);

/* Take no more connections. Those that are there go on. */
void gw_http_quiesce(struct gw_http *http);

/* Wake the streams, which see that the gateway is draining and end; and those that have not,
 * because their clients do not read: cut them off. */
void gw_http_end_streams(struct gw_http *http);
void gw_http_abort_streams(struct gw_http *http);

/* Close what is left, wait for the threads, and free. No call may be under way. Takes NULL. */
void gw_http_stop(struct gw_http *http);

#endif
