/* The whole OpenAPI 3.1 document. */
#ifndef OAS_DOCUMENT_H
#define OAS_DOCUMENT_H

#include "oas_model.h"
#include "oas_spec.h"
#include "oas_write.h"

/* Append the document for a spec and the RPCs it names; `file` is the spec's name in messages.
 * The same input gives the same bytes.
 * Fails: as oas_bind(). */
nx_status oas_document_write(const struct oas_spec *spec, const char *file,
                             const struct oas_model *model, struct nx_arena *arena,
                             struct oas_writer *writer) NX_MUST_USE;

#endif
