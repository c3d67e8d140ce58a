#include "svc_config.h"

#include "nx_log.h"

#include <stdlib.h>

#define KEY(section_, key_, type_, fallback_, min_, max_, help_)                                   \
    {                                                                                              \
        .section = #section_, .key = #key_, .type = type_,                                         \
        .offset = offsetof(struct svc_config, section_##_##key_), .fallback = fallback_,           \
        .min = min_, .max = max_, .help = help_                                                    \
    }

#define MOST_MS INT32_MAX /* as gRPC takes it: 24 days */

const struct cfg_key svc_config_keys[] = {
    KEY(grpc, listen, CFG_STRING, "127.0.0.1:50051", 1, 1000,
        "addresses to serve gRPC at, separated by commas: host:port, unix:/path, "
        "unix-abstract:name; port 0 takes a free one"),
    KEY(grpc, shards, CFG_UINT, "1", 1, 64,
        "completion queues, each with a thread and a database loop"),
    KEY(grpc, max_in_flight, CFG_UINT, "1024", 1, 100000,
        "calls under way at once, for each shard"),
    KEY(grpc, max_streaming, CFG_UINT, "256", 1, 100000,
        "calls that stream at once, for each shard; not among those of max_in_flight"),
    KEY(grpc, send_timeout_ms, CFG_UINT, "60000", 100, MOST_MS,
        "how long a client may leave a large answer, or a message of a stream, unread"),
    KEY(grpc, max_unsent_bytes, CFG_UINT, "67108864", 65536, 0,
        "such unread bytes, for each shard; the oldest is given up for more"),
    KEY(grpc, max_request_bytes, CFG_UINT, "4194304", 1024, 1 << 30, "largest request"),
    KEY(grpc, reflection, CFG_BOOL, "true", 0, 0, "tell tools what is served (grpc.reflection)"),
    KEY(grpc, drain_notice_ms, CFG_UINT, "0", 0, 600000,
        "how long to serve on, health NOT_SERVING, when told to stop; for balancers that poll"),
    KEY(grpc, drain_ms, CFG_UINT, "10000", 0, 600000, "how long to finish calls when told to stop"),
    KEY(grpc, tls_cert, CFG_STRING, "", 0, 4000,
        "certificate chain in PEM; then TCP addresses speak TLS. Read again when it changes"),
    KEY(grpc, tls_key, CFG_STRING, "", 0, 4000, "its private key in PEM, without a pass phrase"),
    KEY(grpc, tls_client_ca, CFG_STRING, "", 0, 4000,
        "roots in PEM; then clients must show a certificate that leads to one of them"),
    KEY(grpc, tls_client_optional, CFG_BOOL, "false", 0, 0,
        "let clients without a certificate in as well"),
    KEY(grpc, unix_mode, CFG_STRING, "0660", 3, 4, "file mode of Unix sockets, octal"),
    KEY(grpc, max_streams, CFG_UINT, "100", 1, 1000000, "calls at once on one connection"),
    KEY(grpc, max_metadata_bytes, CFG_UINT, "8192", 256, 1 << 20, "metadata of one request"),
    KEY(grpc, memory_quota_bytes, CFG_UINT, "536870912", 0, 0,
        "memory of all connections; when it is short, calls are refused; 0 for no limit"),
    KEY(grpc, handshake_timeout_ms, CFG_UINT, "10000", 100, 600000,
        "until a new connection must have spoken HTTP/2"),
    KEY(grpc, keepalive_time_ms, CFG_UINT, "60000", 1000, MOST_MS,
        "a connection that is silent so long is pinged"),
    KEY(grpc, keepalive_timeout_ms, CFG_UINT, "20000", 100, MOST_MS,
        "and closed when so much later it still is"),
    KEY(grpc, min_ping_interval_ms, CFG_UINT, "10000", 1, MOST_MS,
        "how often clients may ping a connection that carries no data"),
    KEY(grpc, max_ping_strikes, CFG_UINT, "2", 1, 1000,
        "pings too early that are forgiven before the connection is closed"),
    KEY(grpc, max_connection_idle_ms, CFG_UINT, "0", 0, MOST_MS,
        "a connection without a call for so long is closed; 0 for never"),
    KEY(grpc, max_connection_age_ms, CFG_UINT, "3600000", 0, MOST_MS,
        "about when a client is told to make a new connection; 0 for never"),
    KEY(grpc, max_connection_age_grace_ms, CFG_UINT, "300000", 0, MOST_MS,
        "how long the calls of the old one may then go on; 0 for ever"),
    KEY(database, url, CFG_STRING, "", 0, 4000,
        "libpq connection string; else DATABASE_URL, POSTGRES_* or PG*"),
    KEY(database, connections, CFG_UINT, "4", 1, 64,
        "connections of each shard: the first for quick reads, half for a query each"),
    KEY(database, statement_timeout_ms, CFG_UINT, "5000", 1, 3600000,
        "longest one statement may take"),
    KEY(database, startup_timeout_ms, CFG_UINT, "30000", 0, 3600000,
        "how long to wait for the database at start"),
    KEY(catalog, purge_after_days, CFG_UINT, "30", 1, 36500,
        "how long a deleted resource can be restored"),
    KEY(catalog, purge_interval_ms, CFG_UINT, "3600000", 0, MOST_MS,
        "how often to remove for good what is past that; 0 for never (nexusctl purge does it)"),
    KEY(log, level, CFG_STRING, "info", 1, 10, "debug, info, warn or error"),
};
const size_t svc_config_key_count = sizeof svc_config_keys / sizeof *svc_config_keys;

/* What a table cannot say of the keys of TLS. */
static nx_status check_tls(const struct svc_config *config, struct nx_arena *arena)
{
    bool has_cert = *config->grpc_tls_cert != '\0';
    bool has_key = *config->grpc_tls_key != '\0';
    if (has_cert != has_key)
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "grpc.tls_cert and grpc.tls_key: one without the other");
    if (*config->grpc_tls_client_ca != '\0' && !has_cert)
        return nx_fail(arena, NX_INVALID_ARGUMENT, "grpc.tls_client_ca: without grpc.tls_cert");
    return NX_STATUS_OK;
}

static nx_status check_mode(const struct svc_config *config, struct nx_arena *arena)
{
    const char *mode = config->grpc_unix_mode;
    if (mode[strspn(mode, "01234567")] != '\0' || svc_config_unix_mode(config) == 0 ||
        svc_config_unix_mode(config) > 0777)
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "grpc.unix_mode: not an octal file mode, 0001 to 0777");
    return NX_STATUS_OK;
}

unsigned svc_config_unix_mode(const struct svc_config *config)
{
    return (unsigned)strtoul(config->grpc_unix_mode, NULL, 8);
}

nx_status svc_config_load(const char *file, struct nx_arena *arena, struct svc_config *ret_config,
                          const char **ret_conninfo)
{
    NX_TRY(cfg_load(svc_config_keys, svc_config_key_count, file, arena, ret_config));
    enum nx_log_level level;
    if (!nx_log_level_from_name(ret_config->log_level, &level))
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "log.level: \"%s\" is not debug, info, warn or error",
                       ret_config->log_level);
    nx_log_set_level(level);
    NX_TRY(check_tls(ret_config, arena));
    NX_TRY(check_mode(ret_config, arena));
    return cfg_database_conninfo(arena, ret_config->database_url, ret_conninfo);
}
