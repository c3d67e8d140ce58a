/* A call that streams, between its connection and the threads of the client.
 *
 * The exchange has it in hand: it asks for the next message, and sends the next. What the client's
 * threads bring (a message, word that one was sent, the end) is kept here until the exchange looks,
 * and wakes the connection.
 *
 * One message is asked for at a time, and one sent at a time, so that a side that does not read
 * holds the other up, and nobody's memory fills.
 *
 * It outlives its exchange until the call has ended. */
#ifndef GW_STREAM_H
#define GW_STREAM_H

#include "gw_exchange.h"

struct gw_stream;

/* What the exchange finds when it looks. */
enum gw_event {
    GW_NOTHING,
    GW_MESSAGE,
    GW_END,
};

/* Start a call; the request is NULL where requests stream. The client must be held for it
 * (gw_exchange_hold_client()), and it counts among the gateway's streams already; both is undone in
 * the end, also when this fails.
 * Borrows: the gateway; the connection as long as the stream is not closed; request and options
 *          until return.
 * Fails:   RESOURCE_EXHAUSTED. */
nx_status gw_stream_open(struct gw_gateway *gateway, struct http_connection *connection,
                         const struct wire_method *method, const ProtobufCMessage *request,
                         const struct wire_call_options *options,
                         struct gw_stream **ret_stream) NX_MUST_USE;

/* The exchange has done with it: cancels the call if it is still under way, and frees it when it
 * has ended. Takes NULL. */
void gw_stream_close(struct gw_stream *stream);

/* The message that has come, which lives until the next one is asked for, or the end: the call's,
 * or that the gateway is stopping. Looking again finds the same. */
enum gw_event gw_stream_look(struct gw_stream *stream, const ProtobufCMessage **ret_message,
                             nx_status *ret_status);

/* The call, for its metadata: of its end, too, if it has ended. NULL: there are none yet.
 * Borrows: until the stream is closed. */
const struct wire_client_call *gw_stream_call(struct gw_stream *stream, bool *ret_has_ended);

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

#endif
