/* What carries the calls of a server: sockets, connections, limits of them, TLS. */
#include "echo.nexus.h"
#include "nx_clock.h"
#include "wire_listen.h"
#include "wire_peer.h"
#include "wire_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <grpc/grpc_security.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define TIMEOUT_MS 20000

typedef Nexus__Test__V1__EchoMessage Echo;

static char dir[] = "/tmp/nexus-transport-XXXXXX";

/* A file in the folder of this test; valid until eight more were asked for. */
static const char *file(const char *name)
{
    static char names[8][256];
    static unsigned turn;
    char *text = names[turn++ % 8];
    snprintf(text, sizeof names[0], "%s/%s", dir, name);
    return text;
}

static int64_t deadline(void)
{
    return nx_clock_monotonic_ns() + TIMEOUT_MS * INT64_C(1000000);
}

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

/* --- A server --- */

static void serve_echo(void *context, struct wire_call *call, const Echo *request)
{
    (void)context;
    nexus_test_v1_echo_service_reply_echo(call, request);
}

static const struct nexus_test_v1_echo_service_server implementation = {.echo = serve_echo};

static nx_status try_start(const char *address, struct wire_server_options options,
                           struct nx_arena *arena, struct wire_server **ret_server)
{
    options.addresses = &address;
    options.address_count = 1;
    assert_int_equal(wire_server_new(&options, ret_server).code, NX_OK);
    assert_int_equal(nexus_test_v1_echo_service_serve(*ret_server, &implementation, NULL).code,
                     NX_OK);
    return wire_server_start(*ret_server, arena);
}

static struct wire_server *start(const char *address, struct wire_server_options options)
{
    struct wire_server *server;
    struct nx_arena *arena = nx_arena_new(4096);
    nx_status status = try_start(address, options, arena, &server);
    assert_string_equal(nx_status_message(status), "");
    nx_arena_destroy(arena);
    return server;
}

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

/* --- A call --- */

struct outcome {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool done;
    enum nx_code code;
};

static void on_done(void *arg, nx_status status, const ProtobufCMessage *response)
{
    (void)response;
    struct outcome *outcome = arg;
    pthread_mutex_lock(&outcome->mutex);
    outcome->done = true;
    outcome->code = status.code;
    if (getenv("DBG"))
        fprintf(stderr, "DBG %d %s\n", status.code, nx_status_message(status));
    pthread_cond_signal(&outcome->changed);
    pthread_mutex_unlock(&outcome->mutex);
}

static struct wire_client *new_client(const char *target, const struct wire_client_tls *tls)
{
    struct wire_client *client;
    const struct wire_client_options options = {.target = target, .tls = tls};
    assert_int_equal(wire_client_new(&options, &client).code, NX_OK);
    return client;
}

static void begin_call(struct wire_client *client, struct outcome *outcome, struct nx_arena *arena)
{
    *outcome =
        (struct outcome){.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    const struct wire_call_options options = {.deadline_ns = deadline()};
    wire_client_release(wire_client_unary(client, &nexus_test_v1_echo_service.methods[0],
                                          &request.base, &options, arena, on_done, outcome));
}

static enum nx_code end_call(struct outcome *outcome)
{
    pthread_mutex_lock(&outcome->mutex);
    while (!outcome->done)
        pthread_cond_wait(&outcome->changed, &outcome->mutex);
    pthread_mutex_unlock(&outcome->mutex);
    return outcome->code;
}

static enum nx_code call_with(struct wire_client *client)
{
    struct outcome outcome;
    struct nx_arena *arena = nx_arena_new(1 << 20);
    begin_call(client, &outcome, arena);
    enum nx_code code = end_call(&outcome);
    nx_arena_destroy(arena);
    return code;
}

/* One call on a connection of its own. */
static enum nx_code call_once(const char *target, const struct wire_client_tls *tls)
{
    struct wire_client *client = new_client(target, tls);
    enum nx_code code = call_with(client);
    wire_client_destroy(client);
    return code;
}

static const char *target_of(const struct wire_server *server)
{
    static char target[32];
    snprintf(target, sizeof target, "127.0.0.1:%d", wire_server_port(server, 0));
    return target;
}

/* --- A bare connection --- */

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
static const char settings[] = "\0\0\0\4\0\0\0\0\0";

static int connect_bare(const struct wire_server *server)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)wire_server_port(server, 0)),
                               .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

