/* Sockets to listen at: what addresses are, and what connections inherit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gw_listen.h"

#define ARENA_BYTES ((size_t)1 << 16)
#define PATIENCE_MS 20000

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

/* Without TCP_NODELAY a small answer, or message of a stream, is kept back until the client has
 * acknowledged the one before, which it does after 40 ms. */
static void test_gw_listen__what_connections_inherit(void **state)
{
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int listener;
    unsigned port;
    (void)state;
    assert_int_equal(gw_listen("127.0.0.1:0", arena, &listener, &port).code, NX_OK);
    assert_true(port > 0);
    address.sin_port = htons((uint16_t)port);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
    int connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    assert_true(connection >= 0);
    assert_true(option(connection, IPPROTO_TCP, TCP_NODELAY));
    assert_true(option(connection, SOL_SOCKET, SO_KEEPALIVE));
    assert_int_equal(option(connection, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    assert_int_equal(option(connection, IPPROTO_TCP, TCP_KEEPINTVL), 10);
    assert_int_equal(option(connection, IPPROTO_TCP, TCP_KEEPCNT), 3);
    assert_int_equal(accept4(listener, NULL, NULL, 0), -1); /* rather than block */
    close(connection);
    close(client);
    close(listener);
    nx_arena_destroy(arena);
}

static void test_gw_listen__what_is_no_address(void **state)
{
    static const char *const bad[] = {
        "", "8080", ":8080", "localhost", "localhost:", "::1:80", "[::1]", "127.0.0.1:http",
    };
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    int listener;
    unsigned port;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nx_status status = gw_listen(bad[i], arena, &listener, &port);
        if (status.code != NX_INVALID_ARGUMENT || !strstr(nx_status_message(status), "http.listen"))
            fail_msg("\"%s\": %d", bad[i], status.code);
    }
    nx_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gw_listen__what_connections_inherit),
        cmocka_unit_test(test_gw_listen__what_is_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
