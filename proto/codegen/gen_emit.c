#include "gen_emit.h"

#include <assert.h>
#include <string.h>

static const char *find_var(const struct gen_var *vars, struct nx_str key)
{
    for (; vars->key; vars++) {
        if (nx_str_equal(nx_str_from(vars->key), key))
            return vars->value;
    }
    assert(false && "a template uses a variable that is not given");
    return "";
}

void gen_emit(struct nx_buf *out, const struct gen_var *vars, const char *template_text)
{
    const char *rest = template_text;
    for (const char *open = strchr(rest, '$'); open; open = strchr(rest, '$')) {
        const char *close = strchr(open + 1, '$');
        assert(close);
        nx_buf_append(out, rest, (size_t)(open - rest));
        struct nx_str key = {open + 1, (size_t)(close - open - 1)};
        nx_buf_append_str(out, nx_str_from(find_var(vars, key)));
        rest = close + 1;
    }
    nx_buf_append_str(out, nx_str_from(rest));
}

/* One line of a comment, in which the end of a C comment cannot be written as it is. */
static void emit_line(struct nx_buf *out, struct nx_str line)
{
    for (size_t i = 0; i < line.len; i++) {
        nx_buf_append_char(out, line.ptr[i]);
        bool star = line.ptr[i] == '*', slash = line.ptr[i] == '/';
        if (i + 1 < line.len &&
            ((star && line.ptr[i + 1] == '/') || (slash && line.ptr[i + 1] == '*')))
            nx_buf_append_char(out, ' ');
    }
}

void gen_emit_comment(struct nx_buf *out, const char *indent, const char *comment)
{
    size_t len = comment ? strlen(comment) : 0;
    while (len > 0 && strchr("\n\r \t", comment[len - 1]))
        len--;
    if (len == 0)
        return;
    nx_buf_printf(out, "%s/*", indent);
    for (size_t start = 0; start < len;) {
        const char *newline = memchr(comment + start, '\n', len - start);
        size_t end = newline ? (size_t)(newline - comment) : len;
        if (start > 0)
            nx_buf_printf(out, "\n%s *", indent);
        struct nx_str line = {comment + start, end - start};
        if (line.len > 0 && *line.ptr != ' ')
            nx_buf_append_char(out, ' ');
        emit_line(out, line);
        start = end + 1;
    }
    nx_buf_append_str(out, NX_STR(" */\n"));
}
