#include "pbj_internal.h"

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
        if (is_upper(c) && !starts) {
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
    if (nx_str_equal(path, NX_STR("*"))) {
        nx_buf_append_char(buf, '*');
        return true;
    }
    char before = '.';
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
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
