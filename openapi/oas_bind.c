#include "oas_bind.h"

#include <string.h>

#include "json_token.h"
#include "nx_buf.h"
#include "oas_template.h"

/* Query parameters reach this far into nested messages: "filter.price.units". */
#define MAX_QUERY_DEPTH 4
#define MAX_PATH_BYTES 4096
#define MAX_EXAMPLE_DEPTH 32

/* Well-known messages that are one value in a query. */
static const char *const query_messages[] = {
    "google.protobuf.Timestamp",   "google.protobuf.Duration",    "google.protobuf.FieldMask",
    "google.protobuf.DoubleValue", "google.protobuf.FloatValue",  "google.protobuf.Int64Value",
    "google.protobuf.UInt64Value", "google.protobuf.Int32Value",  "google.protobuf.UInt32Value",
    "google.protobuf.BoolValue",   "google.protobuf.StringValue", "google.protobuf.BytesValue",
};

struct binder {
    const struct oas_spec *spec;
    const struct oas_model *model;
    const char *file;
    struct nx_arena *arena;
    struct oas_operations *operations;
    /* Of the rule at hand: */
    struct oas_operation *operation;
    struct oas_template template;
};

static nx_status fail_rule(const struct binder *binder, const char *message, const char *what)
{
    const struct oas_rule *rule = binder->operation->rule;
    return nx_fail(binder->arena, NX_INVALID_ARGUMENT, "%s:%u: %s: '%s' %s", binder->file,
                   rule->line, rule->selector, what, message);
}

/* "categories" to "category", "products" to "product", "boxes" to "box". */
static struct nx_str singular(struct nx_str plural, struct nx_arena *arena)
{
    static const char *const es_endings[] = {"sses", "xes", "ches", "shes"};
    struct nx_str result = plural;
    if (plural.len > 3 && memcmp(plural.ptr + plural.len - 3, "ies", 3) == 0) {
        char *text = nx_arena_strdup(arena, (struct nx_str){plural.ptr, plural.len - 2});
        if (!text)
            return NX_STR("");
        text[plural.len - 3] = 'y';
        return (struct nx_str){text, plural.len - 2};
    }
    for (size_t i = 0; i < sizeof es_endings / sizeof es_endings[0]; i++) {
        size_t len = strlen(es_endings[i]);
        if (plural.len > len && memcmp(plural.ptr + plural.len - len, es_endings[i], len) == 0) {
            result.len -= 2;
            return result;
        }
    }
    if (plural.len > 1 && plural.ptr[plural.len - 1] == 's' && plural.ptr[plural.len - 2] != 's')
        result.len--;
    return result;
}

/* Follow "product.name" to its field, which must be one value. */
static nx_status resolve_path(const struct binder *binder, const char *path,
                              const struct oas_field **ret_field)
{
    const struct oas_type *type = binder->operation->method->input;
    for (const char *part = path;;) {
        const char *dot = strchr(part, '.');
        size_t len = dot ? (size_t)(dot - part) : strlen(part);
        const struct oas_field *field = oas_type_field(type, (struct nx_str){part, len});
        bool message = field && oas_field_is_message(field);
        if (!field || (dot && !message))
            return fail_rule(binder, "is no field of the request", path);
        if (field->repeated)
            return fail_rule(binder, "is a list, which a path cannot hold", path);
        if (!dot && message)
            return fail_rule(binder, "is a message, which a path cannot hold", path);
        if (!dot) {
            *ret_field = field;
            return NX_STATUS_OK;
        }
        type = field->type;
        part = dot + 1;
    }
}

