#include "oas_paths.h"

#include <stdio.h>
#include <string.h>

#include "oas_template.h"

#define MAX_TEXT_BYTES ((size_t)64 * 1024)

/* Which operations something applies to. */
typedef bool (*applies)(const struct oas_operation *operation);

static const struct oas_field *string_field(const struct oas_type *type, struct nx_str name)
{
    const struct oas_field *field = oas_type_field(type, name);
    return field && field->kind == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING
               ? field
               : NULL;
}

static bool always(const struct oas_operation *operation)
{
    (void)operation;
    return true;
}

static bool names_a_resource(const struct oas_operation *operation)
{
    return operation->path_param_count > 0;
}

static bool writes(const struct oas_operation *operation)
{
    return operation->rule->verb != OAS_GET;
}

static bool answers_etag(const struct oas_operation *operation)
{
    return !operation->response && !operation->method->responses_stream &&
           string_field(operation->method->output, NX_STR("etag"));
}

static bool takes_if_none_match(const struct oas_operation *operation)
{
    return operation->rule->verb == OAS_GET && answers_etag(operation);
}

/* The gateway puts If-Match into the request's etag, or into that of the resource in it. */
static bool takes_if_match(const struct oas_operation *operation)
{
    const struct oas_field *body = operation->body;
    if (!writes(operation) || !names_a_resource(operation))
        return false;
    return string_field(operation->method->input, NX_STR("etag")) ||
           (body && oas_field_is_message(body) && !body->repeated &&
            string_field(body->type, NX_STR("etag")));
}

static bool takes_idempotency_key(const struct oas_operation *operation)
{
    return string_field(operation->method->input, NX_STR("request_id"));
}

static bool takes_last_event_id(const struct oas_operation *operation)
{
    return operation->rule->stream && operation->rule->stream->last_event_id;
}

static const struct {
    const char *code;
    const char *name;
    const char *description;
    applies applies;
    bool bodiless;
} answers[] = {
    {"304", "NotModified", "The resource still has the etag that `If-None-Match` names.",
     takes_if_none_match, true},
    {"400", "BadRequest",
     "The request is malformed or a value in it is not allowed. The details name the fields.",
     always, false},
    {"404", "NotFound", "There is no such resource.", names_a_resource, false},
    {"409", "Conflict",
     "Something else stands in the way: a name is taken, or an etag is not the current one.",
     writes, false},
    {"412", "PreconditionFailed", "The resource no longer has the etag that `If-Match` names.",
     takes_if_match, false},
    {"default", "Failure", "Anything else that can go wrong, in the same form.", always, false},
};

static const struct {
    const char *name;
    const char *header;
    const char *description;
    const char *format;
    applies applies;
} headers[] = {
    {"IfNoneMatch", "If-None-Match", "Answer 304, without the resource, if this is still its etag.",
     NULL, takes_if_none_match},
    {"IfMatch", "If-Match", "Carry it out only if this is still the etag of the resource.", NULL,
     takes_if_match},
    {"IdempotencyKey", "Idempotency-Key",
     "A UUID of your choice that makes retries safe for 24 hours; the same as `requestId`.", "uuid",
     takes_idempotency_key},
    {"LastEventId", "Last-Event-ID",
     "The id of the last event that was read, which browsers send when they come again: go on "
     "behind "
     "it.",
     NULL, takes_last_event_id},
};

#define ANSWER_COUNT (sizeof answers / sizeof answers[0])
#define HEADER_COUNT (sizeof headers / sizeof headers[0])

/* The first sentence, without its full stop. */
static struct nx_str first_sentence(const char *text)
{
    const char *end = text;
    while (*end && !(end[0] == '.' && (end[1] == ' ' || end[1] == '\n' || !end[1])) &&
           !(end[0] == '\n' && end[1] == '\n'))
        end++;
    return (struct nx_str){text, (size_t)(end - text)};
}

/* As one line: a summary is a title. */
static void write_summary(struct oas_writer *writer, const char *comment)
{
    struct nx_str sentence = first_sentence(comment);
    if (sentence.len == 0)
        return;
    struct nx_buf text;
    nx_buf_init(&text, MAX_TEXT_BYTES);
    nx_buf_append_str(&text, sentence);
    for (char *c = text.ptr; c && (c = memchr(c, '\n', text.len - (size_t)(c - text.ptr)));)
        *c = ' ';
    if (text.failed)
        writer->buf->failed = true;
    oas_write_key(writer, "summary");
    oas_write_string(writer, nx_buf_str(&text));
    nx_buf_cleanup(&text);
}

