/* One connection: bytes that come, requests, answers, bytes that go. */
#include "http_head.h"
#include "http_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Buffers that have grown larger are not kept between requests. */
#define KEPT_BYTES 4096

/* Steps in a row, before others have their turn. */
#define MAX_STEPS 64

#define GRACE_NS (INT64_C(1000000) * HTTP_GONE_GRACE_MS)

/* --- Times --- */

/* The client is to do something, before it has been silent for too long. */
void http_connection_expect(struct http_connection *connection)
{
    int64_t idle_ns = http_in_seconds(http_loop_options(connection->loop)->idle_timeout_s);
    connection->deadline_ns = idle_ns < connection->arrival_ns ? idle_ns : connection->arrival_ns;
}

void http_connection_expect_nothing(struct http_connection *connection)
{
    connection->deadline_ns = NX_DEADLINE_NEVER;
}

/* --- Beginning and end --- */

static void free_buffer(struct nx_buf *buf, size_t max_bytes)
{
    if (buf->capacity > KEPT_BYTES || buf->failed) {
        nx_buf_cleanup(buf);
        nx_buf_init(buf, max_bytes);
    }
    buf->len = 0;
}

/* The exchange is over: make ready for the next. */
void http_connection_reset(struct http_connection *connection)
{
    if (connection->exchange) {
        http_handler_of(connection)->end(connection->exchange);
        http_loop_forget_wake(connection);
    }
    nx_arena_destroy(connection->request.arena);
    connection->exchange = NULL;
    connection->request = (struct http_request){.arena = NULL};
    connection->chunks = (struct http_chunks){0};
    connection->body_left = 0;
    connection->is_whole = false;
    connection->is_full = false;
    connection->is_told = false;
    connection->is_attended = false;
    connection->wake_ns = NX_DEADLINE_NEVER;
    connection->arrival_ns = NX_DEADLINE_NEVER;
    connection->content = NX_STR("");
    connection->is_streaming = false;
    connection->out_sent = 0;
    connection->head_scanned = 0;
    connection->has_skipped = false;
    free_buffer(&connection->head, SIZE_MAX);
    free_buffer(&connection->out, SIZE_MAX);
}

void http_connection_end(struct http_connection *connection)
{
    http_connection_reset(connection);
    nx_buf_cleanup(&connection->head);
    nx_buf_cleanup(&connection->out);
    nx_buf_cleanup(&connection->rest);
}

/* Once for each exchange. */
static void tell_gone(struct http_connection *connection)
{
    if (!connection->exchange || connection->is_told)
        return;
    connection->is_told = true;
    http_handler_of(connection)->gone(connection->exchange);
}

void http_connection_close(struct http_connection *connection)
{
    if (connection->state == HTTP_CLOSED)
        return;
    tell_gone(connection);
    close(connection->socket);
    connection->socket = -1;
    connection->state = HTTP_CLOSED;
    connection->deadline_ns = NX_DEADLINE_NEVER;
    connection->wake_ns = NX_DEADLINE_NEVER;
}

/* --- Input --- */

/* What has come and is not taken yet; reads if there is none. False: there is none now, or no more,
 * in which case the connection is closed. */
static bool fill(struct http_connection *connection, char *scratch, struct nx_str *ret_input)
{
    struct nx_buf *rest = &connection->rest;
    if (connection->rest_at < rest->len) {
        *ret_input =
            (struct nx_str){rest->ptr + connection->rest_at, rest->len - connection->rest_at};
        return true;
    }
    if (!connection->is_readable)
        return false;
    ssize_t count;
    do
        count = recv(connection->socket, scratch, HTTP_READ_BYTES, 0);
    while (count < 0 && errno == EINTR);
    if (count > 0) {
        /* The socket was emptied, and what comes later is told of again. */
        if ((size_t)count < HTTP_READ_BYTES && !connection->is_hung_up)
            connection->is_readable = false;
        *ret_input = (struct nx_str){scratch, (size_t)count};
        return true;
    }
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        connection->is_readable = false;
    else
        http_connection_close(connection);
    return false;
}