/* A wildcard is named for the collection before it; a variable of one segment for its field. */
static nx_status name_path_param(struct binder *binder, size_t piece, struct oas_param *ret_param)
{
    const struct oas_piece *pieces = binder->template.pieces;
    struct oas_operation *operation = binder->operation;
    struct nx_str name = NX_STR("segment");
    bool simple = ret_param->field && strcmp(ret_param->pattern, "*") == 0;
    if (simple)
        name = nx_str_from(ret_param->field->json_name);
    else if (piece > 0 && pieces[piece - 1].kind == OAS_LITERAL)
        name = singular(pieces[piece - 1].text, binder->arena);
    ret_param->name = nx_arena_strdup(binder->arena, name);
    for (size_t i = 0; ret_param->name && i < operation->path_param_count; i++) {
        if (strcmp(operation->path_params[i].name, ret_param->name) == 0)
            ret_param->name = nx_arena_printf(binder->arena, "%s%zu", ret_param->name,
                                              operation->path_param_count);
    }
    return ret_param->name ? NX_STATUS_OK : nx_fail_memory();
}

static nx_status bind_piece(struct binder *binder, size_t index, struct nx_buf *path)
{
    const struct oas_piece *piece = &binder->template.pieces[index];
    struct oas_operation *operation = binder->operation;
    nx_buf_append_char(path, '/');
    if (piece->kind == OAS_LITERAL) {
        nx_buf_append_str(path, piece->text);
        return NX_STATUS_OK;
    }
    struct oas_param param = {.pattern = "*", .rest = piece->kind == OAS_REST};
    if (piece->variable >= 0) {
        const struct oas_variable *variable = &binder->template.variables[piece->variable];
        param.pattern = variable->pattern;
        NX_TRY(resolve_path(binder, variable->field_path, &param.field));
    }
    NX_TRY(name_path_param(binder, index, &param));
    operation->path_params[operation->path_param_count++] = param;
    nx_buf_printf(path, "{%s}", param.name);
    return NX_STATUS_OK;
}

static nx_status bind_pieces(struct binder *binder, struct nx_buf *path)
{
    for (size_t i = 0; i < binder->template.piece_count; i++)
        NX_TRY(bind_piece(binder, i, path));
    if (binder->template.verb.len > 0) {
        nx_buf_append_char(path, ':');
        nx_buf_append_str(path, binder->template.verb);
    }
    return NX_STATUS_OK;
}

static nx_status bind_path(struct binder *binder)
{
    struct oas_operation *operation = binder->operation;
    NX_TRY(oas_template_parse(operation->rule->path, binder->arena, &binder->template));
    /* A variable without a wildcard, "{name=statistics}", is checked here and has no parameter. */
    for (size_t i = 0; i < binder->template.variable_count; i++) {
        const struct oas_field *field;
        NX_TRY(resolve_path(binder, binder->template.variables[i].field_path, &field));
    }
    operation->path_params = nx_arena_calloc(binder->arena, binder->template.piece_count,
                                             sizeof *operation->path_params);
    if (!operation->path_params)
        return nx_fail_memory();
    struct nx_buf path;
    nx_buf_init(&path, MAX_PATH_BYTES);
    nx_status status = bind_pieces(binder, &path);
    operation->path = path.failed ? NULL : nx_arena_strdup(binder->arena, nx_buf_str(&path));
    nx_buf_cleanup(&path);
    if (status.code == NX_OK && !operation->path)
        return nx_fail_memory();
    return status;
}

static nx_status bind_body(struct binder *binder)
{
    struct oas_operation *operation = binder->operation;
    const struct oas_rule *rule = operation->rule;
    if (*rule->body && !oas_operation_whole_body(operation)) {
        operation->body = oas_type_field(operation->method->input, nx_str_from(rule->body));
        if (!operation->body)
            return fail_rule(binder, "is no field of the request", rule->body);
    }
    if (*rule->response_body) {
        operation->response =
            oas_type_field(operation->method->output, nx_str_from(rule->response_body));
        if (!operation->response)
            return fail_rule(binder, "is no field of the response", rule->response_body);
    }
    return NX_STATUS_OK;
}

/* A text or a whole number, which an id can be. */
static bool can_be_id(const struct oas_field *field)
{
    if (!field || field->repeated)
        return false;
    switch (field->kind) {
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT64:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT64:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT32:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT32:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT64:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED32:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED64:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED32:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED64:
        return true;
    default:
        return false;
    }
}

