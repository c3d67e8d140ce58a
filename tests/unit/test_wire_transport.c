/* What carries the calls of a server: addresses, connections, and limits of them. */
#include "nx_clock.h"
#include "transport_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* --- Threads that cannot be made --- */

static atomic_int threads_left = -1; /* below 0: no limit */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg)
{
    if (atomic_load(&threads_left) == 0)
        return EAGAIN;
    if (atomic_load(&threads_left) > 0)
        atomic_fetch_sub(&threads_left, 1);
    return __real_pthread_create(thread, attributes, run, arg);
}

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
static const char settings[] = "\0\0\0\4\0\0\0\0\0";

/* Expect that nobody can listen there, and that the message has these words. */
static void expect_refused(const char *address, enum nx_code code, const char *words)
{
    struct wire_server *server;
    struct nx_arena *arena = nx_arena_new(4096);
    nx_status status = try_start(address, (struct wire_server_options){0}, arena, &server);
    assert_int_equal(status.code, code);
    assert_non_null(strstr(nx_status_message(status), address));
    if (!strstr(nx_status_message(status), words))
        fail_msg("\"%s\" without \"%s\"", nx_status_message(status), words);
    wire_server_destroy(server);
    nx_arena_destroy(arena);
}

/* --- Addresses --- */

static void test_wire_transport__tcp_addresses(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1:0", "0.0.0.0:0", "localhost:0"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct wire_server *server = start(addresses[i], (struct wire_server_options){0});
        assert_true(wire_server_port(server, 0) > 0);
        assert_int_equal(call_once(target_of(server), NULL), NX_OK);
        wire_server_destroy(server);
    }
}

static void test_wire_transport__ipv6_wildcard_takes_ipv4_too(void **state)
{
    (void)state;
    if (!has_ipv6())
        skip();
    struct wire_server *server = start("[::]:0", (struct wire_server_options){0});
    assert_int_equal(call_once(target_of(server), NULL), NX_OK);
    wire_server_destroy(server);
}

static void test_wire_transport__wrong_addresses_are_said(void **state)
{
    (void)state;
    expect_refused("127.0.0.1", NX_INVALID_ARGUMENT, "host:port");
    expect_refused("127.0.0.1:", NX_INVALID_ARGUMENT, "host:port");
    expect_refused("::1:50051", NX_INVALID_ARGUMENT, "[host]:port");
    expect_refused("127.0.0.1:65536", NX_INVALID_ARGUMENT, "host:port");
    expect_refused("127.0.0.1:http", NX_INVALID_ARGUMENT, "host:port");
    expect_refused("no.such.host.invalid:1", NX_UNAVAILABLE, "");
    expect_refused("192.0.2.1:1", NX_UNAVAILABLE, "assign");
    expect_refused("unix:", NX_INVALID_ARGUMENT, "107 bytes");
    expect_refused("unix:/no/such/folder/socket", NX_UNAVAILABLE, "No such file");
}

static void test_wire_transport__unix_socket(void **state)
{
    (void)state;
    char address[300];
    const char *path = file("socket");
    struct stat about;
    snprintf(address, sizeof address, "unix:%s", path);
    struct wire_server *server = start(address, (struct wire_server_options){.unix_mode = 0600});
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(call_once(address, NULL), NX_OK);
    /* One that is alive is not taken away. */
    expect_refused(address, NX_UNAVAILABLE, "in use");
    assert_int_equal(call_once(address, NULL), NX_OK);
    wire_server_destroy(server);
    assert_int_equal(stat(path, &about), -1);
}

