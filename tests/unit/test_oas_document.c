/* The document made of a small contract that has one of everything, built here field by field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nx_buf.h"
#include "oas_document.h"
#include "oas_model.h"
#include "oas_spec.h"
#include "oas_write.h"

#define KIND(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name
#define OPTIONAL GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_OPTIONAL
#define REPEATED GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MAX_SET_BYTES 4096

/* google.api.field_behavior, as it is on the wire: one by one, and packed. */
static uint8_t required_packed[] = {1, 2};
static uint8_t output_only_plain[] = {3};
static ProtobufCMessageUnknownField required_unknown[] = {
    {1052, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, sizeof required_packed, required_packed}};
static ProtobufCMessageUnknownField output_only_unknown[] = {
    {1052, PROTOBUF_C_WIRE_TYPE_VARINT, sizeof output_only_plain, output_only_plain}};

typedef Google__Protobuf__FieldDescriptorProto field_proto;

static field_proto make_field(const char *name, oas_field_type kind, const char *type_name)
{
    field_proto field = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__INIT;
    field.name = (char *)name;
    field.has_type = 1;
    field.type = kind;
    field.has_label = 1;
    field.label = OPTIONAL;
    field.type_name = (char *)type_name;
    return field;
}

static Google__Protobuf__DescriptorProto make_message(const char *name, field_proto **fields,
                                                      size_t count)
{
    Google__Protobuf__DescriptorProto message = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    message.name = (char *)name;
    message.field = fields;
    message.n_field = count;
    return message;
}

static Google__Protobuf__MethodDescriptorProto make_method(const char *name, const char *input)
{
    Google__Protobuf__MethodDescriptorProto method =
        GOOGLE__PROTOBUF__METHOD_DESCRIPTOR_PROTO__INIT;
    method.name = (char *)name;
    method.input_type = (char *)input;
    method.output_type = (char *)".t.v1.Thing";
    return method;
}

static Google__Protobuf__SourceCodeInfo__Location make_comment(int32_t *path, size_t path_len,
                                                               const char *text)
{
    Google__Protobuf__SourceCodeInfo__Location location =
        GOOGLE__PROTOBUF__SOURCE_CODE_INFO__LOCATION__INIT;
    location.path = path;
    location.n_path = path_len;
    location.leading_comments = (char *)text;
    return location;
}

/* The messages live as long as the process: what is made of them points into them. */

static Google__Protobuf__DescriptorProto *map_entry(void)
{
    static field_proto key;
    static field_proto value;
    static field_proto *fields[] = {&key, &value};
    static Google__Protobuf__MessageOptions options = GOOGLE__PROTOBUF__MESSAGE_OPTIONS__INIT;
    static Google__Protobuf__DescriptorProto entry;
    key = make_field("key", KIND(STRING), NULL);
    value = make_field("value", KIND(INT64), NULL);
    options.has_map_entry = 1;
    options.map_entry = 1;
    entry = make_message("StockEntry", fields, COUNT(fields));
    entry.options = &options;
    return &entry;
}

static Google__Protobuf__DescriptorProto *inner_message(void)
{
    static field_proto depth;
    static field_proto *fields[] = {&depth};
    static Google__Protobuf__DescriptorProto inner;
    depth = make_field("max_depth", KIND(UINT32), NULL);
    inner = make_message("Inner", fields, COUNT(fields));
    return &inner;
}

static Google__Protobuf__EnumDescriptorProto *kind_enum(void)
{
    static Google__Protobuf__EnumValueDescriptorProto on =
        GOOGLE__PROTOBUF__ENUM_VALUE_DESCRIPTOR_PROTO__INIT;
    static Google__Protobuf__EnumValueDescriptorProto *values[] = {&on};
    static Google__Protobuf__EnumDescriptorProto kind =
        GOOGLE__PROTOBUF__ENUM_DESCRIPTOR_PROTO__INIT;
    on.name = (char *)"KIND_ON";
    kind.name = (char *)"Kind";
    kind.n_value = COUNT(values);
    kind.value = values;
    return &kind;
}

/* The fields that the messages share. */
static field_proto name, title, version, stock, parts, state_field, filter, body;

