/* The head of a request. One that is taken has no byte in it that could be read otherwise: taken
 * apart and put together again it is the same head; and no beginning of it is refused. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http_head.h"
#include "nx_buf.h"

#define ARENA_BYTES ((size_t)1 << 20)

static void expect(bool is_so)
{
    if (!is_so)
        abort();
}

/* Found at the same place when it comes byte by byte; and nothing to be foreseen in a good one. */
static void check_beginnings(struct nx_str text, size_t end, bool is_good)
{
    size_t scanned = 0;
    unsigned status;
    for (size_t len = 0; len < end; len++) {
        expect(http_head_find(text.ptr, len, &scanned) == 0);
        expect(!is_good || !http_head_foresee(text.ptr, len, &status));
    }
    expect(end == 0 || http_head_find(text.ptr, end, &scanned) == end);
}

/* Blanks around values may differ, and are left out of both. */
static void append_plain(struct nx_buf *to, struct nx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != ' ' && text.ptr[i] != '\t')
            nx_buf_append_char(to, text.ptr[i]);
    }
}

static void check_parts(struct nx_str head, const struct http_request *request)
{
    struct nx_buf was;
    struct nx_buf is;
    nx_buf_init(&was, SIZE_MAX);
    nx_buf_init(&is, SIZE_MAX);
    append_plain(&was, head);
    append_plain(&is, nx_str_from(request->method));
    append_plain(&is, request->target);
    const char *version = memchr(head.ptr, '\r', head.len);
    expect(version && version - head.ptr >= 8);
    append_plain(&is, (struct nx_str){version - 8, 8});
    for (size_t i = 0; i < request->header_count; i++) {
        append_plain(&is, NX_STR("\r\n"));
        append_plain(&is, nx_str_from(request->headers[i].name));
        append_plain(&is, NX_STR(":"));
        append_plain(&is, nx_str_from(request->headers[i].value));
    }
    append_plain(&is, NX_STR("\r\n\r\n"));
    expect(nx_str_equal(nx_buf_str(&was), nx_buf_str(&is)));
    nx_buf_cleanup(&was);
    nx_buf_cleanup(&is);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct nx_str text = {(const char *)data, size};
    struct http_request request;
    size_t scanned = 0;
    size_t end = size > 0 ? http_head_find(text.ptr, text.len, &scanned) : 0;
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    char *head = arena ? nx_arena_alloc(arena, end) : NULL;
    if (head && end > 0) {
        memcpy(head, text.ptr, end);
        http_head_parse(head, end, arena, &request);
        check_beginnings(text, end, !request.fault);
        expect(!request.fault || request.fault_status >= 400);
        if (!request.fault)
            check_parts((struct nx_str){text.ptr, end}, &request);
    }
    nx_arena_destroy(arena);
    return 0;
}