static void say(int fd, const char *bytes, size_t count)
{
    assert_int_equal(send(fd, bytes, count, MSG_NOSIGNAL), count);
}

/* Read for at most so long. Returns the number of bytes; 0: closed; -1: there was nothing. */
static ssize_t hear(int fd, int timeout_ms)
{
    char bytes[4096];
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    if (poll(&poll_fd, 1, timeout_ms) <= 0)
        return -1;
    ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    return count < 0 ? 0 : count;
}

/* Read until it is closed, in time. Returns how long that took. */
static int64_t expect_closed(int fd)
{
    int64_t begun = nx_clock_monotonic_ns();
    ssize_t count;
    do
        count = hear(fd, TIMEOUT_MS);
    while (count > 0);
    assert_int_equal(count, 0);
    close(fd);
    return (nx_clock_monotonic_ns() - begun) / 1000000;
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

static bool has_ipv6(void)
{
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof name) == 0;
    close(fd);
    return is_bound;
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
        const struct rlimit many = {.rlim_cur = 2 * FLOOD, .rlim_max = 2 * FLOOD};
        (void)setrlimit(RLIMIT_NOFILE, &many);
        close(lifeline[1]);
        for (int i = 0; i < FLOOD; i++)
            if (fcntl(connect_bare(server), F_SETFD, 0) != 0)
                _exit(1);
        ssize_t ignored = write(standing[1], "", 1);
        ignored = read(lifeline[0], &byte, 1);
        _exit(ignored == 0 ? 0 : 1);
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

/* --- TLS --- */

static struct wire_tls *new_tls(const char *name, const char *client_ca)
{
    char pem[32];
    char key[32];
    snprintf(pem, sizeof pem, "%s.pem", name);
    snprintf(key, sizeof key, "%s.key", name);
    const struct wire_tls_options options = {.cert_file = file(pem),
                                             .key_file = file(key),
                                             .client_ca_file = client_ca ? file(client_ca) : NULL};
    struct wire_tls *tls;
    struct nx_arena *arena = nx_arena_new(4096);
    assert_string_equal(nx_status_message(wire_tls_new(&options, arena, &tls)), "");
    nx_arena_destroy(arena);
    return tls;
}

static struct wire_client_tls *new_client_tls(const char *ca, const char *name)
{
    char pem[32];
    char key[32];
    snprintf(pem, sizeof pem, "%s.pem", name ? name : "");
    snprintf(key, sizeof key, "%s.key", name ? name : "");
    const struct wire_client_tls_options options = {.ca_file = file(ca),
                                                    .cert_file = name ? file(pem) : NULL,
                                                    .key_file = name ? file(key) : NULL,
                                                    .server_name = "localhost"};
    struct wire_client_tls *tls;
    struct nx_arena *arena = nx_arena_new(4096);
    assert_string_equal(nx_status_message(wire_client_tls_new(&options, arena, &tls)), "");
    nx_arena_destroy(arena);
    return tls;
}

static enum nx_code call_as(const struct wire_server *server, const char *ca, const char *name)
{
    struct wire_client_tls *tls = new_client_tls(ca, name);
    enum nx_code code = call_once(target_of(server), tls);
    wire_client_tls_destroy(tls);
    return code;
}

static void test_wire_transport__tls(void **state)
{
    (void)state;
    struct wire_tls *tls = new_tls("server", NULL);
    struct wire_server *server = start("127.0.0.1:0", (struct wire_server_options){.tls = tls});
    assert_int_equal(call_as(server, "ca.pem", NULL), NX_OK);
    assert_int_equal(call_as(server, "other-ca.pem", NULL), NX_UNAVAILABLE);
    assert_int_equal(call_once(target_of(server), NULL), NX_UNAVAILABLE);
    wire_server_destroy(server);
    wire_tls_destroy(tls);
}

static void test_wire_transport__mtls_refuses_strangers(void **state)
{
    (void)state;
    struct wire_tls *tls = new_tls("server", "ca.pem");
    struct wire_server *server = start("127.0.0.1:0", (struct wire_server_options){.tls = tls});
    assert_int_equal(call_as(server, "ca.pem", "client"), NX_OK);
    assert_int_equal(call_as(server, "ca.pem", "stranger"), NX_UNAVAILABLE);
    assert_int_equal(call_as(server, "ca.pem", NULL), NX_UNAVAILABLE);
    wire_server_destroy(server);
    wire_tls_destroy(tls);
}

static void copy(const char *from, const char *to)
{
    char bytes[8192];
    FILE *in = fopen(file(from), "rbe");
    FILE *out = fopen(file(to), "wbe");
    assert_true(in && out);
    size_t count = fread(bytes, 1, sizeof bytes, in);
    assert_int_equal(fwrite(bytes, 1, count, out), count);
    (void)fclose(in);
    assert_int_equal(fclose(out), 0);
}

/* Wait until new connections end with the code for a client that trusts `ca`. */
static void wait_until_call_as(const struct wire_server *server, const char *ca, enum nx_code code)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    int64_t until = deadline();
    while (call_as(server, ca, NULL) != code) {
        assert_true(nx_clock_monotonic_ns() < until);
        nanosleep(&pause, NULL);
    }
}