static void make_fields(void)
{
    static Google__Protobuf__FieldOptions required = GOOGLE__PROTOBUF__FIELD_OPTIONS__INIT;
    static Google__Protobuf__FieldOptions output_only = GOOGLE__PROTOBUF__FIELD_OPTIONS__INIT;
    required.base.n_unknown_fields = COUNT(required_unknown);
    required.base.unknown_fields = required_unknown;
    output_only.base.n_unknown_fields = COUNT(output_only_unknown);
    output_only.base.unknown_fields = output_only_unknown;
    name = make_field("name", KIND(STRING), NULL);
    title = make_field("long_title", KIND(STRING), NULL);
    title.options = &required;
    version = make_field("version", KIND(UINT64), NULL);
    version.options = &output_only;
    stock = make_field("stock", KIND(MESSAGE), ".t.v1.Thing.StockEntry");
    stock.label = REPEATED;
    parts = make_field("parts", KIND(MESSAGE), ".t.v1.Thing");
    parts.label = REPEATED;
    state_field = make_field("state", KIND(ENUM), ".t.v1.Kind");
    filter = make_field("filter", KIND(MESSAGE), ".t.v1.Thing.Inner");
    body = make_field("thing", KIND(MESSAGE), ".t.v1.Thing");
}

static void add_messages(Google__Protobuf__FileDescriptorProto *file)
{
    static field_proto *thing_fields[] = {&name, &title, &version, &stock, &parts, &state_field};
    static field_proto *get_fields[] = {&name, &filter, &stock, &version, &state_field};
    static field_proto *update_fields[] = {&body};
    static Google__Protobuf__DescriptorProto thing, get, update;
    static Google__Protobuf__DescriptorProto *nested[2];
    static Google__Protobuf__DescriptorProto *messages[] = {&thing, &get, &update};
    static Google__Protobuf__EnumDescriptorProto *enums[1];
    make_fields();
    nested[0] = inner_message();
    nested[1] = map_entry();
    enums[0] = kind_enum();
    thing = make_message("Thing", thing_fields, COUNT(thing_fields));
    thing.n_nested_type = COUNT(nested);
    thing.nested_type = nested;
    get = make_message("GetThingRequest", get_fields, COUNT(get_fields));
    update = make_message("UpdateThingRequest", update_fields, COUNT(update_fields));
    file->n_message_type = COUNT(messages);
    file->message_type = messages;
    file->n_enum_type = COUNT(enums);
    file->enum_type = enums;
}

static void add_service(Google__Protobuf__FileDescriptorProto *file)
{
    static Google__Protobuf__MethodDescriptorProto get, update;
    static Google__Protobuf__MethodDescriptorProto *methods[] = {&get, &update};
    static Google__Protobuf__ServiceDescriptorProto service =
        GOOGLE__PROTOBUF__SERVICE_DESCRIPTOR_PROTO__INIT;
    static Google__Protobuf__ServiceDescriptorProto *services[] = {&service};
    get = make_method("GetThing", ".t.v1.GetThingRequest");
    update = make_method("UpdateThing", ".t.v1.UpdateThingRequest");
    service.name = (char *)"Things";
    service.n_method = COUNT(methods);
    service.method = methods;
    file->n_service = COUNT(services);
    file->service = services;
}

static void add_comments(Google__Protobuf__FileDescriptorProto *file)
{
    static int32_t get_path[] = {6, 0, 2, 0};
    static int32_t title_path[] = {4, 0, 2, 1};
    static Google__Protobuf__SourceCodeInfo__Location of_get, of_title;
    static Google__Protobuf__SourceCodeInfo__Location *comments[] = {&of_get, &of_title};
    static Google__Protobuf__SourceCodeInfo source = GOOGLE__PROTOBUF__SOURCE_CODE_INFO__INIT;
    of_get = make_comment(get_path, COUNT(get_path), " Finds v1.5\n of a \"thing\". And more.\n");
    of_title = make_comment(title_path, COUNT(title_path), " What it is called.\n");
    source.n_location = COUNT(comments);
    source.location = comments;
    file->source_code_info = &source;
}

