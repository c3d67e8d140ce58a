/* JSON texts from strangers: whatever is accepted must be written so that it reads back as the same
 * text, and what is refused must be refused properly. */
#include <stdint.h>
#include <stdlib.h>

#include "pbj.h"
#include "zoo.pb-c.h"

#define CAP_BYTES (1 << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCMessageDescriptor *const types[] = {
    &nexus__test__v1__zoo__descriptor,     &nexus__test__v1__animal__descriptor,
    &google__protobuf__any__descriptor,    &google__protobuf__duration__descriptor,
    &google__protobuf__struct__descriptor, &google__protobuf__value__descriptor,
};

static const ProtobufCMessageDescriptor *resolve(void *context, struct nx_str name)
{
    (void)context;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (nx_str_equal(name, nx_str_from(types[i]->name)))
            return types[i];
    return NULL;
}

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void write_message(const ProtobufCMessage *message, bool omit_defaults,
                          struct nx_arena *arena, struct nx_buf *buf)
{
    struct pbj_write_options options = {.omit_defaults = omit_defaults, .resolve = resolve};
    nx_buf_init(buf, CAP_BYTES);
    nx_status status = pbj_write(message, &options, arena, buf);
    require(status.code == NX_OK || status.code == NX_RESOURCE_EXHAUSTED);
    require(!buf->failed);
}

static void check_round_trip(const ProtobufCMessage *message, bool omit_defaults,
                             struct nx_arena *arena)
{
    static const struct pbj_read_options options = {.max_depth = 1000, .resolve = resolve};
    struct nx_buf first;
    write_message(message, omit_defaults, arena, &first);
    ProtobufCMessage *again = NULL;
    nx_status status = pbj_read(message->descriptor, nx_buf_str(&first), &options, arena, &again);
    require(status.code == NX_OK || status.code == NX_RESOURCE_EXHAUSTED);
    if (status.code == NX_OK) {
        struct nx_buf second;
        write_message(again, omit_defaults, arena, &second);
        require(nx_arena_exhausted(arena) || nx_str_equal(nx_buf_str(&first), nx_buf_str(&second)));
        nx_buf_cleanup(&second);
    }
    nx_buf_cleanup(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nx_arena *arena = nx_arena_new(CAP_BYTES);
    require(arena);
    struct nx_str text = {(const char *)data, size};
    struct pbj_read_options options = {.resolve = resolve, .ignore_unknown = size % 2};
    ProtobufCMessage *message = NULL;
    const char **paths = NULL;
    size_t count = 0;
    nx_status status =
        pbj_read_with_paths(types[0], text, &options, arena, &message, &paths, &count);
    if (status.code == NX_OK) {
        check_round_trip(message, false, arena);
        check_round_trip(message, true, arena);
    } else {
        require(status.code == NX_RESOURCE_EXHAUSTED ||
                (status.code == NX_INVALID_ARGUMENT && status.error->violations));
    }
    nx_arena_destroy(arena);
    return 0;
}
