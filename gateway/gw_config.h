/* Configuration of nexus-gateway. */
#ifndef GW_CONFIG_H
#define GW_CONFIG_H

#include "cfg_load.h"

struct gw_config {
    const char *http_listen;
    uint64_t http_threads;
    uint64_t http_max_body_bytes;
    uint64_t http_max_stream_bytes;
    uint64_t http_max_header_bytes;
    uint64_t http_max_connections;
    uint64_t http_max_exchange_bytes;
    uint64_t http_idle_timeout_s;
    uint64_t http_request_timeout_s;
    uint64_t http_heartbeat_s;
    const char *http_cors_origins;
    bool http_cors_credentials;
    uint64_t http_cors_max_age_s;
    const char *backend_target;
    uint64_t backend_channels;
    uint64_t backend_stream_channels;
    uint64_t backend_max_streams;
    uint64_t backend_threads;
    uint64_t backend_timeout_ms;
    uint64_t backend_stream_timeout_ms; /* 0: none */
    uint64_t backend_max_response_bytes;
    const char *backend_forward_headers;
    const char *backend_return_headers;
    uint64_t backend_max_metadata_bytes;
    const char *backend_tls_ca; /* "": plaintext */
    const char *backend_tls_cert;
    const char *backend_tls_key;
    const char *backend_server_name;
    const char *api_spec;
    const char *api_document;
    const char *docs_dir;
    const char *docs_assets;
    uint64_t json_max_depth;
    bool json_print_defaults;
    bool json_enums_as_numbers;
    bool json_original_names;
    const char *log_level;
};

extern const struct cfg_key gw_config_keys[];
extern const size_t gw_config_key_count;

/* Load, check what a table cannot, and set the log level.
 * Fails: as cfg_load(). */
nx_status gw_config_load(const char *file, struct nx_arena *arena,
                         struct gw_config *ret_config) NX_MUST_USE;

#endif
