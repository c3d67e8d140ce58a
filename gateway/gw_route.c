#include "gw_route.h"

#include "google/protobuf/field_mask.pb-c.h"

#include <string.h>

/* A rule while it is bound. */
struct binding {
    struct gw_route route;
    const char *file;
    struct nx_arena *arena;
};

static nx_status __attribute__((format(printf, 2, 3)))
fail(const struct binding *binding, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *reason = nx_arena_vprintf(binding->arena, format, args);
    va_end(args);
    if (!reason)
        return nx_fail_memory();
    return nx_fail(binding->arena, NX_INVALID_ARGUMENT, "%s:%u: %s", binding->file,
                   binding->route.rule->line, reason);
}

static const struct wire_service *find_service(const struct wire_service *const *services,
                                               size_t count, struct nx_str name)
{
    for (size_t i = 0; i < count; i++) {
        if (nx_str_equal(nx_str_from(services[i]->name), name))
            return services[i];
    }
    return NULL;
}

static nx_status find_method(struct binding *binding, const struct wire_service *const *services,
                             size_t service_count)
{
    const char *selector = binding->route.rule->selector;
    const char *dot = strrchr(selector, '.');
    struct nx_str name = {selector, dot ? (size_t)(dot - selector) : 0};
    const struct wire_service *service = find_service(services, service_count, name);
    if (!dot || !service)
        return fail(binding, "no service has the RPC '%s'", selector);
    for (size_t i = 0; i < service->method_count; i++) {
        if (strcmp(service->methods[i].name, dot + 1) == 0)
            binding->route.method = &service->methods[i];
    }
    if (!binding->route.method)
        return fail(binding, "the service has no RPC '%s'", selector);
    if (binding->route.method->kind == WIRE_BIDI_STREAM)
        return fail(binding, "'%s' streams both ways, which HTTP cannot do", selector);
    return NX_STATUS_OK;
}

static bool is_singular_scalar(const ProtobufCFieldDescriptor *field)
{
    return field->type != PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED;
}

static bool has_many_segments(const struct oas_template *template, int variable)
{
    size_t count = 0;
    bool rest = false;
    for (size_t i = 0; i < template->piece_count; i++) {
        if (template->pieces[i].variable == variable) {
            count++;
            rest = rest || template->pieces[i].kind == OAS_REST;
        }
    }
    return rest || count > 1;
}

static nx_status bind_variables(struct binding *binding)
{
    struct gw_route *route = &binding->route;
    const struct oas_template *template = &route->template;
    route->variables =
        nx_arena_calloc(binding->arena, template->variable_count, sizeof *route->variables);
    if (!route->variables)
        return nx_fail_memory();
    for (size_t i = 0; i < template->variable_count; i++) {
        const char *name = template->variables[i].field_path;
        struct gw_variable *variable = &route->variables[i];
        NX_TRY(gw_field_find(route->method->request, nx_str_from(name), binding->arena,
                             &variable->field));
        if (variable->field.depth == 0)
            return fail(binding, "%s has no field '%s'", route->method->request->name, name);
        if (!is_singular_scalar(gw_field_leaf(&variable->field)))
            return fail(binding, "'%s' in the path is no single value", name);
        for (size_t j = 0; j < i; j++) {
            if (gw_field_overlaps(route->variables[j].field.text, variable->field.text))
                return fail(binding, "'%s' is in the path twice", name);
        }
        variable->many_segments = has_many_segments(template, (int)i);
    }
    return NX_STATUS_OK;
}

static nx_status bind_path(struct binding *binding)
{
    struct gw_route *route = &binding->route;
    nx_status status = oas_template_parse(route->rule->path, binding->arena, &route->template);
    if (status.code == NX_INVALID_ARGUMENT)
        return fail(binding, "%s", nx_status_message(status));
    NX_TRY(status);
    if (route->template.piece_count > GW_MAX_TEMPLATE_SEGMENTS)
        return fail(binding, "a path of more than %d segments", GW_MAX_TEMPLATE_SEGMENTS);
    return bind_variables(binding);
}

static bool is_message(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED;
}

