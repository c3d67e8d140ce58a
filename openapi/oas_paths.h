/* The document's paths: one operation for each way to call an RPC. */
#ifndef OAS_PATHS_H
#define OAS_PATHS_H

#include "oas_bind.h"
#include "oas_schema.h"
#include "oas_write.h"

/* A member for each path: the content of "paths", in the order of the rules.
 * Fails: RESOURCE_EXHAUSTED. */
nx_status oas_paths_write(struct oas_writer *writer, const struct oas_operations *operations,
                          const struct oas_schemas *schemas, struct nx_arena *arena) NX_MUST_USE;

/* Content of components: the answers, headers and parameters that operations refer to. */
void oas_paths_write_components(struct oas_writer *writer, const struct oas_operations *operations);

#endif
