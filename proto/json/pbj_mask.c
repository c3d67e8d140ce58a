#include "json_write.h"
#include "nx_utf8.h"
#include "pbj_internal.h"

#include <string.h>

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The length of what stands between backquotes at the start of a text, with them; a doubled one
 * does not end it. 0: nothing does. */
static size_t quoted_length(struct nx_str text)
{
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i] != '`')
            continue;
        if (i + 1 == text.len || text.ptr[i + 1] != '`')
            return i + 1;
        i++;
    }
    return 0;
}

/* The same, of what stands between backquotes in a path: a whole name, but not the first. */
static size_t quoted_name_length(struct nx_str path, size_t at)
{
    if (at == 0 || path.ptr[at - 1] != '.' || path.ptr[at] != '`')
        return 0;
    size_t len = quoted_length((struct nx_str){path.ptr + at, path.len - at});
    return at + len == path.len || path.ptr[at + len] == '.' ? len : 0;
}

struct nx_str pbj_mask_next_path(struct nx_str paths)
{
    bool is_quoted = false;
    size_t len = 0;
    for (; len < paths.len && (is_quoted || paths.ptr[len] != ','); len++)
        is_quoted ^= paths.ptr[len] == '`';
    return (struct nx_str){paths.ptr, len};
}

size_t pbj_mask_path_to_proto(struct nx_str path, char *to)
{
    if (nx_str_equal(path, NX_STR("*"))) {
        to[0] = '*';
        return 1;
    }
    size_t len = 0;
    char before = '.';
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        bool starts = before == '.';
        size_t quoted = quoted_name_length(path, i);
        if (quoted > 0) { /* a key of a map or a Struct: it has one spelling */
            memcpy(to + len, path.ptr + i, quoted);
            len += quoted;
            i += quoted - 1;
            c = '`';
        } else if (is_upper(c) && !starts) {
            to[len++] = '_';
            to[len++] = (char)(c - 'A' + 'a');
        } else if (is_lower(c) || (!starts && (is_digit(c) || c == '.'))) {
            to[len++] = c;
        } else {
            return 0;
        }
        before = c;
    }
    return before == '.' ? 0 : len;
}

bool pbj_mask_path_write(struct nx_buf *buf, struct nx_str path)
{
    if (!nx_utf8_valid(path))
        return false;
    if (nx_str_equal(path, NX_STR("*"))) {
        nx_buf_append_char(buf, '*');
        return true;
    }
    char before = '.';
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        size_t quoted = quoted_name_length(path, i);
        if (quoted > 0) {
            json_write_part(buf, (struct nx_str){path.ptr + i, quoted}); /* any text at all */
            i += quoted - 1;
            before = '`';
            continue;
        }
        /* An underscore must be within a name, and only a letter behind it can show it was there.
         */
        bool fits = is_lower(c) ||
                    (before != '.' && before != '_' && (is_digit(c) || c == '.' || c == '_'));
        if (!fits)
            return false;
        if (c != '_')
            nx_buf_append_char(buf, before == '_' ? (char)(c - 'a' + 'A') : c);
        before = c;
    }
    return before != '.' && before != '_';
}
