#include "oas_schema.h"

#include <stdlib.h>
#include <string.h>

#define KIND(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name
#define MAX_TEXT_BYTES ((size_t)64 * 1024)

/* How a value looks in JSON. */
struct form {
    const char *type;
    const char *format;
    const char *pattern;
    const char *encoding;
    const char *example;
    const char *minimum;
    bool nullable;
    bool open; /* an object of any members, an array of any items */
};

static const struct form scalar_forms[] = {
    [KIND(DOUBLE)] = {.type = "number", .format = "double"},
    [KIND(FLOAT)] = {.type = "number", .format = "float"},
    [KIND(INT64)] = {.type = "string", .format = "int64"},
    [KIND(UINT64)] = {.type = "string", .format = "uint64"},
    [KIND(INT32)] = {.type = "integer", .format = "int32"},
    [KIND(FIXED64)] = {.type = "string", .format = "uint64"},
    [KIND(FIXED32)] = {.type = "integer", .format = "uint32", .minimum = "0"},
    [KIND(BOOL)] = {.type = "boolean"},
    [KIND(STRING)] = {.type = "string"},
    [KIND(BYTES)] = {.type = "string", .encoding = "base64"},
    [KIND(UINT32)] = {.type = "integer", .format = "uint32", .minimum = "0"},
    [KIND(SFIXED32)] = {.type = "integer", .format = "int32"},
    [KIND(SFIXED64)] = {.type = "string", .format = "int64"},
    [KIND(SINT32)] = {.type = "integer", .format = "int32"},
    [KIND(SINT64)] = {.type = "string", .format = "int64"},
};

static const struct {
    const char *name;
    struct form form;
} well_known[] = {
    {"google.protobuf.Timestamp",
     {.type = "string", .format = "date-time", .example = "2026-01-31T10:00:00Z"}},
    {"google.protobuf.Duration",
     {.type = "string", .pattern = "^-?[0-9]+(\\.[0-9]{1,9})?s$", .example = "1.5s"}},
    {"google.protobuf.FieldMask", {.type = "string", .example = "title,description"}},
    {"google.protobuf.Struct", {.type = "object", .open = true}},
    {"google.protobuf.Value", {.type = NULL}},
    {"google.protobuf.NullValue", {.type = "null"}},
    {"google.protobuf.ListValue", {.type = "array", .open = true}},
    {"google.protobuf.Any", {.type = "object", .open = true}},
    {"google.protobuf.Empty", {.type = "object"}},
    {"google.protobuf.DoubleValue", {.type = "number", .format = "double", .nullable = true}},
    {"google.protobuf.FloatValue", {.type = "number", .format = "float", .nullable = true}},
    {"google.protobuf.Int64Value", {.type = "string", .format = "int64", .nullable = true}},
    {"google.protobuf.UInt64Value", {.type = "string", .format = "uint64", .nullable = true}},
    {"google.protobuf.Int32Value", {.type = "integer", .format = "int32", .nullable = true}},
    {"google.protobuf.UInt32Value", {.type = "integer", .format = "uint32", .nullable = true}},
    {"google.protobuf.BoolValue", {.type = "boolean", .nullable = true}},
    {"google.protobuf.StringValue", {.type = "string", .nullable = true}},
    {"google.protobuf.BytesValue", {.type = "string", .encoding = "base64", .nullable = true}},
};

static const struct form *find_well_known(const struct oas_type *type)
{
    for (size_t i = 0; i < sizeof well_known / sizeof well_known[0]; i++) {
        if (strcmp(well_known[i].name, type->full_name) == 0)
            return &well_known[i].form;
    }
    return NULL;
}

static void write_form(struct oas_writer *writer, const struct form *form)
{
    if (form->nullable) {
        oas_write_array_member(writer, "type");
        oas_write_string(writer, nx_str_from(form->type));
        oas_write_string(writer, NX_STR("null"));
        oas_write_end(writer);
    } else {
        oas_write_member(writer, "type", form->type);
    }
    oas_write_member(writer, "format", form->format);
    oas_write_member(writer, "pattern", form->pattern);
    oas_write_member(writer, "contentEncoding", form->encoding);
    if (form->minimum) {
        oas_write_key(writer, "minimum");
        oas_write_literal(writer, nx_str_from(form->minimum));
    }
    if (form->open && strcmp(form->type, "object") == 0)
        oas_write_flag(writer, "additionalProperties", true);
    if (form->open && strcmp(form->type, "array") == 0) {
        oas_write_object_member(writer, "items");
        oas_write_end(writer);
    }
    if (form->example) {
        oas_write_array_member(writer, "examples");
        oas_write_string(writer, nx_str_from(form->example));
        oas_write_end(writer);
    }
}

