/* Looks after connections beside libmicrohttpd, from a thread of its own.
 *
 * A client that goes away while its call is under way has it cancelled: libmicrohttpd does not look
 * at a connection that sleeps. A client that has closed its sending side only, after its request,
 * looks just the same: a call has GW_WATCH_GRACE_MS before it is cancelled.
 *
 * A request that takes too long to arrive is cut off: libmicrohttpd's own timeout begins again with
 * each byte. */
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

/* A connection was accepted, and will be closed. Thread: any. */
void gw_watch_open(struct gw_watch *watch, int socket, int64_t deadline_ns);
void gw_watch_close(struct gw_watch *watch, int socket);

/* The next part of a request must have come by then, or the connection is shut down; within a tenth
 * of a second. NX_DEADLINE_NEVER: nothing is expected. Thread: any. */
void gw_watch_expect(struct gw_watch *watch, int socket, int64_t deadline_ns);

/* This call is under way for the connection, or none any more: NULL, before its handle is given
 * back. Thread: any. */
void gw_watch_call(struct gw_watch *watch, int socket, struct wire_client_call *call);

#endif
