/* The index of a descriptor set: of a small one that has one of everything, of sets that are wrong,
 * and of what this project serves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nexus_descriptors.h"
#include "refl.h"
#include "refl_index.h"

#include "google/protobuf/descriptor.pb-c.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MAX_SET_BYTES 4096

typedef Google__Protobuf__FileDescriptorProto file_proto;
typedef Google__Protobuf__FieldDescriptorProto field_proto;

static char *imports_base[] = {(char *)"base.proto"};
static char *imports_shop[] = {(char *)"shop.proto"};

/* Packs the files into a set; returns its index, or how that failed. */
static nx_status index_of(file_proto **files, size_t count, struct nx_arena *arena,
                          struct refl_index *ret_index)
{
    Google__Protobuf__FileDescriptorSet set = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_SET__INIT;
    set.n_file = count;
    set.file = files;
    uint8_t bytes[MAX_SET_BYTES];
    assert_true(google__protobuf__file_descriptor_set__get_packed_size(&set) <= sizeof bytes);
    size_t size = google__protobuf__file_descriptor_set__pack(&set, bytes);
    return refl_index_build((struct nx_str){(const char *)bytes, size}, arena, ret_index);
}

static file_proto make_file(const char *name, const char *package)
{
    file_proto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    file.name = (char *)name;
    file.package = (char *)package;
    return file;
}

static field_proto make_field(const char *name, int32_t number, const char *extendee)
{
    field_proto field = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__INIT;
    field.name = (char *)name;
    field.has_number = 1;
    field.number = number;
    field.extendee = (char *)extendee;
    return field;
}

static const char *file_of(const struct refl_index *index, const char *symbol)
{
    const struct refl_symbol *found = refl_index_symbol(index, symbol);
    return found ? found->file->name : NULL;
}

/* message Bike { message Part { price } enum Colour { GREEN } oneof kind; extend Thing { weight } }
 */
static Google__Protobuf__DescriptorProto *make_bike(Google__Protobuf__EnumDescriptorProto **types)
{
    static field_proto price;
    static field_proto weight;
    static field_proto *fields[] = {&price};
    static field_proto *extensions[] = {&weight};
    static Google__Protobuf__OneofDescriptorProto kind =
        GOOGLE__PROTOBUF__ONEOF_DESCRIPTOR_PROTO__INIT;
    static Google__Protobuf__OneofDescriptorProto *oneofs[] = {&kind};
    static Google__Protobuf__DescriptorProto part = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    static Google__Protobuf__DescriptorProto *parts[] = {&part};
    static Google__Protobuf__DescriptorProto bike = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    price = make_field("price", 1, NULL);
    weight = make_field("weight", 120, ".Thing");
    kind.name = (char *)"kind";
    part.name = (char *)"Part";
    part.n_field = 1;
    part.field = fields;
    bike.name = (char *)"Bike";
    bike.n_oneof_decl = bike.n_enum_type = bike.n_nested_type = bike.n_extension = 1;
    bike.oneof_decl = oneofs;
    bike.enum_type = types;
    bike.nested_type = parts;
    bike.extension = extensions;
    return &bike;
}

static Google__Protobuf__EnumDescriptorProto *make_colour(void)
{
    static Google__Protobuf__EnumValueDescriptorProto green =
        GOOGLE__PROTOBUF__ENUM_VALUE_DESCRIPTOR_PROTO__INIT;
    static Google__Protobuf__EnumValueDescriptorProto *values[] = {&green};
    static Google__Protobuf__EnumDescriptorProto colour =
        GOOGLE__PROTOBUF__ENUM_DESCRIPTOR_PROTO__INIT;
    green.name = (char *)"GREEN";
    colour.name = (char *)"Colour";
    colour.n_value = 1;
    colour.value = values;
    return &colour;
}

static Google__Protobuf__ServiceDescriptorProto *make_service(void)
{
    static Google__Protobuf__MethodDescriptorProto ride =
        GOOGLE__PROTOBUF__METHOD_DESCRIPTOR_PROTO__INIT;
    static Google__Protobuf__MethodDescriptorProto *methods[] = {&ride};
    static Google__Protobuf__ServiceDescriptorProto service =
        GOOGLE__PROTOBUF__SERVICE_DESCRIPTOR_PROTO__INIT;
    ride.name = (char *)"Ride";
    service.name = (char *)"Shop";
    service.n_method = 1;
    service.method = methods;
    return &service;
}

static void make_shop_index(struct nx_arena *arena, struct refl_index *ret_index)
{
    static Google__Protobuf__EnumDescriptorProto *types[1];
    types[0] = make_colour();
    Google__Protobuf__DescriptorProto *messages[] = {make_bike(types)};
    Google__Protobuf__ServiceDescriptorProto *services[] = {make_service()};
    field_proto colour = make_field("colour", 110, ".Thing");
    field_proto *extensions[] = {&colour};
    file_proto shop = make_file("shop.proto", "acme.shop");
    shop.n_message_type = shop.n_enum_type = shop.n_service = shop.n_extension = 1;
    shop.message_type = messages;
    shop.enum_type = types;
    shop.service = services;
    shop.extension = extensions;
    shop.n_dependency = 1;
    shop.dependency = imports_base;
    Google__Protobuf__DescriptorProto thing = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    thing.name = (char *)"Thing";
    Google__Protobuf__DescriptorProto *things[] = {&thing};
    file_proto base = make_file("base.proto", NULL); /* no package */
    base.n_message_type = 1;
    base.message_type = things;
    assert_int_equal(index_of((file_proto *[]){&shop, &base}, 2, arena, ret_index).code, NX_OK);
}

