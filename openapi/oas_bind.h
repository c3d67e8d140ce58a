/* HTTP rules bound to the RPCs and fields they name. */
#ifndef OAS_BIND_H
#define OAS_BIND_H

#include "oas_model.h"
#include "oas_spec.h"

/* A parameter in the path or the query. */
struct oas_param {
    const char *name;
    const struct oas_field *field; /* whose value it is, or is a part of */
    const char *pattern; /* in the path: that of its variable, "products/" and an asterisk */
    bool rest;           /* in the path: more than one segment */
};

/* One way to call one RPC. */
struct oas_operation {
    const struct oas_rule *rule;
    const struct oas_method *method;
    const char *id;   /* "CatalogService_GetProduct"; a number behind it for further bindings */
    const char *path; /* "/v1/products/{product}" */
    const char *tag;
    struct oas_param *path_params;
    size_t path_param_count;
    struct oas_param *query_params;
    size_t query_param_count;
    const struct oas_field *body;     /* NULL: none, or the whole request when the rule says so */
    const struct oas_field *response; /* NULL: the whole response */
    const struct oas_field *bytes;    /* of a stream: takes a body as it is; NULL: none does */
    const char *example;              /* JSON text of a request's body; NULL for none */
};

struct oas_operations {
    struct oas_operation *list;
    size_t count;
};

/* Whether there is a body, of any kind. */
bool oas_operation_has_body(const struct oas_operation *operation);

/* Whether the whole request is the body. */
bool oas_operation_whole_body(const struct oas_operation *operation);

/* Bind every rule of a spec; `file` is its name in messages.
 * Borrows: the spec and the model, as long as the result.   Result: in the arena.
 * Fails:   INVALID_ARGUMENT, with a message that begins with "file:line: ": no such RPC, no such
 *          field, a stream that HTTP cannot do, a path that another rule has with the same verb, an
 * example that is no JSON; RESOURCE_EXHAUSTED. */
nx_status oas_bind(const struct oas_spec *spec, const struct oas_model *model, const char *file,
                   struct nx_arena *arena, struct oas_operations *ret_operations) NX_MUST_USE;

#endif
