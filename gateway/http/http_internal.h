/* Between http_server.c, which has the threads, and http_connection.c, which has the protocol. */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "http_chunks.h"
#include "http_server.h"
#include "nx_buf.h"
#include "nx_clock.h"

/* As much as is read at once. */
#define HTTP_READ_BYTES ((size_t)64 << 10)

enum http_state {
    HTTP_HEAD, /* of the next request, of which nothing may have come yet */
    HTTP_BODY,
    HTTP_ANSWER, /* all of the request is there, and the answer is waited for */
    HTTP_SEND,
    HTTP_LINGER, /* the answer is sent, and what still comes is thrown away */
    HTTP_CLOSED, /* there is no socket any more */
};

struct http_loop;

struct http_connection {
    struct http_loop *loop;

    pthread_mutex_t mutex; /* guards what follows, up to the next of its kind */
    int socket;
    enum http_state state;

    /* What comes. */
    bool is_readable;   /* there may be something, or the end */
    bool is_hung_up;    /* the client has closed its sending side */
    struct nx_buf rest; /* read, but not taken yet: from rest_at on */
    size_t rest_at;

    /* The request. */
    struct nx_buf head;
    size_t head_scanned;
    bool has_skipped; /* an empty line before it */
    struct http_request request;
    struct http_chunks chunks;
    uint64_t body_left; /* of a body with a length */
    bool is_whole;      /* all of it has come, and what follows is another */
    bool is_full;       /* the handler takes no more of the body now */
    void *exchange;     /* NULL: none has begun */
    bool is_held;
    bool is_told; /* the handler, that the client is gone */

    /* The answer. */
    struct nx_buf out;
    size_t out_sent;
    struct nx_str content; /* not yet sent, behind `out` */
    bool is_streaming;     /* there is more to be read */
    bool is_chunked;
    bool closes;

    /* Times; NX_DEADLINE_NEVER: none. */
    int64_t deadline_ns; /* for the client to do something */
    int64_t arrival_ns;  /* for all of the request */
    int64_t gone_ns;     /* the client may be gone since; 0: it is there */
    int64_t wake_ns;
    bool is_attended; /* http_connection_wake_at() was called for the exchange */

    /* Guarded by the loop's queue. */
    struct http_connection *next_queued;
    bool is_queued;
    bool is_woken; /* the handler is to be told */

    /* Of the loop's thread alone. */
    unsigned index; /* in its list */
    bool is_listed;
};

/* --- http_server.c --- */

const struct http_options *http_loop_options(const struct http_loop *loop);

/* Have the connection go on soon, on its thread; and tell the handler before, or not. */
void http_loop_queue(struct http_connection *connection, bool is_woken);

/* Whether others wait to be accepted. */
bool http_loop_is_crowded(const struct http_loop *loop);

/* The exchange that was to be told is over: the next must not be told in its place. */
void http_loop_forget_wake(struct http_connection *connection);

static inline const struct http_handler *http_handler_of(const struct http_connection *connection)
{
    return http_loop_options(connection->loop)->handler;
}

static inline int64_t http_in_seconds(unsigned seconds)
{
    return nx_clock_monotonic_ns() + (int64_t)seconds * 1000000000;
}

/* --- http_connection.c: within the lock --- */

/* Go on as far as it goes. May leave it HTTP_CLOSED. Thread: the loop's.
 * scratch: room for HTTP_READ_BYTES. */
void http_connection_run(struct http_connection *connection, char *scratch);

/* Tell the handler that what it waits for may have come. */
void http_connection_tell(struct http_connection *connection);

/* What epoll says. Thread: the loop's. */
void http_connection_note(struct http_connection *connection, unsigned events);

/* Act on what is due. True: something was, and it is to go on. Thread: the loop's. */
bool http_connection_tick(struct http_connection *connection, int64_t now_ns);

/* The client is to do something, before it has been silent for too long; or not. */
void http_connection_expect(struct http_connection *connection);
void http_connection_expect_nothing(struct http_connection *connection);

/* Whether something has come that is not taken yet, or may have. */
bool http_connection_has_input(const struct http_connection *connection);

/* The exchange is over: make ready for the next. */
void http_connection_reset(struct http_connection *connection);

/* Close the socket. */
void http_connection_close(struct http_connection *connection);

/* End what is left of it, before it is freed. */
void http_connection_end(struct http_connection *connection);

/* --- http_send.c: within the lock --- */

/* Ask the handler for its answer, and begin to send it. False: there is none yet. */
bool http_answer_look(struct http_connection *connection);

/* Send what is in `out` and `content`. False: the client takes no more now, or the connection is
 * closed. */
bool http_send_pending(struct http_connection *connection);

/* Send on. False: the client takes no more now, there is no more now, or the connection is
 * closed. */
bool http_answer_send(struct http_connection *connection);

#endif