/* --- Tests --- */

static void test_refl_index__every_kind_of_symbol_is_found(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new((size_t)1 << 20);
    struct refl_index index;
    make_shop_index(arena, &index);
    static const char *const symbols[] = {
        "acme.shop.Bike",        "acme.shop.Bike.kind",       "acme.shop.Bike.Colour",
        "acme.shop.Bike.GREEN",  "acme.shop.Bike.Part.price", "acme.shop.Bike.Part",
        "acme.shop.Bike.weight", "acme.shop.Colour",          "acme.shop.GREEN",
        "acme.shop.Shop",        "acme.shop.Shop.Ride",       "acme.shop.colour",
    };
    assert_int_equal(index.symbol_count, COUNT(symbols) + 1);
    for (size_t i = 0; i < COUNT(symbols); i++)
        assert_string_equal(file_of(&index, symbols[i]), "shop.proto");
    assert_string_equal(file_of(&index, "Thing"), "base.proto");
    static const char *const absent[] = {
        "", ".", "acme", "acme.shop", "Bike", ".Thing", "acme.shop.Bike.Colour.GREEN"};
    for (size_t i = 0; i < COUNT(absent); i++)
        assert_null(refl_index_symbol(&index, absent[i]));
    assert_true(refl_index_symbol(&index, "acme.shop.Bike.Part")->is_message);
    assert_false(refl_index_symbol(&index, "acme.shop.Shop")->is_message);
    assert_int_equal(index.service_count, 1);
    assert_string_equal(index.services[0], "acme.shop.Shop");
    const struct refl_file *file = refl_index_file(&index, "shop.proto");
    assert_int_equal(file->import_count, 1);
    assert_ptr_equal(file->imports[0], refl_index_file(&index, "base.proto"));
    assert_null(refl_index_file(&index, "shop.prot"));
    nx_arena_destroy(arena);
}

static void test_refl_index__extensions_by_message_and_number(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new((size_t)1 << 20);
    field_proto made[] = {make_field("a", 300, ".base.B"), make_field("b", -5, ".base.A"),
                          make_field("c", 100, ".base.B"), make_field("d", INT32_MAX, ".base.A"),
                          make_field("e", INT32_MIN, "base.A")};
    field_proto *extensions[COUNT(made)];
    for (size_t i = 0; i < COUNT(made); i++)
        extensions[i] = &made[i];
    file_proto base = make_file("base.proto", "base");
    base.n_extension = COUNT(made);
    base.extension = extensions;
    struct refl_index index;
    assert_int_equal(index_of((file_proto *[]){&base}, 1, arena, &index).code, NX_OK);
    size_t count;
    size_t first = refl_index_numbers(&index, "base.A", &count);
    const int32_t of_a[] = {INT32_MIN, -5, INT32_MAX};
    assert_int_equal(count, COUNT(of_a));
    assert_memory_equal(&index.numbers[first], of_a, sizeof of_a);
    first = refl_index_numbers(&index, "base.B", &count);
    const int32_t of_b[] = {100, 300};
    assert_int_equal(count, COUNT(of_b));
    assert_memory_equal(&index.numbers[first], of_b, sizeof of_b);
    refl_index_numbers(&index, "base", &count);
    assert_int_equal(count, 0);
    for (size_t i = 0; i < COUNT(made); i++)
        assert_non_null(refl_index_extension(&index, made[i].extendee + (*made[i].extendee == '.'),
                                             made[i].number));
    assert_null(refl_index_extension(&index, "base.A", 100));
    assert_null(refl_index_extension(&index, "", 100));
    nx_arena_destroy(arena);
}

static void test_refl_index__a_wrong_set_is_refused(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new((size_t)1 << 20);
    struct refl_index index;
    file_proto lonely = make_file("lonely.proto", "p");
    lonely.n_dependency = 1;
    lonely.dependency = imports_base;
    nx_status status = index_of((file_proto *[]){&lonely}, 1, arena, &index);
    assert_int_equal(status.code, NX_INVALID_ARGUMENT);
    assert_string_equal(nx_status_message(status),
                        "lonely.proto imports base.proto, which is not in the descriptor set");
    file_proto base = make_file("base.proto", "p");
    status = index_of((file_proto *[]){&base, &lonely, &base}, 3, arena, &index);
    assert_int_equal(status.code, NX_INVALID_ARGUMENT);
    assert_string_equal(nx_status_message(status), "base.proto is in the descriptor set twice");
    file_proto nameless = make_file(NULL, "p");
    assert_int_equal(index_of((file_proto *[]){&nameless}, 1, arena, &index).code,
                     NX_INVALID_ARGUMENT);
    static const struct nx_str garbage[] = {NX_STR("\x0a"), NX_STR("\x0a\x05x"),
                                            NX_STR("\x0a\x02\x0a\x05"), NX_STR("not a set")};
    struct refl *refl = NULL;
    for (size_t i = 0; i < COUNT(garbage); i++)
        assert_int_equal(refl_new(garbage[i], arena, &refl).code, NX_INVALID_ARGUMENT);
    assert_null(refl);
    nx_arena_destroy(arena);
}

