/* Bytes from a stranger, checked and decoded as the service does, as messages of several types.
 *
 * What is decoded packs to bytes that decode to the same. What protobuf-c takes is refused for
 * known reasons only, and packs to the same bytes, save where the two differ on purpose: fields
 * seen twice that merge, and maps. */
#include <google/protobuf/descriptor.pb-c.h>

#include "nexus/catalog/v1/catalog_service.pb-c.h"
#include "wire_pb.h"
#include "zoo.pb-c.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)8 << 20)

static const struct wire_pb_limits limits = {.max_depth = 100, .max_fields = 10000};

/* What strangers' bytes may be refused for, though protobuf-c takes them. */
static bool is_known_reason(nx_status status)
{
    static const char *const reasons[] = {
        "contains a NUL character",
        "is not valid UTF-8",
        "messages are nested too deep",
        "the message has too many fields",
        "holds bytes that are no protobuf field", /* number 0 */
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(status.error->violations->description, reasons[i]) == 0)
            return true;
    return false;
}

static uint64_t read_varint(struct nx_str *bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0;; i++) {
        if (bytes->len == 0 || i == 10)
            abort();
        uint8_t byte = (uint8_t)*bytes->ptr++;
        bytes->len--;
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (!(byte & 0x80))
            return value;
    }
}

static struct nx_str take(struct nx_str *bytes, uint64_t len)
{
    if (len > bytes->len)
        abort();
    struct nx_str taken = {bytes->ptr, (size_t)len};
    bytes->ptr += len;
    bytes->len -= (size_t)len;
    return taken;
}

static struct nx_str take_value(struct nx_str *bytes, uint64_t wire_type)
{
    struct nx_str begin = *bytes;
    switch (wire_type) {
    case 0:
        (void)read_varint(bytes);
        return (struct nx_str){begin.ptr, begin.len - bytes->len};
    case 1:
        return take(bytes, 8);
    case 2:
        return take(bytes, read_varint(bytes));
    case 5:
        return take(bytes, 4);
    default:
        abort();
    }
}

/* Whether protobuf-c, which takes the bytes, may make something else of them: of messages that
 * merge and of entries of maps; and it takes any wire type for a bool. */
static bool may_differ(const ProtobufCMessageDescriptor *type, struct nx_str bytes)
{
    bool seen[128] = {false};
    if (type->n_fields > sizeof seen)
        abort();
    while (bytes.len > 0) {
        uint64_t tag = read_varint(&bytes);
        struct nx_str value = take_value(&bytes, tag & 7);
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3));
        if (field && field->type == PROTOBUF_C_TYPE_BOOL && (tag & 7) != 0)
            return true;
        if (!field || field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        const ProtobufCMessageDescriptor *inner = field->descriptor;
        bool again = field->label != PROTOBUF_C_LABEL_REPEATED && seen[field - type->fields];
        if (again || strstr(inner->short_name, "Entry") || may_differ(inner, value))
            return true;
        seen[field - type->fields] = true;
    }
    return false;
}

/* protobuf-c packs the same, save for what it takes for defaults: negative zeros, and empty strings
 * in oneofs. */
static void check_packed(const ProtobufCMessage *message, const uint8_t *bytes, size_t len)
{
    size_t their_len = protobuf_c_message_get_packed_size(message);
    if (their_len > len)
        abort();
    if (their_len < len)
        return;
    uint8_t *theirs = calloc(1, len + 1);
    if (!theirs || protobuf_c_message_pack(message, theirs) != len ||
        memcmp(bytes, theirs, len) != 0)
        abort();
    free(theirs);
}

static uint8_t *pack(const ProtobufCMessage *message, size_t *ret_len)
{
    size_t len = wire_pb_packed_size(message);
    uint8_t *bytes = calloc(1, len + 1);
    if (!bytes)
        abort();
    wire_pb_pack(message, bytes, len);
    check_packed(message, bytes, len);
    *ret_len = len;
    return bytes;
}

static ProtobufCMessage *decode(const ProtobufCMessageDescriptor *type, struct nx_str bytes,
                                struct nx_arena *arena, nx_status *ret_status)
{
    ProtobufCMessage *message = NULL;
    *ret_status = wire_pb_unpack(type, bytes, &limits, arena, &message);
    if ((ret_status->code == NX_OK) != (message != NULL))
        abort();
    if (message && !protobuf_c_message_check(message))
        abort();
    return message;
}

static void check_decoded(const ProtobufCMessage *message, struct nx_str bytes,
                          const ProtobufCMessage *theirs)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    size_t len;
    uint8_t *packed = pack(message, &len);
    nx_status status;
    ProtobufCMessage *again =
        decode(type, (struct nx_str){(const char *)packed, len}, arena, &status);
    if (!again && status.code != NX_RESOURCE_EXHAUSTED)
        abort();
    if (again) {
        size_t again_len;
        uint8_t *again_packed = pack(again, &again_len);
        if (again_len != len || memcmp(packed, again_packed, len) != 0)
            abort();
        free(again_packed);
    }
    if (theirs && !may_differ(type, bytes)) {
        size_t their_len;
        uint8_t *their_packed = pack(theirs, &their_len);
        if (their_len != len || memcmp(packed, their_packed, len) != 0)
            abort();
        free(their_packed);
    }
    free(packed);
    nx_arena_destroy(arena);
}

static void try_type(const ProtobufCMessageDescriptor *type, struct nx_str bytes)
{
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    nx_status status;
    const ProtobufCMessage *ours = decode(type, bytes, arena, &status);
    bool too_deep = status.code == NX_INVALID_ARGUMENT &&
                    strstr(status.error->violations->description, "too deep");
    ProtobufCMessage *theirs = NULL;
    if (!too_deep) /* or else protobuf-c would recurse as deep */
        theirs = protobuf_c_message_unpack(type, NULL, bytes.len, (const uint8_t *)bytes.ptr);
    if (ours)
        check_decoded(ours, bytes, theirs);
    else if (theirs && status.code != NX_RESOURCE_EXHAUSTED && !is_known_reason(status) &&
             !may_differ(type, bytes))
        abort();
    if (theirs)
        protobuf_c_message_free_unpacked(theirs, NULL);
    nx_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nx_str bytes = {(const char *)data, size};
    try_type(&nexus__catalog__v1__create_product_request__descriptor, bytes);
    try_type(&nexus__test__v1__zoo__descriptor, bytes);
    try_type(&google__protobuf__uninterpreted_option__descriptor, bytes);
    return 0;
}