/* The field of a type at a path, "after" or "page.after"; NULL: there is none. */
static const struct oas_field *find_field(const struct oas_type *type, const char *path)
{
    const struct oas_field *field = NULL;
    for (const char *part = path; part; part = *part ? part + 1 : NULL) {
        size_t len = strcspn(part, ".");
        field = type ? oas_type_field(type, (struct nx_str){part, len}) : NULL;
        if (!field)
            return NULL;
        type = oas_field_is_message(field) && !field->repeated ? field->type : NULL;
        part += len;
    }
    return field;
}

static nx_status bind_bytes(struct binder *binder, const char *bytes)
{
    struct oas_operation *operation = binder->operation;
    const struct oas_rule *rule = operation->rule;
    if (!bytes && !*rule->body)
        return fail_rule(binder, "takes a stream: the rule needs a body, or bytes of a stream",
                         operation->method->name);
    if (!bytes)
        return NX_STATUS_OK;
    operation->bytes = oas_type_field(operation->method->input, nx_str_from(bytes));
    if (!operation->bytes || operation->bytes->repeated ||
        operation->bytes->kind != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES)
        return fail_rule(binder, "is no field of bytes of the request", bytes);
    return NX_STATUS_OK;
}

/* What the gateway refuses, too: see gw_route.c. */
static nx_status bind_stream(struct binder *binder)
{
    static const struct oas_stream none = {.id = NULL};
    const struct oas_method *method = binder->operation->method;
    const struct oas_stream *stream =
        binder->operation->rule->stream ? binder->operation->rule->stream : &none;
    if (method->requests_stream && method->responses_stream)
        return fail_rule(binder, "streams both ways, which HTTP cannot do", method->name);
    if (stream->bytes && !method->requests_stream)
        return fail_rule(binder, "takes no stream that could be bytes", method->name);
    if ((stream->id || stream->last_event_id) && !method->responses_stream)
        return fail_rule(binder, "answers with no stream that could have ids", method->name);
    if (stream->id && !can_be_id(oas_type_field(method->output, nx_str_from(stream->id))))
        return fail_rule(binder, "is no text or whole number of the response", stream->id);
    if (stream->last_event_id && !can_be_id(find_field(method->input, stream->last_event_id)))
        return fail_rule(binder, "is no text or whole number of the request",
                         stream->last_event_id);
    return method->requests_stream ? bind_bytes(binder, stream->bytes) : NX_STATUS_OK;
}

static bool in_path(const struct binder *binder, const char *field_path)
{
    for (size_t i = 0; i < binder->template.variable_count; i++) {
        if (strcmp(binder->template.variables[i].field_path, field_path) == 0)
            return true;
    }
    return false;
}

static bool is_query_value(const struct oas_field *field)
{
    if (!oas_field_is_message(field))
        return true;
    if (field->repeated)
        return false;
    for (size_t i = 0; i < sizeof query_messages / sizeof query_messages[0]; i++) {
        if (strcmp(field->type->full_name, query_messages[i]) == 0)
            return true;
    }
    return false;
}

/* Where the walk over a request's fields is. Names have a dot behind them, or are "". */
struct query_scope {
    const struct oas_type *type;
    const char *path;
    const char *json_path;
    unsigned depth;
};

static nx_status walk_query(struct binder *binder, const struct query_scope *scope);

/* Without room for parameters: count. With: fill in. */
static void add_query_param(struct oas_operation *operation, const char *name,
                            const struct oas_field *field)
{
    size_t index = operation->query_param_count++;
    if (operation->query_params)
        operation->query_params[index] = (struct oas_param){.name = name, .field = field};
}

static bool can_descend(const struct query_scope *scope, const struct oas_field *field)
{
    return field->type && !field->repeated && scope->depth + 1 < MAX_QUERY_DEPTH &&
           strncmp(field->type->full_name, "google.protobuf.", 16) != 0;
}

