#include "gw_lines.h"

void gw_lines_init(struct gw_lines *lines, size_t max_bytes)
{
    *lines = (struct gw_lines){.max_bytes = max_bytes};
    nx_buf_init(&lines->begun, max_bytes + 1); /* with a "\r" that the end may have */
}

void gw_lines_cleanup(struct gw_lines *lines)
{
    nx_buf_cleanup(&lines->begun);
}

static void forget_found(struct gw_lines *lines)
{
    if (lines->is_found)
        lines->begun.len = 0;
    lines->is_found = false;
}

static bool is_blank(struct nx_str line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] != ' ' && line.ptr[i] != '\t')
            return false;
    }
    return true;
}

/* A whole line: cut "\r" off it, and look at it. */
static enum gw_lines_found found(struct gw_lines *lines, struct nx_str line,
                                 struct nx_str *ret_line)
{
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (line.len > lines->max_bytes)
        return GW_LINES_TOO_LONG;
    if (is_blank(line))
        return GW_LINES_MORE;
    *ret_line = line;
    return GW_LINES_ONE;
}

static enum gw_lines_found keep(struct gw_lines *lines, struct nx_str part)
{
    if (lines->begun.len + part.len > lines->begun.max_bytes)
        return GW_LINES_TOO_LONG;
    nx_buf_append_str(&lines->begun, part);
    return lines->begun.failed ? GW_LINES_NO_MEMORY : GW_LINES_MORE;
}

enum gw_lines_found gw_lines_next(struct gw_lines *lines, struct nx_str *input,
                                  struct nx_str *ret_line)
{
    enum gw_lines_found result = GW_LINES_MORE;
    forget_found(lines);
    while (input->len > 0 && result == GW_LINES_MORE) {
        const char *end = memchr(input->ptr, '\n', input->len);
        struct nx_str part = {input->ptr, end ? (size_t)(end - input->ptr) : input->len};
        size_t taken = part.len + (end != NULL);
        *input = (struct nx_str){input->ptr + taken, input->len - taken};
        lines->number += lines->begun.len == 0; /* its first part, or all of it */
        if (end && lines->begun.len == 0) {
            result = found(lines, part, ret_line);
            continue;
        }
        result = keep(lines, part);
        if (!end || result != GW_LINES_MORE)
            continue;
        result = found(lines, nx_buf_str(&lines->begun), ret_line);
        lines->is_found = true;
        if (result == GW_LINES_MORE)
            forget_found(lines);
    }
    return result;
}

enum gw_lines_found gw_lines_last(struct gw_lines *lines, struct nx_str *ret_line)
{
    forget_found(lines);
    if (lines->begun.len == 0)
        return GW_LINES_MORE;
    lines->is_found = true;
    return found(lines, nx_buf_str(&lines->begun), ret_line);
}