static nx_status bind_body(struct binding *binding)
{
    struct gw_route *route = &binding->route;
    const struct oas_rule *rule = route->rule;
    route->whole_body = strcmp(rule->body, "*") == 0;
    if (!*rule->body || route->whole_body)
        return NX_STATUS_OK;
    if (rule->verb == OAS_GET)
        return fail(binding, "GET takes no body");
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(route->method->request, rule->body);
    if (!field)
        return fail(binding, "the body '%s' is no field of %s", rule->body,
                    route->method->request->name);
    for (size_t i = 0; i < route->template.variable_count; i++) {
        const char *variable = route->variables[i].field.text;
        if (strcmp(variable, field->name) == 0)
            return fail(binding, "'%s' is in the path and the body", variable);
    }
    if (is_message(field))
        route->body = field;
    else
        route->value = field;
    return NX_STATUS_OK;
}

static nx_status bind_answer(struct binding *binding)
{
    struct gw_route *route = &binding->route;
    const struct oas_rule *rule = route->rule;
    route->answers = route->method->response;
    if (*rule->response_body) {
        route->response = protobuf_c_message_descriptor_get_field_by_name(route->method->response,
                                                                          rule->response_body);
        if (!route->response)
            return fail(binding, "the response_body '%s' is no field of %s", rule->response_body,
                        route->method->response->name);
        route->answers = is_message(route->response) ? route->response->descriptor : NULL;
    }
    if (route->answers)
        route->answer_etag = gw_field_string(route->answers, "etag");
    return NX_STATUS_OK;
}

static nx_status bind_redirect(struct binding *binding)
{
    struct gw_route *route = &binding->route;
    const struct oas_rule *rule = route->rule;
    struct gw_field_path *from = &route->redirect_from;
    if (!rule->redirect_parameter)
        return NX_STATUS_OK;
    if (route->method->kind != WIRE_UNARY)
        return fail(binding, "'%s' streams, and cannot redirect", rule->selector);
    const ProtobufCFieldDescriptor *parameter = protobuf_c_message_descriptor_get_field_by_name(
        route->method->request, rule->redirect_parameter);
    bool is_text = parameter && parameter->type == PROTOBUF_C_TYPE_STRING &&
                   parameter->label != PROTOBUF_C_LABEL_REPEATED;
    for (size_t i = 0; is_text && i < route->template.variable_count; i++)
        is_text = route->variables[i].field.fields[0] != parameter;
    if (!is_text)
        return fail(binding, "the redirect's parameter '%s' is no text in the query",
                    rule->redirect_parameter);
    NX_TRY(gw_field_find(route->method->response, nx_str_from(rule->redirect_from), binding->arena,
                         from));
    if (from->depth == 0 || gw_field_leaf(from)->type != PROTOBUF_C_TYPE_STRING ||
        gw_field_leaf(from)->label == PROTOBUF_C_LABEL_REPEATED)
        return fail(binding, "the redirect's '%s' is no text of %s", rule->redirect_from,
                    route->method->response->name);
    route->redirect_parameter = parameter;
    return NX_STATUS_OK;
}

/* An id is one line: a text, or a whole number. */
static bool can_be_id(const ProtobufCFieldDescriptor *field)
{
    return field && field->label != PROTOBUF_C_LABEL_REPEATED &&
           (field->type == PROTOBUF_C_TYPE_STRING || gw_field_is_integer(field));
}

static nx_status bind_responses(struct binding *binding)
{
    struct gw_route *route = &binding->route;
    const struct oas_rule *rule = route->rule;
    const ProtobufCMessageDescriptor *response = route->method->response;
    const struct oas_stream *stream = rule->stream;
    if (stream && stream->id) {
        route->stream_id = protobuf_c_message_descriptor_get_field_by_name(response, stream->id);
        if (!can_be_id(route->stream_id))
            return fail(binding, "the stream's id '%s' is no text or whole number of %s",
                        stream->id, response->name);
    }
    if (!stream || !stream->last_event_id)
        return NX_STATUS_OK;
    struct gw_field_path *last = &route->stream_last_event_id;
    NX_TRY(gw_field_find(route->method->request, nx_str_from(stream->last_event_id), binding->arena,
                         last));
    if (last->depth == 0 || !can_be_id(gw_field_leaf(last)))
        return fail(binding, "the stream's last_event_id '%s' is no text or whole number of %s",
                    stream->last_event_id, route->method->request->name);
    return NX_STATUS_OK;
}

