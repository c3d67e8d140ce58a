#include "conf_answer.h"

#include <conformance.pb-c.h>
#include <google/protobuf/test_messages_proto3.pb-c.h>

#include "wire_pb.h"

#define RESULT(name) CONFORMANCE__CONFORMANCE_RESPONSE__RESULT_##name
#define PAYLOAD(name) CONFORMANCE__CONFORMANCE_REQUEST__PAYLOAD_##name
#define FORMAT(name) CONFORMANCE__WIRE_FORMAT__##name

typedef Conformance__ConformanceRequest conf_request;
typedef Conformance__ConformanceResponse conf_response;

static const struct wire_pb_limits limits = {.max_depth = 100, .max_fields = 10000000};

/* The members of the result that are texts share their place; which of them it is, the case says.
 */
static void say(conf_response *response, Conformance__ConformanceResponse__ResultCase result,
                const char *text)
{
    response->result_case = result;
    response->runtime_error = (char *)text;
}

/* What went wrong with the payload is the answer, unless there was no memory to see it through. */
static void say_failure(conf_response *response,
                        Conformance__ConformanceResponse__ResultCase result, nx_status status)
{
    bool memory = status.code == NX_RESOURCE_EXHAUSTED;
    say(response, memory ? RESULT(RUNTIME_ERROR) : result, nx_status_message(status));
}

/* Why this program has nothing to do with a request; NULL when it has. */
static const char *reason_to_skip(const conf_request *request, struct pbj_types *types)
{
    if (request->payload_case == PAYLOAD(TEXT_PAYLOAD) ||
        request->requested_output_format == FORMAT(TEXT_FORMAT))
        return "text format is not spoken here";
    if (request->payload_case == PAYLOAD(JSPB_PAYLOAD) ||
        request->requested_output_format == FORMAT(JSPB))
        return "JSPB is not spoken here";
    struct nx_str type = nx_str_from(request->message_type);
    bool of_suite = nx_str_starts_with(type, NX_STR("protobuf_test_messages."));
    if (of_suite && !pbj_types_find(types, type))
        return "only the messages of proto3 are known here";
    return NULL;
}

static nx_status read_payload(const conf_request *request, struct pbj_types *types,
                              const ProtobufCMessageDescriptor *type, struct nx_arena *arena,
                              ProtobufCMessage **ret_message)
{
    if (request->payload_case == PAYLOAD(PROTOBUF_PAYLOAD)) {
        struct nx_str bytes = {(const char *)request->protobuf_payload.data,
                               request->protobuf_payload.len};
        return wire_pb_unpack(type, bytes, &limits, arena, ret_message);
    }
    const struct pbj_read_options options = {
        .ignore_unknown =
            request->test_category == CONFORMANCE__TEST_CATEGORY__JSON_IGNORE_UNKNOWN_PARSING_TEST,
        .resolve = pbj_types_find,
        .resolve_context = types,
    };
    return pbj_read(type, nx_str_from(request->json_payload), &options, arena, ret_message);
}

static void write_protobuf(const ProtobufCMessage *message, struct nx_arena *arena,
                           conf_response *response)
{
    size_t len = wire_pb_packed_size(message);
    uint8_t *bytes = nx_arena_alloc(arena, len);
    if (!bytes) {
        say_failure(response, RESULT(SERIALIZE_ERROR), nx_fail_memory());
        return;
    }
    (void)wire_pb_pack(message, bytes, len);
    response->result_case = RESULT(PROTOBUF_PAYLOAD);
    response->protobuf_payload = (ProtobufCBinaryData){len, bytes};
}

/* The text is left in the buffer, which the caller frees when the response is packed. */
static void write_json(const ProtobufCMessage *message, struct pbj_types *types,
                       struct nx_arena *arena, struct nx_buf *text, conf_response *response)
{
    const struct pbj_write_options options = {
        .omit_defaults = true, .resolve = pbj_types_find, .resolve_context = types};
    nx_status status = pbj_write(message, &options, arena, text);
    nx_buf_append_char(text, '\0');
    if (status.code == NX_OK && text->failed)
        status = nx_fail_memory();
    if (status.code == NX_OK)
        say(response, RESULT(JSON_PAYLOAD), text->ptr);
    else
        say_failure(response, RESULT(SERIALIZE_ERROR), status);
}

static void carry_out(const conf_request *request, struct pbj_types *types, struct nx_arena *arena,
                      struct nx_buf *text, conf_response *response)
{
    /* The suite begins by asking which of its tests are known to fail. None are. */
    if (strcmp(request->message_type, conformance__failure_set__descriptor.name) == 0) {
        response->result_case = RESULT(PROTOBUF_PAYLOAD);
        return;
    }
    const char *skipped = reason_to_skip(request, types);
    if (skipped) {
        say(response, RESULT(SKIPPED), skipped);
        return;
    }
    const ProtobufCMessageDescriptor *type =
        pbj_types_find(types, nx_str_from(request->message_type));
    if (!type || request->payload_case == CONFORMANCE__CONFORMANCE_REQUEST__PAYLOAD__NOT_SET) {
        say(response, RESULT(RUNTIME_ERROR),
            type ? "the request has no payload" : "the request is for a message that is not known");
        return;
    }
    ProtobufCMessage *message = NULL;
    nx_status status = read_payload(request, types, type, arena, &message);
    if (status.code != NX_OK)
        say_failure(response, RESULT(PARSE_ERROR), status);
    else if (request->requested_output_format == FORMAT(PROTOBUF))
        write_protobuf(message, arena, response);
    else if (request->requested_output_format == FORMAT(JSON))
        write_json(message, types, arena, text, response);
    else
        say(response, RESULT(RUNTIME_ERROR), "the request is for no output format that is known");
}

/* A JSON payload that is not UTF-8, or has a NUL, is no string: the request that has it cannot be
 * read, but it is the payload that is wrong. */
static bool is_of_payload(nx_status status)
{
    const struct nx_violation *violation = status.error->violations;
    return violation && strcmp(violation->field, "json_payload") == 0;
}

nx_status conf_types(struct nx_arena *arena, struct pbj_types *ret_types)
{
    const ProtobufCMessageDescriptor *root =
        &protobuf_test_messages__proto3__test_all_types_proto3__descriptor;
    return pbj_types_collect(&root, 1, arena, ret_types);
}

bool conf_answer(struct pbj_types *types, struct nx_str request, struct nx_arena *arena,
                 struct nx_buf *ret_response)
{
    conf_response response = CONFORMANCE__CONFORMANCE_RESPONSE__INIT;
    struct nx_buf text;
    nx_buf_init(&text, ret_response->max_bytes);
    ProtobufCMessage *message = NULL;
    nx_status status = wire_pb_unpack(&conformance__conformance_request__descriptor, request,
                                      &limits, arena, &message);
    if (status.code == NX_OK)
        carry_out((const conf_request *)message, types, arena, &text, &response);
    else
        say_failure(&response, is_of_payload(status) ? RESULT(PARSE_ERROR) : RESULT(RUNTIME_ERROR),
                    status);
    size_t len = wire_pb_packed_size(&response.base);
    if (len > ret_response->max_bytes - ret_response->len) {
        say_failure(&response, RESULT(SERIALIZE_ERROR), nx_fail_memory());
        len = wire_pb_packed_size(&response.base);
    }
    uint8_t *to = (uint8_t *)nx_buf_reserve(ret_response, len);
    if (to)
        ret_response->len += wire_pb_pack(&response.base, to, len);
    nx_buf_cleanup(&text);
    return to;
}
