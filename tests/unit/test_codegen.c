/* Names, templates, and what the generator refuses. */
#include "gen_emit.h"
#include "gen_file.h"
#include "gen_json.h"
#include "gen_messages.h"
#include "gen_name.h"
#include "gen_plugin.h"
#include "gen_rewrite.h"
#include "gen_unique.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct nx_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = nx_arena_new((size_t)64 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    nx_arena_destroy(arena);
    return 0;
}

static void test_gen_name__agrees_with_protobuf_c(void **state)
{
    (void)state;
    static const struct {
        const char *proto, *type, *descriptor, *symbol;
    } rows[] = {
        {"nexus.catalog.v1.Product", "Nexus__Catalog__V1__Product",
         "nexus__catalog__v1__product__descriptor", "nexus_catalog_v1_product"},
        {".nexus.catalog.v1.CatalogService", "Nexus__Catalog__V1__CatalogService",
         "nexus__catalog__v1__catalog_service__descriptor", "nexus_catalog_v1_catalog_service"},
        {"a_b.HTTPServer", "AB__HTTPServer", "a_b__httpserver__descriptor", "a_b_httpserver"},
        {"a.Outer.Inner_part", "A__Outer__InnerPart", "a__outer__inner_part__descriptor",
         "a_outer_inner_part"},
        {"X", "X", "x__descriptor", "x"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(gen_name_type(arena, rows[i].proto), rows[i].type);
        assert_string_equal(gen_name_descriptor(arena, rows[i].proto), rows[i].descriptor);
        assert_string_equal(gen_name_symbol(arena, rows[i].proto), rows[i].symbol);
    }
}

static void test_gen_name__members_avoid_claimed_words(void **state)
{
    (void)state;
    assert_string_equal(gen_name_member(arena, "GetProduct"), "get_product");
    assert_string_equal(gen_name_member(arena, "Default"), "default_");
    assert_string_equal(gen_name_member(arena, "While"), "while_");
    assert_string_equal(gen_name_member(arena, "Errno"), "errno_");
    assert_string_equal(gen_name_member(arena, "Asm"), "asm_");
    assert_string_equal(gen_name_member(arena, "Defaults"), "defaults");
    assert_string_equal(gen_name_member(arena, "Delete"), "delete");
    assert_string_equal(gen_name_member(arena, "__linux__"), "__linux___");
    assert_string_equal(gen_name_field(arena, "displayName"), "displayname");
    assert_string_equal(gen_name_field(arena, "ERRNO"), "errno_");
    assert_string_equal(gen_name_field(arena, "delete"), "delete_");
    assert_string_equal(gen_name_field(arena, "base"), "base_");
    assert_string_equal(gen_name_symbol(arena, "Time"), "time_");
    assert_string_equal(gen_name_symbol(arena, "p.Time"), "p_time");
}

static void test_gen_name__types_avoid_macros(void **state)
{
    (void)state;
    assert_string_equal(gen_name_type(arena, ".FILE"), "FILE_");
    assert_string_equal(gen_name_type(arena, "I"), "I_");
    assert_string_equal(gen_name_type(arena, "E2big"), "E2big");
    assert_string_equal(gen_name_type(arena, "E2BIG"), "E2BIG_");
    assert_string_equal(gen_name_type(arena, "M"), "M");
    assert_string_equal(gen_name_type(arena, "PRId64"), "PRId64_");
    assert_string_equal(gen_name_type(arena, "p.FILE"), "P__FILE");
    assert_string_equal(gen_name_type(arena, "FILE.DIR"), "FILE__DIR");
}

/* A file with a message that has one field of the name, and what the compiler makes of it. */
static nx_status name_fields(const char *json_name, struct nx_str text, struct nx_buf *out)
{
    Google__Protobuf__FieldDescriptorProto field = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__INIT;
    field.name = (char *)"foo_bar";
    field.json_name = (char *)json_name;
    Google__Protobuf__FieldDescriptorProto *fields[] = {&field};
    Google__Protobuf__DescriptorProto inner = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    inner.name = (char *)"Inner";
    inner.n_field = 1;
    inner.field = fields;
    Google__Protobuf__DescriptorProto *nested[] = {&inner};
    Google__Protobuf__DescriptorProto outer = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    outer.name = (char *)"Outer";
    outer.n_nested_type = 1;
    outer.nested_type = nested;
    Google__Protobuf__DescriptorProto *messages[] = {&outer};
    Google__Protobuf__FileDescriptorProto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    file.name = (char *)"a.proto";
    file.package = (char *)"a.b";
    file.n_message_type = 1;
    file.message_type = messages;
    return gen_json_names(&file, text, arena, out);
}

#define FIELD(array, spare)                                                                        \
    "static const ProtobufCFieldDescriptor " array "__field_descriptors[1] =\n{\n  {\n"            \
    "    \"foo_bar\",\n    1,\n    0,             /* flags */\n"                                   \
    "    0," spare "    /* reserved1,reserved2, etc */\n  },\n};\n"

static void test_gen_json__names_stand_in_a_spare_member(void **state)
{
    (void)state;
    static const char before[] = FIELD("a__b__outer", "NULL,NULL")
        FIELD("a__b__outer__inner", "NULL,NULL") FIELD("a__b__outer__other", "NULL,NULL");
    static const char after[] = FIELD("a__b__outer", "NULL,NULL")
        FIELD("a__b__outer__inner", "(void *) \"x\\042\\134\\303\\251\",NULL")
            FIELD("a__b__outer__other", "NULL,NULL");
    static const struct {
        const char *json_name;
        const char *expected;
    } rows[] = {{"x\"\\\xC3\xA9", after}, {"fooBar", before}, {NULL, before}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_buf out;
        nx_buf_init(&out, 1 << 16);
        assert_int_equal(name_fields(rows[i].json_name, NX_STR(before), &out).code, NX_OK);
        assert_true(nx_str_equal(nx_buf_str(&out), nx_str_from(rows[i].expected)));
        nx_buf_cleanup(&out);
    }
    /* Another compiler may write another text: better none than one without the name. */
    struct nx_buf out;
    nx_buf_init(&out, 1 << 16);
    nx_status status = name_fields("x", NX_STR(FIELD("a__b__outer", "NULL,NULL")), &out);
    assert_int_equal(status.code, NX_INTERNAL);
    assert_non_null(strstr(nx_status_message(status), "no place for a json_name"));
    nx_buf_cleanup(&out);
}

static void test_gen_rewrite__changes_code_alone(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } rows[] = {
        {"struct  A\n{\n  ProtobufCMessage base;\n  int32_t errno;\n  FILE *base;\n};",
         "struct  A\n{\n  ProtobufCMessage base;\n  int32_t errno_;\n  FILE_ *base_;\n};"},
        {"struct A { union { int32_t unix PROTOBUF_C__DEPRECATED; }; }; int unix;",
         "struct A { union { int32_t unix_ PROTOBUF_C__DEPRECATED; }; }; int unix;"},
        {"  \"errno\", /* errno FILE */ offsetof(NULL, errno), NULL, 10, 'F'",
         "  \"errno\", /* errno FILE */ offsetof(NULL_, errno_), NULL, 10, 'F'"},
        {"typedef struct NULL NULL;\n#define NULL__INIT \\\n { errno; NULL }\n(const NULL *m)",
         "typedef struct NULL_ NULL_;\n#define NULL__INIT \\\n { errno; NULL }\n(const NULL_ *m)"},
        {"typedef enum _Bool { BOOL__A } Bool; enum _P__Bool x; NULL,NULL /* r */\n};",
         "typedef enum _Bool_ { BOOL__A } Bool; enum _P__Bool x; NULL,NULL /* r */\n};"},
        {"/* a?\?/ */ \"b?\?/\\\"c\" ?\?", "/* a? ?/ */ \"b?\\?/\\\"c\" ?\?"},
        {"#define A__INIT \\\n { errno, -inf, nan }\nx = -inf; y = -9223372036854775808ll; inf, "
         "nan",
         "#define A__INIT \\\n { errno, -(1.0f / 0.0f), (0.0f / 0.0f) }\nx = -(1.0f / 0.0f); y = "
         "-9223372036854775807ll - 1; inf, nan"},
        {"\"open", "\"open"},
        {"/* open", "/* open"},
        {"#", "#"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_buf buf;
        nx_buf_init(&buf, 1000);
        gen_rewrite(nx_str_from(rows[i].before), &buf);
        nx_buf_append(&buf, "", 1);
        assert_string_equal(buf.ptr, rows[i].after);
        nx_buf_cleanup(&buf);
    }
}

static void test_gen_name__files(void **state)
{
    (void)state;
    assert_string_equal(gen_name_base(arena, "a/b-c.v1.proto"), "a/b-c.v1");
    assert_string_equal(gen_name_base(arena, "noending"), "noending");
    assert_string_equal(gen_name_guard(arena, "a/b-c.v1.proto"), "a_2fb_2dc_2ev1_2eproto");
}

static void test_gen_emit__replaces_variables(void **state)
{
    (void)state;
    struct nx_buf buf;
    nx_buf_init(&buf, 1000);
    const struct gen_var vars[] = {{"a", "one"}, {"b", ""}, {NULL, NULL}};
    gen_emit(&buf, vars, "$a$, $b$$a$ and $a$");
    nx_buf_append(&buf, "", 1);
    assert_string_equal(buf.ptr, "one, one and one");
    nx_buf_cleanup(&buf);
}

static void test_gen_emit__comments_cannot_end_early(void **state)
{
    (void)state;
    struct nx_buf buf;
    nx_buf_init(&buf, 1000);
    gen_emit_comment(&buf, "  ", " Ends */ here\n and /* begins\n");
    nx_buf_append(&buf, "", 1);
    assert_string_equal(buf.ptr, "  /* Ends * / here\n   * and / * begins */\n");
    nx_buf_cleanup(&buf);
}

/* A file with one service of two methods, and a message with one field, to be spoilt by a test. */
struct sample {
    Google__Protobuf__FileDescriptorProto file;
    Google__Protobuf__ServiceDescriptorProto service, *services[1];
    Google__Protobuf__MethodDescriptorProto method[2], *methods[2];
    Google__Protobuf__DescriptorProto message, *messages[1];
    Google__Protobuf__FieldDescriptorProto field, *fields[1];
    Google__Protobuf__SourceCodeInfo source;
    Google__Protobuf__SourceCodeInfo__Location location, *locations[1];
    int32_t path[4], span[3];
};

static void init_sample(struct sample *sample)
{
    memset(sample, 0, sizeof *sample);
    google__protobuf__file_descriptor_proto__init(&sample->file);
    google__protobuf__service_descriptor_proto__init(&sample->service);
    google__protobuf__descriptor_proto__init(&sample->message);
    google__protobuf__field_descriptor_proto__init(&sample->field);
    google__protobuf__source_code_info__init(&sample->source);
    google__protobuf__source_code_info__location__init(&sample->location);
    for (int i = 0; i < 2; i++) {
        google__protobuf__method_descriptor_proto__init(&sample->method[i]);
        sample->methods[i] = &sample->method[i];
        sample->method[i].input_type = sample->method[i].output_type = (char *)".p.M";
    }
    sample->method[0].name = (char *)"GetIt";
    sample->method[1].name = (char *)"PutIt";
    sample->service.name = (char *)"S";
    sample->service.n_method = 2;
    sample->service.method = sample->methods;
    sample->message.name = (char *)"M";
    sample->message.n_field = 1;
    sample->message.field = sample->fields;
    sample->field.name = (char *)"f";
    sample->fields[0] = &sample->field;
    sample->services[0] = &sample->service;
    sample->messages[0] = &sample->message;
    sample->locations[0] = &sample->location;
    sample->location.path = sample->path;
    sample->location.n_path = 4;
    sample->location.span = sample->span;
    sample->location.n_span = 3;
    sample->source.n_location = 1;
    sample->source.location = sample->locations;
    sample->file.name = (char *)"p/s.proto";
    sample->file.package = (char *)"p";
    sample->file.n_service = 1;
    sample->file.service = sample->services;
    sample->file.n_message_type = 1;
    sample->file.message_type = sample->messages;
    sample->file.source_code_info = &sample->source;
}

static void test_gen_check__accepts_unary(void **state)
{
    (void)state;
    struct sample sample;
    init_sample(&sample);
    assert_int_equal(gen_file_check(&sample.file, arena).code, NX_OK);
}

static void test_gen_check__refuses_optional_by_line(void **state)
{
    (void)state;
    struct sample sample;
    init_sample(&sample);
    sample.field.has_proto3_optional = sample.field.proto3_optional = true;
    memcpy(sample.path, (int32_t[]){4, 0, 2, 0}, sizeof sample.path);
    sample.span[0] = 6;
    nx_status status = gen_file_check(&sample.file, arena);
    assert_int_equal(status.code, NX_INVALID_ARGUMENT);
    assert_non_null(strstr(nx_status_message(status), "p/s.proto:7: field M.f is optional"));
}

/* Whether a request of the sample alone passes. */
static nx_status check_unique(struct sample *sample)
{
    Google__Protobuf__Compiler__CodeGeneratorRequest request =
        GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_REQUEST__INIT;
    Google__Protobuf__FileDescriptorProto *files[] = {&sample->file};
    request.n_proto_file = 1;
    request.proto_file = files;
    return gen_unique_check(&request, arena);
}

static void test_gen_unique__refuses_names_that_collide(void **state)
{
    (void)state;
    struct sample sample;
    init_sample(&sample);
    assert_int_equal(check_unique(&sample).code, NX_OK);
    memcpy(sample.path, (int32_t[]){6, 0, 2, 1}, sizeof sample.path);
    sample.span[0] = 11;
    sample.method[1].name = (char *)"get_it";
    assert_string_equal(nx_status_message(check_unique(&sample)),
                        "p/s.proto:12: method p.S.get_it and method p.S.GetIt (p/s.proto:1) would "
                        "both be get_it in C; rename one");
    sample.method[1].name = (char *)"Serve";
    assert_non_null(strstr(nx_status_message(check_unique(&sample)), "both be p_s_serve in C"));
    sample.method[1].name = (char *)"ReplyGetIt";
    assert_non_null(
        strstr(nx_status_message(check_unique(&sample)), "both be p_s_reply_get_it in C"));
}

/* Whatever the templates declare for a service or a method is among the names that are compared:
 * a method that is called like it is refused, or the C compiles nonetheless. */
static void test_gen_unique__knows_the_templates(void **state)
{
    (void)state;
    struct sample sample;
    struct nx_buf text;
    init_sample(&sample);
    sample.method[1].client_streaming = sample.method[1].server_streaming = true;
    nx_buf_init(&text, 1 << 20);
    gen_file_header(&sample.file, arena, &text);
    gen_file_source(&sample.file, arena, &text);
    nx_buf_append(&text, "", 1);
    static const char prefix[] = "p_s_";
    for (const char *at = strstr(text.ptr, prefix); at; at = strstr(at + 1, prefix)) {
        size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
        struct nx_str rest = {at + strlen(prefix), len - strlen(prefix)};
        bool is_tag = nx_str_equal(rest, NX_STR("server"));
        bool is_own = nx_str_equal(rest, NX_STR("put_it"));
        sample.method[1].name = nx_arena_strdup(arena, rest);
        if (!is_tag && !is_own && !strstr(sample.method[1].name, "put_it") &&
            check_unique(&sample).code == NX_OK)
            fail_msg("%.*s is not among the names of gen_unique.c", (int)len, at);
    }
    nx_buf_cleanup(&text);
}

/* The bytes of a request that generates the sample, with these options. */
static struct nx_str pack_request(struct sample *sample, const char *options)
{
    Google__Protobuf__Compiler__CodeGeneratorRequest request =
        GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_REQUEST__INIT;
    Google__Protobuf__FileDescriptorProto *files[] = {&sample->file};
    request.n_proto_file = request.n_file_to_generate = 1;
    request.proto_file = files;
    request.file_to_generate = &sample->file.name;
    request.parameter = (char *)options;
    size_t size = google__protobuf__compiler__code_generator_request__get_packed_size(&request);
    uint8_t *bytes = nx_arena_alloc(arena, size);
    assert_non_null(bytes);
    google__protobuf__compiler__code_generator_request__pack(&request, bytes);
    return (struct nx_str){(const char *)bytes, size};
}

static Google__Protobuf__Compiler__CodeGeneratorResponse *answer(struct nx_str request, gen_run run)
{
    struct nx_buf bytes;
    nx_buf_init(&bytes, 1 << 20);
    assert_int_equal(gen_plugin_answer(request, run, arena, &bytes).code, NX_OK);
    ProtobufCAllocator allocator = gen_messages_allocator(arena);
    Google__Protobuf__Compiler__CodeGeneratorResponse *response =
        google__protobuf__compiler__code_generator_response__unpack(&allocator, bytes.len,
                                                                    (const uint8_t *)bytes.ptr);
    nx_buf_cleanup(&bytes);
    assert_non_null(response);
    return response;
}

/* Stands for protobuf-c's compiler. */
static nx_status run_compiler(const char *program, struct nx_str input, struct nx_arena *of,
                              struct nx_buf *output)
{
    assert_string_equal(program, "protoc-gen-c");
    ProtobufCAllocator allocator = gen_messages_allocator(of);
    Google__Protobuf__Compiler__CodeGeneratorRequest *request =
        google__protobuf__compiler__code_generator_request__unpack(&allocator, input.len,
                                                                   (const uint8_t *)input.ptr);
    assert_non_null(request);
    assert_int_equal(request->n_proto_file, 1);
    assert_int_equal(request->proto_file[0]->n_message_type, 1);
    assert_int_equal(request->proto_file[0]->n_service, 0);
    assert_null(request->parameter);
    static const char bytes[] = "\x7a\x11\x0a\x03"
                                "a.h"
                                "\x7a\x0a"
                                "FILE *f();";
    nx_buf_append(output, bytes, sizeof bytes - 1);
    return NX_STATUS_OK;
}

static nx_status run_nothing(const char *program, struct nx_str input, struct nx_arena *of,
                             struct nx_buf *output)
{
    (void)input;
    (void)output;
    return nx_fail(of, NX_UNAVAILABLE, "%s is not there", program);
}

static void test_gen_plugin__hands_messages_to_another(void **state)
{
    (void)state;
    struct sample sample;
    init_sample(&sample);
    Google__Protobuf__Compiler__CodeGeneratorResponse *response =
        answer(pack_request(&sample, ",messages"), run_compiler);
    assert_null(response->error);
    assert_int_equal(response->n_file, 3);
    assert_string_equal(response->file[0]->content, "FILE_ *f();");
    assert_string_equal(response->file[1]->name, "p/s.nexus.h");
    response = answer(pack_request(&sample, "messages=x/y,no_stubs"), run_nothing);
    assert_string_equal(response->error, "x/y is not there");
    assert_int_equal(response->n_file, 0);
    response = answer(pack_request(&sample, ""), run_nothing);
    assert_int_equal(response->n_file, 2);
}

static void test_gen_plugin__survives_what_is_no_request(void **state)
{
    (void)state;
    struct nx_buf out, deep;
    nx_buf_init(&out, 1 << 20);
    nx_buf_init(&deep, 1 << 20);
    nx_status status = gen_plugin_answer(NX_STR("\x0a\xff"), run_nothing, arena, &out);
    assert_string_equal(nx_status_message(status), "not a CodeGeneratorRequest");
    /* Messages in messages, from the inside: each is field 3 of the next. */
    for (int i = 0; i < 5000; i++) {
        char head[8];
        size_t len = 0, size = deep.len;
        head[len++] = i == 4999 ? 0x7a : i == 4998 ? 0x22 : 0x1a;
        for (; size > 127; size >>= 7)
            head[len++] = (char)(0x80 | (size & 127));
        head[len++] = (char)size;
        char *room = nx_buf_reserve(&deep, len);
        assert_non_null(room);
        if (deep.len > 0)
            memmove(deep.ptr + len, deep.ptr, deep.len);
        memcpy(deep.ptr, head, len);
        deep.len += len;
    }
    status = gen_plugin_answer(nx_buf_str(&deep), run_nothing, arena, &out);
    assert_string_equal(nx_status_message(status), "messages are nested too deep");
    nx_buf_cleanup(&deep);
    nx_buf_cleanup(&out);
}

static void test_gen_plugin__refuses_names_that_are_none(void **state)
{
    (void)state;
    static const char *const files[] = {"../a.proto", "a/../b.proto", "/etc/a.proto",
                                        "a\".proto",  "a*/.proto",    "a\n.proto",
                                        "",           "a\\.proto"};
    struct sample sample;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        init_sample(&sample);
        sample.file.name = (char *)files[i];
        assert_non_null(strstr(answer(pack_request(&sample, ""), run_nothing)->error,
                               "cannot be included in C"));
    }
    init_sample(&sample);
    sample.file.name = (char *)"a..b/..c.proto";
    assert_null(answer(pack_request(&sample, ""), run_nothing)->error);
    char **const names[] = {&sample.service.name, &sample.method[0].name, &sample.message.name,
                            &sample.field.name, &sample.method[1].input_type};
    static const char *const bad[] = {NULL, "", "a b", "1a", "a$b$", "a.", "a..b", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (size_t j = 0; j < sizeof bad / sizeof *bad; j++) {
            init_sample(&sample);
            *names[i] = (char *)bad[j];
            assert_non_null(strstr(answer(pack_request(&sample, ""), run_nothing)->error,
                                   "cannot be the name of a"));
        }
    }
    init_sample(&sample);
    sample.file.package = (char *)"";
    sample.message.name = (char *)"_1";
    assert_non_null(
        strstr(answer(pack_request(&sample, ""), run_nothing)->error, "\"1\" in C, which is no"));
}

