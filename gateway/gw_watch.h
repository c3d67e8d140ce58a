/* Looks after connections beside libmicrohttpd, from a thread of its own.
 *
 * A client that goes away while its call is under way has it cancelled: libmicrohttpd does not look
 * at a connection that sleeps. A client that has closed its sending side only, after its request,
 * looks just the same: a call has GW_WATCH_GRACE_MS before it is cancelled.
 *
 * A request that takes too long to arrive is cut off: libmicrohttpd's own timeout begins again with
 * each byte.
 *
 * What waits for a call that streams may be waked before that has anything to say: to show that it
 * lives, or because the gateway stops. */
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

/* Call this when the time has come, within a tenth of a second, and when all are waked; NULL: no
 * more, and it is not running when this returns. NX_DEADLINE_NEVER: only with all. It must not call
 * the watch, nor may the caller hold what it takes. Thread: any. */
void gw_watch_attend(struct gw_watch *watch, int socket, int64_t deadline_ns,
                     void (*wake)(void *arg), void *arg);

/* Wake all that are attended to. */
void gw_watch_wake_all(struct gw_watch *watch);

/* Cancel the calls, and cut off the connections, of all that are attended to. */
void gw_watch_abort_all(struct gw_watch *watch);

#endif
