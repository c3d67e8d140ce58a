/* nexus-service: the catalog over gRPC. */
#include "cfg_program.h"
#include "health.h"
#include "nexus_descriptors.h"
#include "nx_clock.h"
#include "nx_log.h"
#include "refl.h"
#include "store_migrate.h"
#include "svc.h"
#include "svc_await.h"
#include "svc_config.h"
#include "svc_health.h"
#include "svc_purge.h"
#include "wire_tls.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)1 << 20)
#define MAX_ADDRESSES 16
#define RETRY_MS 200

/* All that runs, in the order in which it is started; stopped in the reverse. */
struct program {
    struct nx_arena *arena;
    struct svc_config config;
    const char *conninfo;
    struct svc svc;
    struct wire_tls *tls;
    struct svc_health *health;
    struct svc_purge *purge;
    struct wire_server *server;
    const char *addresses[MAX_ADDRESSES];
    size_t address_count;
};

/* --- Start --- */

static nx_status split_addresses(struct program *program)
{
    char *rest = nx_arena_strdup(program->arena, nx_str_from(program->config.grpc_listen));
    if (!rest)
        return nx_fail_memory();
    for (char *address = strsep(&rest, ","); address; address = strsep(&rest, ",")) {
        while (*address == ' ')
            address++;
        if (program->address_count == MAX_ADDRESSES)
            return nx_fail(program->arena, NX_INVALID_ARGUMENT, "grpc.listen: at most %d addresses",
                           MAX_ADDRESSES);
        program->addresses[program->address_count++] = address;
    }
    return NX_STATUS_OK;
}

/* Wait until the database answers, and see that its schema is the one this binary knows. */
static nx_status check_schema(struct program *program)
{
    const struct store_migrate_options options = {.conninfo = program->conninfo,
                                                  .connect_timeout_s = 5};
    int64_t give_up =
        nx_clock_monotonic_ns() + (int64_t)program->config.database_startup_timeout_ms * 1000000;
    struct store_migrate_report report;
    nx_status status = store_migrate_status(program->arena, &options, &report);
    while (status.code == NX_UNAVAILABLE && nx_clock_monotonic_ns() < give_up) {
        nx_log(NX_LOG_WARN, "waiting for the database", "error", nx_status_message(status), NULL);
        usleep(RETRY_MS * 1000);
        status = store_migrate_status(program->arena, &options, &report);
    }
    NX_TRY(status);
    if (!report.current)
        return nx_fail(program->arena, NX_FAILED_PRECONDITION,
                       "the database does not have the schema of this version; run: "
                       "nexusctl migrate up");
    program->svc.schema_version = report.entries[report.count - 1].number;
    return NX_STATUS_OK;
}

static nx_status start_stores(struct program *program)
{
    struct svc *svc = &program->svc;
    const struct store_options options = {
        .conninfo = program->conninfo,
        .connections = (unsigned)program->config.database_connections,
        .statement_timeout_ms = (unsigned)program->config.database_statement_timeout_ms,
    };
    size_t shards = (size_t)program->config.grpc_shards;
    svc->stores = nx_arena_calloc(program->arena, shards, sizeof(struct store *));
    if (!svc->stores)
        return nx_fail_memory();
    while (svc->shard_count < shards) {
        NX_TRY(store_start(&options, &svc->stores[svc->shard_count]));
        svc->shard_count++;
    }
    return NX_STATUS_OK;
}

static void read_token_key(const struct store_rows *rows, void *result)
{
    struct svc *svc = result;
    struct nx_str key = rows->count == 1 ? store_text(rows, 0, 0) : (struct nx_str){NULL, 0};
    if (key.len == sizeof svc->token_key)
        memcpy(svc->token_key, key.ptr, key.len);
}

static nx_status fetch_token_key(struct program *program)
{
    struct svc *svc = &program->svc;
    struct svc_await await;
    int64_t deadline =
        nx_clock_monotonic_ns() + (int64_t)program->config.database_startup_timeout_ms * 1000000;
    NX_TRY(svc_await_begin(&await, program->arena, STORE_READ, deadline, read_token_key, svc));
    store_op_step(&await.op, STORE_SQL_SECRET_GET);
    store_bind_text(&await.op, NX_STR("page_token"));
    NX_TRY(svc_await_submit(&await, svc->stores[0]));
    if (sodium_is_zero(svc->token_key, sizeof svc->token_key))
        return nx_fail(program->arena, NX_FAILED_PRECONDITION,
                       "the database has no key for page tokens; was catalog.secret emptied?");
    return NX_STATUS_OK;
}

/* What is served beside the catalog. */
static nx_status start_tools(struct program *program)
{
    struct svc *svc = &program->svc;
    NX_TRY(health_new(NULL, &svc->health));
    if (program->config.grpc_reflection)
        NX_TRY(refl_new(nexus_descriptors(), program->arena, &svc->reflection));
    return svc_health_start(svc, &program->health);
}

static nx_status start_purge(struct program *program)
{
    NX_TRY(svc_purge_new(program->svc.stores[0], &program->purge));
    return svc_purge_start(program->purge, (unsigned)program->config.catalog_purge_interval_ms);
}

