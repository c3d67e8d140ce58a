#include "gen_method.h"

/* --- Server --- */

#define MEMBER_OF_REQUEST                                                                          \
    "    void (*$member$)(void *context, struct wire_call *call, const $request$ *request);\n"

#define MEMBER_OF_STREAM "    void (*$member$)(void *context, struct wire_call *call);\n"

#define REPLY_HEADER                                                                               \
    "\n"                                                                                           \
    "/* Answer $method$ and give the call up. */\n"                                                \
    "static inline void $symbol$_reply_$member$(struct wire_call *call,\n"                         \
    "    const $response$ *response)\n"                                                            \
    "{\n"                                                                                          \
    "    wire_call_reply(call, &response->base);\n"                                                \
    "}\n"

#define SEND_HEADER                                                                                \
    "\n"                                                                                           \
    "/* Send one response of $method$; see wire_call_send(). After the last: wire_call_finish(). " \
    "*/\n"                                                                                         \
    "static inline void $symbol$_send_$member$(struct wire_call *call,\n"                          \
    "    const $response$ *response, wire_sent sent, void *arg)\n"                                 \
    "{\n"                                                                                          \
    "    wire_call_send(call, &response->base, sent, arg);\n"                                      \
    "}\n"

#define RECEIVE_HEADER                                                                             \
    "\n"                                                                                           \
    "typedef void (*$symbol$_$member$_request_received)(void *arg, nx_status status,\n"            \
    "    const $request$ *request);\n"                                                             \
    "\n"                                                                                           \
    "/* Be given the next request of $method$; see wire_call_receive(). */\n"                      \
    "void $symbol$_receive_$member$(struct wire_call *call,\n"                                     \
    "    $symbol$_$member$_request_received received, void *arg);\n"

#define RECEIVE_SOURCE                                                                             \
    "\n"                                                                                           \
    "static void $symbol$_$member$_adapt_request(wire_typed received, void *arg, nx_status "       \
    "status,\n"                                                                                    \
    "    const ProtobufCMessage *message)\n"                                                       \
    "{\n"                                                                                          \
    "    (($symbol$_$member$_request_received)received)(arg, status,\n"                            \
    "        (const $request$ *)message);\n"                                                       \
    "}\n"                                                                                          \
    "\n"                                                                                           \
    "void $symbol$_receive_$member$(struct wire_call *call,\n"                                     \
    "    $symbol$_$member$_request_received received, void *arg)\n"                                \
    "{\n"                                                                                          \
    "    wire_call_receive_typed(call, $symbol$_$member$_adapt_request, (wire_typed)received, "    \
    "arg);\n"                                                                                      \
    "}\n"

/* The parentheses around a member keep macros with parameters, such as assert, off it. */
#define DISPATCH_OF_REQUEST                                                                        \
    "\n"                                                                                           \
    "static void $symbol$_$member$_dispatch(const void *implementation, void *context,\n"          \
    "    struct wire_call *call, const ProtobufCMessage *request)\n"                               \
    "{\n"                                                                                          \
    "    const struct $symbol$_server *server = implementation;\n"                                 \
    "    if (server->$member$)\n"                                                                  \
    "        (server->$member$)(context, call, (const $request$ *)request);\n"                     \
    "    else\n"                                                                                   \
    "        wire_call_fail_unimplemented(call);\n"                                                \
    "}\n"

#define DISPATCH_OF_STREAM                                                                         \
    "\n"                                                                                           \
    "static void $symbol$_$member$_dispatch(const void *implementation, void *context,\n"          \
    "    struct wire_call *call, const ProtobufCMessage *request)\n"                               \
    "{\n"                                                                                          \
    "    const struct $symbol$_server *server = implementation;\n"                                 \
    "    (void)request; /* the requests stream */\n"                                               \
    "    if (server->$member$)\n"                                                                  \
    "        (server->$member$)(context, call);\n"                                                 \
    "    else\n"                                                                                   \
    "        wire_call_fail_unimplemented(call);\n"                                                \
    "}\n"

/* --- Client --- */

#define CALL_OF_REQUEST                                                                            \
    "struct wire_client_call *$symbol$_$member$(struct wire_client *client,\n"                     \
    "    const $request$ *request, const struct wire_call_options *options,\n"

#define CALL_OF_STREAM                                                                             \
    "struct wire_client_call *$symbol$_$member$(struct wire_client *client,\n"                     \
    "    const struct wire_call_options *options,\n"

#define ONE_RESPONSE "    struct nx_arena *arena, $symbol$_$member$_done done, void *arg)"
#define MANY_RESPONSES "    struct nx_arena *arena, wire_client_ended ended, void *arg)"

#define DONE_TYPE                                                                                  \
    "\n"                                                                                           \
    "typedef void (*$symbol$_$member$_done)(void *arg, nx_status status,\n"                        \
    "    const $response$ *response);\n"

#define ADAPT_DONE                                                                                 \
    "\n"                                                                                           \
    "static void $symbol$_$member$_adapt_done(wire_typed done, void *arg, nx_status status,\n"     \
    "    const ProtobufCMessage *response)\n"                                                      \
    "{\n"                                                                                          \
    "    (($symbol$_$member$_done)done)(arg, status, (const $response$ *)response);\n"             \
    "}\n"