/* Package t.v1: Thing with Inner, Kind and a map; two requests; their service. */
static size_t pack_set(uint8_t *ret_bytes)
{
    Google__Protobuf__FileDescriptorProto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    file.package = (char *)"t.v1";
    add_messages(&file);
    add_service(&file);
    add_comments(&file);
    Google__Protobuf__FileDescriptorProto *files[] = {&file};
    Google__Protobuf__FileDescriptorSet set = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_SET__INIT;
    set.n_file = COUNT(files);
    set.file = files;
    assert_true(google__protobuf__file_descriptor_set__get_packed_size(&set) <= MAX_SET_BYTES);
    return google__protobuf__file_descriptor_set__pack(&set, ret_bytes);
}

struct fixture {
    struct nx_arena *arena;
    struct oas_model model;
    struct nx_buf document;
};

static int set_up(void **state)
{
    uint8_t bytes[MAX_SET_BYTES];
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = nx_arena_new((size_t)1024 * 1024);
    assert_non_null(fixture->arena);
    nx_buf_init(&fixture->document, (size_t)1024 * 1024);
    struct nx_str set = {(const char *)bytes, pack_set(bytes)};
    nx_status status = oas_model_build(set, fixture->arena, &fixture->model);
    assert_string_equal(nx_status_message(status), "");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    nx_buf_cleanup(&fixture->document);
    nx_arena_destroy(fixture->arena);
    free(fixture);
    return 0;
}

#define HEAD "info: {title: T, version: '1'}\nhttp:\n  rules:\n"
#define GET "    - selector: t.v1.Things.GetThing\n"
#define UPDATE "    - selector: t.v1.Things.UpdateThing\n"

static nx_status generate(struct fixture *fixture, struct nx_str yaml, enum oas_format format)
{
    struct oas_spec *spec;
    struct oas_writer writer;
    nx_status status = oas_spec_parse(yaml, "s.yaml", fixture->arena, &spec);
    assert_string_equal(nx_status_message(status), "");
    oas_write_init(&writer, &fixture->document, format);
    status = oas_document_write(spec, "s.yaml", &fixture->model, fixture->arena, &writer);
    oas_spec_destroy(spec);
    nx_buf_append_char(&fixture->document, '\0');
    assert_false(fixture->document.failed);
    return status;
}

static void assert_has(const struct fixture *fixture, const char *text)
{
    if (!strstr(fixture->document.ptr, text))
        fail_msg("no\n%s\nin\n%s", text, fixture->document.ptr);
}

static void assert_lacks(const struct fixture *fixture, const char *text)
{
    if (strstr(fixture->document.ptr, text))
        fail_msg("%s\nin\n%s", text, fixture->document.ptr);
}

static void test_oas_document__describes_a_get(void **state)
{
    struct fixture *fixture = *state;
    nx_status status = generate(
        fixture, NX_STR(HEAD GET "      get: /v1/{name=boxes/*/categories/*}:peek\n"), OAS_YAML);
    assert_string_equal(nx_status_message(status), "");
    assert_has(fixture, "  \"/v1/boxes/{box}/categories/{category}:peek\":\n    get:\n");
    assert_has(fixture, "      summary: \"Finds v1.5 of a \\\"thing\\\"\"\n");
    assert_has(fixture,
               "      description: |-\n        Finds v1.5\n        of a \"thing\". And more.\n");
    assert_has(fixture, "      operationId: Things_GetThing\n");
    assert_has(fixture, "        - name: filter.maxDepth\n          in: query\n");
    assert_has(fixture, "        - name: state\n");
    /* Neither a map nor an output has a place in a query. */
    assert_lacks(fixture, "- name: stock");
    assert_lacks(fixture, "- name: version");
}