static void write_path_param(struct oas_writer *writer, const struct oas_schemas *schemas,
                             const struct oas_param *param)
{
    bool whole = param->field && strcmp(param->pattern, "*") == 0;
    oas_write_object(writer);
    oas_write_member(writer, "name", param->name);
    oas_write_member(writer, "in", "path");
    if (whole) {
        oas_write_member(writer, "description", param->field->comment);
    } else {
        char text[OAS_MAX_TEMPLATE_BYTES + 64];
        snprintf(text, sizeof text, "%s of the resource name `%s`.",
                 param->rest ? "All that is left" : "The variable part", param->pattern);
        oas_write_member(writer, "description", text);
    }
    oas_write_flag(writer, "required", true);
    oas_write_object_member(writer, "schema");
    if (whole)
        oas_schema_write_field(writer, schemas, param->field, false);
    else
        oas_write_member(writer, "type", "string");
    oas_write_end(writer);
    oas_write_end(writer);
}

static void write_query_param(struct oas_writer *writer, const struct oas_schemas *schemas,
                              const struct oas_param *param)
{
    oas_write_object(writer);
    oas_write_member(writer, "name", param->name);
    oas_write_member(writer, "in", "query");
    oas_write_member(writer, "description", param->field->comment);
    if (param->field->behaviours & OAS_REQUIRED)
        oas_write_flag(writer, "required", true);
    if (param->field->deprecated)
        oas_write_flag(writer, "deprecated", true);
    oas_write_object_member(writer, "schema");
    oas_schema_write_field(writer, schemas, param->field, false);
    oas_write_end(writer);
    oas_write_end(writer);
}

static void write_params(struct oas_writer *writer, const struct oas_operation *operation,
                         const struct oas_schemas *schemas)
{
    oas_write_array_member(writer, "parameters");
    for (size_t i = 0; i < operation->path_param_count; i++)
        write_path_param(writer, schemas, &operation->path_params[i]);
    for (size_t i = 0; i < operation->query_param_count; i++)
        write_query_param(writer, schemas, &operation->query_params[i]);
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        if (!headers[i].applies(operation))
            continue;
        oas_write_object(writer);
        oas_write_ref(writer, "parameters", headers[i].name);
        oas_write_end(writer);
    }
    oas_write_end(writer);
}

/* Content as it is, in any type. */
static void write_binary(struct oas_writer *writer, const char *type)
{
    oas_write_object_member(writer, type);
    oas_write_object_member(writer, "schema");
    oas_write_member(writer, "type", "string");
    oas_write_member(writer, "format", "binary");
    oas_write_end(writer);
    oas_write_end(writer);
}

/* The fields of the request that a form may have before its file. */
static void write_form(struct oas_writer *writer, const struct oas_operation *operation,
                       const struct oas_schemas *schemas)
{
    oas_write_object_member(writer, "multipart/form-data");
    oas_write_object_member(writer, "schema");
    oas_write_member(writer, "type", "object");
    oas_write_object_member(writer, "properties");
    for (size_t i = 0; i < operation->query_param_count; i++) {
        oas_write_object_member(writer, operation->query_params[i].name);
        oas_schema_write_field(writer, schemas, operation->query_params[i].field, false);
        oas_write_end(writer);
    }
    oas_write_object_member(writer, operation->bytes->json_name);
    oas_write_member(writer, "type", "string");
    oas_write_member(writer, "format", "binary");
    oas_write_member(writer, "description", operation->bytes->comment);
    oas_write_end(writer);
    oas_write_end(writer);
    oas_write_array_member(writer, "required");
    oas_write_string(writer, nx_str_from(operation->bytes->json_name));
    oas_write_end(writer);
    oas_write_end(writer);
    oas_write_end(writer);
}

static void write_bytes(struct oas_writer *writer, const struct oas_operation *operation,
                        const struct oas_schemas *schemas)
{
    const struct oas_stream *stream = operation->rule->stream;
    write_binary(writer, "application/octet-stream");
    for (size_t i = 0; i < stream->type_count; i++)
        write_binary(writer, stream->types[i]);
    write_form(writer, operation, schemas);
}

static void describe_body(struct oas_writer *writer, const struct oas_operation *operation)
{
    const char *comment = operation->body ? operation->body->comment : "";
    if (operation->method->requests_stream && *operation->rule->body)
        comment = "One message a line.";
    if (operation->bytes)
        comment = *operation->rule->body
                      ? "One message a line; or the content as it is, or the file of a form."
                      : "The content as it is, or the file of a form.";
    oas_write_member(writer, "description", comment);
}

