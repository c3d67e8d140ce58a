/* Payloads of the conformance protocol, in binary and in JSON, as messages of the suite and as
 * well-known types.
 *
 * The first byte says how the payload is read, the second as which message. What is read packs to
 * bytes that are read to the same, and is written to JSON that reads back to the same, or has no
 * JSON for a reason that is said. */
#include <conformance.pb-c.h>
#include <stdint.h>
#include <stdlib.h>

#include "conf_answer.h"
#include "wire_pb.h"

#define ARENA_BYTES ((size_t)16 << 20)
#define RESULT(name) CONFORMANCE__CONFORMANCE_RESPONSE__RESULT_##name

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
    "protobuf_test_messages.proto3.TestAllTypesProto3",
    "google.protobuf.Any",
    "google.protobuf.Duration",
    "google.protobuf.FieldMask",
    "google.protobuf.Struct",
    "google.protobuf.Timestamp",
    "google.protobuf.Value",
    "google.protobuf.DoubleValue",
    "google.protobuf.BytesValue",
};

enum { IN_JSON = 1, IGNORE_UNKNOWN = 2 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

struct run {
    struct nx_arena *arena; /* of what is kept */
    struct nx_arena *scratch;
    struct pbj_types types;
    const char *type;
};

static struct nx_str pack(const ProtobufCMessage *message, struct nx_arena *arena)
{
    size_t len = wire_pb_packed_size(message);
    uint8_t *bytes = nx_arena_alloc(arena, len);
    require(bytes && wire_pb_pack(message, bytes, len) == len);
    return (struct nx_str){(const char *)bytes, len};
}

/* The answer to a payload: always one, and always a whole message. */
static const Conformance__ConformanceResponse *ask(struct run *run, struct nx_str payload, int how,
                                                   Conformance__WireFormat format)
{
    Conformance__ConformanceRequest request = CONFORMANCE__CONFORMANCE_REQUEST__INIT;
    request.message_type = (char *)run->type;
    request.requested_output_format = format;
    if (how & IGNORE_UNKNOWN)
        request.test_category = CONFORMANCE__TEST_CATEGORY__JSON_IGNORE_UNKNOWN_PARSING_TEST;
    if (how & IN_JSON) {
        request.payload_case = CONFORMANCE__CONFORMANCE_REQUEST__PAYLOAD_JSON_PAYLOAD;
        request.json_payload = nx_arena_strdup(run->arena, payload);
        require(request.json_payload);
    } else {
        request.payload_case = CONFORMANCE__CONFORMANCE_REQUEST__PAYLOAD_PROTOBUF_PAYLOAD;
        request.protobuf_payload = (ProtobufCBinaryData){payload.len, (uint8_t *)payload.ptr};
    }
    struct nx_buf bytes;
    nx_buf_init(&bytes, ARENA_BYTES);
    nx_arena_reset(run->scratch);
    require(conf_answer(&run->types, pack(&request.base, run->arena), run->scratch, &bytes));
    static const struct wire_pb_limits limits = {.max_depth = 4, .max_fields = 4};
    ProtobufCMessage *response;
    nx_status status = wire_pb_unpack(&conformance__conformance_response__descriptor,
                                      nx_buf_str(&bytes), &limits, run->arena, &response);
    require(status.code == NX_OK);
    nx_buf_cleanup(&bytes);
    return (const Conformance__ConformanceResponse *)response;
}

static struct nx_str packed(const Conformance__ConformanceResponse *response)
{
    require(response->result_case == RESULT(PROTOBUF_PAYLOAD));
    return (struct nx_str){(const char *)response->protobuf_payload.data,
                           response->protobuf_payload.len};
}

static void check_message(struct run *run, struct nx_str bytes)
{
    const Conformance__ConformanceResponse *again =
        ask(run, bytes, 0, CONFORMANCE__WIRE_FORMAT__PROTOBUF);
    if (again->result_case == RESULT(RUNTIME_ERROR)) /* out of memory */
        return;
    require(nx_str_equal(packed(again), bytes));
    const Conformance__ConformanceResponse *written =
        ask(run, bytes, 0, CONFORMANCE__WIRE_FORMAT__JSON);
    if (written->result_case != RESULT(JSON_PAYLOAD)) {
        require(written->result_case == RESULT(SERIALIZE_ERROR) ||
                written->result_case == RESULT(RUNTIME_ERROR));
        require(*written->serialize_error != '\0');
        return;
    }
    struct nx_str text = nx_str_from(written->json_payload);
    const Conformance__ConformanceResponse *read =
        ask(run, text, IN_JSON, CONFORMANCE__WIRE_FORMAT__JSON);
    if (read->result_case == RESULT(JSON_PAYLOAD))
        require(nx_str_equal(nx_str_from(read->json_payload), text));
    else
        require(read->result_case == RESULT(RUNTIME_ERROR) ||
                strstr(read->parse_error, "nested too deep"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 1 << 16)
        return 0;
    struct run run = {
        .arena = nx_arena_new(ARENA_BYTES),
        .scratch = nx_arena_new(ARENA_BYTES),
        .type = names[data[1] % (sizeof names / sizeof *names)],
    };
    require(run.arena && run.scratch && conf_types(run.arena, &run.types).code == NX_OK);
    struct nx_str payload = {(const char *)data + 2, size - 2};
    if (!(data[0] & IN_JSON) || !memchr(payload.ptr, '\0', payload.len)) {
        const Conformance__ConformanceResponse *response =
            ask(&run, payload, data[0], CONFORMANCE__WIRE_FORMAT__PROTOBUF);
        if (response->result_case == RESULT(PROTOBUF_PAYLOAD))
            check_message(&run, packed(response));
        else
            require(response->result_case == RESULT(PARSE_ERROR) ||
                    response->result_case == RESULT(RUNTIME_ERROR));
    }
    nx_arena_destroy(run.arena);
    nx_arena_destroy(run.scratch);
    return 0;
}
