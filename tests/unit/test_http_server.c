/* Connections and their places, with a handler that answers when it has all of a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_server.h"

#define PATIENCE_MS 20000
#define PLACES 4
#define LEAST_BUFFER 1 /* the kernel takes its least */
#define CONTENT_BYTES 1000

/* --- A handler --- */

struct exchange {
    struct http_answer answer;
    bool is_incomplete;
};

static char content[CONTENT_BYTES];
static atomic_uint begun;

static void *begin(void *arg, struct http_connection *connection,
                   const struct http_request *request)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    (void)arg;
    (void)connection;
    exchange->is_incomplete = !request->fault;
    exchange->answer.status = request->fault ? request->fault_status : 200;
    exchange->answer.content = (struct nx_str){content, sizeof content};
    atomic_fetch_add(&begun, 1);
    return exchange;
}

static size_t take_body(void *exchange, struct nx_str part)
{
    (void)exchange;
    return part.len;
}

static void end_body(void *exchange, unsigned fault_status, const char *fault)
{
    (void)fault_status;
    (void)fault;
    ((struct exchange *)exchange)->is_incomplete = false;
}

static const struct http_answer *answer(void *exchange)
{
    struct exchange *it = exchange;
    return it->is_incomplete ? NULL : &it->answer;
}

static void ignore(void *exchange)
{
    (void)exchange;
}

static const struct http_handler handler = {
    .begin = begin,
    .body = take_body,
    .end_body = end_body,
    .answer = answer,
    .wake = ignore,
    .gone = ignore,
    .end = free,
};

/* --- A server and its clients --- */

static struct sockaddr_in address;

static void make_small(int socket)
{
    int size = LEAST_BUFFER;
    assert_int_equal(setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    assert_int_equal(setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
}

static struct http_server *start(void)
{
    struct http_options options = {
        .listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
        .threads = 2,
        .max_connections = PLACES,
        .max_head_bytes = 8192,
        .max_exchange_bytes = (size_t)1 << 16,
        .idle_timeout_s = 600,
        .request_timeout_s = 600,
        .handler = &handler,
    };
    struct http_server *server;
    socklen_t len = sizeof address;
    make_small(options.listener); /* so are those of connections */
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(bind(options.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(options.listener, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(listen(options.listener, 64), 0);
    assert_int_equal(http_server_start(&options, &server).code, NX_OK);
    return server;
}

static int connect_client(void)
{
    int client = socket(AF_INET, SOCK_STREAM, 0);
    make_small(client);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

static void say(int client, const char *text)
{
    size_t len = strlen(text);
    assert_int_equal(send(client, text, len, MSG_NOSIGNAL), len);
}

static bool has_something(int client)
{
    struct pollfd ready = {.fd = client, .events = POLLIN};
    return poll(&ready, 1, PATIENCE_MS) == 1;
}

/* Read one head, without what follows it. */
static void read_head(int client, char *to, size_t room)
{
    size_t len = 0;
    to[0] = '\0';
    while (len < 4 || memcmp(to + len - 4, "\r\n\r\n", 4) != 0) {
        assert_true(len + 1 < room && has_something(client));
        if (recv(client, to + len, 1, 0) != 1)
            fail_msg("the connection ends after: %s", to);
        to[++len] = '\0';
    }
}

static void expect_answer(int client, const char *line)
{
    char text[4096];
    read_head(client, text, sizeof text);
    if (strncmp(text, line, strlen(line)) != 0)
        fail_msg("not %s: %s", line, text);
    for (size_t left = strstr(text, "Content-Length") ? CONTENT_BYTES : 0; left > 0;) {
        assert_true(has_something(client));
        ssize_t count = recv(client, text, left < sizeof text ? left : sizeof text, 0);
        assert_true(count > 0);
        left -= (size_t)count;
    }
}

/* --- Tests --- */

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

static void test_http_server__the_silent_make_room_for_those_that_wait(void **state)
{
    struct http_server *server = start();
    int silent[PLACES - 1];
    (void)state;
    for (size_t i = 0; i < PLACES - 1; i++)
        silent[i] = connect_client();
    say(silent[0], GET); /* the others say nothing at all */
    expect_answer(silent[0], "HTTP/1.1 200 ");
    int slow = connect_client();
    say(slow, "GET / HTTP/1.1\r\nHo");
    int waiting = connect_client();
    say(waiting, GET);
    expect_answer(waiting, "HTTP/1.1 200 ");
    say(slow, "st: h\r\n\r\n"); /* who is in a request stays */
    expect_answer(slow, "HTTP/1.1 200 ");
    struct pollfd ends[PLACES - 1];
    for (size_t i = 0; i < PLACES - 1; i++)
        ends[i] = (struct pollfd){.fd = silent[i], .events = POLLIN};
    assert_true(poll(ends, PLACES - 1, PATIENCE_MS) > 0); /* as many as were in the way */
    for (size_t i = 0; i < PLACES - 1; i++)
        close(silent[i]);
    close(slow);
    close(waiting);
    http_server_stop(server);
}

/* Wherever the socket's buffer is full of other answers. */
static void test_http_server__leave_to_send_reaches_who_reads_late(void **state)
{
    static const char post[] =
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    struct http_server *server = start();
    (void)state;
    for (unsigned before = 0; before < 24; before++) {
        int client = connect_client();
        unsigned last = atomic_load(&begun) + before + 1;
        for (unsigned i = 0; i < before; i++)
            say(client, GET);
        say(client, post);
        for (unsigned tries = 0; tries < 20 && atomic_load(&begun) < last; tries++)
            usleep(1000);
        for (unsigned i = 0; i < before; i++)
            expect_answer(client, "HTTP/1.1 200 ");
        expect_answer(client, "HTTP/1.1 100 ");
        say(client, "ok");
        expect_answer(client, "HTTP/1.1 200 ");
        close(client);
    }
    http_server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_server__the_silent_make_room_for_those_that_wait),
        cmocka_unit_test(test_http_server__leave_to_send_reaches_who_reads_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
