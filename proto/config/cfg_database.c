#include <stdbool.h>
#include <string.h>

#include "cfg_env.h"
#include "cfg_load.h"
#include "nx_buf.h"

/* A connection string has a handful of short values; a secret file could be larger. */
#define MAX_CONNINFO_BYTES ((size_t)64 * 1024)

/* The variables that Docker's postgres image and its users know. */
static const struct {
    const char *variable;
    const char *keyword; /* libpq's */
} parts[] = {
    {"POSTGRES_HOST", "host"}, {"POSTGRES_PORT", "port"},         {"POSTGRES_DB", "dbname"},
    {"POSTGRES_USER", "user"}, {"POSTGRES_PASSWORD", "password"},
};

/* libpq, "Connection Strings": quoted, with backslashes before quotes and backslashes. */
static void append_part(struct nx_buf *buf, const char *keyword, const char *value)
{
    nx_buf_printf(buf, "%s%s='", buf->len > 0 ? " " : "", keyword);
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            nx_buf_append_char(buf, '\\');
        nx_buf_append_char(buf, *value);
    }
    nx_buf_append_char(buf, '\'');
}

static nx_status build_conninfo(struct nx_arena *arena, struct nx_buf *buf)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *value = NULL;
        const char *where = NULL;
        NX_TRY(cfg_env_read(parts[i].variable, arena, &value, &where));
        if (value)
            append_part(buf, parts[i].keyword, value);
    }
    return NX_STATUS_OK;
}

nx_status cfg_database_conninfo(struct nx_arena *arena, const char *configured_url,
                                const char **ret_conninfo)
{
    const char *conninfo = configured_url;
    const char *where = NULL;
    if (!conninfo || !*conninfo) {
        conninfo = NULL;
        NX_TRY(cfg_env_read("DATABASE_URL", arena, &conninfo, &where));
    }
    if (conninfo) {
        *ret_conninfo = conninfo;
        return NX_STATUS_OK;
    }
    struct nx_buf buf;
    nx_buf_init(&buf, MAX_CONNINFO_BYTES);
    nx_status status = build_conninfo(arena, &buf);
    if (status.code == NX_OK) {
        conninfo = buf.failed ? NULL : nx_arena_strdup(arena, nx_buf_str(&buf));
        if (conninfo)
            *ret_conninfo = conninfo;
        else
            status = nx_fail_memory();
    }
    nx_buf_cleanup(&buf);
    return status;
}
