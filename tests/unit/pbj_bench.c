#include "pbj_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

const ProtobufCMessageDescriptor *pbj_bench_resolve(void *context, struct nx_str name)
{
    (void)context;
    static const ProtobufCMessageDescriptor *const known[] = {
        &nexus__test__v1__animal__descriptor,    &google__protobuf__any__descriptor,
        &google__protobuf__duration__descriptor, &google__protobuf__value__descriptor,
        &google__protobuf__empty__descriptor,    ZOO,
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (nx_str_equal(name, nx_str_from(known[i]->name)))
            return known[i];
    return NULL;
}

const struct pbj_read_options pbj_bench_reading = {.resolve = pbj_bench_resolve};
const struct pbj_write_options pbj_bench_writing = {.omit_defaults = true,
                                                    .resolve = pbj_bench_resolve};

nx_status pbj_bench_try(struct nx_str text, struct nx_arena *arena, ProtobufCMessage **ret_zoo)
{
    char *copy = calloc(text.len ? text.len : 1, 1);
    assert_non_null(copy);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    nx_status status =
        pbj_read(ZOO, (struct nx_str){copy, text.len}, &pbj_bench_reading, arena, ret_zoo);
    free(copy);
    return status;
}

ProtobufCMessage *pbj_bench_read(const char *text, struct nx_arena *arena)
{
    ProtobufCMessage *message = NULL;
    nx_status status = pbj_bench_try(nx_str_from(text), arena, &message);
    if (status.code != NX_OK)
        fail_msg("%s: %s", text, nx_status_message(status));
    return message;
}

void pbj_bench_assert_written(const ProtobufCMessage *message,
                              const struct pbj_write_options *options, struct nx_arena *arena,
                              const char *expected)
{
    struct nx_buf buf;
    nx_buf_init(&buf, PBJ_BENCH_BYTES);
    nx_status status = pbj_write(message, options, arena, &buf);
    if (status.code != NX_OK)
        fail_msg("%s: %s", expected, nx_status_message(status));
    nx_buf_append_char(&buf, '\0');
    assert_false(buf.failed);
    assert_string_equal(buf.ptr, expected);
    nx_buf_cleanup(&buf);
}
