/* Bodies in a content coding: the first byte says which, the rest is the body. Nothing may crash,
 * leak, or unpack more than it may; and what comes out is coded and decoded to the same. */
#include <stdlib.h>
#include <string.h>

#include "gw_coding.h"

#define MOST ((size_t)1 << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(enum gw_coding coding, struct nx_str text)
{
    struct nx_buf coded;
    struct nx_buf again;
    nx_buf_init(&coded, 4 * MOST);
    nx_buf_init(&again, MOST);
    if (!gw_coding_encode(coding, text, &coded) ||
        gw_coding_decode(coding, nx_buf_str(&coded), &again) != GW_DECODED ||
        !nx_str_equal(nx_buf_str(&again), text))
        abort();
    nx_buf_cleanup(&again);
    nx_buf_cleanup(&coded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum gw_coding coding = (enum gw_coding)(GW_GZIP + data[0] % (GW_CODING_COUNT - GW_GZIP));
    struct nx_buf out;
    nx_buf_init(&out, MOST);
    enum gw_decoded outcome =
        gw_coding_decode(coding, (struct nx_str){(const char *)data + 1, size - 1}, &out);
    if (out.len > MOST)
        abort();
    if (outcome == GW_DECODED)
        check_round_trip(coding, nx_buf_str(&out));
    nx_buf_cleanup(&out);
    char *header = calloc(1, size);
    if (header) {
        memcpy(header, data + 1, size - 1);
        (void)gw_coding_choose(header);
        (void)gw_coding_parse(header, &coding);
        free(header);
    }
    return 0;
}