/* So much of the input is taken; keep the rest of it. */
static void take(struct http_connection *connection, struct nx_str input, size_t len)
{
    struct nx_buf *rest = &connection->rest;
    if (connection->rest_at < rest->len) { /* that was the input */
        connection->rest_at += len;
    } else if (len < input.len) {
        connection->rest_at = 0;
        rest->len = 0;
        nx_buf_append(rest, input.ptr + len, input.len - len);
        if (rest->failed)
            http_connection_close(connection);
    }
    if (connection->rest_at < rest->len)
        return;
    connection->rest_at = 0;
    free_buffer(rest, SIZE_MAX);
}

bool http_connection_has_input(const struct http_connection *connection)
{
    return connection->is_readable || connection->rest_at < connection->rest.len;
}

/* --- The head --- */

/* To those that wait for leave to send. Others have begun to send already. */
static void let_continue(struct http_connection *connection)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const struct http_request *request = &connection->request;
    if (!request->expects_continue || connection->rest_at < connection->rest.len)
        return;
    nx_buf_append(&connection->out, text, sizeof text - 1);
    (void)http_send_pending(connection);
}

static void begin(struct http_connection *connection)
{
    const struct http_options *options = http_loop_options(connection->loop);
    struct http_request *request = &connection->request;
    if (connection->is_hung_up) /* it is given the same time for each */
        connection->gone_ns = nx_clock_monotonic_ns();
    connection->exchange = options->handler->begin(options->arg, connection, request);
    if (!connection->exchange) {
        http_connection_close(connection);
        return;
    }
    if (request->fault) {
        connection->state = HTTP_ANSWER;
        return;
    }
    connection->body_left = request->length;
    connection->state = HTTP_BODY;
    bool has_body = request->is_chunked || request->length > 0;
    if (has_body && !options->handler->answer(connection->exchange))
        let_continue(connection);
}

/* An arena for the request that begins. False: there is no memory. */
static bool begin_request(struct http_connection *connection)
{
    size_t most = http_loop_options(connection->loop)->max_exchange_bytes;
    struct nx_arena *arena = nx_arena_new(most);
    if (arena)
        http_head_refuse(arena, 0, NULL, &connection->request);
    else
        http_connection_close(connection);
    return arena != NULL;
}

static void refuse_head(struct http_connection *connection, unsigned status, const char *fault)
{
    if (!begin_request(connection))
        return;
    http_head_refuse(connection->request.arena, status, fault, &connection->request);
    begin(connection);
}

static void refuse_long_head(struct http_connection *connection)
{
    size_t most = http_loop_options(connection->loop)->max_head_bytes;
    bool has_line = memchr(connection->head.ptr, '\n', most) != NULL;
    if (!begin_request(connection))
        return;
    const char *fault =
        nx_arena_printf(connection->request.arena,
                        has_line ? "the request line and the headers are longer than %zu bytes"
                                 : "the URL is longer than %zu bytes",
                        most);
    http_head_refuse(connection->request.arena, has_line ? 431 : 414,
                     fault ? fault : "the head is too long", &connection->request);
    begin(connection);
}

static void begin_whole(struct http_connection *connection)
{
    struct nx_buf *head = &connection->head;
    if (!begin_request(connection))
        return;
    http_head_parse(head->ptr, head->len, connection->request.arena, &connection->request);
    begin(connection);
}

/* An empty line before a request is tolerated (RFC 9112, 2.2). */
static void skip_empty_line(struct http_connection *connection)
{
    struct nx_buf *head = &connection->head;
    if (connection->has_skipped || head->len < 2 || memcmp(head->ptr, "\r\n", 2) != 0)
        return;
    connection->has_skipped = true;
    head->len -= 2;
    memmove(head->ptr, head->ptr + 2, head->len);
}

/* Take what belongs to the head, and no more than shows that it is too long.
 * ret_end: the length of the head; 0: it is not whole. */
static void gather_head(struct http_connection *connection, struct nx_str input, size_t *ret_end)
{
    struct nx_buf *head = &connection->head;
    size_t room = http_loop_options(connection->loop)->max_head_bytes + 1 - head->len;
    size_t len = input.len < room ? input.len : room;
    size_t scanned = 0;
    size_t end = head->len == 0 ? http_head_find(input.ptr, len, &scanned) : 0;
    if (end > 0) /* so as not to copy what follows it */
        len = end;
    nx_buf_append(head, input.ptr, len);
    if (head->failed) {
        http_connection_close(connection);
        return;
    }
    skip_empty_line(connection);
    *ret_end = http_head_find(head->ptr, head->len, &connection->head_scanned);
    if (*ret_end > 0) {
        len -= head->len - *ret_end;
        head->len = *ret_end;
    }
    take(connection, input, len);
}