static nx_status walk_query_field(struct binder *binder, const struct query_scope *scope,
                                  const struct oas_field *field)
{
    struct oas_operation *operation = binder->operation;
    char *path = nx_arena_printf(binder->arena, "%s%s", scope->path, field->name);
    char *json_path = nx_arena_printf(binder->arena, "%s%s", scope->json_path, field->json_name);
    if (!path || !json_path)
        return nx_fail_memory();
    bool in_body = scope->depth == 0 && (field == operation->body || field == operation->bytes);
    if (in_body || in_path(binder, path) || (field->behaviours & OAS_OUTPUT_ONLY))
        return NX_STATUS_OK;
    if (is_query_value(field)) {
        add_query_param(operation, json_path, field);
        return NX_STATUS_OK;
    }
    if (!can_descend(scope, field))
        return NX_STATUS_OK;
    const struct query_scope inner = {
        .type = field->type,
        .path = nx_arena_printf(binder->arena, "%s.", path),
        .json_path = nx_arena_printf(binder->arena, "%s.", json_path),
        .depth = scope->depth + 1,
    };
    return inner.path && inner.json_path ? walk_query(binder, &inner) : nx_fail_memory();
}

static nx_status walk_query(struct binder *binder, const struct query_scope *scope)
{
    for (size_t i = 0; i < scope->type->field_count; i++)
        NX_TRY(walk_query_field(binder, scope, &scope->type->fields[i]));
    return NX_STATUS_OK;
}

static nx_status bind_query(struct binder *binder)
{
    struct oas_operation *operation = binder->operation;
    if (oas_operation_whole_body(operation) && !operation->bytes)
        return NX_STATUS_OK;
    const struct query_scope scope = {operation->method->input, "", "", 0};
    NX_TRY(walk_query(binder, &scope));
    operation->query_params = nx_arena_calloc(binder->arena, operation->query_param_count,
                                              sizeof *operation->query_params);
    if (!operation->query_params)
        return nx_fail_memory();
    operation->query_param_count = 0;
    return walk_query(binder, &scope);
}

/* The field of a response at a path, if it is one text; else NULL. */
static const struct oas_field *find_text(const struct oas_type *type, const char *path)
{
    const struct oas_field *field = find_field(type, path);
    bool is_text = field && !field->repeated &&
                   field->kind == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING;
    return is_text ? field : NULL;
}

static nx_status bind_redirect(struct binder *binder)
{
    const struct oas_operation *operation = binder->operation;
    const struct oas_rule *rule = operation->rule;
    if (!rule->redirect_parameter)
        return NX_STATUS_OK;
    const struct oas_field *parameter =
        find_text(operation->method->input, rule->redirect_parameter);
    bool is_there = false;
    for (size_t i = 0; i < operation->query_param_count; i++)
        is_there |= operation->query_params[i].field == parameter;
    if (!parameter || !is_there)
        return fail_rule(binder, "is no text in the query", rule->redirect_parameter);
    if (!find_text(operation->method->output, rule->redirect_from))
        return fail_rule(binder, "is no text in the response", rule->redirect_from);
    return NX_STATUS_OK;
}

static const char *find_tag(const struct binder *binder)
{
    const struct oas_spec *spec = binder->spec;
    const char *tag = binder->operation->method->service;
    size_t longest = 0;
    for (size_t i = 0; i < spec->tag_count; i++) {
        struct nx_str prefix = nx_str_from(spec->tags[i].path_prefix);
        if (prefix.len > longest &&
            nx_str_starts_with(nx_str_from(binder->operation->path), prefix)) {
            tag = spec->tags[i].name;
            longest = prefix.len;
        }
    }
    return tag;
}