/* What protoc would never write, but a set may hold. */
static void test_refl_index__elements_without_names_and_circles_do_no_harm(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new((size_t)1 << 20);
    field_proto field = make_field(NULL, 1, NULL);
    field_proto *fields[] = {&field};
    Google__Protobuf__DescriptorProto message = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    message.n_field = message.n_extension = 1;
    message.field = message.extension = fields;
    Google__Protobuf__DescriptorProto *messages[] = {&message};
    Google__Protobuf__ServiceDescriptorProto service =
        GOOGLE__PROTOBUF__SERVICE_DESCRIPTOR_PROTO__INIT;
    Google__Protobuf__ServiceDescriptorProto *services[] = {&service};
    file_proto base = make_file("base.proto", NULL);
    base.n_message_type = base.n_service = base.n_dependency = 1;
    base.message_type = messages;
    base.service = services;
    base.dependency = imports_shop;
    file_proto shop = make_file("shop.proto", "");
    shop.n_dependency = 1;
    shop.dependency = imports_base;
    struct refl_index index;
    assert_int_equal(index_of((file_proto *[]){&shop, &base}, 2, arena, &index).code, NX_OK);
    assert_non_null(refl_index_symbol(&index, ""));
    assert_non_null(refl_index_extension(&index, "", 1));
    assert_ptr_equal(index.files[0].imports[0], &index.files[1]);
    assert_ptr_equal(index.files[1].imports[0], &index.files[0]);
    nx_arena_destroy(arena);
}

static void test_refl_index__an_empty_set_has_nothing(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new((size_t)1 << 20);
    struct refl_index index;
    assert_int_equal(refl_index_build(NX_STR(""), arena, &index).code, NX_OK);
    assert_null(refl_index_file(&index, ""));
    assert_null(refl_index_symbol(&index, ""));
    assert_null(refl_index_extension(&index, "", 0));
    nx_arena_destroy(arena);
}

static void test_refl_index__no_memory_is_an_error(void **state)
{
    (void)state;
    size_t needed = 0;
    nx_status status = {NX_RESOURCE_EXHAUSTED, NULL};
    struct refl_index index;
    for (size_t cap = 0; status.code != NX_OK; cap += (size_t)16 << 10) {
        struct nx_arena *arena = nx_arena_new(cap);
        status = refl_index_build(nexus_descriptors(), arena, &index);
        if (status.code != NX_OK)
            assert_int_equal(status.code, NX_RESOURCE_EXHAUSTED);
        needed = nx_arena_used(arena);
        nx_arena_destroy(arena);
        assert_true(cap < (size_t)16 << 20);
    }
    assert_true(needed < 4 * nexus_descriptors().len);
}

static void test_refl_index__what_is_served_is_there_whole(void **state)
{
    (void)state;
    struct nx_arena *arena = nx_arena_new((size_t)16 << 20);
    struct refl_index index;
    struct nx_str set = nexus_descriptors();
    assert_int_equal(refl_index_build(set, arena, &index).code, NX_OK);
    assert_string_equal(file_of(&index, "nexus.catalog.v1.CatalogService.GetProduct"),
                        "nexus/catalog/v1/catalog_service.proto");
    static const char *const services[] = {"nexus.catalog.v1.CatalogService",
                                           "grpc.health.v1.Health", REFL_V1, REFL_V1ALPHA};
    assert_int_equal(index.service_count, COUNT(services));
    for (size_t i = 0; i < COUNT(services); i++)
        assert_non_null(file_of(&index, services[i]));
    size_t bytes = 0;
    for (size_t i = 0; i < index.file_count; i++) {
        const struct refl_file *file = &index.files[i];
        assert_non_null(memmem(set.ptr, set.len, file->bytes.data, file->bytes.len));
        assert_ptr_equal(refl_index_file(&index, file->name), file);
        bytes += file->bytes.len;
    }
    assert_true(bytes <= set.len && set.len - bytes < 5 * index.file_count);
    nx_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refl_index__every_kind_of_symbol_is_found),
        cmocka_unit_test(test_refl_index__extensions_by_message_and_number),
        cmocka_unit_test(test_refl_index__a_wrong_set_is_refused),
        cmocka_unit_test(test_refl_index__elements_without_names_and_circles_do_no_harm),
        cmocka_unit_test(test_refl_index__an_empty_set_has_nothing),
        cmocka_unit_test(test_refl_index__no_memory_is_an_error),
        cmocka_unit_test(test_refl_index__what_is_served_is_there_whole),
    };
    return cmocka_run_group_tests_name("refl_index", tests, NULL, NULL);
}