static bool take_head(struct http_connection *connection, char *scratch)
{
    const struct http_options *options = http_loop_options(connection->loop);
    struct nx_buf *head = &connection->head;
    struct nx_str input;
    size_t end = 0;
    unsigned status;
    if (!fill(connection, scratch, &input))
        return false;
    if (head->len == 0)
        connection->arrival_ns = http_in_seconds(options->request_timeout_s);
    http_connection_expect(connection);
    gather_head(connection, input, &end);
    if (connection->state == HTTP_CLOSED || head->len == 0)
        return true;
    const char *fault = end > 0 ? NULL : http_head_foresee(head->ptr, head->len, &status);
    if (head->len > options->max_head_bytes)
        refuse_long_head(connection);
    else if (fault)
        refuse_head(connection, status, fault);
    else if (end > 0)
        begin_whole(connection);
    return true;
}

/* --- The body --- */

static void end_body(struct http_connection *connection, unsigned status, const char *fault)
{
    connection->is_whole = !fault;
    connection->state = HTTP_ANSWER;
    http_connection_expect_nothing(connection);
    http_handler_of(connection)->end_body(connection->exchange, status, fault);
}

/* Hand a part on. Returns: how much is taken. */
static size_t hand_on(struct http_connection *connection, struct nx_str part)
{
    size_t taken = http_handler_of(connection)->body(connection->exchange, part);
    connection->is_full = taken < part.len;
    return taken;
}

static void take_length(struct http_connection *connection, struct nx_str input)
{
    size_t len = input.len < connection->body_left ? input.len : (size_t)connection->body_left;
    const struct nx_str part = {input.ptr, len};
    size_t taken = hand_on(connection, part);
    connection->body_left -= taken;
    take(connection, input, taken);
}

static void take_chunks(struct http_connection *connection, struct nx_str input)
{
    struct nx_str left = input;
    struct nx_str data;
    enum http_chunk found = HTTP_CHUNK_DATA;
    while (found == HTTP_CHUNK_DATA && !connection->is_full &&
           !http_handler_of(connection)->answer(connection->exchange)) {
        found = http_chunks_next(&connection->chunks, &left, &data);
        if (found == HTTP_CHUNK_DATA)
            http_chunks_take(&connection->chunks, &left, hand_on(connection, data));
    }
    take(connection, input, input.len - left.len);
    if (connection->state != HTTP_BODY)
        return;
    if (found == HTTP_CHUNK_BAD)
        end_body(connection, 400, "the chunks of the body are not well-formed");
    else if (found == HTTP_CHUNK_END)
        end_body(connection, 0, NULL);
}

static bool take_body(struct http_connection *connection, char *scratch)
{
    const struct http_request *request = &connection->request;
    struct nx_str input;
    (void)http_send_pending(connection); /* what lets it come */
    if (connection->state == HTTP_CLOSED)
        return false;
    if (http_handler_of(connection)
            ->answer(connection->exchange)) { /* without waiting for the rest */
        connection->state = HTTP_ANSWER;
        return true;
    }
    if (!request->is_chunked && connection->body_left == 0) {
        end_body(connection, 0, NULL);
        return true;
    }
    if (connection->is_full) {
        http_connection_expect_nothing(connection);
        return false;
    }
    http_connection_expect(connection);
    if (!fill(connection, scratch, &input))
        return false;
    if (request->is_chunked)
        take_chunks(connection, input);
    else
        take_length(connection, input);
    return true;
}

static bool throw_away(struct http_connection *connection, char *scratch)
{
    struct nx_str input;
    if (!fill(connection, scratch, &input))
        return false;
    take(connection, input, input.len);
    return true;
}

/* --- The life --- */

static bool step(struct http_connection *connection, char *scratch)
{
    switch (connection->state) {
    case HTTP_HEAD:
        return take_head(connection, scratch);
    case HTTP_BODY:
        return take_body(connection, scratch);
    case HTTP_ANSWER:
        return http_answer_look(connection);
    case HTTP_SEND:
        return http_answer_send(connection);
    case HTTP_LINGER:
        return throw_away(connection, scratch);
    case HTTP_CLOSED:
        break;
    }
    return false;
}