static void test_wire_transport__certificate_is_reloaded(void **state)
{
    (void)state;
    copy("server.pem", "live.pem");
    copy("server.key", "live.key");
    struct wire_tls *tls = new_tls("live", NULL);
    struct wire_server *server = start("127.0.0.1:0", (struct wire_server_options){.tls = tls});
    struct wire_client_tls *client_tls = new_client_tls("ca.pem", NULL);
    struct wire_client *old = new_client(target_of(server), client_tls);
    assert_int_equal(call_with(old), NX_OK);
    /* The certificate without its key: what was there before stays. */
    copy("stranger.pem", "live.pem");
    int64_t looked_again_ns = nx_clock_monotonic_ns() + INT64_C(1200000000);
    while (nx_clock_monotonic_ns() < looked_again_ns)
        assert_int_equal(call_as(server, "ca.pem", NULL), NX_OK);
    /* With it, new connections get it; the old one lives on. */
    copy("stranger.key", "live.key");
    wait_until_call_as(server, "ca.pem", NX_UNAVAILABLE);
    assert_int_equal(call_with(old), NX_OK);
    copy("renewed.key", "live.key");
    copy("renewed.pem", "live.pem");
    wait_until_call_as(server, "ca.pem", NX_OK);
    assert_int_equal(call_with(old), NX_OK);
    wire_client_destroy(old);
    wire_client_tls_destroy(client_tls);
    wire_server_destroy(server);
    wire_tls_destroy(tls);
}