static const struct oas_schema *find_schema(const struct oas_schemas *schemas,
                                            const struct oas_type *type)
{
    for (size_t i = 0; i < schemas->count; i++) {
        if (schemas->list[i].type == type)
            return &schemas->list[i];
    }
    return NULL;
}

void oas_schema_write_type(struct oas_writer *writer, const struct oas_schemas *schemas,
                           const struct oas_type *type, bool patch)
{
    const struct form *form = find_well_known(type);
    if (form) {
        write_form(writer, form);
        return;
    }
    const struct oas_schema *schema = find_schema(schemas, type);
    oas_write_ref(writer, "schemas", patch && schema->patch ? schema->patch_name : schema->name);
}

static void write_element(struct oas_writer *writer, const struct oas_schemas *schemas,
                          const struct oas_field *field, bool patch)
{
    if (field->type)
        oas_schema_write_type(writer, schemas, field->type, patch);
    else if ((size_t)field->kind < sizeof scalar_forms / sizeof scalar_forms[0])
        write_form(writer, &scalar_forms[field->kind]);
}

void oas_schema_write_field(struct oas_writer *writer, const struct oas_schemas *schemas,
                            const struct oas_field *field, bool patch)
{
    if (oas_field_is_map(field)) {
        oas_write_member(writer, "type", "object");
        oas_write_object_member(writer, "additionalProperties");
        const struct oas_field *value = oas_type_field(field->type, NX_STR("value"));
        if (value)
            write_element(writer, schemas, value, false);
        oas_write_end(writer);
    } else if (field->repeated) {
        oas_write_member(writer, "type", "array");
        oas_write_object_member(writer, "items");
        write_element(writer, schemas, field, false);
        oas_write_end(writer);
    } else {
        write_element(writer, schemas, field, patch);
    }
}

static void write_property(struct oas_writer *writer, const struct oas_schemas *schemas,
                           const struct oas_field *field)
{
    oas_write_object_member(writer, field->json_name);
    oas_schema_write_field(writer, schemas, field, false);
    oas_write_member(writer, "description", field->comment);
    if (field->behaviours & OAS_OUTPUT_ONLY)
        oas_write_flag(writer, "readOnly", true);
    if (field->behaviours & OAS_INPUT_ONLY)
        oas_write_flag(writer, "writeOnly", true);
    if (field->deprecated)
        oas_write_flag(writer, "deprecated", true);
    oas_write_end(writer);
}

static bool has_required(const struct oas_type *type)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (type->fields[i].behaviours & OAS_REQUIRED)
            return true;
    }
    return false;
}

static void write_required(struct oas_writer *writer, const struct oas_type *type)
{
    oas_write_array_member(writer, "required");
    for (size_t i = 0; i < type->field_count; i++) {
        if (type->fields[i].behaviours & OAS_REQUIRED)
            oas_write_string(writer, nx_str_from(type->fields[i].json_name));
    }
    oas_write_end(writer);
}

static void write_message(struct oas_writer *writer, const struct oas_schemas *schemas,
                          const struct oas_schema *schema, bool patch)
{
    oas_write_object_member(writer, patch ? schema->patch_name : schema->name);
    oas_write_member(writer, "type", "object");
    if (patch) {
        oas_write_member(writer, "description", "The same, with only the fields to change.");
    } else {
        oas_write_member(writer, "description", schema->type->comment);
        if (has_required(schema->type))
            write_required(writer, schema->type);
    }
    oas_write_object_member(writer, "properties");
    for (size_t i = 0; i < schema->type->field_count; i++)
        write_property(writer, schemas, &schema->type->fields[i]);
    oas_write_end(writer);
    oas_write_end(writer);
}

/* Readers of the page see a description; JSON Schema has no place for those of single values. */
static void write_enum(struct oas_writer *writer, const struct oas_schema *schema)
{
    const struct oas_type *type = schema->type;
    struct nx_buf text;
    nx_buf_init(&text, MAX_TEXT_BYTES);
    nx_buf_append_str(&text, nx_str_from(type->comment));
    for (size_t i = 0; i < type->value_count; i++) {
        const struct oas_enum_value *value = &type->values[i];
        nx_buf_printf(&text, "%s- `%s`",
                      i == 0 && text.len > 0 ? "\n\n"
                      : text.len             ? "\n"
                                             : "",
                      value->name);
        if (*value->comment)
            nx_buf_printf(&text, ": %s", value->comment);
    }
    if (text.failed)
        writer->buf->failed = true;
    oas_write_object_member(writer, schema->name);
    oas_write_member(writer, "type", "string");
    oas_write_key(writer, "description");
    oas_write_string(writer, nx_buf_str(&text));
    oas_write_array_member(writer, "enum");
    for (size_t i = 0; i < type->value_count; i++)
        oas_write_string(writer, nx_str_from(type->values[i].name));
    oas_write_end(writer);
    oas_write_end(writer);
    nx_buf_cleanup(&text);
}

