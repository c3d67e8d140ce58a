/* Any Accept header, and any id: an event never has another line than those that it should. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gw_frames.h"

/* An event whose data is "{}" begins with its id, or has none. */
static void check_event(struct nx_str event, struct nx_str id)
{
    static const char rest[] = "data: {}\n\n";
    size_t rest_len = sizeof rest - 1;
    size_t head = event.len - rest_len;
    if (event.len < rest_len || memcmp(event.ptr + head, rest, rest_len) != 0)
        abort();
    if (head == 0)
        return;
    if (head != id.len + 5 || memcmp(event.ptr, "id: ", 4) != 0 || event.ptr[head - 1] != '\n')
        abort();
    for (size_t i = 4; i + 1 < head; i++) {
        if (event.ptr[i] == '\n' || event.ptr[i] == '\r' || event.ptr[i] == '\0')
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char accept[512];
    struct nx_buf buf;
    enum gw_form form = GW_ARRAY;
    size_t len = size < sizeof accept ? size : sizeof accept - 1;
    struct nx_str id = {(const char *)data, size};
    if (len > 0)
        memcpy(accept, data, len);
    accept[len] = '\0';
    if (gw_frames_choose(accept, &form) && !gw_frames_type(form))
        abort();
    nx_buf_init(&buf, SIZE_MAX / 2);
    gw_frames_begin(GW_EVENTS, true, id, &buf);
    nx_buf_append_str(&buf, NX_STR("{}"));
    gw_frames_end(GW_EVENTS, &buf);
    check_event(nx_buf_str(&buf), id);
    nx_buf_cleanup(&buf);
    return 0;
}
