/* grpc.reflection.v1 and v1alpha for any server: what it serves, told to tools that have no .proto
 * files (buf curl, grpcurl, and the like).
 *
 *   struct refl *refl;
 *   NX_TRY(refl_new(descriptors, arena, &refl));
 *   NX_TRY(refl_serve(refl, server));              before wire_server_start()
 *   wire_server_destroy(server);
 *   refl_destroy(refl);
 *
 * Follows the gRPC server reflection protocol (grpc/grpc doc/server-reflection.md). */
#ifndef REFL_H
#define REFL_H

#include "wire_server.h"

/* The names of the two services. */
#define REFL_V1 "grpc.reflection.v1.ServerReflection"
#define REFL_V1ALPHA "grpc.reflection.v1alpha.ServerReflection"

struct refl;

/* Index a serialized google.protobuf.FileDescriptorSet with all imports (protoc
 * --descriptor_set_out --include_imports). Its services are what is listed, so it should hold those
 * that the server serves, these included. `arena` only holds the error.
 * Copies:  what it needs of the set.
 * Fails:   INVALID_ARGUMENT when it is no such set, a file is in it twice or an import is not,
 *          RESOURCE_EXHAUSTED. */
nx_status refl_new(struct nx_str descriptor_set, struct nx_arena *arena,
                   struct refl **ret_refl) NX_MUST_USE;

/* Free it, after the server that serves it is destroyed. Takes NULL. */
void refl_destroy(struct refl *refl);

/* Serve both versions; before wire_server_start(). */
nx_status refl_serve(struct refl *refl, struct wire_server *server) NX_MUST_USE;

#endif
