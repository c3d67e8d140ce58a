#include <stdarg.h>

#include "json_write.h"
#include "pbj_internal.h"

#define MAX_PATH_BYTES 2048 /* in an error; what is longer is cut */
#define MAX_QUOTED_BYTES 64

struct nx_str pbj_clip(struct nx_str text)
{
    size_t len = text.len < MAX_QUOTED_BYTES ? text.len : MAX_QUOTED_BYTES;
    while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
        len--;
    return (struct nx_str){text.ptr, len};
}

static void write_path(struct nx_buf *buf, const struct pbj_path *path)
{
    if (!path)
        return;
    write_path(buf, path->parent);
    switch (path->step) {
    case PBJ_FIELD:
        if (buf->len > 0)
            nx_buf_append_char(buf, '.');
        nx_buf_append_str(buf, nx_str_from(path->field));
        break;
    case PBJ_INDEX:
        nx_buf_append_char(buf, '[');
        nx_buf_append_u64(buf, path->index);
        nx_buf_append_char(buf, ']');
        break;
    case PBJ_KEY:
        nx_buf_append_char(buf, '[');
        json_write_string(buf, pbj_clip(path->key));
        nx_buf_append_char(buf, ']');
        break;
    }
}

__attribute__((format(printf, 3, 0))) static nx_status
fail_at(struct pbj_in *in, const struct pbj_path *at, const char *format, va_list args)
{
    const char *description = nx_arena_vprintf(in->arena, format, args);
    struct nx_buf buf;
    nx_buf_init(&buf, MAX_PATH_BYTES);
    write_path(&buf, at);
    const char *path = nx_arena_strdup(in->arena, nx_buf_str(&buf));
    nx_buf_cleanup(&buf);
    if (!description || !path)
        return nx_fail_memory();
    return nx_fail_field(in->arena, path, "%s", description);
}

nx_status pbj_fail(struct pbj_in *in, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    nx_status status = fail_at(in, in->path, format, args);
    va_end(args);
    return status;
}

nx_status pbj_fail_at(struct pbj_in *in, const struct pbj_path *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    nx_status status = fail_at(in, at, format, args);
    va_end(args);
    return status;
}

nx_status pbj_fail_kind(struct pbj_in *in, const struct json_token *token, const char *expected)
{
    static const char *const names[] = {
        [JSON_END] = "nothing",        [JSON_OBJECT_BEGIN] = "an object",
        [JSON_OBJECT_END] = "nothing", [JSON_ARRAY_BEGIN] = "a list",
        [JSON_ARRAY_END] = "nothing",  [JSON_KEY] = "a text",
        [JSON_STRING] = "a string",    [JSON_NUMBER] = "a number",
        [JSON_TRUE] = "true",          [JSON_FALSE] = "false",
        [JSON_NULL] = "null",
    };
    return pbj_fail(in, "must be %s, not %s", expected, names[token->kind]);
}

/* The tokenizer knows offsets only; add the path. */
static nx_status with_path(struct pbj_in *in, nx_status status)
{
    if (status.code == NX_INVALID_ARGUMENT)
        return pbj_fail(in, "%s", nx_status_message(status));
    return status;
}

nx_status pbj_next(struct pbj_in *in, struct json_token *ret_token)
{
    return with_path(in, json_reader_next(&in->json, ret_token));
}

nx_status pbj_skip(struct pbj_in *in, const struct json_token *first)
{
    return with_path(in, json_reader_skip(&in->json, first));
}

/* A leaf's steps are fields only: no list or map is entered while leaves are noted. */
static char *leaf_path(struct nx_arena *arena, const struct pbj_path *leaf)
{
    size_t len = 0;
    for (const struct pbj_path *step = leaf; step; step = step->parent)
        len += strlen(step->field) + 1;
    char *text = nx_arena_alloc(arena, len);
    if (!text)
        return NULL;
    char *end = text + len;
    for (const struct pbj_path *step = leaf; step; step = step->parent) {
        size_t part = strlen(step->field);
        *--end = step == leaf ? '\0' : '.';
        end -= part;
        memcpy(end, step->field, part);
    }
    return text;
}

nx_status pbj_add_leaf(struct pbj_in *in)
{
    struct pbj_leaves *leaves = in->leaves;
    if (!leaves || !in->path)
        return NX_STATUS_OK;
    size_t count = leaves->count;
    if ((count & (count - 1)) == 0) { /* the capacity is the next power of two */
        const char **paths = nx_arena_calloc(in->arena, count ? count * 2 : 1, sizeof *paths);
        if (!paths)
            return nx_fail_memory();
        if (count > 0)
            memcpy(paths, leaves->paths, count * sizeof *paths);
        leaves->paths = paths;
    }
    char *path = leaf_path(in->arena, in->path);
    if (!path)
        return nx_fail_memory();
    leaves->paths[leaves->count++] = path;
    return NX_STATUS_OK;
}
