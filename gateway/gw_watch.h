/* Notices clients that go away while their calls are under way, and has these cancelled.
 *
 * libmicrohttpd does not look at a connection that sleeps. So a thread of ours waits for the end of
 * each connection, beside it. A client that has closed its sending side only, after its request,
 * looks just the same: a call has GW_WATCH_GRACE_MS before it is cancelled. */
#ifndef GW_WATCH_H
#define GW_WATCH_H

#include "nx_status.h"
#include "wire_client.h"

#define GW_WATCH_GRACE_MS 250

struct gw_watch;

/* `files`: sockets with higher numbers are not watched.
 * Fails:   RESOURCE_EXHAUSTED, INTERNAL (no thread). */
nx_status gw_watch_start(unsigned files, struct gw_watch **ret_watch) NX_MUST_USE;

/* Takes NULL. */
void gw_watch_stop(struct gw_watch *watch);

/* A connection was accepted. Thread: any. */
void gw_watch_open(struct gw_watch *watch, int socket);

/* This call is under way for the connection, or none any more: NULL, before its handle is given
 * back. Thread: any. */
void gw_watch_call(struct gw_watch *watch, int socket, struct wire_client_call *call);

#endif
