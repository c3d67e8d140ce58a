#include "cfg_env.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cfg_file.h"
#include "cfg_load.h"

const char *cfg_env_name(const char *section, const char *key, struct nx_arena *arena)
{
    char *name = nx_arena_printf(arena, "NEXUS_%s_%s", section, key);
    for (char *c = name; c && *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return name;
}

static const char *get(const char *variable)
{
    const char *text = getenv(variable);
    return text && *text ? text : NULL;
}

static nx_status read_secret(const char *variable, const char *path, struct nx_arena *arena,
                             const char **ret_text)
{
    struct nx_str text;
    nx_status status = cfg_file_read(path, CFG_MAX_FILE_BYTES, arena, &text);
    if (status.code == NX_INVALID_ARGUMENT)
        return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: %s", variable, nx_status_message(status));
    NX_TRY(status);
    if (memchr(text.ptr, 0, text.len))
        return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: %s: NUL in the value", variable, path);
    size_t len = text.len;
    if (len > 0 && text.ptr[len - 1] == '\n')
        len -= len > 1 && text.ptr[len - 2] == '\r' ? 2 : 1;
    const char *copy = nx_arena_strdup(arena, (struct nx_str){text.ptr, len});
    if (!copy)
        return nx_fail_memory();
    *ret_text = copy;
    return NX_STATUS_OK;
}

nx_status cfg_env_read(const char *variable, struct nx_arena *arena, const char **ret_text,
                       const char **ret_where)
{
    const char *file_variable = nx_arena_printf(arena, "%s_FILE", variable);
    if (!file_variable)
        return nx_fail_memory();
    const char *text = get(variable);
    const char *path = get(file_variable);
    if (text && path)
        return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: set beside %s; only one can count",
                       file_variable, variable);
    if (path) {
        NX_TRY(read_secret(file_variable, path, arena, ret_text));
        *ret_where = file_variable;
        return NX_STATUS_OK;
    }
    if (!text)
        return NX_STATUS_OK;
    const char *copy = nx_arena_strdup(arena, nx_str_from(text));
    if (!copy)
        return nx_fail_memory();
    *ret_text = copy;
    *ret_where = variable;
    return NX_STATUS_OK;
}