static nx_status bind_requests(struct binding *binding)
{
    struct gw_route *route = &binding->route;
    const struct oas_rule *rule = route->rule;
    const char *bytes = rule->stream ? rule->stream->bytes : NULL;
    const ProtobufCMessageDescriptor *request = route->method->request;
    if (rule->verb == OAS_GET || rule->verb == OAS_DELETE)
        return fail(binding, "'%s' takes a stream, which is a body; a get or delete has none",
                    rule->selector);
    if (!bytes && !*rule->body)
        return fail(binding, "'%s' takes a stream: the rule needs a body, or bytes of a stream",
                    rule->selector);
    if (!bytes)
        return NX_STATUS_OK;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(request, bytes);
    if (!field || field->type != PROTOBUF_C_TYPE_BYTES || field->label == PROTOBUF_C_LABEL_REPEATED)
        return fail(binding, "the stream's bytes '%s' are no field of bytes of %s", bytes,
                    request->name);
    for (size_t i = 0; i < route->template.variable_count; i++) {
        if (route->variables[i].field.fields[0] == field)
            return fail(binding, "'%s' is in the path and the body", field->name);
    }
    route->stream_bytes = field;
    return NX_STATUS_OK;
}

/* What the rule says of a stream, which must be of that kind. */
static nx_status bind_stream(struct binding *binding)
{
    const struct oas_rule *rule = binding->route.rule;
    enum wire_kind kind = binding->route.method->kind;
    const struct oas_stream *stream = rule->stream;
    if (stream && kind != WIRE_SERVER_STREAM && (stream->id || stream->last_event_id))
        return fail(binding, "'%s' answers with no stream that could have ids", rule->selector);
    if (stream && kind != WIRE_CLIENT_STREAM && stream->bytes)
        return fail(binding, "'%s' takes no stream that could be bytes", rule->selector);
    if (kind == WIRE_SERVER_STREAM)
        return bind_responses(binding);
    return kind == WIRE_CLIENT_STREAM ? bind_requests(binding) : NX_STATUS_OK;
}

/* Find the fields that headers fill, and the mask that PATCH does. */
static void bind_conventions(struct gw_route *route)
{
    const ProtobufCMessageDescriptor *request = route->method->request;
    route->request_id = gw_field_string(request, "request_id");
    route->request_etag = gw_field_string(request, "etag");
    if (!route->body)
        return;
    route->resource_etag = gw_field_string(route->body->descriptor, "etag");
    const ProtobufCFieldDescriptor *mask =
        protobuf_c_message_descriptor_get_field_by_name(request, "update_mask");
    if (mask && is_message(mask) && !(mask->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
        mask->descriptor == &google__protobuf__field_mask__descriptor &&
        route->rule->verb == OAS_PATCH)
        route->update_mask = mask;
}

nx_status gw_route_bind(const struct oas_rule *rule, const char *file,
                        const struct wire_service *const *services, size_t service_count,
                        struct nx_arena *arena, struct gw_route *ret_route)
{
    struct binding binding = {.route = {.rule = rule}, .file = file, .arena = arena};
    NX_TRY(find_method(&binding, services, service_count));
    NX_TRY(bind_path(&binding));
    NX_TRY(bind_body(&binding));
    NX_TRY(bind_answer(&binding));
    NX_TRY(bind_redirect(&binding));
    NX_TRY(bind_stream(&binding));
    bind_conventions(&binding.route);
    *ret_route = binding.route;
    return NX_STATUS_OK;
}

nx_status gw_route_learn(struct gw_route *route, const struct oas_model *model,
                         struct nx_arena *arena)
{
    const struct oas_method *method = oas_model_method(model, route->rule->selector);
    if (!method || !route->body)
        return NX_STATUS_OK;
    const struct oas_field *body = oas_type_field(method->input, nx_str_from(route->body->name));
    const ProtobufCMessageDescriptor *type = route->body->descriptor;
    bool *is_output_only = nx_arena_calloc(arena, type->n_fields, sizeof *is_output_only);
    if (!is_output_only)
        return nx_fail_memory();
    for (unsigned i = 0; body && body->type && i < type->n_fields; i++) {
        const struct oas_field *field =
            oas_type_field(body->type, nx_str_from(type->fields[i].name));
        is_output_only[i] = field && (field->behaviours & OAS_OUTPUT_ONLY);
    }
    route->is_output_only = is_output_only;
    return NX_STATUS_OK;
}