#define START(request, adapt, done)                                                                \
    "\n"                                                                                           \
    "{\n"                                                                                          \
    "    return wire_client_start_typed(client, &$symbol$.methods[$index$], " request ",\n"        \
    "        options, arena, " adapt ", (wire_typed)" done ", arg);\n"                             \
    "}\n"

#define START_DONE(request) START(request, "$symbol$_$member$_adapt_done", "done")
#define START_ENDED(request) START(request, "wire_client_adapt_ended", "ended")

#define CLIENT_SEND_HEADER                                                                         \
    "\n"                                                                                           \
    "/* Send one request of $method$; see wire_client_send(). After the last:\n"                   \
    " * wire_client_half_close(). */\n"                                                            \
    "static inline bool $symbol$_$member$_send(struct wire_client_call *call,\n"                   \
    "    const $request$ *request, wire_sent sent, void *arg)\n"                                   \
    "{\n"                                                                                          \
    "    return wire_client_send(call, &request->base, sent, arg);\n"                              \
    "}\n"

#define CLIENT_RECEIVE_HEADER                                                                      \
    "\n"                                                                                           \
    "typedef void (*$symbol$_$member$_response_received)(void *arg,\n"                             \
    "    const $response$ *response);\n"                                                           \
    "\n"                                                                                           \
    "/* Be given the next response of $method$; see wire_client_receive(). */\n"                   \
    "bool $symbol$_$member$_receive(struct wire_client_call *call,\n"                              \
    "    $symbol$_$member$_response_received received, void *arg);\n"

#define CLIENT_RECEIVE_SOURCE                                                                      \
    "\n"                                                                                           \
    "static void $symbol$_$member$_adapt_response(wire_typed received, void *arg,\n"               \
    "    const ProtobufCMessage *message)\n"                                                       \
    "{\n"                                                                                          \
    "    (($symbol$_$member$_response_received)received)(arg, (const $response$ *)message);\n"     \
    "}\n"                                                                                          \
    "\n"                                                                                           \
    "bool $symbol$_$member$_receive(struct wire_client_call *call,\n"                              \
    "    $symbol$_$member$_response_received received, void *arg)\n"                               \
    "{\n"                                                                                          \
    "    return wire_client_receive_typed(call, $symbol$_$member$_adapt_response,\n"               \
    "        (wire_typed)received, arg);\n"                                                        \
    "}\n"

#define CALLS_UNARY "\n/* Call $method$; see wire_client_unary(). */\n"
#define CALLS_STREAM "\n/* Call $method$; see wire_client_start(). */\n"

/* --- By kind --- */

static const struct gen_method_templates unary = {
    .server_member = MEMBER_OF_REQUEST,
    .server_header = REPLY_HEADER,
    .client_header = DONE_TYPE CALLS_UNARY CALL_OF_REQUEST ONE_RESPONSE ";\n",
    .dispatch = DISPATCH_OF_REQUEST,
    .server_source = "",
    .client_source = ADAPT_DONE "\n" CALL_OF_REQUEST ONE_RESPONSE START_DONE("&request->base"),
    .kind = "WIRE_UNARY",
};

static const struct gen_method_templates client_stream = {
    .server_member = MEMBER_OF_STREAM,
    .server_header = RECEIVE_HEADER REPLY_HEADER,
    .client_header = DONE_TYPE CALLS_STREAM CALL_OF_STREAM ONE_RESPONSE ";\n" CLIENT_SEND_HEADER,
    .dispatch = DISPATCH_OF_STREAM,
    .server_source = RECEIVE_SOURCE,
    .client_source = ADAPT_DONE "\n" CALL_OF_STREAM ONE_RESPONSE START_DONE("NULL"),
    .kind = "WIRE_CLIENT_STREAM",
};

static const struct gen_method_templates server_stream = {
    .server_member = MEMBER_OF_REQUEST,
    .server_header = SEND_HEADER,
    .client_header = CALLS_STREAM CALL_OF_REQUEST MANY_RESPONSES ";\n" CLIENT_RECEIVE_HEADER,
    .dispatch = DISPATCH_OF_REQUEST,
    .server_source = "",
    .client_source =
        "\n" CALL_OF_REQUEST MANY_RESPONSES START_ENDED("&request->base") CLIENT_RECEIVE_SOURCE,
    .kind = "WIRE_SERVER_STREAM",
};

static const struct gen_method_templates bidi_stream = {
    .server_member = MEMBER_OF_STREAM,
    .server_header = RECEIVE_HEADER SEND_HEADER,
    .client_header =
        CALLS_STREAM CALL_OF_STREAM MANY_RESPONSES ";\n" CLIENT_SEND_HEADER CLIENT_RECEIVE_HEADER,
    .dispatch = DISPATCH_OF_STREAM,
    .server_source = RECEIVE_SOURCE,
    .client_source = "\n" CALL_OF_STREAM MANY_RESPONSES START_ENDED("NULL") CLIENT_RECEIVE_SOURCE,
    .kind = "WIRE_BIDI_STREAM",
};

const struct gen_method_templates *gen_method_templates(bool requests_stream, bool responses_stream)
{
    if (requests_stream)
        return responses_stream ? &bidi_stream : &client_stream;
    return responses_stream ? &server_stream : &unary;
}
