#include "oas_document.h"

#include <string.h>

#include "oas_bind.h"
#include "oas_paths.h"
#include "oas_schema.h"

static void write_info(struct oas_writer *writer, const struct oas_spec *spec)
{
    oas_write_object_member(writer, "info");
    oas_write_member(writer, "title", spec->title);
    oas_write_member(writer, "version", spec->version);
    oas_write_member(writer, "summary", spec->summary);
    oas_write_member(writer, "description", spec->description);
    if (*spec->license_name) {
        oas_write_object_member(writer, "license");
        oas_write_member(writer, "name", spec->license_name);
        oas_write_member(writer, "identifier", spec->license_identifier);
        oas_write_end(writer);
    }
    oas_write_end(writer);
}

static void write_servers(struct oas_writer *writer, const struct oas_spec *spec)
{
    oas_write_array_member(writer, "servers");
    for (size_t i = 0; i < spec->server_count; i++) {
        oas_write_object(writer);
        oas_write_member(writer, "url", spec->servers[i].url);
        oas_write_member(writer, "description", spec->servers[i].description);
        oas_write_end(writer);
    }
    oas_write_end(writer);
}

static void write_tag(struct oas_writer *writer, const char *name, const char *description)
{
    oas_write_object(writer);
    oas_write_member(writer, "name", name);
    oas_write_member(writer, "description", description);
    oas_write_end(writer);
}

/* Whether an operation's tag is the spec's, or was that of an operation before. */
static bool tag_known(const struct oas_spec *spec, const struct oas_operations *operations,
                      size_t index)
{
    const char *tag = operations->list[index].tag;
    for (size_t i = 0; i < spec->tag_count; i++) {
        if (strcmp(spec->tags[i].name, tag) == 0)
            return true;
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(operations->list[i].tag, tag) == 0)
            return true;
    }
    return false;
}

/* The spec's tags, then those that operations took from the name of their service. */
static void write_tags(struct oas_writer *writer, const struct oas_spec *spec,
                       const struct oas_operations *operations)
{
    oas_write_array_member(writer, "tags");
    for (size_t i = 0; i < spec->tag_count; i++)
        write_tag(writer, spec->tags[i].name, spec->tags[i].description);
    for (size_t i = 0; i < operations->count; i++) {
        if (!tag_known(spec, operations, i))
            write_tag(writer, operations->list[i].tag, operations->list[i].method->service_comment);
    }
    oas_write_end(writer);
}

static void begin_property(struct oas_writer *writer, const char *name, const char *type,
                           const char *description)
{
    oas_write_object_member(writer, name);
    oas_write_member(writer, "type", type);
    oas_write_member(writer, "description", description);
}

static void write_required(struct oas_writer *writer, const char *const *names, size_t count)
{
    oas_write_array_member(writer, "required");
    for (size_t i = 0; i < count; i++)
        oas_write_string(writer, nx_str_from(names[i]));
    oas_write_end(writer);
}

static void write_error_details(struct oas_writer *writer)
{
    static const char *const required[] = {"@type"};
    begin_property(writer, "details", "array",
                   "More about it, such as `google.rpc.BadRequest`, which names wrong fields.");
    oas_write_object_member(writer, "items");
    oas_write_member(writer, "type", "object");
    write_required(writer, required, 1);
    oas_write_object_member(writer, "properties");
    begin_property(writer, "@type", "string", "`type.googleapis.com/` and the message's name.");
    oas_write_end(writer);
    oas_write_end(writer);
    oas_write_flag(writer, "additionalProperties", true);
    oas_write_end(writer);
    oas_write_end(writer);
}

/* google.rpc.Status, in the form that Google's APIs give it in JSON. */
static void write_error_schema(struct oas_writer *writer)
{
    static const char *const outer_required[] = {"error"};
    static const char *const required[] = {"code", "message", "status"};
    begin_property(writer, "Error", "object", "Every answer that is no success.");
    write_required(writer, outer_required, 1);
    oas_write_object_member(writer, "properties");
    begin_property(writer, "error", "object", NULL);
    write_required(writer, required, 3);
    oas_write_object_member(writer, "properties");
    begin_property(writer, "code", "integer", "The HTTP status.");
    oas_write_member(writer, "format", "int32");
    oas_write_end(writer);
    begin_property(writer, "message", "string", "What went wrong, for people.");
    oas_write_end(writer);
    begin_property(writer, "status", "string", "The gRPC status code.");
    oas_write_array_member(writer, "enum");
    for (int code = NX_CANCELLED; code <= NX_UNAUTHENTICATED; code++)
        oas_write_string(writer, nx_str_from(nx_code_name((enum nx_code)code)));
    oas_write_end(writer);
    oas_write_end(writer);
    write_error_details(writer);
    oas_write_end(writer);
    oas_write_end(writer);
    oas_write_end(writer);
    oas_write_end(writer);
}

nx_status oas_document_write(const struct oas_spec *spec, const char *file,
                             const struct oas_model *model, struct nx_arena *arena,
                             struct oas_writer *writer)
{
    struct oas_operations operations;
    struct oas_schemas schemas;
    if (!*spec->title)
        return nx_fail(arena, NX_INVALID_ARGUMENT, "%s:1: 'info' is missing", file);
    NX_TRY(oas_bind(spec, model, file, arena, &operations));
    NX_TRY(oas_schemas_collect(model, &operations, arena, &schemas));
    oas_write_object(writer);
    oas_write_member(writer, "openapi", "3.1.0");
    write_info(writer, spec);
    write_servers(writer, spec);
    write_tags(writer, spec, &operations);
    /* Said outright: the API asks for no credentials. */
    oas_write_array_member(writer, "security");
    oas_write_end(writer);
    oas_write_object_member(writer, "paths");
    NX_TRY(oas_paths_write(writer, &operations, &schemas, arena));
    oas_write_end(writer);
    oas_write_object_member(writer, "components");
    oas_write_object_member(writer, "schemas");
    oas_schemas_write(writer, &schemas);
    write_error_schema(writer);
    oas_write_end(writer);
    oas_paths_write_components(writer, &operations);
    oas_write_end(writer);
    oas_write_end(writer);
    return NX_STATUS_OK;
}
