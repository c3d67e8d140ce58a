#include "gw_config.h"

#include "nx_log.h"

#define KEY(section_, key_, type_, fallback_, min_, max_, help_)                                   \
    {                                                                                              \
        .section = #section_, .key = #key_, .type = type_,                                         \
        .offset = offsetof(struct gw_config, section_##_##key_), .fallback = fallback_,            \
        .min = min_, .max = max_, .help = help_                                                    \
    }

const struct cfg_key gw_config_keys[] = {
    KEY(http, listen, CFG_STRING, "127.0.0.1:8080", 1, 1000,
        "where to serve HTTP: host:port or [host]:port; port 0 takes a free one"),
    KEY(http, threads, CFG_UINT, "2", 1, 64, "threads that serve connections"),
    KEY(http, max_body_bytes, CFG_UINT, "1048576", 1, 1 << 28, "largest body of a request"),
    KEY(http, max_stream_bytes, CFG_UINT, "1073741824", 1, (uint64_t)1 << 50,
        "largest body of a request that streams, which is not kept in memory"),
    KEY(http, max_header_bytes, CFG_UINT, "32768", 1024, 1 << 20,
        "largest request line and headers of a request"),
    KEY(http, max_connections, CFG_UINT, "4096", 2, 1000000, "connections at once"),
    KEY(http, max_exchange_bytes, CFG_UINT, "67108864", 1 << 20, (uint64_t)1 << 32,
        "most memory of one request's messages, and of its answer's text"),
    KEY(http, idle_timeout_s, CFG_UINT, "60", 1, 86400,
        "how long a connection may be silent before it is closed"),
    KEY(http, request_timeout_s, CFG_UINT, "60", 1, 86400,
        "how long a request may take to arrive, from its first line on"),
    KEY(http, heartbeat_s, CFG_UINT, "15", 1, 3600,
        "how often a stream of events shows that it lives, while it has nothing to say"),
    KEY(http, cors_origins, CFG_STRING, "", 0, 4000,
        "origins whose web pages may call, by commas, as https://shop.example; or * for all"),
    KEY(http, cors_credentials, CFG_BOOL, "false", 0, 0,
        "whether they may send cookies and the like"),
    KEY(http, cors_max_age_s, CFG_UINT, "600", 0, 86400,
        "how long a browser may remember that they may"),
    KEY(backend, target, CFG_STRING, "127.0.0.1:50051", 1, 1000,
        "where the service is, in gRPC's naming"),
    KEY(backend, channels, CFG_UINT, "2", 1, 64,
        "connections to it; at least as many as it has shards"),
    KEY(backend, stream_channels, CFG_UINT, "4", 1, 64,
        "further connections to it, for calls that stream, so that these do not keep others "
        "waiting"),
    KEY(backend, max_streams, CFG_UINT, "200", 1, 1000000,
        "calls that stream at once; a service takes 100 of a connection, and what is more waits"),
    KEY(backend, threads, CFG_UINT, "1", 1, 64, "threads that take its answers"),
    KEY(backend, timeout_ms, CFG_UINT, "10000", 1, 3600000,
        "how long a call may take; a client may ask for less with the header Grpc-Timeout"),
    KEY(backend, stream_timeout_ms, CFG_UINT, "0", 0, (uint64_t)1 << 40,
        "the same of a call that streams; 0: for ever"),
    KEY(backend, max_response_bytes, CFG_UINT, "16777216", 1024, 1 << 30, "largest answer of it"),
    KEY(backend, forward_headers, CFG_STRING, "authorization", 0, 4000,
        "headers of requests that it gets as metadata, by commas"),
    KEY(backend, return_headers, CFG_STRING, "", 0, 4000,
        "metadata of its answers that clients get as headers, by commas"),
    KEY(backend, max_metadata_bytes, CFG_UINT, "8192", 1024, 1 << 20,
        "most metadata it takes with a call, as its grpc.max_metadata_bytes"),
    KEY(backend, tls_ca, CFG_STRING, "", 0, 4000,
        "roots in PEM that its certificate must lead to; then the gateway speaks TLS with it"),
    KEY(backend, tls_cert, CFG_STRING, "", 0, 4000,
        "certificate chain in PEM to show it, where it asks for one"),
    KEY(backend, tls_key, CFG_STRING, "", 0, 4000, "its private key, without a pass phrase"),
    KEY(backend, server_name, CFG_STRING, "", 0, 255,
        "the name its certificate must be for; else the one in backend.target"),
    KEY(api, spec, CFG_STRING, NEXUS_API_SPEC, 1, 4000, "nexus.yaml, which says what is routed"),
    KEY(api, document, CFG_STRING, NEXUS_API_DOCUMENT, 1, 4000,
        "openapi.json, served at /openapi.json; its .yaml stands beside it"),
    KEY(docs, dir, CFG_STRING, NEXUS_DOCS_DIR, 1, 4000, "folder of the page at /docs"),
    KEY(docs, assets, CFG_STRING, NEXUS_DOCS_ASSETS, 1, 4000, "folder of swagger-ui-dist"),
    KEY(json, max_depth, CFG_UINT, "100", 1, 1000, "deepest nesting of a request's JSON"),
    KEY(json, print_defaults, CFG_BOOL, "true", 0, 0,
        "whether an answer has the fields that are at their default"),
    KEY(json, enums_as_numbers, CFG_BOOL, "false", 0, 0, "write enum values as numbers, not names"),
    KEY(json, original_names, CFG_BOOL, "false", 0, 0,
        "name fields as the .proto files do: page_token, not pageToken"),
    KEY(log, level, CFG_STRING, "info", 1, 10, "debug, info, warn or error"),
};
const size_t gw_config_key_count = sizeof gw_config_keys / sizeof *gw_config_keys;

/* What a table cannot say of the keys of TLS. */
static nx_status check_tls(const struct gw_config *config, struct nx_arena *arena)
{
    bool has_ca = *config->backend_tls_ca != '\0';
    bool has_cert = *config->backend_tls_cert != '\0';
    if (has_cert != (*config->backend_tls_key != '\0'))
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "backend.tls_cert and backend.tls_key: one without the other");
    if (!has_ca && (has_cert || *config->backend_server_name != '\0'))
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "backend.tls_cert and backend.server_name: without backend.tls_ca");
    return NX_STATUS_OK;
}

nx_status gw_config_load(const char *file, struct nx_arena *arena, struct gw_config *ret_config)
{
    NX_TRY(cfg_load(gw_config_keys, gw_config_key_count, file, arena, ret_config));
    enum nx_log_level level;
    if (!nx_log_level_from_name(ret_config->log_level, &level))
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "log.level: \"%s\" is not debug, info, warn or error",
                       ret_config->log_level);
    nx_log_set_level(level);
    return check_tls(ret_config, arena);
}
