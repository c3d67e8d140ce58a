/* Types made at run time are those that protoc-gen-c writes: each field at the same place, and the
 * same JSON either way; and a set that makes no sense is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dyn.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "layout.pb-c.h"
#include "nexus/catalog/v1/catalog_service.nexus.h"
#include "nexus_descriptors.h"
#include "pbj.h"
#include "zoo.pb-c.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MAX_TYPES 256

static int set_up(void **state)
{
    *state = nx_arena_new((size_t)256 * 1024 * 1024);
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    nx_arena_destroy(*state);
    return 0;
}

static struct dyn_set load_zoo(struct nx_arena *arena)
{
    char *bytes = nx_arena_alloc(arena, 65536);
    FILE *file = fopen(ZOO_SET, "rbe");
    assert_non_null(bytes);
    assert_non_null(file);
    size_t len = fread(bytes, 1, 65536, file);
    assert_true(len < 65536);
    assert_int_equal(fclose(file), 0);
    struct dyn_set set;
    nx_status status = dyn_set_build((struct nx_str){bytes, len}, arena, &set);
    assert_string_equal(nx_status_message(status), "");
    return set;
}

/* --- Layout --- */

/* The types that have been compared, which may refer to each other in circles. */
struct compared {
    const ProtobufCMessageDescriptor *types[MAX_TYPES];
    size_t count;
};

static void compare_ranges(const ProtobufCIntRange *is, const ProtobufCIntRange *should,
                           unsigned count)
{
    for (unsigned i = 0; i < count + (count > 0); i++) {
        assert_int_equal(is[i].start_value, should[i].start_value);
        assert_int_equal(is[i].orig_index, should[i].orig_index);
    }
}

static void compare_enums(const ProtobufCEnumDescriptor *is, const ProtobufCEnumDescriptor *should)
{
    if (is == should)
        return;
    assert_int_equal(is->magic, should->magic);
    assert_string_equal(is->name, should->name);
    assert_string_equal(is->short_name, should->short_name);
    assert_string_equal(is->package_name, should->package_name);
    assert_int_equal(is->n_values, should->n_values);
    assert_int_equal(is->n_value_names, should->n_value_names);
    assert_int_equal(is->n_value_ranges, should->n_value_ranges);
    for (unsigned i = 0; i < is->n_values; i++) {
        assert_string_equal(is->values[i].name, should->values[i].name);
        assert_int_equal(is->values[i].value, should->values[i].value);
    }
    for (unsigned i = 0; i < is->n_value_names; i++) {
        assert_string_equal(is->values_by_name[i].name, should->values_by_name[i].name);
        assert_int_equal(is->values_by_name[i].index, should->values_by_name[i].index);
    }
    compare_ranges(is->value_ranges, should->value_ranges, is->n_value_ranges);
}

static void compare_fields(const ProtobufCFieldDescriptor *is,
                           const ProtobufCFieldDescriptor *should)
{
    assert_string_equal(is->name, should->name);
    assert_int_equal(is->id, should->id);
    assert_int_equal(is->label, should->label);
    assert_int_equal(is->type, should->type);
    assert_int_equal(is->quantifier_offset, should->quantifier_offset);
    assert_int_equal(is->offset, should->offset);
    assert_int_equal(is->flags, should->flags);
    assert_ptr_equal(is->default_value, should->default_value);
    assert_int_equal(is->descriptor != NULL, should->descriptor != NULL);
}

