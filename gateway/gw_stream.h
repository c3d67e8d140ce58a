/* A call that streams, between the thread of its connection and those of the client.
 *
 * The connection's thread has it in hand: it asks for the next message, sends the next, and when
 * there is nothing to do puts the connection to sleep. What the client's threads bring (a message,
 * word that one was sent, the end) is kept here until that thread looks, and wakes the connection:
 * once for each sleep, as libmicrohttpd wants it.
 *
 * One message is asked for at a time, and one sent at a time, so that a side that does not read
 * holds the other up, and nobody's memory fills.
 *
 * It outlives its connection until the call has ended. */
#ifndef GW_STREAM_H
#define GW_STREAM_H

#include "gw_exchange.h"

struct gw_stream;

/* What the connection's thread finds when it looks. */
enum gw_event {
    GW_NOTHING,
    GW_MESSAGE,
    GW_END,
};

/* Start a call; the request is NULL where requests stream. The client must be held for it
 * (gw_exchange_hold_client()), and it counts among the gateway's streams already; both is undone in
 * the end, also when this fails.
 * Borrows: the gateway; the peer as long as the stream is not closed; request and options until
 *          return.
 * Fails:   RESOURCE_EXHAUSTED. */
nx_status gw_stream_open(struct gw_gateway *gateway, const struct gw_peer *peer,
                         const struct wire_method *method, const ProtobufCMessage *request,
                         const struct wire_call_options *options,
                         struct gw_stream **ret_stream) NX_MUST_USE;

/* The connection has done with it: cancels the call if it is still under way, and frees it when it
 * has ended. Takes NULL. */
void gw_stream_close(struct gw_stream *stream);

/* The message that has come, which lives until the next one is asked for, or the end: the call's,
 * or that the gateway is stopping. Looking again finds the same. */
enum gw_event gw_stream_look(struct gw_stream *stream, const ProtobufCMessage **ret_message,
                             nx_status *ret_status);

/* Ask for the next message; once the last has been found, or at the start. */
void gw_stream_ask(struct gw_stream *stream);

/* Send one of many requests, when none is being sent. False: the call has ended, or is about to.
 * Borrows: message until return. */
bool gw_stream_send(struct gw_stream *stream, const ProtobufCMessage *message);

/* Whether the next must wait. */
bool gw_stream_is_sending(struct gw_stream *stream);

/* No more requests will be sent: the call comes to its end. */
void gw_stream_half_close(struct gw_stream *stream);

/* Have the call end. */
void gw_stream_cancel(struct gw_stream *stream);

/* Keep the end of the call from being told elsewhere (below), while the connection's thread is at
 * work. */
void gw_stream_enter(struct gw_stream *stream);
void gw_stream_leave(struct gw_stream *stream);

/* If the call ends, or has, while the connection neither sleeps nor has the stream entered, as it
 * waits for its client to send more, call this: with the stream entered, on a client thread, or
 * inline. NULL: no more. Not with the stream entered. */
void gw_stream_on_early_end(struct gw_stream *stream, void (*ended)(void *arg), void *arg);

/* Put the connection to sleep until something is there. False: something is there already. */
bool gw_stream_sleep(struct gw_stream *stream);

/* The same, from where the connection must sleep; it then wakes at once. */
void gw_stream_sleep_always(struct gw_stream *stream);

/* Wake the connection, if it sleeps. Thread: any. */
void gw_stream_wake(struct gw_stream *stream);

#endif
