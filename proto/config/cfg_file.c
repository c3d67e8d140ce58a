#include "cfg_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "nx_buf.h"

#define CHUNK_BYTES ((size_t)16 * 1024)

/* Read to the end of the stream, or until the buffer refuses more. */
static int read_all(FILE *stream, struct nx_buf *buf)
{
    for (;;) {
        size_t room = buf->max_bytes - buf->len;
        size_t wanted = room < CHUNK_BYTES ? room : CHUNK_BYTES;
        char *chunk = nx_buf_reserve(buf, wanted);
        if (!chunk)
            return ENOMEM;
        errno = 0;
        size_t got = fread(chunk, 1, wanted, stream);
        buf->len += got;
        if (ferror(stream))
            return errno ? errno : EIO;
        if (got < wanted || wanted == 0)
            return 0;
    }
}

nx_status cfg_file_read(const char *path, size_t max_bytes, struct nx_arena *arena,
                        struct nx_str *ret_text)
{
    FILE *stream = fopen(path, "rbe");
    if (!stream)
        return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: %s", path, strerror(errno));
    struct nx_buf buf;
    nx_buf_init(&buf, max_bytes + 1); /* one more than allowed, to see that there is more */
    int error = read_all(stream, &buf);
    fclose(stream);

    nx_status status = NX_STATUS_OK;
    char *copy = NULL;
    if (error)
        status = nx_fail(arena, NX_INVALID_ARGUMENT, "%s: %s", path, strerror(error));
    else if (buf.len > max_bytes)
        status = nx_fail(arena, NX_INVALID_ARGUMENT, "%s: larger than %zu bytes", path, max_bytes);
    else if (!(copy = nx_arena_strdup(arena, nx_buf_str(&buf))))
        status = nx_fail_memory();
    else
        *ret_text = (struct nx_str){copy, buf.len};
    nx_buf_cleanup(&buf);
    return status;
}