/* A rule for a method that OpenAPI has no place for is checked, and left out. */
static void test_oas_document__leaves_custom_methods_out(void **state)
{
    struct fixture *fixture = *state;
    nx_status status =
        generate(fixture,
                 NX_STR(HEAD GET "      custom: {kind: PURGE, path: '/v1/a/{name}'}\n"
                                 "      additional_bindings:\n"
                                 "        - custom: {kind: '*', path: '/v1/b/{name}'}\n"
                                 "        - custom: {kind: GET, path: '/v1/c/{name}'}\n"),
                 OAS_YAML);
    assert_string_equal(nx_status_message(status), "");
    assert_lacks(fixture, "/v1/a/");
    assert_lacks(fixture, "/v1/b/");
    assert_has(fixture, "  \"/v1/c/{name}\":\n    get:\n");
    assert_has(fixture, "      operationId: Things_GetThing\n");
}

static void test_oas_document__describes_types(void **state)
{
    struct fixture *fixture = *state;
    nx_status status =
        generate(fixture, NX_STR(HEAD GET "      get: /v1/{name=boxes/*}\n"), OAS_YAML);
    assert_string_equal(nx_status_message(status), "");
    assert_has(fixture, "    Thing:\n      type: object\n      required:\n        - longTitle\n");
    assert_has(fixture, "        longTitle:\n          type: string\n"
                        "          description: \"What it is called.\"\n");
    assert_has(fixture, "        version:\n          type: string\n          format: uint64\n"
                        "          readOnly: true\n");
    assert_has(fixture, "        stock:\n          type: object\n          additionalProperties:\n"
                        "            type: string\n            format: int64\n");
    assert_has(fixture, "        parts:\n          type: array\n          items:\n"
                        "            \"$ref\": \"#/components/schemas/Thing\"\n");
    assert_has(fixture, "    Kind:\n      type: string\n      description: \"- `KIND_ON`\"\n"
                        "      enum:\n        - KIND_ON\n");
    assert_lacks(fixture, "StockEntry");
    assert_lacks(fixture, "GetThingRequest");
}

static void test_oas_document__a_patch_requires_nothing(void **state)
{
    struct fixture *fixture = *state;
    nx_status status = generate(fixture,
                                NX_STR(HEAD UPDATE "      patch: /v1/{thing.name=boxes/*}\n"
                                                   "      body: thing\n"),
                                OAS_JSON);
    assert_string_equal(nx_status_message(status), "");
    assert_has(fixture, "\"schema\": {\n"
                        "                \"$ref\": \"#/components/schemas/Thing.Patch\"\n");
    assert_has(fixture, "      \"Thing.Patch\": {\n        \"type\": \"object\",\n"
                        "        \"description\": \"The same, with only the fields to change.\",\n"
                        "        \"properties\": {\n");
}

struct bad_rule {
    struct nx_str yaml;
    const char *message;
};

static const struct bad_rule bad_rules[] = {
    {NX_STR(HEAD "    - {selector: t.v1.Things.Gone, get: /v1}\n"),
     "s.yaml:4: t.v1.Things.Gone: no such RPC"},
    {NX_STR("http:\n  rules:\n" GET "      get: /v1\n"), "s.yaml:1: 'info' is missing"},
    {NX_STR(HEAD GET "      custom: {kind: PURGE, path: '/v1/{nam}'}\n"),
     "s.yaml:4: t.v1.Things.GetThing: 'nam' is no field of the request"},
    {NX_STR(HEAD GET "      get: /v1/{nam}\n"),
     "s.yaml:4: t.v1.Things.GetThing: 'nam' is no field of the request"},
    {NX_STR(HEAD GET "      get: /v1/{name.x}\n"),
     "s.yaml:4: t.v1.Things.GetThing: 'name.x' is no field of the request"},
    {NX_STR(HEAD GET "      get: /v1/{filter}\n"),
     "s.yaml:4: t.v1.Things.GetThing: 'filter' is a message, which a path cannot hold"},
    {NX_STR(HEAD UPDATE "      patch: /v1/{thing.parts.name}\n"),
     "s.yaml:4: t.v1.Things.UpdateThing: 'thing.parts.name' is a list, which a path cannot hold"},
    {NX_STR(HEAD GET "      get: /v1\n      redirect: {parameter: nam, from: name}\n"),
     "s.yaml:4: t.v1.Things.GetThing: 'nam' is no text in the query"},
    {NX_STR(HEAD GET "      get: /v1/{name}\n      redirect: {parameter: name, from: name}\n"),
     "s.yaml:4: t.v1.Things.GetThing: 'name' is no text in the query"},
    {NX_STR(HEAD GET "      get: /v1\n      redirect: {parameter: name, from: nam.e}\n"),
     "s.yaml:4: t.v1.Things.GetThing: 'nam.e' is no text in the response"},
    {NX_STR(HEAD GET "      get: /v1\n      redirect: {parameter: name, from: ''}\n"),
     "s.yaml:4: t.v1.Things.GetThing: '' is no text in the response"},
    {NX_STR(HEAD UPDATE "      post: /v1\n      body: thin\n"),
     "s.yaml:4: t.v1.Things.UpdateThing: 'thin' is no field of the request"},
    {NX_STR(HEAD GET "      get: /v1\n      response_body: x\n"),
     "s.yaml:4: t.v1.Things.GetThing: 'x' is no field of the response"},
    {NX_STR(HEAD GET "      post: /v1/as/{name}\n" UPDATE "      post: /v1/as/{thing.name}\n"),
     "s.yaml:6: t.v1.Things.UpdateThing: /v1/as/{name} is already taken by "
     "t.v1.Things.GetThing at line 4"},
    {NX_STR(HEAD GET
            "      get: /v1\nexamples:\n  - {selector: t.v1.Things.GetThing, request: 1}\n"),
     "s.yaml:7: t.v1.Things.GetThing: no rule with a body"},
};

