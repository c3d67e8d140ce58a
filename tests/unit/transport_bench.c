#include "transport_bench.h"

#include "nx_clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/nexus-transport-XXXXXX";

const char *file(const char *name)
{
    static char names[8][256];
    static unsigned turn;
    char *text = names[turn++ % 8];
    snprintf(text, sizeof names[0], "%s/%s", dir, name);
    return text;
}

int64_t deadline(void)
{
    return nx_clock_monotonic_ns() + TIMEOUT_MS * INT64_C(1000000);
}

bool has_ipv6(void)
{
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof name) == 0;
    close(fd);
    return is_bound;
}

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

int make_certificates(void **state)
{
    (void)state;
    const char *root = getenv("NEXUS_SOURCE_DIR");
    char script[512];
    snprintf(script, sizeof script, "%s/tests/support/certificates.sh", root ? root : ".");
    return mkdtemp(dir) && run(script, dir, NULL) ? 0 : -1;
}

int remove_certificates(void **state)
{
    (void)state;
    return run("rm", "-rf", dir) ? 0 : -1;
}

/* --- A server --- */

atomic_uint transport_served[2];
char transport_peer[128];
char transport_identity[128];

static void note_peer(struct wire_call *call)
{
    struct nx_str identity = NX_STR("-");
    struct nx_str peer = wire_call_peer(call);
    (void)wire_call_identity(call, &identity);
    snprintf(transport_peer, sizeof transport_peer, "%.*s", (int)peer.len, peer.ptr);
    snprintf(transport_identity, sizeof transport_identity, "%.*s", (int)identity.len,
             identity.ptr);
}

static void serve_echo(void *context, struct wire_call *call, const Echo *request)
{
    (void)context;
    note_peer(call);
    atomic_fetch_add(&transport_served[wire_call_shard(call)], 1);
    nexus_test_v1_echo_service_reply_echo(call, request);
}

static const struct nexus_test_v1_echo_service_server implementation = {.echo = serve_echo};

nx_status try_start(const char *address, struct wire_server_options options, struct nx_arena *arena,
                    struct wire_server **ret_server)
{
    options.addresses = &address;
    options.address_count = 1;
    assert_int_equal(wire_server_new(&options, ret_server).code, NX_OK);
    assert_int_equal(nexus_test_v1_echo_service_serve(*ret_server, &implementation, NULL).code,
                     NX_OK);
    return wire_server_start(*ret_server, arena);
}

struct wire_server *start(const char *address, struct wire_server_options options)
{
    struct wire_server *server;
    struct nx_arena *arena = nx_arena_new(4096);
    nx_status status = try_start(address, options, arena, &server);
    assert_string_equal(nx_status_message(status), "");
    nx_arena_destroy(arena);
    return server;
}

/* --- A call --- */

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

struct wire_client *new_client(const char *target, const struct wire_client_tls *tls)
{
    struct wire_client *client;
    const struct wire_client_options options = {.target = target, .tls = tls};
    assert_int_equal(wire_client_new(&options, &client).code, NX_OK);
    return client;
}

void begin_call(struct wire_client *client, struct outcome *outcome, struct nx_arena *arena)
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

enum nx_code call_with(struct wire_client *client)
{
    struct outcome outcome;
    struct nx_arena *arena = nx_arena_new(1 << 20);
    begin_call(client, &outcome, arena);
    enum nx_code code = end_call(&outcome);
    nx_arena_destroy(arena);
    return code;
}

enum nx_code call_once(const char *target, const struct wire_client_tls *tls)
{
    struct wire_client *client = new_client(target, tls);
    enum nx_code code = call_with(client);
    wire_client_destroy(client);
    return code;
}

const char *target_of(const struct wire_server *server)
{
    static char target[32];
    snprintf(target, sizeof target, "127.0.0.1:%d", wire_server_port(server, 0));
    return target;
}

/* --- A bare connection --- */

int connect_bare(const struct wire_server *server)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)wire_server_port(server, 0)),
                               .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

void say(int fd, const char *bytes, size_t count)
{
    assert_int_equal(send(fd, bytes, count, MSG_NOSIGNAL), count);
}

ssize_t hear(int fd, int timeout_ms)
{
    char bytes[4096];
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    if (poll(&poll_fd, 1, timeout_ms) <= 0)
        return -1;
    ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    return count < 0 ? 0 : count;
}

int64_t expect_closed(int fd)
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