static void test_wire_transport__wrong_files_are_named(void **state)
{
    (void)state;
    copy("server.pem", "garbage.key");
    const struct {
        const char *cert, *key, *ca, *message;
    } rows[] = {
        {"none.pem", "server.key", NULL, "none.pem: No such file"},
        {"server.pem", "none.key", NULL, "none.key: No such file"},
        {"server.key", "server.key", NULL, "server.key: does not begin with a certificate"},
        {"server.pem", "garbage.key", NULL, "garbage.key: holds no private key"},
        {"server.pem", "client.key", NULL, "client.key: is not the key of the certificate in"},
        {"server.pem", "server.key", "ca.key", "ca.key: holds no certificate"},
        {"server.pem", "server.key", ".", "not a file of at most 1 MiB"},
    };
    struct nx_arena *arena = nx_arena_new(1 << 16);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct wire_tls_options options = {.cert_file = file(rows[i].cert),
                                                 .key_file = file(rows[i].key),
                                                 .client_ca_file =
                                                     rows[i].ca ? file(rows[i].ca) : NULL};
        struct wire_tls *tls;
        nx_status status = wire_tls_new(&options, arena, &tls);
        assert_int_equal(status.code, NX_INVALID_ARGUMENT);
        if (!strstr(nx_status_message(status), rows[i].message))
            fail_msg("\"%s\" without \"%s\"", nx_status_message(status), rows[i].message);
    }
    nx_arena_destroy(arena);
}

/* --- The peer --- */

/* A server of the core alone: the next call that arrives is looked at and ended. */
struct core {
    grpc_server *server;
    grpc_completion_queue *queue;
};

static struct core new_core(void)
{
    grpc_init();
    struct core core = {grpc_server_create(NULL, NULL),
                        grpc_completion_queue_create_for_next(NULL)};
    grpc_server_register_completion_queue(core.server, core.queue, NULL);
    return core;
}

