#include "conf_frame.h"

#define STEP_BYTES ((size_t)1 << 16)

static enum conf_frame cut_or_error(FILE *from)
{
    return ferror(from) ? CONF_FRAME_ERROR : CONF_FRAME_CUT;
}

enum conf_frame conf_frame_read(FILE *from, struct nx_buf *ret_bytes)
{
    unsigned char head[4];
    size_t got = fread(head, 1, sizeof head, from);
    if (got == 0 && feof(from))
        return CONF_FRAME_END;
    if (got < sizeof head)
        return cut_or_error(from);
    size_t left =
        (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    if (left > ret_bytes->max_bytes)
        return CONF_FRAME_TOO_LARGE;
    while (left > 0) {
        size_t step = left < STEP_BYTES ? left : STEP_BYTES;
        char *to = nx_buf_reserve(ret_bytes, step);
        if (!to)
            return CONF_FRAME_TOO_LARGE;
        if (fread(to, 1, step, from) < step)
            return cut_or_error(from);
        ret_bytes->len += step;
        left -= step;
    }
    return CONF_FRAME_WHOLE;
}

bool conf_frame_write(FILE *to, struct nx_str bytes)
{
    unsigned char head[4];
    for (size_t i = 0; i < sizeof head; i++)
        head[i] = (unsigned char)(bytes.len >> (8 * i));
    return fwrite(head, 1, sizeof head, to) == sizeof head &&
           fwrite(bytes.ptr, 1, bytes.len, to) == bytes.len && fflush(to) == 0;
}
