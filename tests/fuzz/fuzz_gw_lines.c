/* A body of lines, in one piece and in pieces: the same lines, the same end. The first byte says
 * how long a line may be, the second how long the pieces are. */
#include <stdint.h>
#include <stdlib.h>

#include "gw_lines.h"

/* What was found, as text. */
static void split(struct nx_str body, size_t most, size_t piece, struct nx_buf *found)
{
    struct gw_lines lines;
    struct nx_str line;
    enum gw_lines_found last = GW_LINES_MORE;
    gw_lines_init(&lines, most);
    for (size_t at = 0; at < body.len && last != GW_LINES_TOO_LONG;) {
        size_t len = body.len - at < piece ? body.len - at : piece;
        struct nx_str input = {body.ptr + at, len};
        at += len;
        while ((last = gw_lines_next(&lines, &input, &line)) == GW_LINES_ONE) {
            if (line.len > most)
                abort();
            nx_buf_printf(found, "%llu:", (unsigned long long)lines.number);
            nx_buf_append_str(found, line);
            nx_buf_append_char(found, '\n');
        }
    }
    if (last != GW_LINES_TOO_LONG && gw_lines_last(&lines, &line) == GW_LINES_ONE) {
        nx_buf_append_str(found, line);
        nx_buf_append_char(found, '.');
    }
    nx_buf_append_char(found, last == GW_LINES_TOO_LONG ? '!' : '.');
    gw_lines_cleanup(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nx_buf whole;
    struct nx_buf pieces;
    if (size < 2)
        return 0;
    struct nx_str body = {(const char *)data + 2, size - 2};
    nx_buf_init(&whole, SIZE_MAX / 2);
    nx_buf_init(&pieces, SIZE_MAX / 2);
    split(body, data[0], body.len + 1, &whole);
    split(body, data[0], (size_t)data[1] % 16 + 1, &pieces);
    if (!nx_str_equal(nx_buf_str(&whole), nx_buf_str(&pieces)))
        abort();
    nx_buf_cleanup(&whole);
    nx_buf_cleanup(&pieces);
    return 0;
}