static void free_core(struct core *core)
{
    grpc_server_shutdown_and_notify(core->server, core->queue, NULL);
    grpc_completion_queue_shutdown(core->queue);
    while (grpc_completion_queue_next(core->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
           GRPC_QUEUE_SHUTDOWN)
        ;
    grpc_server_destroy(core->server);
    grpc_completion_queue_destroy(core->queue);
    grpc_shutdown_blocking();
}

/* Who calls: address and identity ("-" for none). */
static void look(struct core *core, struct nx_arena *arena, struct nx_str *ret_address,
                 struct nx_str *ret_identity)
{
    grpc_call *call = NULL;
    grpc_call_details details;
    grpc_metadata_array metadata;
    grpc_call_details_init(&details);
    grpc_metadata_array_init(&metadata);
    assert_int_equal(grpc_server_request_call(core->server, &call, &details, &metadata, core->queue,
                                              core->queue, NULL),
                     GRPC_CALL_OK);
    gpr_timespec until =
        gpr_time_add(gpr_now(GPR_CLOCK_REALTIME), gpr_time_from_millis(TIMEOUT_MS, GPR_TIMESPAN));
    assert_int_equal(grpc_completion_queue_next(core->queue, until, NULL).type, GRPC_OP_COMPLETE);
    *ret_address = wire_peer_address(call, arena);
    *ret_identity = NX_STR("-");
    (void)wire_peer_identity(call, arena, ret_identity);
    grpc_call_cancel_with_status(call, GRPC_STATUS_ABORTED, "seen", NULL);
    grpc_call_unref(call);
    grpc_call_details_destroy(&details);
    grpc_metadata_array_destroy(&metadata);
}

static void expect_peer(struct core *core, const char *target, const char *client_name,
                        const char *address, const char *identity)
{
    struct nx_arena *arena = nx_arena_new(1 << 16);
    struct wire_client_tls *tls = client_name ? new_client_tls("ca.pem", client_name) : NULL;
    struct wire_client *client = new_client(target, tls);
    struct outcome outcome;
    struct nx_str seen_address;
    struct nx_str seen_identity;
    begin_call(client, &outcome, arena);
    look(core, arena, &seen_address, &seen_identity);
    assert_true(nx_str_starts_with(seen_address, nx_str_from(address)));
    assert_string_equal(seen_identity.ptr, identity);
    wire_client_destroy(client); /* which cancels the call, whatever became of it */
    assert_true(outcome.done);
    wire_client_tls_destroy(tls);
    nx_arena_destroy(arena);
}

static void test_wire_transport__plain_peer_has_an_address(void **state)
{
    (void)state;
    struct core core = new_core();
    struct nx_arena *arena = nx_arena_new(1 << 16);
    const char *path = file("peer");
    char unix_address[300];
    char target[32];
    snprintf(unix_address, sizeof unix_address, "unix:%s", path);
    const struct wire_server_options options =
        wire_args_complete((struct wire_server_options){.address_count = 2});
    struct wire_listener *listener;
    int port = 0;
    int none = -1;
    assert_int_equal(wire_listener_new(core.server, &options, &listener).code, NX_OK);
    assert_int_equal(wire_listener_add(listener, "127.0.0.1:0", arena, &port).code, NX_OK);
    assert_int_equal(wire_listener_add(listener, unix_address, arena, &none).code, NX_OK);
    assert_int_equal(none, 0);
    grpc_server_start(core.server);
    assert_int_equal(wire_listener_start(listener).code, NX_OK);
    snprintf(target, sizeof target, "127.0.0.1:%d", port);
    expect_peer(&core, target, NULL, "127.0.0.1:", "-");
    expect_peer(&core, unix_address, NULL, "unix:", "-");
    wire_listener_stop(listener);
    free_core(&core);
    wire_listener_destroy(listener);
    nx_arena_destroy(arena);
}

static void test_wire_transport__certificate_is_the_identity(void **state)
{
    (void)state;
    struct core core = new_core();
    struct wire_tls *tls = new_tls("server", "ca.pem");
    grpc_server_credentials *credentials;
    assert_int_equal(wire_tls_credentials(tls, &credentials).code, NX_OK);
    int port =
        grpc_server_add_http2_port(core.server, has_ipv6() ? "[::]:0" : "0.0.0.0:0", credentials);
    assert_true(port > 0);
    grpc_server_credentials_release(credentials);
    grpc_server_start(core.server);
    char target[32];
    snprintf(target, sizeof target, "127.0.0.1:%d", port);
    expect_peer(&core, target, "client", "127.0.0.1:", "spiffe://nexus.test/gateway");
    expect_peer(&core, target, "hostname", "127.0.0.1:", "gateway.test");
    expect_peer(&core, target, "plain", "127.0.0.1:", "plain");
    if (has_ipv6()) {
        snprintf(target, sizeof target, "ipv6:[::1]:%d", port);
        expect_peer(&core, target, "plain", "[::1]:", "plain");
    }
    free_core(&core);
    wire_tls_destroy(tls);
}

/* --- All --- */

/* Run a program of the tests' own and wait for it. Returns whether it succeeded. */
static bool run(const char *program, const char *first, const char *second)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        (void)execlp(program, program, first, second, (char *)NULL);
        _exit(127);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static int make_certificates(void **state)
{
    (void)state;
    const char *root = getenv("NEXUS_SOURCE_DIR");
    char script[512];
    snprintf(script, sizeof script, "%s/tests/support/certificates.sh", root ? root : ".");
    return mkdtemp(dir) && run(script, dir, NULL) ? 0 : -1;
}

static int remove_certificates(void **state)
{
    (void)state;
    return run("rm", "-rf", dir) ? 0 : -1;
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
        cmocka_unit_test(test_wire_transport__without_files_connections_wait),
        cmocka_unit_test(test_wire_transport__the_silent_give_way),
        cmocka_unit_test(test_wire_transport__no_thread_leaves_nothing),
        cmocka_unit_test(test_wire_transport__tls),
        cmocka_unit_test(test_wire_transport__mtls_refuses_strangers),
        cmocka_unit_test(test_wire_transport__certificate_is_reloaded),
        cmocka_unit_test(test_wire_transport__wrong_files_are_named),
        cmocka_unit_test(test_wire_transport__plain_peer_has_an_address),
        cmocka_unit_test(test_wire_transport__certificate_is_the_identity),
    };
    return cmocka_run_group_tests_name("wire_transport", tests, make_certificates,
                                       remove_certificates);
}
