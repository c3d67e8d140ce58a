/* The life of one HTTP exchange, from request line to answer.
 *
 *   headers   identify, route, admit, forward: what is it, and may it be?  gw_exchange_begin()
 *   body      collected, or thrown away if it is refused already   gw_exchange_take_body()
 *             of a stream: sent on, message by message
 *   request   transcode: a message for the RPC                     gw_exchange_end_body()
 *   call      sent; the connection sleeps until it is answered
 *   answer    render: the message as JSON                          gw_exchange_wake()
 *             of a stream: message by message                  gw_exchange_read()
 *   end       sent, or the client is gone: gw_exchange_destroy()
 *
 * Each step is a function in the tables at the end of gw_exchange.c. A step that fails ends the
 * life with an error answer. All of it runs within the lock of the connection: on its thread, but
 * for what follows the completion of a call, which is the client's thread's. */
#ifndef GW_EXCHANGE_H
#define GW_EXCHANGE_H

#include <stdatomic.h>

#include "gw_answer.h"
#include "gw_coding.h"
#include "gw_config.h"
#include "gw_cors.h"
#include "gw_feed.h"
#include "gw_forward.h"
#include "gw_frames.h"
#include "gw_headers.h"
#include "gw_router.h"
#include "gw_static.h"
#include "http_server.h"
#include "nx_buf.h"
#include "wire_client.h"

/* What all exchanges share. Set up before the first, and taken down after the last. */
struct gw_gateway {
    const struct gw_config *config;
    const struct gw_router *router;
    const struct gw_static *files;
    struct gw_cors cors;
    struct gw_forward forward;
    struct wire_client *client;
    struct wire_client *stream_client; /* whose connections calls that stream have to themselves */
    bool log_access;
    atomic_bool draining;     /* every answer closes its connection */
    atomic_bool refusing;     /* no call may start any more */
    atomic_uint exchanges;    /* alive */
    atomic_uint client_users; /* that still touch a client: two for each call */
    atomic_uint streams;      /* calls of the other client, not yet ended */
};

struct gw_stream;

/* What an exchange waits for. */
enum gw_phase {
    GW_AT_HEADERS,
    GW_AT_BODY,
    GW_AT_CALL,
    GW_ANSWERED,
};

/* What an exchange turns out to be. */
enum gw_kind {
    GW_API,
    GW_PAGE,
    GW_OPTIONS,
    GW_HEALTH,
    GW_READINESS,
    GW_SERVER_STREAM,
    GW_STREAM_HEAD, /* of one, without its content */
    GW_CLIENT_STREAM,
};

/* An answer that streams: gw_stream_answer.c. */
struct gw_flow {
    enum gw_form form;
    struct nx_arena *arena; /* of one message */
    size_t taken;           /* of what is in the exchange's `out` */
    bool has_begun;         /* a message is in it, or was */
    bool is_over;           /* nothing comes behind what is in `out` */
    bool is_broken;         /* nor is that a whole answer */
    int64_t beat_ns;        /* when to show that it lives */
};

struct gw_exchange {
    struct gw_gateway *gateway;
    struct nx_arena *arena;
    int64_t began_ns;
    enum gw_phase phase;
    enum gw_kind kind;
    unsigned step; /* the next one, in the phase's table */

    /* Request line and headers. */
    struct http_connection *connection;
    const struct http_request *head;
    struct nx_str path;  /* raw */
    struct nx_str query; /* raw */
    char request_id[GW_REQUEST_ID_BYTES];
    bool is_get; /* or HEAD */
    bool is_options;
    struct gw_match match;
    const struct gw_static_file *file; /* found instead of a route */
    bool has_body;
    enum gw_coding coding;       /* of the body */
    int64_t timeout_ns;          /* of the call */
    struct gw_metadata metadata; /* of the call */

    /* Body. */
    struct nx_buf body;
    uint64_t body_bytes; /* arrived, thrown away ones included */
    bool body_is_over;
    struct nx_buf plain; /* the body, if it was coded */

    /* Call. */
    ProtobufCMessage *request;
    struct wire_client_call *call; /* NULL: there is none, or its handle is given back */
    nx_status call_status;
    struct gw_returned returned; /* of its metadata, what goes into the answer */
    const ProtobufCMessage *response;

    /* A call that streams. */
    struct gw_stream *stream;
    struct gw_flow flow;
    struct gw_feed *feed; /* of a body that streams, else NULL */

    /* Answer. */
    const char *failed_step; /* NULL: none failed */
    const char *failure;
    unsigned refusal; /* the HTTP status that a step wants for its failure; 0: its code's */
    struct nx_buf out;
    struct nx_buf coded; /* what is sent instead, perhaps */
    struct http_answer answer;
    unsigned late_status; /* the HTTP status that an error within a stream would have had */
};

/* The headers are there, and maybe a fault. Afterwards the phase is GW_AT_BODY, or GW_ANSWERED if
 * the body is not worth reading.
 * Returns: NULL when out of memory.
 * Borrows: the request, and memory from its arena, until destroyed. */
struct gw_exchange *gw_exchange_begin(struct gw_gateway *gateway,
                                      struct http_connection *connection,
                                      const struct http_request *request);

/* A part of the body. Returns: how much of it is taken; the rest can be when the connection is
 * waked. */
size_t gw_exchange_take_body(struct gw_exchange *exchange, struct nx_str part);

/* The body is over, or faulty. Afterwards the phase is GW_AT_CALL or GW_ANSWERED; or still
 * GW_AT_BODY, until the rest of the body can be sent. */
void gw_exchange_end_body(struct gw_exchange *exchange, unsigned fault_status, const char *fault);

/* The call is answered, or streams and has something to say, and the connection is waked.
 * Afterwards the phase is GW_ANSWERED, or still what it was. */
void gw_exchange_wake(struct gw_exchange *exchange);

/* NULL: there is none yet. */
const struct http_answer *gw_exchange_answer(const struct gw_exchange *exchange);

/* Of an answer that streams: put up to so many bytes there.
 * Returns: how many; 0: none yet; HTTP_READ_END or HTTP_READ_BROKEN. */
long gw_exchange_read(struct gw_exchange *exchange, char *to, size_t room);

/* The client is gone: have the call end. */
void gw_exchange_cancel(struct gw_exchange *exchange);

/* Log, and end. Not while its call is under way, unless that streams. */
void gw_exchange_destroy(struct gw_exchange *exchange);

#endif