static void compare_messages(const ProtobufCMessageDescriptor *is,
                             const ProtobufCMessageDescriptor *should, struct compared *compared)
{
    for (size_t i = 0; i < compared->count; i++) {
        if (compared->types[i] == is)
            return;
    }
    if (is == should) /* linked in */
        return;
    assert_true(compared->count < MAX_TYPES);
    compared->types[compared->count++] = is;
    assert_int_equal(is->magic, should->magic);
    assert_string_equal(is->name, should->name);
    assert_string_equal(is->short_name, should->short_name);
    assert_string_equal(is->package_name, should->package_name);
    assert_int_equal(is->sizeof_message, should->sizeof_message);
    assert_int_equal(is->n_fields, should->n_fields);
    assert_int_equal(is->n_field_ranges, should->n_field_ranges);
    compare_ranges(is->field_ranges, should->field_ranges, is->n_field_ranges);
    for (unsigned i = 0; i < is->n_fields; i++) {
        compare_fields(&is->fields[i], &should->fields[i]);
        assert_int_equal(is->fields_sorted_by_name[i], should->fields_sorted_by_name[i]);
        if (is->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            compare_messages(is->fields[i].descriptor, should->fields[i].descriptor, compared);
        if (is->fields[i].type == PROTOBUF_C_TYPE_ENUM)
            compare_enums(is->fields[i].descriptor, should->fields[i].descriptor);
    }
}

static void test_dyn__messages_lie_as_generated_ones_do(void **state)
{
    struct dyn_set set = load_zoo(*state);
    static const ProtobufCMessageDescriptor *const generated[] = {
        &nexus__test__v1__zoo__descriptor,        &nexus__test__v1__animal__descriptor,
        &nexus__test__v1__pair_entry__descriptor, &nexus__test__layout__empty__descriptor,
        &nexus__test__layout__old__descriptor,    &nexus__test__layout__lists__descriptor,
    };
    struct compared compared = {.count = 0};
    for (size_t i = 0; i < COUNT(generated); i++) {
        const ProtobufCMessageDescriptor *made =
            dyn_set_message(&set, nx_str_from(generated[i]->name));
        assert_non_null(made);
        compare_messages(made, generated[i], &compared);
    }
    assert_true(compared.count > COUNT(generated)); /* and the entries of maps */
    assert_null(dyn_set_message(&set, NX_STR("nexus.test.v1.Colour")));
    assert_null(dyn_set_message(&set, NX_STR("nexus.test.v1.Zo")));
    assert_null(dyn_set_message(&set, NX_STR("nexus.test.v1.Zoos")));
    assert_null(dyn_set_message(&set, NX_STR("")));
    assert_ptr_equal(dyn_set_message(&set, NX_STR("google.protobuf.Timestamp")),
                     &google__protobuf__timestamp__descriptor);
}

static void test_dyn__services_are_those_that_are_generated(void **state)
{
    struct dyn_set set;
    nx_status status = dyn_set_build(nexus_descriptors(), *state, &set);
    assert_string_equal(nx_status_message(status), "");
    const struct wire_service *generated = &nexus_catalog_v1_catalog_service;
    struct wire_service made = {.name = NULL};
    for (size_t i = 0; i < set.service_count; i++) {
        if (strcmp(set.services[i]->name, generated->name) == 0)
            made = *set.services[i];
    }
    assert_non_null(made.name);
    assert_int_equal(made.method_count, generated->method_count);
    struct compared compared = {.count = 0};
    for (size_t i = 0; i < made.method_count; i++) {
        assert_string_equal(made.methods[i].name, generated->methods[i].name);
        assert_string_equal(made.methods[i].path, generated->methods[i].path);
        assert_int_equal(made.methods[i].kind, generated->methods[i].kind);
        compare_messages(made.methods[i].request, generated->methods[i].request, &compared);
        compare_messages(made.methods[i].response, generated->methods[i].response, &compared);
    }
    assert_true(compared.count > 50);
}

/* --- JSON --- */

static const char *const texts[] = {
    "{}",
    "{\"aInt32\":1,\"a_string\":\"x\",\"aBytes\":\"AQ==\",\"aColour\":\"COLOUR_BLUE\"}",
    "{\"animal\":{\"child\":{\"tags\":[\"a\",\"b\"],\"name\":\"kit\"}},\"manyAnimal\":[{},{}]}",
    "{\"manyInt64\":[1,\"2\"],\"manyString\":[\"\"],\"manyBool\":[true]}",
    "{\"manyBytes\":[\"AA==\"],\"manyColour\":[5],\"manyDouble\":[1.5]}",
    "{\"mapString\":{\"k\":\"v\"},\"mapAnimal\":{\"-1\":{\"legCount\":4}}}",
    "{\"mapBool\":{\"true\":7},\"mapTime\":{\"t\":\"2026-01-31T10:00:00Z\"}}",
    "{\"mapValue\":{\"a\":null,\"b\":[1,{}]},\"mapColour\":{\"7\":\"COLOUR_RED\"}}",
    "{\"oneString\":\"\"}",
    "{\"oneBool\":false}",
    "{\"oneAnimal\":{\"name\":\"x\"}}",
    "{\"oneNull\":null}",
    "{\"duration\":\"1.5s\",\"mask\":\"aB,c.d\",\"object\":{\"x\":1},\"value\":null}",
    "{\"time\":\"1970-01-01T00:00:00Z\",\"list\":[1],\"empty\":{},\"nothing\":null}",
    "{\"boolValue\":false,\"stringValue\":\"\",\"uint64Value\":\"18446744073709551615\"}",
    "{\"twoBar\":1,\"foo3Bar\":2,\"mixedCase\":3,\"Under\":4}",
    "{\"manyAnimal\":[{\"colour\":1}]}",
    "{\"mapBool\":{\"yes\":1}}",
    "{\"oneString\":\"\",\"oneBool\":true}",
    "{\"aInt32\":2147483648}",
};

static const char *through(const ProtobufCMessageDescriptor *type, const char *json,
                           const struct pbj_write_options *options, struct nx_arena *arena)
{
    ProtobufCMessage *message;
    nx_status status = pbj_read(type, nx_str_from(json), NULL, arena, &message);
    if (status.code != NX_OK)
        return nx_status_message(status);
    struct nx_buf buf;
    nx_buf_init(&buf, 65536);
    status = pbj_write(message, options, arena, &buf);
    assert_string_equal(nx_status_message(status), "");
    const char *text = nx_arena_strdup(arena, nx_buf_str(&buf));
    nx_buf_cleanup(&buf);
    return text;
}

static void test_dyn__json_is_the_same(void **state)
{
    static const struct pbj_write_options all = {0};
    static const struct pbj_write_options few = {.omit_defaults = true};
    struct dyn_set set = load_zoo(*state);
    const ProtobufCMessageDescriptor *zoo = dyn_set_message(&set, NX_STR("nexus.test.v1.Zoo"));
    assert_null(zoo->message_init);
    for (size_t i = 0; i < COUNT(texts); i++) {
        const ProtobufCMessageDescriptor *generated = &nexus__test__v1__zoo__descriptor;
        assert_string_equal(through(zoo, texts[i], &all, *state),
                            through(generated, texts[i], &all, *state));
        assert_string_equal(through(zoo, texts[i], &few, *state),
                            through(generated, texts[i], &few, *state));
    }
    const ProtobufCMessageDescriptor *old = dyn_set_message(&set, NX_STR("nexus.test.layout.Old"));
    const char *text =
        "{\"mayBe\":false,\"text\":\"\",\"data\":\"AQ==\",\"alias\":\"ALIAS_OTHER_B\","
        "\"needed\":0,\"yes\":false,\"raw\":\"AQID\",\"inner\":{},"
        "\"byName\":{\"a\":{\"number\":-1}}}";
    assert_string_equal(
        through(old, text, &few, *state),
        "{\"mayBe\":false,\"text\":\"\",\"data\":\"AQ==\",\"alias\":\"ALIAS_B\",\"needed\":0,"
        "\"yes\":false,\"raw\":\"AQID\",\"inner\":{\"needed\":0},"
        "\"byName\":{\"a\":{\"needed\":0,\"number\":-1}}}");
    assert_string_equal(through(old, text, &few, *state),
                        through(&nexus__test__layout__old__descriptor, text, &few, *state));
}

static void test_dyn__json_names_are_kept(void **state)
{
    static const struct pbj_write_options few = {.omit_defaults = true};
    static const struct pbj_write_options original = {.omit_defaults = true,
                                                      .original_names = true};
    struct dyn_set set = load_zoo(*state);
    const ProtobufCMessageDescriptor *named =
        dyn_set_message(&set, NX_STR("nexus.test.layout.Named"));
    const char *text = "{\"@\\\"type\":1,\"fieldTwo\":2}";
    assert_string_equal(through(named, text, &few, *state), text);
    assert_string_equal(through(named, "{\"field_one\":1,\"field_two\":2}", &few, *state), text);
    assert_string_equal(through(named, text, &original, *state),
                        "{\"field_one\":1,\"field_two\":2}");
    assert_string_equal(through(named, "{\"fieldOne\":1}", &few, *state),
                        "fieldOne: is not a field of nexus.test.layout.Named");
}

static void test_dyn__lists_that_look_like_maps_are_lists(void **state)
{
    static const struct pbj_write_options few = {.omit_defaults = true};
    struct dyn_set set = load_zoo(*state);
    const ProtobufCMessageDescriptor *lists =
        dyn_set_message(&set, NX_STR("nexus.test.layout.Lists"));
    const char *text = "{\"price\":[{\"key\":1.5,\"value\":\"x\"}],"
                       "\"word\":[{\"key\":[\"a\",\"b\"],\"value\":\"c\"}],"
                       "\"pair\":[{\"key\":\"a\",\"value\":[\"b\"]}]}";
    assert_string_equal(through(lists, text, &few, *state), text);
    assert_string_equal(through(&nexus__test__layout__lists__descriptor, text, &few, *state), text);
}

/* --- Refusals --- */

#define FD Google__Protobuf__FieldDescriptorProto
#define TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name
#define LABEL(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_##name

/* What one set says: a file with a message of two fields, an enum of two values, and a method. */
struct plan {
    const char *message;
    Google__Protobuf__FieldDescriptorProto fields[2];
    const char *enumeration;
    const char *values[2];
    size_t value_count;
    const char *input;
    const char *package;
    const char *syntax;
};

static struct plan good_plan(void)
{
    struct plan plan = {
        .message = "M",
        .fields = {GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__INIT,
                   GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__INIT},
        .enumeration = "E",
        .values = {"E_A", "E_B"},
        .value_count = 2,
        .input = ".p.M",
        .package = "p",
        .syntax = "proto3",
    };
    for (int i = 0; i < 2; i++) {
        plan.fields[i].name = i == 0 ? "a" : "b";
        plan.fields[i].has_number = true;
        plan.fields[i].number = i + 1;
        plan.fields[i].has_type = true;
        plan.fields[i].type = TYPE(INT32);
        plan.fields[i].has_label = true;
        plan.fields[i].label = LABEL(OPTIONAL);
    }
    return plan;
}

/* "" for a set that is taken, or what is said about it. */
static const char *judge(struct plan *plan, struct nx_arena *arena)
{
    Google__Protobuf__EnumValueDescriptorProto values[2] = {
        GOOGLE__PROTOBUF__ENUM_VALUE_DESCRIPTOR_PROTO__INIT,
        GOOGLE__PROTOBUF__ENUM_VALUE_DESCRIPTOR_PROTO__INIT};
    Google__Protobuf__EnumValueDescriptorProto *value_list[] = {&values[0], &values[1]};
    for (int i = 0; i < 2; i++) {
        values[i].name = (char *)plan->values[i];
        values[i].has_number = true;
        values[i].number = i;
    }
    Google__Protobuf__EnumDescriptorProto enumeration =
        GOOGLE__PROTOBUF__ENUM_DESCRIPTOR_PROTO__INIT;
    enumeration.name = (char *)plan->enumeration;
    enumeration.value = value_list;
    enumeration.n_value = plan->value_count;
    Google__Protobuf__DescriptorProto message = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    FD *field_list[] = {&plan->fields[0], &plan->fields[1]};
    message.name = (char *)plan->message;
    message.field = field_list;
    message.n_field = 2;
    Google__Protobuf__MethodDescriptorProto method =
        GOOGLE__PROTOBUF__METHOD_DESCRIPTOR_PROTO__INIT;
    method.name = "Do";
    method.input_type = (char *)plan->input;
    method.output_type = ".p.M";
    Google__Protobuf__MethodDescriptorProto *method_list[] = {&method};
    Google__Protobuf__ServiceDescriptorProto service =
        GOOGLE__PROTOBUF__SERVICE_DESCRIPTOR_PROTO__INIT;
    service.name = "S";
    service.method = method_list;
    service.n_method = 1;
    Google__Protobuf__FileDescriptorProto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    Google__Protobuf__DescriptorProto *message_list[] = {&message};
    Google__Protobuf__EnumDescriptorProto *enum_list[] = {&enumeration};
    Google__Protobuf__ServiceDescriptorProto *service_list[] = {&service};
    file.name = "f.proto";
    file.package = (char *)plan->package;
    file.syntax = (char *)plan->syntax;
    file.message_type = message_list;
    file.n_message_type = 1;
    file.enum_type = enum_list;
    file.n_enum_type = 1;
    file.service = service_list;
    file.n_service = 1;
    Google__Protobuf__FileDescriptorSet files = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_SET__INIT;
    Google__Protobuf__FileDescriptorProto *file_list[] = {&file};
    files.file = file_list;
    files.n_file = 1;
    size_t len = google__protobuf__file_descriptor_set__get_packed_size(&files);
    uint8_t *bytes = nx_arena_alloc(arena, len);
    assert_non_null(bytes);
    google__protobuf__file_descriptor_set__pack(&files, bytes);
    struct dyn_set set;
    return nx_status_message(dyn_set_build((struct nx_str){(char *)bytes, len}, arena, &set));
}

#define REFUSED(change, message)                                                                   \
    do {                                                                                           \
        struct plan plan = good_plan();                                                            \
        change;                                                                                    \
        assert_string_equal(judge(&plan, *state), message);                                        \
    } while (0)

static void test_dyn__refuses_what_makes_no_sense(void **state)
{
    REFUSED((void)0, "");
    REFUSED(plan.message = "1M", "p: something in it has no name that is one");
    REFUSED(plan.message = NULL, "p: something in it has no name that is one");
    REFUSED(plan.enumeration = "M", "p.M: there are two of this name");
    REFUSED(plan.package = "p..q", "f.proto: its package has no name that is one");
    REFUSED(plan.package = "p q", "f.proto: its package has no name that is one");
    REFUSED(plan.syntax = "editions", "f.proto: its syntax is neither proto2 nor proto3");
    REFUSED(plan.value_count = 0, "p.E: no values, or too many");
    REFUSED(plan.values[1] = "E_A", "p.E.E_A: there are two of this name");
    REFUSED(plan.values[1] = "E\"", "p.E: a value has no name that is one");
    REFUSED(plan.fields[0].name = "a\"b", "p.M: a field has no name that is one");
    REFUSED(plan.fields[0].name = NULL, "p.M: a field has no name that is one");
    REFUSED(plan.fields[0].name = "b",
            "p.M.b: two fields have this name, in JSON or in the .proto");
    REFUSED((plan.fields[0].name = "x_y", plan.fields[1].name = "xY"),
            "p.M.xY: two fields have this name, in JSON or in the .proto");
    REFUSED(plan.fields[0].json_name = "b",
            "p.M.b: two fields have this name, in JSON or in the .proto");
    REFUSED(plan.fields[0].json_name = "a", "");
    REFUSED(plan.fields[0].json_name = "\"", "");
    REFUSED(plan.fields[0].number = 2, "p.M.b: there are two of this number");
    REFUSED(plan.fields[0].number = 0, "p.M.a: a number that no field can have");
    REFUSED(plan.fields[0].number = 536870912, "p.M.a: a number that no field can have");
    REFUSED(plan.fields[0].type = TYPE(GROUP), "p.M.a: a type that is not known here, or a group");
    REFUSED(plan.fields[0].has_type = false, "p.M.a: a type that is not known here, or a group");
    REFUSED(plan.fields[0].type = 19, "p.M.a: a type that is not known here, or a group");
    REFUSED(plan.fields[0].type = -1, "p.M.a: a type that is not known here, or a group");
    REFUSED(plan.fields[0].type = TYPE(MESSAGE), "p.M.a: its type is not in the set");
    REFUSED((plan.fields[0].type = TYPE(MESSAGE), plan.fields[0].type_name = ".p.E"),
            "p.M.a: its type is not in the set");
    REFUSED((plan.fields[0].type = TYPE(ENUM), plan.fields[0].type_name = ".p.M"),
            "p.M.a: its type is not in the set");
    REFUSED((plan.fields[0].type = TYPE(ENUM), plan.fields[0].type_name = "E"),
            "p.M.a: its type is not in the set");
    REFUSED((plan.fields[0].type = TYPE(MESSAGE), plan.fields[0].type_name = ".p.M"), "");
    REFUSED(plan.fields[0].has_oneof_index = true, "p.M.a: its oneof does not exist");
    REFUSED(plan.input = ".p.N", "p.S.Do: its messages are not in the set");
    REFUSED(plan.input = NULL, "p.S.Do: its messages are not in the set");
}

static void test_dyn__says_when_memory_is_out(void **state)
{
    char bytes[65536];
    FILE *file = fopen(ZOO_SET, "rbe");
    (void)state;
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    for (size_t cap = 0;; cap += 4096) {
        struct nx_arena *arena = nx_arena_new(cap);
        struct dyn_set set;
        nx_status status = dyn_set_build((struct nx_str){bytes, len}, arena, &set);
        nx_arena_destroy(arena);
        if (status.code == NX_OK)
            return;
        assert_int_equal(status.code, NX_RESOURCE_EXHAUSTED);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_dyn__messages_lie_as_generated_ones_do),
        TEST(test_dyn__services_are_those_that_are_generated),
        TEST(test_dyn__json_is_the_same),
        TEST(test_dyn__json_names_are_kept),
        TEST(test_dyn__lists_that_look_like_maps_are_lists),
        TEST(test_dyn__refuses_what_makes_no_sense),
        cmocka_unit_test(test_dyn__says_when_memory_is_out),
    };
    return cmocka_run_group_tests_name("dyn", tests, NULL, NULL);
}
