/* nexus-gateway: the API over HTTP and JSON. */
#include "cfg_program.h"
#include "gw_http.h"
#include "gw_listen.h"
#include "gw_services.h"
#include "nexus_descriptors.h"
#include "nx_clock.h"
#include "nx_log.h"
#include "wire_tls.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ARENA_BYTES ((size_t)128 << 20)
#define FILES_BESIDE_CONNECTIONS 256

/* All that runs, in the order in which it is started; stopped in the reverse. */
struct program {
    struct nx_arena *arena;
    struct gw_config config;
    struct oas_spec *spec;
    struct gw_router *router;
    struct gw_static *files;
    struct wire_client_tls *tls;
    struct gw_gateway gateway;
    struct http_server *server;
};

/* --- Start --- */

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

static nx_status load_tls(struct program *program)
{
    const struct gw_config *config = &program->config;
    const struct wire_client_tls_options options = {
        .ca_file = config->backend_tls_ca,
        .cert_file = or_null(config->backend_tls_cert),
        .key_file = or_null(config->backend_tls_key),
        .server_name = or_null(config->backend_server_name),
    };
    return *config->backend_tls_ca ? wire_client_tls_new(&options, program->arena, &program->tls)
                                   : NX_STATUS_OK;
}

/* What can be wrong without anything running. */
static nx_status prepare(struct program *program, const char *file)
{
    struct gw_config *config = &program->config;
    NX_TRY(gw_config_load(file, program->arena, config));
    NX_TRY(gw_cors_parse(config->http_cors_origins, config->http_cors_credentials,
                         (unsigned)config->http_cors_max_age_s, program->arena,
                         &program->gateway.cors));
    NX_TRY(gw_forward_parse(config->backend_forward_headers, config->backend_return_headers,
                            (size_t)config->backend_max_metadata_bytes, program->arena,
                            &program->gateway.forward));
    NX_TRY(gw_cors_name_headers(&program->gateway.cors, program->gateway.forward.sent,
                                program->gateway.forward.returned, program->arena));
    NX_TRY(load_tls(program));
    NX_TRY(oas_spec_load(config->api_spec, program->arena, &program->spec));
    NX_TRY(gw_router_compile(program->spec, config->api_spec, gw_services, gw_service_count,
                             program->arena, &program->router));
    struct oas_model model;
    NX_TRY(oas_model_build(nexus_descriptors(), program->arena, &model));
    return gw_router_learn(program->router, &model, program->arena);
}

static nx_status start(struct program *program)
{
    const struct gw_config *config = &program->config;
    const struct gw_static_options files = {
        .docs_dir = config->docs_dir,
        .assets_dir = config->docs_assets,
        .document = config->api_document,
    };
    struct wire_client_options client = {
        .target = config->backend_target,
        .channels = (unsigned)config->backend_channels,
        .threads = (unsigned)config->backend_threads,
        .max_response_bytes = (size_t)config->backend_max_response_bytes,
        .tls = program->tls,
    };
    struct gw_gateway *gateway = &program->gateway;
    enum nx_log_level level = NX_LOG_INFO;
    (void)nx_log_level_from_name(config->log_level, &level);
    gw_listen_reserve_files((unsigned)config->http_max_connections + FILES_BESIDE_CONNECTIONS);
    NX_TRY(gw_static_load(&files, program->arena, &program->files));
    gateway->config = config;
    gateway->router = program->router;
    gateway->files = program->files;
    gateway->log_access = level == NX_LOG_DEBUG;
    NX_TRY(wire_client_new(&client, &gateway->client));
    client.channels = (unsigned)config->backend_stream_channels;
    client.shares_threads_of = gateway->client;
    NX_TRY(wire_client_new(&client, &gateway->stream_client));
    unsigned number;
    NX_TRY(gw_http_start(gateway, program->arena, &program->server, &number));
    char port[12];
    snprintf(port, sizeof port, "%u", number);
    nx_log(NX_LOG_INFO, "listening", "address", config->http_listen, "port", port, "backend",
           config->backend_target, NULL);
    return NX_STATUS_OK;
}

/* --- Stop --- */

/* Wait until a counter is 0, or the time has come. */
static void wait_for_none(atomic_uint *counter, int64_t deadline_ns)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    while (atomic_load(counter) > 0 && nx_clock_monotonic_ns() < deadline_ns)
        nanosleep(&pause, NULL);
}

/* Streams end at once, other exchanges get the time that a call may take. Then no call starts any
 * more, and those that have started end by their deadlines: only then can the client go, and after
 * it the server, which must not have sleeping connections. */
static void stop(struct program *program)
{
    struct gw_gateway *gateway = &program->gateway;
    int64_t grace_ns = (int64_t)program->config.backend_timeout_ms * 1000000;
    atomic_store(&gateway->draining, true);
    if (program->server) {
        http_server_quiesce(program->server);
        http_server_wake_all(program->server);
        wait_for_none(&gateway->exchanges, nx_clock_monotonic_ns() + grace_ns);
    }
    atomic_store(&gateway->refusing, true);
    if (program->server)
        http_server_abort_all(program->server);
    wait_for_none(&gateway->client_users, NX_DEADLINE_NEVER);
    wire_client_destroy(gateway->stream_client);
    wire_client_destroy(gateway->client);
    http_server_stop(program->server);
}

/* --- The program --- */

static const struct cfg_program about = {
    .name = "nexus-gateway",
    .version = NEXUS_VERSION,
    .summary = "the product catalog over HTTP and JSON, in front of nexus-service",
    .checks = "the configuration, with the HTTP rules,",
};

static int serve(struct program *program)
{
    nx_status status = start(program);
    if (status.code == NX_OK)
        cfg_program_wait();
    int exit_code = status.code == NX_OK ? EXIT_SUCCESS : cfg_program_fail(&about, status);
    stop(program);
    if (exit_code == EXIT_SUCCESS)
        nx_log(NX_LOG_INFO, "stopped", NULL);
    return exit_code;
}

static int run(struct program *program, const struct cfg_command_line *line)
{
    nx_status status = prepare(program, line->file);
    if (status.code != NX_OK)
        return cfg_program_fail(&about, status);
    if (line->only_check) {
        puts("the configuration is valid");
        return EXIT_SUCCESS;
    }
    cfg_program_block_signals();
    return serve(program);
}

int main(int argc, char **argv)
{
    struct cfg_program described = about;
    described.keys = gw_config_keys;
    described.key_count = gw_config_key_count;
    const struct cfg_command_line line = cfg_program_parse(&described, argc, argv);
    struct program program = {.arena = nx_arena_new(ARENA_BYTES)};
    if (!program.arena || sodium_init() < 0)
        return cfg_program_fail(&about, nx_fail_memory());
    int exit_code = run(&program, &line);
    wire_client_tls_destroy(program.tls);
    oas_spec_destroy(program.spec);
    nx_arena_destroy(program.arena);
    return exit_code;
}
