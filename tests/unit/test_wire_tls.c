/* TLS of servers and clients, and who is at the other end. */
#include "nx_clock.h"
#include "transport_bench.h"
#include "wire_tls.h"

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

/* --- The peer, as the handler sees it --- */

static void expect_peer(const char *target, const char *client_name, const char *address,
                        const char *identity)
{
    struct wire_client_tls *tls = client_name ? new_client_tls("ca.pem", client_name) : NULL;
    assert_int_equal(call_once(target, tls), NX_OK);
    assert_true(nx_str_starts_with(nx_str_from(transport_peer), nx_str_from(address)));
    assert_string_equal(transport_identity, identity);
    wire_client_tls_destroy(tls);
}

static void test_wire_tls__plain_peer_has_an_address(void **state)
{
    (void)state;
    char unix_address[300];
    snprintf(unix_address, sizeof unix_address, "unix:%s", file("peer"));
    struct wire_server *tcp = start("127.0.0.1:0", (struct wire_server_options){0});
    struct wire_server *local = start(unix_address, (struct wire_server_options){0});
    expect_peer(target_of(tcp), NULL, "127.0.0.1:", "-");
    expect_peer(unix_address, NULL, "unix:", "-");
    wire_server_destroy(tcp);
    wire_server_destroy(local);
}

static void test_wire_tls__certificate_is_the_identity(void **state)
{
    (void)state;
    struct wire_tls *tls = new_tls("server", "ca.pem");
    struct wire_server *server =
        start(has_ipv6() ? "[::]:0" : "0.0.0.0:0", (struct wire_server_options){.tls = tls});
    char target[32];
    snprintf(target, sizeof target, "127.0.0.1:%d", wire_server_port(server, 0));
    expect_peer(target, "client", "127.0.0.1:", "spiffe://nexus.test/gateway");
    expect_peer(target, "hostname", "127.0.0.1:", "gateway.test");
    expect_peer(target, "plain", "127.0.0.1:", "plain");
    if (has_ipv6()) {
        snprintf(target, sizeof target, "ipv6:[::1]:%d", wire_server_port(server, 0));
        expect_peer(target, "plain", "[::1]:", "plain");
    }
    wire_server_destroy(server);
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