static void test_wire_transport__unix_socket_left_behind_is_replaced(void **state)
{
    (void)state;
    char address[300];
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const char *path = file("stale");
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    snprintf(address, sizeof address, "unix://%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    close(fd);
    struct wire_server *server = start(address, (struct wire_server_options){0});
    assert_int_equal(call_once(address, NULL), NX_OK);
    wire_server_destroy(server);
    /* A file that is no socket is nobody's to remove. */
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(fd);
    expect_refused(address, NX_UNAVAILABLE, "in use");
    assert_int_equal(unlink(path), 0);
}

static void test_wire_transport__abstract_socket(void **state)
{
    (void)state;
    char address[64];
    snprintf(address, sizeof address, "unix-abstract:nexus-test-%d", (int)getpid());
    struct wire_server *server = start(address, (struct wire_server_options){0});
    assert_int_equal(call_once(address, NULL), NX_OK);
    wire_server_destroy(server);
}

/* --- Connections --- */

static void test_wire_transport__who_never_speaks_is_closed(void **state)
{
    (void)state;
    struct wire_server *server =
        start("127.0.0.1:0", (struct wire_server_options){.handshake_timeout_ms = 300});
    int silent = connect_bare(server);
    int halting = connect_bare(server);
    say(halting, preface, 10);
    assert_true(expect_closed(silent) >= 200);
    expect_closed(halting);
    wire_server_destroy(server);
}

static void test_wire_transport__who_speaks_something_else_is_closed_at_once(void **state)
{
    (void)state;
    struct wire_server *server =
        start("127.0.0.1:0", (struct wire_server_options){.handshake_timeout_ms = 600000});
    static const char *const said[] = {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01", "P", "\n"};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        int fd = connect_bare(server);
        say(fd, said[i], strlen(said[i]));
        if (said[i][0] == 'P') /* nothing is wrong with that yet */
            say(fd, "OST / HTTP/1.1\r\n", 16);
        expect_closed(fd);
    }
    wire_server_destroy(server);
}

static void test_wire_transport__preface_may_come_in_pieces(void **state)
{
    (void)state;
    struct wire_server *server = start("127.0.0.1:0", (struct wire_server_options){0});
    int fd = connect_bare(server);
    for (size_t i = 0; i < sizeof preface - 1; i++) {
        assert_int_equal(hear(fd, 1), -1);
        say(fd, &preface[i], 1);
    }
    say(fd, settings, 9);
    assert_true(hear(fd, TIMEOUT_MS) > 9); /* the server's own settings */
    close(fd);
    wire_server_destroy(server);
}

static void test_wire_transport__who_never_calls_is_closed(void **state)
{
    (void)state;
    struct wire_server *server =
        start("127.0.0.1:0", (struct wire_server_options){.max_connection_idle_ms = 300});
    int fd = connect_bare(server);
    say(fd, preface, sizeof preface - 1);
    say(fd, settings, 9);
    assert_true(expect_closed(fd) >= 200);
    wire_server_destroy(server);
}

static void test_wire_transport__who_answers_no_ping_is_closed(void **state)
{
    (void)state;
    struct wire_server *server =
        start("127.0.0.1:0",
              (struct wire_server_options){.keepalive_time_ms = 200, .keepalive_timeout_ms = 200});
    int fd = connect_bare(server);
    say(fd, preface, sizeof preface - 1);
    say(fd, settings, 9);
    assert_true(expect_closed(fd) >= 300);
    wire_server_destroy(server);
}

static void test_wire_transport__connections_are_spread_over_shards(void **state)
{
    (void)state;
    struct wire_server *server = start("127.0.0.1:0", (struct wire_server_options){.shards = 2});
    unsigned before[2] = {atomic_load(&transport_served[0]), atomic_load(&transport_served[1])};
    for (int i = 0; i < 40; i++)
        assert_int_equal(call_once(target_of(server), NULL), NX_OK);
    for (int i = 0; i < 2; i++)
        assert_true(atomic_load(&transport_served[i]) - before[i] > 5);
    wire_server_destroy(server);
}

static void test_wire_transport__without_files_connections_wait(void **state)
{
    (void)state;
    struct wire_server *server = start("127.0.0.1:0", (struct wire_server_options){0});
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {.rlim_cur = 3, .rlim_max = before.rlim_max};
    int fd = connect_bare(server);
    int later = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct sockaddr_in name;
    socklen_t len = sizeof name;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&name, &len), 0);
    assert_int_equal(connect(later, (struct sockaddr *)&name, len), 0);
    say(later, preface, sizeof preface - 1);
    say(later, settings, 9);
    assert_int_equal(hear(later, 200), -1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(hear(later, TIMEOUT_MS) > 0);
    close(fd);
    close(later);
    assert_int_equal(call_once(target_of(server), NULL), NX_OK);
    wire_server_destroy(server);
}

