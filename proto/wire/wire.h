/* What server and client of the gRPC binding share: services, methods and metadata.
 *
 * Generated code fills these tables in; see proto/codegen. */
#ifndef WIRE_H
#define WIRE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nx_arena.h"
#include "nx_status.h"
#include "nx_str.h"

struct wire_call;

/* Which sides of a method stream. */
enum wire_kind {
    WIRE_UNARY,
    WIRE_CLIENT_STREAM,
    WIRE_SERVER_STREAM,
    WIRE_BIDI_STREAM,
};

/* One RPC of a service. */
struct wire_method {
    const char *name; /* "GetProduct" */
    const char *path; /* "/nexus.catalog.v1.CatalogService/GetProduct" */
    enum wire_kind kind;
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *response;
    /* Calls the typed function of the implementation; UNIMPLEMENTED when it is NULL. */
    void (*dispatch)(const void *implementation, void *context, struct wire_call *call,
                     const ProtobufCMessage *request);
};

struct wire_service {
    const char *name; /* "nexus.catalog.v1.CatalogService" */
    const struct wire_method *methods;
    size_t method_count;
};

/* One pair of request or response metadata. Keys are lower case; values of keys that end in
 * "-bin" are bytes, others printable ASCII. */
struct wire_metadata {
    const char *key;
    struct nx_str value;
};

#endif
