/* Names, templates, and what the generator refuses. */
#include "gen_emit.h"
#include "gen_file.h"
#include "gen_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct nx_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = nx_arena_new(1 << 20);
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
}

static void test_gen_name__files(void **state)
{
    (void)state;
    assert_string_equal(gen_name_base(arena, "a/b-c.v1.proto"), "a/b-c.v1");
    assert_string_equal(gen_name_base(arena, "noending"), "noending");
    assert_string_equal(gen_name_guard(arena, "a/b-c.v1.proto"), "A_B_C_V1_PROTO");
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

static void test_gen_check__refuses_names_that_collide(void **state)
{
    (void)state;
    struct sample sample;
    init_sample(&sample);
    sample.method[1].name = (char *)"get_it";
    nx_status status = gen_file_check(&sample.file, arena);
    assert_int_equal(status.code, NX_INVALID_ARGUMENT);
    assert_non_null(strstr(nx_status_message(status), "would both be get_it"));
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
        cmocka_unit_test(test_gen_name__files),
        cmocka_unit_test(test_gen_emit__replaces_variables),
        cmocka_unit_test(test_gen_emit__comments_cannot_end_early),
        cmocka_unit_test(test_gen_check__accepts_unary),
        cmocka_unit_test(test_gen_check__refuses_optional_by_line),
        cmocka_unit_test(test_gen_check__refuses_names_that_collide),
        cmocka_unit_test(test_gen_file__is_deterministic),
    };
    return cmocka_run_group_tests_name("codegen", tests, set_up, tear_down);
}
