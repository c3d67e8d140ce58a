/* C messages: what protobuf-c's compiler makes, with names that compile. */
#ifndef GEN_MESSAGES_H
#define GEN_MESSAGES_H

#include "gen_plugin.h"
#include "google/protobuf/compiler/plugin.pb-c.h"

/* Run protobuf-c's compiler, a protoc plugin, on the request's files without their services (it
 * would make structs of its own for them, in which an RPC `Default` does not compile), and rewrite
 * what it answers. The files live in the arena.
 * Fails:   as the run does; INTERNAL with what the compiler says. */
nx_status
gen_messages(const Google__Protobuf__Compiler__CodeGeneratorRequest *request, const char *program,
             gen_run run, struct nx_arena *arena,
             Google__Protobuf__Compiler__CodeGeneratorResponse **ret_response) NX_MUST_USE;

/* An allocator for protobuf-c that takes from the arena and never frees. */
ProtobufCAllocator gen_messages_allocator(struct nx_arena *arena);

#endif
