/* JSON schemas of messages and enums: https://protobuf.dev/programming-guides/json/ in the terms
 * of JSON Schema 2020-12, as OpenAPI 3.1 has it. */
#ifndef OAS_SCHEMA_H
#define OAS_SCHEMA_H

#include "oas_bind.h"
#include "oas_write.h"

/* One type that the document describes. */
struct oas_schema {
    const struct oas_type *type;
    const char *name;       /* "Product"; the full name where two would be called the same */
    const char *patch_name; /* "Product.Patch" */
    bool plain;             /* described as it is */
    bool patch;             /* described, once more, as what a PATCH takes: nothing is required */
};

struct oas_schemas {
    struct oas_schema *list; /* by name */
    size_t count;
};

/* Find every type that operations lead to.
 * Borrows: the model.   Result: in the arena.   Fails: RESOURCE_EXHAUSTED. */
nx_status oas_schemas_collect(const struct oas_model *model,
                              const struct oas_operations *operations, struct nx_arena *arena,
                              struct oas_schemas *ret_schemas) NX_MUST_USE;

/* The members of a reference to a type, which stands for itself when it is well-known. */
void oas_schema_write_type(struct oas_writer *writer, const struct oas_schemas *schemas,
                           const struct oas_type *type, bool patch);

/* The members of a field's schema, its description not among them. */
void oas_schema_write_field(struct oas_writer *writer, const struct oas_schemas *schemas,
                            const struct oas_field *field, bool patch);

/* A member for each type: the content of components.schemas. */
void oas_schemas_write(struct oas_writer *writer, const struct oas_schemas *schemas);

#endif
