/* A body in chunks, in one piece and in pieces: the same body, and the same end at the same place.
 * The first byte says how long the pieces are, the second how much of the data is taken at once. */
#include <stdint.h>
#include <stdlib.h>

#include "http_chunks.h"
#include "nx_buf.h"

/* Returns: how much of the text is taken. */
static size_t read_all(struct nx_str text, size_t piece, size_t most, struct nx_buf *found)
{
    struct http_chunks chunks = {0};
    enum http_chunk last = HTTP_CHUNK_MORE;
    struct nx_str data;
    size_t at = 0;
    while (at < text.len && last == HTTP_CHUNK_MORE) {
        size_t len = text.len - at < piece ? text.len - at : piece;
        struct nx_str input = {text.ptr + at, len};
        while ((last = http_chunks_next(&chunks, &input, &data)) == HTTP_CHUNK_DATA) {
            if (data.ptr != input.ptr || data.len > input.len || data.len == 0)
                abort();
            len = data.len < most ? data.len : most;
            nx_buf_append(found, data.ptr, len);
            http_chunks_take(&chunks, &input, len);
        }
        at = (size_t)(input.ptr - text.ptr);
    }
    nx_buf_append_char(found, (char)last);
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nx_buf whole;
    struct nx_buf pieces;
    if (size < 2)
        return 0;
    struct nx_str text = {(const char *)data + 2, size - 2};
    nx_buf_init(&whole, SIZE_MAX / 2);
    nx_buf_init(&pieces, SIZE_MAX / 2);
    size_t taken = read_all(text, text.len + 1, SIZE_MAX, &whole);
    size_t again = read_all(text, (size_t)data[0] % 16 + 1, (size_t)data[1] % 16 + 1, &pieces);
    if (taken != again || !nx_str_equal(nx_buf_str(&whole), nx_buf_str(&pieces)))
        abort();
    nx_buf_cleanup(&whole);
    nx_buf_cleanup(&pieces);
    return 0;
}
