/* A FileDescriptorSet as the document's writer wants it: types and methods found by name, with
 * their comments, JSON names and field behaviours beside them. */
#ifndef OAS_MODEL_H
#define OAS_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "google/protobuf/descriptor.pb-c.h"
#include "nx_arena.h"
#include "nx_status.h"
#include "nx_str.h"

/* google.api.FieldBehavior, as bits. */
#define OAS_REQUIRED (1U << 2)
#define OAS_OUTPUT_ONLY (1U << 3)
#define OAS_INPUT_ONLY (1U << 4)

typedef Google__Protobuf__FieldDescriptorProto__Type oas_field_type;

struct oas_field {
    const char *name;
    const char *json_name;
    const char *comment;
    oas_field_type kind;
    const struct oas_type *type; /* of a message or enum; else NULL */
    unsigned behaviours;
    bool repeated; /* also when it is a map */
    bool deprecated;
};

struct oas_enum_value {
    const char *name;
    const char *comment;
};

/* A message or an enum. */
struct oas_type {
    const char *full_name; /* "nexus.catalog.v1.Product.State" */
    const char *package;
    const char *comment;
    bool is_enum;
    bool is_map_entry; /* its fields are then "key" and "value" */
    struct oas_field *fields;
    size_t field_count;
    struct oas_enum_value *values;
    size_t value_count;
};

struct oas_method {
    const char *full_name; /* as a rule's selector */
    const char *name;
    const char *service; /* its short name */
    const char *service_comment;
    const char *comment;
    const struct oas_type *input;
    const struct oas_type *output;
    bool deprecated;
    bool requests_stream;
    bool responses_stream;
};

struct oas_model {
    struct oas_type *types;
    size_t type_count;
    struct oas_method *methods;
    size_t method_count;
};

/* Build the model of a serialized set, made with --include_imports and --include_source_info.
 * Result: in the arena.   Fails: INVALID_ARGUMENT, RESOURCE_EXHAUSTED. */
nx_status oas_model_build(struct nx_str serialized, struct nx_arena *arena,
                          struct oas_model *ret_model) NX_MUST_USE;

/* NULL: none of that name. */
const struct oas_method *oas_model_method(const struct oas_model *model, const char *full_name);
const struct oas_field *oas_type_field(const struct oas_type *type, struct nx_str name);

bool oas_field_is_message(const struct oas_field *field);
bool oas_field_is_map(const struct oas_field *field);

#endif
