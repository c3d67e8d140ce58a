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
    /* Calls the typed function of the implementation; UNIMPLEMENTED when it is NULL. The request is
     * NULL where requests stream. */
    void (*dispatch)(const void *implementation, void *context, struct wire_call *call,
                     const ProtobufCMessage *request);
};

static inline bool wire_requests_stream(enum wire_kind kind)
{
    return kind == WIRE_CLIENT_STREAM || kind == WIRE_BIDI_STREAM;
}

static inline bool wire_responses_stream(enum wire_kind kind)
{
    return kind == WIRE_SERVER_STREAM || kind == WIRE_BIDI_STREAM;
}

struct wire_service {
    const char *name; /* "nexus.catalog.v1.CatalogService" */
    const struct wire_method *methods;
    size_t method_count;
};

/* One pair of request or response metadata. Keys are lower case; values of keys that end in
 * "-bin" are bytes, others printable ASCII, sent without blanks at the ends. Keys that begin with
 * "grpc-" are gRPC's own. */
struct wire_metadata {
    const char *key;
    struct nx_str value;
};

/* Told that a message of a stream has been written, and the next may be sent. Not ok: the other
 * side has gone, or ended the call; nothing more can be sent. */
typedef void (*wire_sent)(void *arg, bool ok);

/* A function with types that only generated code knows, which hands it to an `adapt` function. */
typedef void (*wire_typed)(void);

#endif