static nx_status write_body(struct oas_writer *writer, const struct oas_operation *operation,
                            const struct oas_schemas *schemas, struct nx_arena *arena)
{
    nx_status status = NX_STATUS_OK;
    oas_write_object_member(writer, "requestBody");
    describe_body(writer, operation);
    oas_write_flag(writer, "required", true);
    oas_write_object_member(writer, "content");
    if (operation->bytes)
        write_bytes(writer, operation, schemas);
    if (!*operation->rule->body) {
        oas_write_end(writer);
        oas_write_end(writer);
        return status;
    }
    oas_write_object_member(writer, operation->method->requests_stream ? "application/x-ndjson"
                                                                       : "application/json");
    oas_write_object_member(writer, "schema");
    if (operation->body)
        oas_schema_write_field(writer, schemas, operation->body,
                               operation->rule->verb == OAS_PATCH);
    else
        oas_schema_write_type(writer, schemas, operation->method->input, false);
    oas_write_end(writer);
    if (operation->example) {
        oas_write_key(writer, "example");
        status = oas_write_json(writer, nx_str_from(operation->example), arena);
    }
    oas_write_end(writer);
    oas_write_end(writer);
    oas_write_end(writer);
    return status;
}

static void write_header_ref(struct oas_writer *writer, const char *header, const char *component)
{
    oas_write_object_member(writer, "headers");
    oas_write_object_member(writer, header);
    oas_write_ref(writer, "headers", component);
    oas_write_end(writer);
    oas_write_end(writer);
}

static void write_response(struct oas_writer *writer, const struct oas_operation *operation,
                           const struct oas_schemas *schemas)
{
    if (operation->response)
        oas_schema_write_field(writer, schemas, operation->response, false);
    else
        oas_schema_write_type(writer, schemas, operation->method->output, false);
}

/* The forms of a stream; OpenAPI 3.1 can say of an array only that it is one. */
static void write_stream(struct oas_writer *writer, const struct oas_operation *operation,
                         const struct oas_schemas *schemas)
{
    oas_write_object_member(writer, "application/json");
    oas_write_object_member(writer, "schema");
    oas_write_member(writer, "type", "array");
    oas_write_object_member(writer, "items");
    write_response(writer, operation, schemas);
    oas_write_end(writer);
    oas_write_end(writer);
    oas_write_end(writer);
    oas_write_object_member(writer, "application/x-ndjson");
    oas_write_object_member(writer, "schema");
    write_response(writer, operation, schemas);
    oas_write_end(writer);
    oas_write_end(writer);
    oas_write_object_member(writer, "text/event-stream");
    oas_write_object_member(writer, "schema");
    oas_write_member(writer, "type", "string");
    oas_write_end(writer);
    oas_write_end(writer);
}

static void write_content(struct oas_writer *writer, const struct oas_operation *operation,
                          const struct oas_schemas *schemas)
{
    oas_write_object_member(writer, "content");
    if (operation->method->responses_stream) {
        write_stream(writer, operation, schemas);
    } else {
        oas_write_object_member(writer, "application/json");
        oas_write_object_member(writer, "schema");
        write_response(writer, operation, schemas);
        oas_write_end(writer);
        oas_write_end(writer);
    }
    oas_write_end(writer);
}

static void write_success(struct oas_writer *writer, const struct oas_operation *operation,
                          const struct oas_schemas *schemas)
{
    const char *comment = operation->method->output->comment;
    if (operation->method->responses_stream)
        comment =
            "As many messages as there are, in an array, one a line, or as the data of one "
            "event each. If it fails behind the first, the last line, or an event of the type "
            "`error`, is an `Error`, and an array breaks off.";
    oas_write_object_member(writer, "200");
    oas_write_member(writer, "description", *comment ? comment : "Done.");
    if (answers_etag(operation))
        write_header_ref(writer, "ETag", "ETag");
    write_content(writer, operation, schemas);
    oas_write_end(writer);
}

/* The same content, and where to ask for it from now on. */
static void write_redirect(struct oas_writer *writer, const struct oas_operation *operation,
                           const struct oas_schemas *schemas)
{
    char text[256];
    snprintf(text, sizeof text,
             "Found by what it was known by before. What it is known by now is in "
             "`%.100s`, and in the header.",
             operation->rule->redirect_from);
    oas_write_object_member(writer, "301");
    oas_write_member(writer, "description", text);
    write_header_ref(writer, "Location", "Location");
    write_content(writer, operation, schemas);
    oas_write_end(writer);
}