void oas_schemas_write(struct oas_writer *writer, const struct oas_schemas *schemas)
{
    for (size_t i = 0; i < schemas->count; i++) {
        const struct oas_schema *schema = &schemas->list[i];
        if (schema->type->is_enum) {
            write_enum(writer, schema);
            continue;
        }
        if (schema->plain)
            write_message(writer, schemas, schema, false);
        if (schema->patch)
            write_message(writer, schemas, schema, true);
    }
}

/* Types found so far; a type is a schema only once. */
static struct oas_schema *add_schema(struct oas_schemas *schemas, const struct oas_type *type)
{
    for (size_t i = 0; i < schemas->count; i++) {
        if (schemas->list[i].type == type)
            return &schemas->list[i];
    }
    struct oas_schema *schema = &schemas->list[schemas->count++];
    schema->type = type;
    return schema;
}

static void add_plain(struct oas_schemas *schemas, const struct oas_type *type)
{
    if (!find_well_known(type) && !type->is_map_entry)
        add_schema(schemas, type)->plain = true;
}

static void add_field(struct oas_schemas *schemas, const struct oas_field *field)
{
    const struct oas_type *type = field->type;
    if (!type)
        return;
    if (!oas_field_is_map(field)) {
        add_plain(schemas, type);
        return;
    }
    const struct oas_field *value = oas_type_field(type, NX_STR("value"));
    if (value && value->type)
        add_plain(schemas, value->type);
}

static void add_body(struct oas_schemas *schemas, const struct oas_operation *operation)
{
    const struct oas_field *body = operation->body;
    if (oas_operation_whole_body(operation)) {
        add_plain(schemas, operation->method->input);
    } else if (body && operation->rule->verb == OAS_PATCH && oas_field_is_message(body) &&
               !body->repeated && has_required(body->type) && !find_well_known(body->type)) {
        add_schema(schemas, body->type)->patch = true;
    } else if (body) {
        add_field(schemas, body);
    }
}

static void add_operation(struct oas_schemas *schemas, const struct oas_operation *operation)
{
    if (operation->response)
        add_field(schemas, operation->response);
    else
        add_plain(schemas, operation->method->output);
    add_body(schemas, operation);
    for (size_t i = 0; i < operation->query_param_count; i++)
        add_field(schemas, operation->query_params[i].field);
}

static const char *short_name(const struct oas_type *type)
{
    size_t len = strlen(type->package);
    return len > 0 ? type->full_name + len + 1 : type->full_name;
}

/* "Error" is the schema of error answers. */
static bool is_ambiguous(const struct oas_schemas *schemas, size_t index)
{
    const char *name = short_name(schemas->list[index].type);
    if (strcmp(name, "Error") == 0)
        return true;
    for (size_t i = 0; i < schemas->count; i++) {
        if (i != index && strcmp(short_name(schemas->list[i].type), name) == 0)
            return true;
    }
    return false;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct oas_schema *)a)->name, ((const struct oas_schema *)b)->name);
}

nx_status oas_schemas_collect(const struct oas_model *model,
                              const struct oas_operations *operations, struct nx_arena *arena,
                              struct oas_schemas *ret_schemas)
{
    struct oas_schemas schemas = {
        .list = nx_arena_calloc(arena, model->type_count, sizeof *schemas.list),
    };
    if (!schemas.list)
        return nx_fail_memory();
    for (size_t i = 0; i < operations->count; i++)
        add_operation(&schemas, &operations->list[i]);
    /* What is added to the end while this runs is visited too: all that can be reached. */
    for (size_t i = 0; i < schemas.count; i++) {
        const struct oas_type *type = schemas.list[i].type;
        for (size_t j = 0; j < type->field_count; j++)
            add_field(&schemas, &type->fields[j]);
    }
    for (size_t i = 0; i < schemas.count; i++) {
        struct oas_schema *schema = &schemas.list[i];
        bool ambiguous = is_ambiguous(&schemas, i);
        schema->name = ambiguous ? schema->type->full_name : short_name(schema->type);
        schema->patch_name = nx_arena_printf(arena, "%s.Patch", schema->name);
        if (!schema->patch_name)
            return nx_fail_memory();
    }
    qsort(schemas.list, schemas.count, sizeof *schemas.list, compare_names);
    *ret_schemas = schemas;
    return NX_STATUS_OK;
}
