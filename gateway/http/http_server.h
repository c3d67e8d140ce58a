/* An HTTP/1.1 server: connections that many threads look after, and handlers of their requests.
 *
 * Each connection belongs to one of the server's threads, which reads it, hands its requests to the
 * handler one after the other, and sends the answers. A handler must not block: if it is to wait
 * for something, it returns without an answer, and has the connection go on later.
 *
 *   begin      the head is there
 *   body       a part of the body; as often as it takes
 *   end_body   all of it has come
 *   wake       what was waited for has come: http_connection_wake(), _wake_at(), _finish()
 *   answer     asked for after each of them
 *   read       of an answer that streams, the next part
 *   gone       the client is gone
 *   end        the answer is sent, or cannot be
 *
 * All calls for one connection come one at a time, under its lock: mostly on its thread; those of
 * http_connection_finish() on whichever thread calls that.
 *
 * Sockets are watched by edge-triggered epoll, so that a request costs a receive, a send and a
 * share of an epoll_wait, and nothing when its connection starts or stops to wait. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdint.h>

#include "http_answer.h"
#include "http_request.h"
#include "nx_status.h"

struct http_server;
struct http_connection;

/* A client that has closed its sending side looks like one that is gone; it is taken for that after
 * so long. */
#define HTTP_GONE_GRACE_MS 250

/* While others wait to be accepted, who has been silent between requests for so long is closed. */
#define HTTP_CROWDED_IDLE_S 1

/* What `read` returns instead of a number of bytes. */
#define HTTP_READ_END (-1)
#define HTTP_READ_BROKEN (-2) /* the connection must be cut off, so that the client notices */

struct http_handler {
    /* Returns: the exchange, which all others get; NULL: there is no memory for it.
     * Borrows: the request, until the end. */
    void *(*begin)(void *arg, struct http_connection *connection,
                   const struct http_request *request);

    /* Returns: how much of the part is taken. The rest is held until the connection is waked. */
    size_t (*body)(void *exchange, struct nx_str part);

    /* fault: NULL, or what is wrong with the body, which ends here, and the status that says so. */
    void (*end_body)(void *exchange, unsigned fault_status, const char *fault);

    /* NULL: there is none yet. Before the body's end, it closes the connection. */
    const struct http_answer *(*answer)(void *exchange);

    void (*wake)(void *exchange);

    /* Put up to so many bytes of the content there. 0: there are none before the next wake. */
    long (*read)(void *exchange, char *to, size_t room);

    /* Nobody waits for the answer any more: what is under way for it can be cancelled. */
    void (*gone)(void *exchange);

    void (*end)(void *exchange);
};

struct http_options {
    int listener; /* non-blocking; closed by the server */
    unsigned threads;
    unsigned max_connections; /* others wait until one is closed: HTTP_CROWDED_IDLE_S */
    size_t max_head_bytes;
    size_t max_exchange_bytes;  /* of a request's arena */
    unsigned idle_timeout_s;    /* without a request, or with a client that is silent in one */
    unsigned request_timeout_s; /* for a request to arrive, unless it streams */
    const struct http_handler *handler;
    void *arg;
};

/* Fails: INTERNAL (no thread, no file), RESOURCE_EXHAUSTED; the listener is then still open. */
nx_status http_server_start(const struct http_options *options,
                            struct http_server **ret_server) NX_MUST_USE;

/* Take no more connections. */
void http_server_quiesce(struct http_server *server);

/* Wake all connections that http_connection_wake_at() was called for. Soon. */
void http_server_wake_all(struct http_server *server);

/* Cut those off, after telling the handler that they are gone. Soon. */
void http_server_abort_all(struct http_server *server);

/* Close what is left, and free. Nothing may be held any more. Takes NULL. */
void http_server_stop(struct http_server *server);

/* Wake the connection soon, on its thread. Not after `end`. Thread: any, holding whatever. */
void http_connection_wake(struct http_connection *connection);

/* Wake it at a time, within a tenth of a second; NX_DEADLINE_NEVER: only with all. From here on the
 * request may take for ever to arrive, as long as it goes on. Within a call of the handler. */
void http_connection_wake_at(struct http_connection *connection, int64_t time_ns);

/* The exchange cannot end until it is finished. Within a call of the handler. */
void http_connection_hold(struct http_connection *connection);

/* Wake the connection at once, on this thread, which also sends the answer as far as the client
 * takes it. Once for each hold, and not within a call of the handler. Thread: any. */
void http_connection_finish(struct http_connection *connection);

#endif
