/* One HTTP rule bound to the RPC and the fields it names. */
#ifndef GW_ROUTE_H
#define GW_ROUTE_H

#include "gw_field.h"
#include "oas_model.h"
#include "oas_spec.h"
#include "oas_template.h"
#include "pbj_types.h"
#include "wire.h"

/* A template of more segments is refused. */
#define GW_MAX_TEMPLATE_SEGMENTS 32

/* A part of the path that goes into a field of the request. */
struct gw_variable {
    struct gw_field_path field;
    bool many_segments; /* its '/' are part of the value, and "%2F" is none of them */
};

/* All that is known of a rule before the first request. */
struct gw_route {
    const struct oas_rule *rule;
    const struct wire_method *method;
    struct oas_template template;
    struct gw_variable *variables; /* as many as the template has, in its order */

    bool whole_body;                           /* body: "*" */
    const ProtobufCFieldDescriptor *body;      /* body: a message field; NULL for none */
    const ProtobufCFieldDescriptor *value;     /* body: a list, map or scalar; NULL for none */
    const ProtobufCFieldDescriptor *response;  /* the part that is the answer; NULL: all of it */
    const ProtobufCMessageDescriptor *answers; /* the type of the answer; NULL: it is no message */

    const ProtobufCFieldDescriptor *redirect_parameter; /* of the request; NULL: no redirects */
    struct gw_field_path redirect_from;                 /* of the response */

    /* Of an RPC that streams. */
    const ProtobufCFieldDescriptor *stream_id;    /* a text or number of a response; NULL: none */
    struct gw_field_path stream_last_event_id;    /* of the request; depth 0: none */
    const ProtobufCFieldDescriptor *stream_bytes; /* of a request; NULL: the body is no bytes */

    /* Fields that HTTP has its own words for; NULL where there is none. */
    const ProtobufCFieldDescriptor *update_mask;   /* the request's, filled on PATCH */
    const ProtobufCFieldDescriptor *request_id;    /* the request's: Idempotency-Key */
    const ProtobufCFieldDescriptor *request_etag;  /* the request's: If-Match */
    const ProtobufCFieldDescriptor *resource_etag; /* the body field's: If-Match */
    const ProtobufCFieldDescriptor *answer_etag;   /* the answer's: ETag */

    struct pbj_types *types; /* what an Any in the request or the answer may hold */

    const bool *is_output_only; /* of the body's fields, by index; NULL: none are known to be */
};

/* Bind a rule. `file` is the rule's, for messages.
 * Borrows: the rule and the services, as long as the result.
 * Fails:   INVALID_ARGUMENT, with a message that begins with "file:line: "; RESOURCE_EXHAUSTED. */
nx_status gw_route_bind(const struct oas_rule *rule, const char *file,
                        const struct wire_service *const *services, size_t service_count,
                        struct nx_arena *arena, struct gw_route *ret_route) NX_MUST_USE;

/* Learn which fields of the body only the server sets: (google.api.field_behavior) = OUTPUT_ONLY. A
 * PATCH that sends back what it has read does not mean to change them.
 * Fails:   RESOURCE_EXHAUSTED. */
nx_status gw_route_learn(struct gw_route *route, const struct oas_model *model,
                         struct nx_arena *arena) NX_MUST_USE;

#endif