static void test_gen_file__is_deterministic(void **state)
{
    (void)state;
    struct sample sample;
    init_sample(&sample);
    struct nx_buf first, second;
    nx_buf_init(&first, 1 << 20);
    nx_buf_init(&second, 1 << 20);
    gen_file_header(&sample.file, arena, &first);
    gen_file_source(&sample.file, arena, &first);
    gen_file_header(&sample.file, arena, &second);
    gen_file_source(&sample.file, arena, &second);
    assert_true(nx_str_equal(nx_buf_str(&first), nx_buf_str(&second)));
    nx_buf_append(&first, "", 1);
    assert_non_null(strstr(first.ptr, ".path = \"/p.S/GetIt\""));
    assert_non_null(strstr(first.ptr, "void (*put_it)(void *context, struct wire_call *call"));
    assert_null(strchr(first.ptr, '$'));
    nx_buf_cleanup(&first);
    nx_buf_cleanup(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gen_name__agrees_with_protobuf_c),
        cmocka_unit_test(test_gen_name__members_avoid_claimed_words),
        cmocka_unit_test(test_gen_name__types_avoid_macros),
        cmocka_unit_test(test_gen_json__names_stand_in_a_spare_member),
        cmocka_unit_test(test_gen_rewrite__changes_code_alone),
        cmocka_unit_test(test_gen_name__files),
        cmocka_unit_test(test_gen_emit__replaces_variables),
        cmocka_unit_test(test_gen_emit__comments_cannot_end_early),
        cmocka_unit_test(test_gen_check__accepts_unary),
        cmocka_unit_test(test_gen_check__refuses_optional_by_line),
        cmocka_unit_test(test_gen_unique__refuses_names_that_collide),
        cmocka_unit_test(test_gen_unique__knows_the_templates),
        cmocka_unit_test(test_gen_plugin__hands_messages_to_another),
        cmocka_unit_test(test_gen_plugin__survives_what_is_no_request),
        cmocka_unit_test(test_gen_plugin__refuses_names_that_are_none),
        cmocka_unit_test(test_gen_file__is_deterministic),
    };
    return cmocka_run_group_tests_name("codegen", tests, set_up, tear_down);
}