void http_connection_run(struct http_connection *connection, char *scratch)
{
    for (unsigned steps = 0; step(connection, scratch); steps++) {
        if (steps == MAX_STEPS) {
            http_loop_queue(connection, false);
            return;
        }
    }
}

void http_connection_tell(struct http_connection *connection)
{
    connection->is_full = false;
    if (connection->exchange && connection->state != HTTP_CLOSED)
        http_handler_of(connection)->wake(connection->exchange);
}

void http_connection_note(struct http_connection *connection, unsigned events)
{
    if (connection->state == HTTP_CLOSED)
        return;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        connection->is_readable = true;
    /* Who lingers and hangs up may not have read the answer yet: what still comes is to be read, as
     * a socket that is closed with something unread takes the answer back. */
    bool is_at_leisure = connection->state == HTTP_LINGER && !(events & EPOLLERR);
    if ((events & (EPOLLHUP | EPOLLERR)) && !is_at_leisure) {
        http_connection_close(connection);
        return;
    }
    if ((events & EPOLLRDHUP) && !connection->is_hung_up) {
        connection->is_hung_up = true;
        connection->gone_ns = nx_clock_monotonic_ns();
    }
}

/* The client has not done what was expected of it. */
static void on_timeout(struct http_connection *connection)
{
    static const char fault[] = "the request took too long to arrive";
    http_connection_expect_nothing(connection);
    connection->arrival_ns = NX_DEADLINE_NEVER;
    if (connection->state == HTTP_HEAD && connection->head.len > 0)
        refuse_head(connection, 408, fault);
    else if (connection->state != HTTP_BODY)
        http_connection_close(connection);
    else if (!http_handler_of(connection)
                  ->answer(connection->exchange)) /* nor is that to be sent */
        end_body(connection, 408, fault);
}

/* Who is silent between requests while others wait for a place makes room. */
static int64_t deadline_of(const struct http_connection *connection)
{
    bool is_idle = connection->state == HTTP_HEAD && connection->head.len == 0 &&
                   !http_connection_has_input(connection);
    if (!is_idle || !http_loop_is_crowded(connection->loop))
        return connection->deadline_ns;
    unsigned idle_s = http_loop_options(connection->loop)->idle_timeout_s;
    unsigned saved_s = idle_s > HTTP_CROWDED_IDLE_S ? idle_s - HTTP_CROWDED_IDLE_S : 0;
    return connection->deadline_ns - (int64_t)saved_s * 1000000000;
}

bool http_connection_tick(struct http_connection *connection, int64_t now_ns)
{
    bool is_due = deadline_of(connection) <= now_ns;
    if (is_due)
        on_timeout(connection);
    if (connection->wake_ns <= now_ns) {
        is_due = true;
        connection->wake_ns = NX_DEADLINE_NEVER;
        http_connection_tell(connection);
    }
    if (connection->is_hung_up && connection->gone_ns + GRACE_NS <= now_ns)
        tell_gone(connection);
    return is_due;
}

void http_connection_wake(struct http_connection *connection)
{
    http_loop_queue(connection, true);
}

void http_connection_wake_at(struct http_connection *connection, int64_t time_ns)
{
    connection->wake_ns = time_ns;
    connection->arrival_ns = NX_DEADLINE_NEVER;
    connection->is_attended = true;
}

void http_connection_hold(struct http_connection *connection)
{
    connection->is_held = true;
}

/* Only what needs no input: what follows is the loop's. */
void http_connection_finish(struct http_connection *connection)
{
    pthread_mutex_lock(&connection->mutex);
    connection->is_held = false;
    http_connection_tell(connection);
    while (connection->state == HTTP_ANSWER || connection->state == HTTP_SEND) {
        if (!step(connection, NULL))
            break;
    }
    bool is_idle = connection->state == HTTP_HEAD && !http_connection_has_input(connection);
    if (!is_idle && connection->state != HTTP_SEND)
        http_loop_queue(connection, false);
    pthread_mutex_unlock(&connection->mutex);
}