static struct wire_server_options server_options(const struct program *program)
{
    const struct svc_config *config = &program->config;
    return (struct wire_server_options){
        .addresses = program->addresses,
        .address_count = program->address_count,
        .shards = (unsigned)config->grpc_shards,
        .max_in_flight = (unsigned)config->grpc_max_in_flight,
        .max_streaming = (unsigned)config->grpc_max_streaming,
        .send_timeout_ms = (unsigned)config->grpc_send_timeout_ms,
        .max_unsent_bytes = (size_t)config->grpc_max_unsent_bytes,
        .max_request_bytes = (size_t)config->grpc_max_request_bytes,
        .max_metadata_bytes = (size_t)config->grpc_max_metadata_bytes,
        .max_streams = (uint32_t)config->grpc_max_streams,
        .tls = program->tls,
        .unix_mode = svc_config_unix_mode(config),
        .handshake_timeout_ms = (unsigned)config->grpc_handshake_timeout_ms,
        .keepalive_time_ms = (unsigned)config->grpc_keepalive_time_ms,
        .keepalive_timeout_ms = (unsigned)config->grpc_keepalive_timeout_ms,
        .min_ping_interval_ms = (unsigned)config->grpc_min_ping_interval_ms,
        .max_ping_strikes = (unsigned)config->grpc_max_ping_strikes,
        .max_connection_idle_ms = (unsigned)config->grpc_max_connection_idle_ms,
        .max_connection_age_ms = (unsigned)config->grpc_max_connection_age_ms,
        .max_connection_age_grace_ms = (unsigned)config->grpc_max_connection_age_grace_ms,
        .memory_quota_bytes = (size_t)config->grpc_memory_quota_bytes,
    };
}

static nx_status start_server(struct program *program)
{
    const struct wire_server_options options = server_options(program);
    NX_TRY(wire_server_new(&options, &program->server));
    NX_TRY(svc_serve(&program->svc, program->server));
    NX_TRY(wire_server_start(program->server, program->arena));
    for (size_t i = 0; i < program->address_count; i++) {
        char port[12];
        snprintf(port, sizeof port, "%d", wire_server_port(program->server, i));
        nx_log(NX_LOG_INFO, "listening", "address", program->addresses[i], "port", port, NULL);
    }
    return NX_STATUS_OK;
}

/* Before anything is started: wrong files are the matter of --check-config too. */
static nx_status load_tls(struct program *program)
{
    const struct svc_config *config = &program->config;
    const struct wire_tls_options options = {
        .cert_file = config->grpc_tls_cert,
        .key_file = config->grpc_tls_key,
        .client_ca_file = *config->grpc_tls_client_ca ? config->grpc_tls_client_ca : NULL,
        .is_client_optional = config->grpc_tls_client_optional,
    };
    return *config->grpc_tls_cert ? wire_tls_new(&options, program->arena, &program->tls)
                                  : NX_STATUS_OK;
}

static nx_status start(struct program *program)
{
    program->svc.purge_after_days = (int32_t)program->config.catalog_purge_after_days;
    NX_TRY(split_addresses(program));
    NX_TRY(check_schema(program));
    NX_TRY(start_stores(program));
    NX_TRY(fetch_token_key(program));
    NX_TRY(start_tools(program));
    NX_TRY(start_purge(program));
    return start_server(program);
}

/* Have balancers look elsewhere, before calls are refused. */
static void announce_stop(struct program *program)
{
    health_shut_down(program->svc.health);
    usleep((useconds_t)program->config.grpc_drain_notice_ms * 1000);
}

static void stop(struct program *program)
{
    unsigned drain_ms = (unsigned)program->config.grpc_drain_ms;
    if (program->server)
        wire_server_drain(program->server, drain_ms);
    svc_health_stop(program->health);
    svc_purge_stop(program->purge);
    for (unsigned i = 0; i < program->svc.shard_count; i++)
        store_stop(program->svc.stores[i], drain_ms);
    wire_server_destroy(program->server);
    svc_health_destroy(program->health);
    svc_purge_destroy(program->purge);
    health_destroy(program->svc.health);
    refl_destroy(program->svc.reflection);
}

/* --- The program --- */

static const struct cfg_program about = {
    .name = "nexus-service",
    .version = NEXUS_VERSION,
    .summary = "the product catalog over gRPC, on PostgreSQL",
    .checks = "the configuration",
};

static int serve(struct program *program)
{
    nx_status status = start(program);
    if (status.code == NX_OK) {
        cfg_program_wait();
        announce_stop(program);
    }
    int exit_code = status.code == NX_OK ? EXIT_SUCCESS : cfg_program_fail(&about, status);
    stop(program);
    if (exit_code == EXIT_SUCCESS)
        nx_log(NX_LOG_INFO, "stopped", NULL);
    return exit_code;
}

static int run(struct program *program, const struct cfg_command_line *line)
{
    nx_status status =
        svc_config_load(line->file, program->arena, &program->config, &program->conninfo);
    if (status.code == NX_OK)
        status = load_tls(program);
    if (status.code != NX_OK)
        return cfg_program_fail(&about, status);
    if (line->only_check) {
        puts("the configuration is valid");
        return EXIT_SUCCESS;
    }
    cfg_program_block_signals();
    cfg_program_raise_file_limit();
    return serve(program);
}

int main(int argc, char **argv)
{
    struct cfg_program described = about;
    described.keys = svc_config_keys;
    described.key_count = svc_config_key_count;
    const struct cfg_command_line line = cfg_program_parse(&described, argc, argv);
    struct program program = {.arena = nx_arena_new(ARENA_BYTES)};
    if (!program.arena || sodium_init() < 0)
        return cfg_program_fail(&about, nx_fail_memory());
    int exit_code = run(&program, &line);
    wire_tls_destroy(program.tls);
    nx_arena_destroy(program.arena);
    return exit_code;
}
