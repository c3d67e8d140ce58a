#include "svc_config.h"

#include "nx_log.h"

#define KEY(section_, key_, type_, fallback_, min_, max_, help_)                                   \
    {                                                                                              \
        .section = #section_, .key = #key_, .type = type_,                                         \
        .offset = offsetof(struct svc_config, section_##_##key_), .fallback = fallback_,           \
        .min = min_, .max = max_, .help = help_                                                    \
    }

const struct cfg_key svc_config_keys[] = {
    KEY(grpc, listen, CFG_STRING, "127.0.0.1:50051", 1, 1000,
        "addresses to serve gRPC at, separated by commas; port 0 takes a free one"),
    KEY(grpc, shards, CFG_UINT, "1", 1, 64,
        "completion queues, each with a thread and a database loop"),
    KEY(grpc, max_in_flight, CFG_UINT, "1024", 1, 100000,
        "calls under way at once, for each shard"),
    KEY(grpc, max_request_bytes, CFG_UINT, "4194304", 1024, 1 << 30, "largest request"),
    KEY(grpc, drain_ms, CFG_UINT, "10000", 0, 600000, "how long to finish calls when told to stop"),
    KEY(database, url, CFG_STRING, "", 0, 4000,
        "libpq connection string; else DATABASE_URL, POSTGRES_* or PG*"),
    KEY(database, connections, CFG_UINT, "4", 1, 64,
        "connections of each shard; the first is for reads alone"),
    KEY(database, statement_timeout_ms, CFG_UINT, "5000", 1, 3600000,
        "longest one statement may take"),
    KEY(database, startup_timeout_ms, CFG_UINT, "30000", 0, 3600000,
        "how long to wait for the database at start"),
    KEY(catalog, purge_after_days, CFG_UINT, "30", 1, 36500,
        "how long a deleted resource can be restored"),
    KEY(log, level, CFG_STRING, "info", 1, 10, "debug, info, warn or error"),
};
const size_t svc_config_key_count = sizeof svc_config_keys / sizeof *svc_config_keys;

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
    return cfg_database_conninfo(arena, ret_config->database_url, ret_conninfo);
}
