/* Two names of .proto files that would be one name in C.
 *
 * protoc tells apart what C cannot: `a.B_c` and `a.BC` are both A__BC, and an RPC Serve has the
 * name of the function that serves its service. The compiler would say so too, but in terms of
 * files that nobody wrote. */
#ifndef GEN_UNIQUE_H
#define GEN_UNIQUE_H

#include "google/protobuf/compiler/plugin.pb-c.h"
#include "nx_arena.h"
#include "nx_status.h"

/* Check all files of a request, imports included, since their names meet in one program. The names
 * in them must have passed gen_file_check_names().
 * Fails:   INVALID_ARGUMENT, as "file:line: what and what would both be NAME"; RESOURCE_EXHAUSTED.
 */
nx_status gen_unique_check(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                           struct nx_arena *arena) NX_MUST_USE;

#endif
