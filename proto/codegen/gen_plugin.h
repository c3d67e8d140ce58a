/* A protoc plugin's work: from the bytes of a CodeGeneratorRequest to those of its response
 * (google/protobuf/compiler/plugin.proto). */
#ifndef GEN_PLUGIN_H
#define GEN_PLUGIN_H

#include "nx_arena.h"
#include "nx_buf.h"
#include "nx_status.h"

/* How another plugin is run: gen_child_run(), or a test's. */
typedef nx_status (*gen_run)(const char *program, struct nx_str input, struct nx_arena *arena,
                             struct nx_buf *output);

/* Answer a request. What cannot be generated is told of in the response's `error`, and then it has
 * no files.
 * Fails:   INVALID_ARGUMENT when the bytes are no request, RESOURCE_EXHAUSTED. */
nx_status gen_plugin_answer(struct nx_str request, gen_run run, struct nx_arena *arena,
                            struct nx_buf *ret_response) NX_MUST_USE;

#endif
