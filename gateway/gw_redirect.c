#include "gw_redirect.h"

#include "gw_url.h"
#include "nx_buf.h"

#include <ctype.h>
#include <string.h>

#define MAX_LOCATION_BYTES ((size_t)256 * 1024)

static void append_escaped(struct nx_buf *to, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    nx_buf_append_char(to, '%');
    nx_buf_append_char(to, digits[byte >> 4]);
    nx_buf_append_char(to, digits[byte & 15]);
}

/* What the client has sent, and only bytes that may be in a header. */
static void append_raw(struct nx_buf *to, struct nx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte > ' ' && byte <= '~')
            nx_buf_append_char(to, (char)byte);
        else
            append_escaped(to, byte);
    }
}

/* RFC 3986: unreserved characters stand for themselves, and all others are escaped. */
static void append_value(struct nx_buf *to, const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x80 && (isalnum(byte) || strchr("-._~", byte)))
            nx_buf_append_char(to, (char)byte);
        else
            append_escaped(to, byte);
    }
}

static nx_status append_query(struct nx_buf *to, const struct gw_route *route, const char *current,
                              struct nx_str query, struct nx_arena *arena)
{
    struct nx_str name;
    struct nx_str value;
    char before = '?';
    while (gw_url_next_parameter(&query, &name, &value)) {
        struct nx_str decoded;
        struct gw_field_path field;
        NX_TRY(gw_url_decode(name, GW_URL_QUERY, "the query", arena, &decoded));
        NX_TRY(gw_field_find(route->method->request, decoded, arena, &field));
        bool is_it = field.depth == 1 && field.fields[0] == route->redirect_parameter;
        nx_buf_append_char(to, before);
        append_raw(to, name);
        nx_buf_append_char(to, '=');
        if (is_it)
            append_value(to, current);
        else
            append_raw(to, value);
        before = '&';
    }
    return NX_STATUS_OK;
}

nx_status gw_redirect_find(const struct gw_route *route, const ProtobufCMessage *response,
                           struct nx_str path, struct nx_str query, struct nx_arena *arena,
                           const char **ret_location)
{
    *ret_location = NULL;
    if (!route->redirect_parameter)
        return NX_STATUS_OK;
    const ProtobufCMessage *holder = gw_field_holder(response, &route->redirect_from);
    const char *current = holder ? gw_field_text(holder, gw_field_leaf(&route->redirect_from)) : "";
    if (!*current)
        return NX_STATUS_OK;
    struct nx_buf location;
    nx_buf_init(&location, MAX_LOCATION_BYTES);
    append_raw(&location, path);
    nx_status status = append_query(&location, route, current, query, arena);
    const char *copy = location.failed ? NULL : nx_arena_strdup(arena, nx_buf_str(&location));
    nx_buf_cleanup(&location);
    NX_TRY(status);
    if (!copy)
        return nx_fail_memory();
    *ret_location = copy;
    return NX_STATUS_OK;
}
