/* Compressed messages in whatever pieces they come. */
#include "wire_inflate.h"

#include <grpc/grpc.h>
#include <grpc/slice.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define MESSAGE_BYTES 40000 /* more than is unpacked at once */
#define PACKED_BYTES 4096

static unsigned char message[MESSAGE_BYTES];
static unsigned char packed[PACKED_BYTES];
static size_t packed_len;

static int make_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (unsigned char)(i / 100);
    z_stream stream = {.next_in = message, .avail_in = sizeof message};
    stream.next_out = packed;
    stream.avail_out = sizeof packed;
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed_len = stream.total_out;
    deflateEnd(&stream);
    grpc_init();
    return 0;
}

static int end(void **state)
{
    (void)state;
    grpc_shutdown_blocking();
    return 0;
}

/* Unpack these pieces of the packed message; `ends` are where they end, and where the next begins.
 */
static enum wire_inflated unpack(const size_t *ends, size_t count, size_t max_bytes,
                                 struct nx_buf *out)
{
    grpc_slice pieces[8];
    size_t begin = 0;
    for (size_t i = 0; i < count; i++) {
        pieces[i] = grpc_slice_from_copied_buffer((char *)packed + begin, ends[i] - begin);
        begin = ends[i];
    }
    grpc_byte_buffer *buffer =
        grpc_raw_compressed_byte_buffer_create(pieces, count, GRPC_COMPRESS_GZIP);
    nx_buf_init(out, max_bytes);
    enum wire_inflated outcome = wire_inflate(buffer, max_bytes, out);
    grpc_byte_buffer_destroy(buffer);
    for (size_t i = 0; i < count; i++)
        grpc_slice_unref(pieces[i]);
    return outcome;
}

static void test_wire_inflate__pieces_may_end_anywhere_and_be_empty(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= packed_len; cut++) {
        const size_t ends[] = {0, cut, cut, packed_len, packed_len};
        struct nx_buf out;
        assert_int_equal(unpack(ends, 5, MESSAGE_BYTES, &out), WIRE_INFLATED);
        assert_int_equal(out.len, MESSAGE_BYTES);
        assert_memory_equal(out.ptr, message, MESSAGE_BYTES);
        nx_buf_cleanup(&out);
    }
}

static void test_wire_inflate__what_is_cut_off_or_goes_on_is_malformed(void **state)
{
    (void)state;
    struct nx_buf out;
    for (size_t cut = 0; cut < packed_len; cut++) {
        const size_t ends[] = {cut};
        assert_int_equal(unpack(ends, 1, MESSAGE_BYTES, &out), WIRE_INFLATE_MALFORMED);
        nx_buf_cleanup(&out);
    }
    const size_t ends[] = {packed_len, packed_len + 1};
    assert_int_equal(unpack(ends, 2, MESSAGE_BYTES, &out), WIRE_INFLATE_MALFORMED);
    nx_buf_cleanup(&out);
}

static void test_wire_inflate__the_limit_holds_to_the_byte(void **state)
{
    (void)state;
    struct nx_buf out;
    const size_t ends[] = {packed_len};
    assert_int_equal(unpack(ends, 1, MESSAGE_BYTES - 1, &out), WIRE_INFLATE_TOO_LARGE);
    nx_buf_cleanup(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_inflate__pieces_may_end_anywhere_and_be_empty),
        cmocka_unit_test(test_wire_inflate__what_is_cut_off_or_goes_on_is_malformed),
        cmocka_unit_test(test_wire_inflate__the_limit_holds_to_the_byte),
    };
    return cmocka_run_group_tests_name("wire_inflate", tests, make_message, end);
}