#define FLOOD 300
#define FLOOD_FILES 600

/* Another process that connects often and says nothing, until the pipe is closed. Returns when all
 * its connections stand. */
static pid_t flood(const struct wire_server *server, int lifeline[2])
{
    int standing[2];
    char byte;
    assert_int_equal(pipe2(lifeline, O_CLOEXEC), 0);
    assert_int_equal(pipe2(standing, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit many = {.rlim_cur = FLOOD_FILES, .rlim_max = FLOOD_FILES};
        (void)setrlimit(RLIMIT_NOFILE, &many);
        close(lifeline[1]);
        for (int i = 0; i < FLOOD; i++)
            if (fcntl(connect_bare(server), F_SETFD, 0) != 0)
                _exit(1);
        bool is_told = write(standing[1], "", 1) == 1;
        _exit(is_told && read(lifeline[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(lifeline[0]);
    close(standing[1]);
    assert_int_equal(read(standing[0], &byte, 1), 1);
    close(standing[0]);
    return child;
}

/* The files that are kept back are not for connections, and the silent make room for others. */
static void test_wire_transport__the_silent_give_way(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit few = {.rlim_cur = 100, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    struct wire_server *server = start("127.0.0.1:0", (struct wire_server_options){0});
    int lifeline[2];
    pid_t child = flood(server, lifeline);
    assert_int_equal(call_once(target_of(server), NULL), NX_OK);
    close(lifeline[1]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    wire_server_destroy(server);
}

static void test_wire_transport__no_thread_leaves_nothing(void **state)
{
    (void)state;
    /* Two shards, then the thread that accepts. */
    for (int made = 0; made < 3; made++) {
        struct wire_server *server;
        struct nx_arena *arena = nx_arena_new(4096);
        atomic_store(&threads_left, made);
        nx_status status =
            try_start("127.0.0.1:0", (struct wire_server_options){.shards = 2}, arena, &server);
        atomic_store(&threads_left, -1);
        assert_int_equal(status.code, NX_INTERNAL);
        wire_server_destroy(server);
        nx_arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_transport__tcp_addresses),
        cmocka_unit_test(test_wire_transport__ipv6_wildcard_takes_ipv4_too),
        cmocka_unit_test(test_wire_transport__wrong_addresses_are_said),
        cmocka_unit_test(test_wire_transport__unix_socket),
        cmocka_unit_test(test_wire_transport__unix_socket_left_behind_is_replaced),
        cmocka_unit_test(test_wire_transport__abstract_socket),
        cmocka_unit_test(test_wire_transport__who_never_speaks_is_closed),
        cmocka_unit_test(test_wire_transport__who_speaks_something_else_is_closed_at_once),
        cmocka_unit_test(test_wire_transport__preface_may_come_in_pieces),
        cmocka_unit_test(test_wire_transport__who_never_calls_is_closed),
        cmocka_unit_test(test_wire_transport__who_answers_no_ping_is_closed),
        cmocka_unit_test(test_wire_transport__connections_are_spread_over_shards),
        cmocka_unit_test(test_wire_transport__without_files_connections_wait),
        cmocka_unit_test(test_wire_transport__the_silent_give_way),
        cmocka_unit_test(test_wire_transport__no_thread_leaves_nothing),
    };
    return cmocka_run_group_tests_name("wire_transport", tests, make_certificates,
                                       remove_certificates);
}
