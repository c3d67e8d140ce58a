#include "gw_url.h"

#include "nx_utf8.h"

#include <strings.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte that "%XY" at the start of the text stands for, or -1. */
static int escaped_byte(struct nx_str text)
{
    if (text.len < 3)
        return -1;
    int high = hex_value(text.ptr[1]);
    int low = hex_value(text.ptr[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Whether an escape of the byte is left as it is. */
static bool stays_escaped(int byte, enum gw_url_mode mode)
{
    if (mode == GW_URL_SEGMENTS)
        return byte == '/';
    return mode == GW_URL_RESERVED && byte && strchr(":/?#[]@!$&'()*+,;=", byte);
}

static bool needs_decoding(struct nx_str text, enum gw_url_mode mode)
{
    return memchr(text.ptr, '%', text.len) ||
           (mode == GW_URL_QUERY && memchr(text.ptr, '+', text.len));
}

/* Into `out`, which has room for all of the text. False: a bad escape. */
static bool decode(struct nx_str text, enum gw_url_mode mode, char *out, size_t *ret_len)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '+' && mode == GW_URL_QUERY)
            c = ' ';
        if (c == '%') {
            int byte = escaped_byte((struct nx_str){text.ptr + i, text.len - i});
            if (byte < 0)
                return false;
            if (!stays_escaped(byte, mode)) {
                c = (char)byte;
                i += 2;
            }
        }
        out[len++] = c;
    }
    *ret_len = len;
    return true;
}

nx_status gw_url_decode(struct nx_str text, enum gw_url_mode mode, const char *what,
                        struct nx_arena *arena, struct nx_str *ret_text)
{
    struct nx_str result = text;
    if (text.len > 0 && needs_decoding(text, mode)) {
        char *out = nx_arena_alloc(arena, text.len);
        if (!out)
            return nx_fail_memory();
        if (!decode(text, mode, out, &result.len))
            return nx_fail(arena, NX_INVALID_ARGUMENT,
                           "%s has a '%%' that two hexadecimal digits do not follow", what);
        result.ptr = out;
    }
    if (result.len > 0 && memchr(result.ptr, '\0', result.len))
        return nx_fail(arena, NX_INVALID_ARGUMENT, "%s has a NUL character", what);
    if (!nx_utf8_valid(result))
        return nx_fail(arena, NX_INVALID_ARGUMENT, "%s is not valid UTF-8", what);
    *ret_text = result;
    return NX_STATUS_OK;
}

/* Cut the text at the first `c`; the rest is what is behind it, or empty. */
static struct nx_str cut(struct nx_str text, char c, struct nx_str *ret_rest)
{
    const char *found = text.len > 0 ? memchr(text.ptr, c, text.len) : NULL;
    if (!found) {
        *ret_rest = (struct nx_str){text.ptr + text.len, 0};
        return text;
    }
    size_t len = (size_t)(found - text.ptr);
    *ret_rest = (struct nx_str){found + 1, text.len - len - 1};
    return (struct nx_str){text.ptr, len};
}

/* In any case, as schemes are. */
static bool begins_with(struct nx_str text, struct nx_str scheme)
{
    return text.len >= scheme.len && strncasecmp(text.ptr, scheme.ptr, scheme.len) == 0;
}

/* A proxy's form of a target has the scheme and the authority before the path. */
static struct nx_str without_authority(struct nx_str target)
{
    struct nx_str http = NX_STR("http://");
    struct nx_str https = NX_STR("https://");
    size_t skip = begins_with(target, http) ? http.len : begins_with(target, https) ? https.len : 0;
    if (skip == 0)
        return target;
    while (skip < target.len && !strchr("/?", target.ptr[skip]))
        skip++;
    return (struct nx_str){target.ptr + skip, target.len - skip};
}

void gw_url_split(struct nx_str target, struct nx_str *ret_path, struct nx_str *ret_query)
{
    struct nx_str local = without_authority(target);
    struct nx_str path = cut(local, '?', ret_query);
    bool had_authority = local.len < target.len;
    *ret_path = path.len == 0 && had_authority ? NX_STR("/") : path; /* RFC 9110, 4.2.3 */
}

bool gw_url_next_parameter(struct nx_str *query, struct nx_str *ret_name, struct nx_str *ret_value)
{
    while (query->len > 0) {
        struct nx_str parameter = cut(*query, '&', query);
        if (parameter.len == 0)
            continue;
        *ret_name = cut(parameter, '=', ret_value);
        return true;
    }
    return false;
}
