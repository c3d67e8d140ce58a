/* The answers of a connection. */
#include "http_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* As much of an answer that streams is read at once. */
#define BLOCK_BYTES 16384
#define CHUNK_FRAME_BYTES 32

/* How long a client may go on sending that has been answered. */
#define LINGER_S 5

static void begin_answer(struct http_connection *connection, const struct http_answer *answer)
{
    const struct http_request *request = &connection->request;
    bool is_bare = answer->status == 204 || answer->status == 304;
    bool is_head = strcmp(request->method, "HEAD") == 0;
    connection->is_streaming = answer->is_stream && !is_head;
    connection->is_chunked = answer->is_stream && !request->is_old;
    connection->closes = answer->close || !request->keeps_alive || !connection->is_whole ||
                         (answer->is_stream && request->is_old);
    const struct http_framing framing = {
        .is_chunked = connection->is_chunked,
        .has_length = !answer->is_stream && !is_bare,
        .closes = connection->closes,
        .says_keep_alive = request->is_old,
    };
    http_answer_write_head(answer, &framing, &connection->out);
    if (!is_bare && !is_head && !answer->is_stream)
        connection->content = answer->content;
    connection->state = HTTP_SEND;
    http_connection_expect_nothing(connection);
    if (connection->out.failed)
        http_connection_close(connection);
}

bool http_answer_look(struct http_connection *connection)
{
    const struct http_answer *answer = http_handler_of(connection)->answer(connection->exchange);
    if (!answer) {
        http_connection_expect_nothing(connection);
        return false;
    }
    begin_answer(connection, answer);
    return true;
}

static void drop_sent(struct http_connection *connection, size_t sent)
{
    struct nx_buf *out = &connection->out;
    size_t of_out = out->len - connection->out_sent;
    of_out = sent < of_out ? sent : of_out;
    connection->out_sent += of_out;
    if (sent > of_out)
        connection->content = (struct nx_str){connection->content.ptr + (sent - of_out),
                                              connection->content.len - (sent - of_out)};
    if (connection->out_sent == out->len) {
        out->len = 0;
        connection->out_sent = 0;
    }
}

/* The client has taken nothing since it last took something, or the answer began: the time that it
 * has for that counts from then on, whatever it sends meanwhile. */
static void expect_taking(struct http_connection *connection)
{
    if (connection->deadline_ns == NX_DEADLINE_NEVER)
        connection->deadline_ns =
            http_in_seconds(http_loop_options(connection->loop)->idle_timeout_s);
}

bool http_send_pending(struct http_connection *connection)
{
    if (connection->out.failed) {
        http_connection_close(connection);
        return false;
    }
    while (connection->out_sent < connection->out.len || connection->content.len > 0) {
        struct iovec parts[2] = {
            {connection->out.ptr + connection->out_sent,
             connection->out.len - connection->out_sent},
            {(void *)connection->content.ptr, connection->content.len},
        };
        const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t sent = sendmsg(connection->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) {
            drop_sent(connection, (size_t)sent);
            http_connection_expect_nothing(connection);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            expect_taking(connection);
            return false;
        } else if (errno != EINTR) {
            http_connection_close(connection);
            return false;
        }
    }
    return true;
}

/* Put the next part of an answer that streams into `out`. False: there is none now, or it is broken
 * off. */
static bool read_stream(struct http_connection *connection)
{
    static const char last_chunk[] = "0\r\n\r\n";
    struct nx_buf *out = &connection->out;
    char *block = nx_buf_reserve(out, BLOCK_BYTES + CHUNK_FRAME_BYTES);
    long count = block
                     ? http_handler_of(connection)
                           ->read(connection->exchange, block + CHUNK_FRAME_BYTES / 2, BLOCK_BYTES)
                     : HTTP_READ_BROKEN;
    if (count == HTTP_READ_BROKEN) {
        http_connection_close(connection);
        return false;
    }
    if (count == 0) {
        http_connection_expect_nothing(connection);
        return false;
    }
    if (count == HTTP_READ_END) {
        connection->is_streaming = false;
        if (connection->is_chunked)
            nx_buf_append(out, last_chunk, sizeof last_chunk - 1);
        return true;
    }
    char size[CHUNK_FRAME_BYTES / 2 + 1] = "";
    int size_len = connection->is_chunked ? snprintf(size, sizeof size, "%lx\r\n", count) : 0;
    memmove(block + size_len, block + CHUNK_FRAME_BYTES / 2, (size_t)count);
    memcpy(block, size, (size_t)size_len);
    out->len += (size_t)size_len + (size_t)count;
    if (connection->is_chunked)
        nx_buf_append(out, "\r\n", 2);
    return true;
}

/* The answer is sent. */
static void finish_answer(struct http_connection *connection)
{
    bool is_whole = connection->is_whole;
    bool closes = connection->closes;
    http_connection_reset(connection);
    if (!closes) {
        connection->state = HTTP_HEAD;
        http_connection_expect(connection);
    } else if (is_whole && !http_connection_has_input(connection)) {
        http_connection_close(connection);
    } else { /* a socket that is closed with something unread may take the answer back */
        (void)shutdown(connection->socket, SHUT_WR);
        connection->state = HTTP_LINGER;
        connection->deadline_ns = http_in_seconds(LINGER_S);
    }
}

bool http_answer_send(struct http_connection *connection)
{
    if (!http_send_pending(connection))
        return false;
    if (connection->is_streaming)
        return read_stream(connection);
    finish_answer(connection);
    return true;
}
