/* Configuration of nexus-service and nexusctl. */
#ifndef SVC_CONFIG_H
#define SVC_CONFIG_H

#include "cfg_load.h"

struct svc_config {
    const char *grpc_listen; /* addresses, separated by commas */
    uint64_t grpc_shards;
    uint64_t grpc_max_in_flight;
    uint64_t grpc_max_streaming;
    uint64_t grpc_send_timeout_ms;
    uint64_t grpc_max_unsent_bytes;
    uint64_t grpc_max_request_bytes;
    bool grpc_reflection;
    uint64_t grpc_drain_notice_ms;
    uint64_t grpc_drain_ms;
    const char *grpc_tls_cert; /* "": plaintext */
    const char *grpc_tls_key;
    const char *grpc_tls_client_ca;
    bool grpc_tls_client_optional;
    const char *grpc_unix_mode; /* octal digits */
    uint64_t grpc_max_streams;
    uint64_t grpc_max_metadata_bytes;
    uint64_t grpc_memory_quota_bytes;
    uint64_t grpc_handshake_timeout_ms;
    uint64_t grpc_keepalive_time_ms;
    uint64_t grpc_keepalive_timeout_ms;
    uint64_t grpc_min_ping_interval_ms;
    uint64_t grpc_max_ping_strikes;
    uint64_t grpc_max_connection_idle_ms;
    uint64_t grpc_max_connection_age_ms;
    uint64_t grpc_max_connection_age_grace_ms;
    const char *database_url;
    uint64_t database_connections;
    uint64_t database_statement_timeout_ms;
    uint64_t database_startup_timeout_ms;
    uint64_t catalog_purge_after_days;
    uint64_t catalog_purge_interval_ms;
    const char *log_level;
};

extern const struct cfg_key svc_config_keys[];
extern const size_t svc_config_key_count;

/* Load, check what a table cannot, set the log level, and settle where the database is.
 * Fails: as cfg_load(). */
nx_status svc_config_load(const char *file, struct nx_arena *arena, struct svc_config *ret_config,
                          const char **ret_conninfo) NX_MUST_USE;

/* grpc.unix_mode as a number. */
unsigned svc_config_unix_mode(const struct svc_config *config);

#endif
