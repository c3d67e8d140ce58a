/* Bytes from a stranger, checked and unpacked as the service does; what passes must pack again. */
#include "nexus/catalog/v1/catalog_service.pb-c.h"
#include "wire_pb.h"

#include <stdlib.h>

#define ARENA_BYTES ((size_t)8 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct wire_pb_limits limits = {.max_depth = 100, .max_fields = 10000};
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    if (!arena)
        return 0;
    ProtobufCMessage *message;
    nx_status status =
        wire_pb_unpack(&nexus__catalog__v1__create_product_request__descriptor,
                       (struct nx_str){(const char *)data, size}, &limits, arena, &message);
    if (status.code == NX_OK) {
        size_t packed_size = protobuf_c_message_get_packed_size(message);
        uint8_t *packed = calloc(1, packed_size + 1);
        if (packed && protobuf_c_message_pack(message, packed) != packed_size)
            abort();
        free(packed);
    }
    nx_arena_destroy(arena);
    return 0;
}