static void write_answers(struct oas_writer *writer, const struct oas_operation *operation,
                          const struct oas_schemas *schemas)
{
    oas_write_object_member(writer, "responses");
    write_success(writer, operation, schemas);
    if (operation->rule->redirect_parameter)
        write_redirect(writer, operation, schemas);
    for (size_t i = 0; i < ANSWER_COUNT; i++) {
        if (!answers[i].applies(operation))
            continue;
        oas_write_object_member(writer, answers[i].code);
        oas_write_ref(writer, "responses", answers[i].name);
        oas_write_end(writer);
    }
    oas_write_end(writer);
}

static nx_status write_operation(struct oas_writer *writer, const struct oas_operation *operation,
                                 const struct oas_schemas *schemas, struct nx_arena *arena)
{
    nx_status status = NX_STATUS_OK;
    oas_write_object_member(writer, oas_verb_name(operation->rule->verb));
    oas_write_array_member(writer, "tags");
    oas_write_string(writer, nx_str_from(operation->tag));
    oas_write_end(writer);
    write_summary(writer, operation->method->comment);
    oas_write_member(writer, "description", operation->method->comment);
    oas_write_member(writer, "operationId", operation->id);
    if (operation->method->deprecated)
        oas_write_flag(writer, "deprecated", true);
    write_params(writer, operation, schemas);
    if (oas_operation_has_body(operation))
        status = write_body(writer, operation, schemas, arena);
    write_answers(writer, operation, schemas);
    oas_write_end(writer);
    return status;
}

static bool path_seen(const struct oas_operations *operations, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(operations->list[i].path, operations->list[index].path) == 0)
            return true;
    }
    return false;
}

nx_status oas_paths_write(struct oas_writer *writer, const struct oas_operations *operations,
                          const struct oas_schemas *schemas, struct nx_arena *arena)
{
    for (size_t i = 0; i < operations->count; i++) {
        if (path_seen(operations, i))
            continue;
        const char *path = operations->list[i].path;
        oas_write_object_member(writer, path);
        for (size_t j = i; j < operations->count; j++) {
            if (strcmp(operations->list[j].path, path) == 0)
                NX_TRY(write_operation(writer, &operations->list[j], schemas, arena));
        }
        oas_write_end(writer);
    }
    return NX_STATUS_OK;
}

static void write_error_content(struct oas_writer *writer)
{
    oas_write_object_member(writer, "content");
    oas_write_object_member(writer, "application/json");
    oas_write_object_member(writer, "schema");
    oas_write_ref(writer, "schemas", "Error");
    oas_write_end(writer);
    oas_write_end(writer);
    oas_write_end(writer);
}

static void write_header(struct oas_writer *writer, const char *name, const char *description,
                         const char *type)
{
    oas_write_object_member(writer, name);
    oas_write_member(writer, "description", description);
    oas_write_object_member(writer, "schema");
    oas_write_member(writer, "type", type);
    oas_write_end(writer);
    oas_write_end(writer);
}

static bool applies_to_any(applies applies_to, const struct oas_operations *operations)
{
    for (size_t i = 0; i < operations->count; i++) {
        if (applies_to(&operations->list[i]))
            return true;
    }
    return false;
}

void oas_paths_write_components(struct oas_writer *writer, const struct oas_operations *operations)
{
    oas_write_object_member(writer, "responses");
    for (size_t i = 0; i < ANSWER_COUNT; i++) {
        oas_write_object_member(writer, answers[i].name);
        oas_write_member(writer, "description", answers[i].description);
        if (strcmp(answers[i].code, "default") == 0)
            write_header_ref(writer, "Retry-After", "RetryAfter");
        if (!answers[i].bodiless)
            write_error_content(writer);
        oas_write_end(writer);
    }
    oas_write_end(writer);

    oas_write_object_member(writer, "parameters");
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        if (!applies_to_any(headers[i].applies, operations))
            continue;
        oas_write_object_member(writer, headers[i].name);
        oas_write_member(writer, "name", headers[i].header);
        oas_write_member(writer, "in", "header");
        oas_write_member(writer, "description", headers[i].description);
        oas_write_object_member(writer, "schema");
        oas_write_member(writer, "type", "string");
        oas_write_member(writer, "format", headers[i].format);
        oas_write_end(writer);
        oas_write_end(writer);
    }
    oas_write_end(writer);

    oas_write_object_member(writer, "headers");
    write_header(writer, "ETag", "Changes with every write of the resource.", "string");
    write_header(writer, "Location", "The URL to use from now on, relative to this one.", "string");
    write_header(writer, "RetryAfter",
                 "Seconds to wait before trying again, where that may help: always with 503.",
                 "integer");
    oas_write_end(writer);
}
