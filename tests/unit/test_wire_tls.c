/* TLS of servers and clients, and who is at the other end. */
#include "nx_clock.h"
#include "transport_bench.h"
#include "wire_listen.h"
#include "wire_peer.h"
#include "wire_tls.h"

#include <grpc/grpc_security.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

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

static void test_wire_tls__tls(void **state)
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

static void test_wire_tls__mtls_refuses_strangers(void **state)
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

static void test_wire_tls__who_never_shakes_hands_is_closed(void **state)
{
    (void)state;
    struct wire_tls *tls = new_tls("server", NULL);
    struct wire_server *server =
        start("127.0.0.1:0", (struct wire_server_options){.tls = tls, .handshake_timeout_ms = 300});
    int fd = connect_bare(server);
    say(fd, "\x16\x03\x01", 3);
    assert_true(expect_closed(fd) >= 200);
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

static void test_wire_tls__certificate_is_reloaded(void **state)
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

static void test_wire_tls__wrong_files_are_named(void **state)
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

static void test_wire_tls__plain_peer_has_an_address(void **state)
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

static void test_wire_tls__certificate_is_the_identity(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_tls__tls),
        cmocka_unit_test(test_wire_tls__mtls_refuses_strangers),
        cmocka_unit_test(test_wire_tls__who_never_shakes_hands_is_closed),
        cmocka_unit_test(test_wire_tls__certificate_is_reloaded),
        cmocka_unit_test(test_wire_tls__wrong_files_are_named),
        cmocka_unit_test(test_wire_tls__plain_peer_has_an_address),
        cmocka_unit_test(test_wire_tls__certificate_is_the_identity),
    };
    return cmocka_run_group_tests_name("wire_tls", tests, make_certificates, remove_certificates);
}
