/* The code of one RPC, as templates for gen_emit(), by which sides of it stream. The variables:
 * full_name, symbol, method, member, index, kind, request, response, request_descriptor,
 * response_descriptor. */
#ifndef GEN_METHOD_H
#define GEN_METHOD_H

#include <stdbool.h>

struct gen_method_templates {
    const char *server_member; /* of the struct of the implementation's functions */
    const char *server_header; /* what answers, receives and sends on the server */
    const char *client_header; /* what calls, receives and sends on the client */
    const char *dispatch;      /* source: calls the member of the implementation */
    const char *server_source; /* source of server_header */
    const char *client_source; /* source of client_header */
    const char *kind;          /* enum wire_kind */
};

const struct gen_method_templates *gen_method_templates(bool requests_stream,
                                                        bool responses_stream);

#endif
