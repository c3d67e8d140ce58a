/* A form in one piece and in pieces: the same parts. The first byte says how long the pieces are,
 * the first line is the header Content-Type. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gw_multipart.h"

static void take_apart(const char *type, struct nx_str body, size_t piece, struct nx_buf *found)
{
    struct gw_multipart multipart;
    struct nx_str data;
    bool is_good = gw_multipart_init(&multipart, type);
    for (size_t at = 0; is_good && at < body.len;) {
        size_t len = body.len - at < piece ? body.len - at : piece;
        struct nx_str input = {body.ptr + at, len};
        enum gw_part part;
        at += len;
        while ((part = gw_multipart_next(&multipart, &input, &data)) != GW_PART_MORE && is_good) {
            is_good = part != GW_PART_BAD;
            if (part == GW_PART_BEGIN)
                nx_buf_printf(found, "[%s %d]", multipart.name, multipart.is_file);
            else if (part == GW_PART_DATA)
                nx_buf_append_str(found, data);
            else
                nx_buf_append_char(found, part == GW_PART_END ? '|' : '!');
            if (part == GW_PART_DATA && data.len == 0)
                abort();
        }
    }
    nx_buf_append_char(found, gw_multipart_is_whole(&multipart) ? '.' : '?');
    gw_multipart_cleanup(&multipart);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char type[256];
    struct nx_buf whole;
    struct nx_buf pieces;
    const char *end = size > 1 ? memchr(data + 1, '\n', size - 1) : NULL;
    size_t len = end ? (size_t)(end - (const char *)data) - 1 : 0;
    if (!end || len >= sizeof type)
        return 0;
    memcpy(type, data + 1, len);
    type[len] = '\0';
    struct nx_str body = {end + 1, size - len - 2};
    nx_buf_init(&whole, SIZE_MAX / 2);
    nx_buf_init(&pieces, SIZE_MAX / 2);
    take_apart(type, body, body.len + 1, &whole);
    take_apart(type, body, (size_t)data[0] % 16 + 1, &pieces);
    if (!nx_str_equal(nx_buf_str(&whole), nx_buf_str(&pieces)))
        abort();
    nx_buf_cleanup(&whole);
    nx_buf_cleanup(&pieces);
    return 0;
}