/* Against the operations already bound: the number of this binding, and no path taken twice. */
static nx_status compare_with_earlier(struct binder *binder)
{
    struct oas_operation *operation = binder->operation;
    unsigned number = 1;
    for (size_t i = 0; i < binder->operations->count; i++) {
        const struct oas_operation *other = &binder->operations->list[i];
        number += other->method == operation->method;
        if (other->rule->verb == operation->rule->verb && strcmp(other->path, operation->path) == 0)
            return nx_fail(binder->arena, NX_INVALID_ARGUMENT,
                           "%s:%u: %s: %s is already taken by %s at line %u", binder->file,
                           operation->rule->line, operation->rule->selector, operation->path,
                           other->rule->selector, other->rule->line);
    }
    const struct oas_method *method = operation->method;
    operation->id =
        number == 1
            ? nx_arena_printf(binder->arena, "%s_%s", method->service, method->name)
            : nx_arena_printf(binder->arena, "%s_%s_%u", method->service, method->name, number);
    return operation->id ? NX_STATUS_OK : nx_fail_memory();
}

static nx_status bind_rule(struct binder *binder, const struct oas_rule *rule)
{
    struct oas_operation *operation = &binder->operations->list[binder->operations->count];
    binder->operation = operation;
    operation->rule = rule;
    operation->method = oas_model_method(binder->model, rule->selector);
    if (!operation->method)
        return nx_fail(binder->arena, NX_INVALID_ARGUMENT, "%s:%u: %s: no such RPC", binder->file,
                       rule->line, rule->selector);
    NX_TRY(bind_path(binder));
    NX_TRY(bind_body(binder));
    NX_TRY(bind_stream(binder));
    NX_TRY(bind_query(binder));
    NX_TRY(bind_redirect(binder));
    NX_TRY(compare_with_earlier(binder));
    operation->tag = find_tag(binder);
    if (rule->verb >= OAS_ANY) { /* OpenAPI has no place for it */
        *operation = (struct oas_operation){.rule = NULL};
        return NX_STATUS_OK;
    }
    binder->operations->count++;
    return NX_STATUS_OK;
}

static nx_status check_json(const char *text, struct nx_arena *arena)
{
    struct json_reader reader;
    struct json_token token;
    json_reader_init(&reader, nx_str_from(text), MAX_EXAMPLE_DEPTH, arena);
    do
        NX_TRY(json_reader_next(&reader, &token));
    while (token.kind != JSON_END);
    return NX_STATUS_OK;
}

/* An example goes to every operation of its RPC that has a body. */
static nx_status bind_example(struct binder *binder, const struct oas_example *example)
{
    nx_status status = check_json(example->request, binder->arena);
    if (status.code == NX_INVALID_ARGUMENT)
        return nx_fail(binder->arena, NX_INVALID_ARGUMENT, "%s:%u: %s: %s", binder->file,
                       example->line, example->selector, nx_status_message(status));
    NX_TRY(status);
    bool used = false;
    for (size_t i = 0; i < binder->operations->count; i++) {
        struct oas_operation *operation = &binder->operations->list[i];
        if (strcmp(operation->rule->selector, example->selector) != 0 || !*operation->rule->body)
            continue;
        operation->example = example->request;
        used = true;
    }
    if (!used)
        return nx_fail(binder->arena, NX_INVALID_ARGUMENT, "%s:%u: %s: no rule with a body",
                       binder->file, example->line, example->selector);
    return NX_STATUS_OK;
}

nx_status oas_bind(const struct oas_spec *spec, const struct oas_model *model, const char *file,
                   struct nx_arena *arena, struct oas_operations *ret_operations)
{
    struct oas_operations operations = {
        .list = nx_arena_calloc(arena, spec->rule_count, sizeof *operations.list),
    };
    if (!operations.list)
        return nx_fail_memory();
    struct binder binder = {
        .spec = spec, .model = model, .file = file, .arena = arena, .operations = &operations};
    for (size_t i = 0; i < spec->rule_count; i++)
        NX_TRY(bind_rule(&binder, &spec->rules[i]));
    for (size_t i = 0; i < spec->example_count; i++)
        NX_TRY(bind_example(&binder, &spec->examples[i]));
    *ret_operations = operations;
    return NX_STATUS_OK;
}

bool oas_operation_has_body(const struct oas_operation *operation)
{
    return *operation->rule->body || operation->bytes;
}

bool oas_operation_whole_body(const struct oas_operation *operation)
{
    return strcmp(operation->rule->body, "*") == 0;
}