static void test_oas_document__bad_rule_names_its_line(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(bad_rules); i++) {
        nx_status status = generate(fixture, bad_rules[i].yaml, OAS_JSON);
        assert_string_equal(nx_status_message(status), bad_rules[i].message);
    }
    nx_status status = generate(fixture,
                                NX_STR(HEAD UPDATE "      post: /v1\n      body: thing\nexamples:\n"
                                                   "  - selector: t.v1.Things.UpdateThing\n"
                                                   "    request: '{1}'\n"),
                                OAS_JSON);
    assert_ptr_equal(strstr(nx_status_message(status), "s.yaml:8: t.v1.Things.UpdateThing: "),
                     nx_status_message(status));
}

static void test_oas_document__not_a_descriptor_set(void **state)
{
    struct fixture *fixture = *state;
    struct oas_model model;
    nx_status status = oas_model_build(NX_STR("\xff\xff"), fixture->arena, &model);
    assert_string_equal(nx_status_message(status), "not a FileDescriptorSet");
}

static void test_oas_write__both_forms_of_one_value(void **state)
{
    struct fixture *fixture = *state;
    static const struct nx_str value =
        NX_STR("{\"a\":[],\"no\":{},\"b\":[1,[true],{\"c\":null,\"d\":\"x y\"},\"yes\"]}");
    struct oas_writer writer;
    oas_write_init(&writer, &fixture->document, OAS_YAML);
    assert_int_equal(oas_write_json(&writer, value, fixture->arena).code, NX_OK);
    nx_buf_append_char(&fixture->document, '\0');
    assert_string_equal(fixture->document.ptr, "a: []\n\"no\": {}\nb:\n  - 1\n  - - true\n"
                                               "  - c: null\n    d: \"x y\"\n  - \"yes\"\n");
    fixture->document.len = 0;
    oas_write_init(&writer, &fixture->document, OAS_JSON);
    assert_int_equal(oas_write_json(&writer, NX_STR("[{\"a\":1,\"b\":[]}]"), fixture->arena).code,
                     NX_OK);
    nx_buf_append_char(&fixture->document, '\0');
    assert_string_equal(fixture->document.ptr, "[\n  {\n    \"a\": 1,\n    \"b\": []\n  }\n]\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_oas_document__describes_a_get),
        TEST(test_oas_document__leaves_custom_methods_out),
        TEST(test_oas_document__describes_types),
        TEST(test_oas_document__a_patch_requires_nothing),
        TEST(test_oas_document__bad_rule_names_its_line),
        TEST(test_oas_document__not_a_descriptor_set),
        TEST(test_oas_write__both_forms_of_one_value),
    };
    return cmocka_run_group_tests_name("oas_document", tests, NULL, NULL);
}
