/* The service's parts that need no database. */
#include "svc_mask.h"
#include "svc_money.h"
#include "svc_name.h"
#include "svc_request.h"
#include "svc_resource.h"
#include "svc_slug.h"
#include "svc_token.h"

#include "nexus/catalog/v1/catalog_service.pb-c.h"

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

static void test_svc_name__parses_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t id; /* 0: refused */
    } rows[] = {
        {"products/1", 1},
        {"products/9223372036854775807", INT64_MAX},
        {"products/9223372036854775808", 0},
        {"products/99999999999999999999999999", 0},
        {"products/0", 0},
        {"products/01", 0},
        {"products/-1", 0},
        {"products/+1", 0},
        {"products/1 ", 0},
        {"products/1x", 0},
        {"products/", 0},
        {"products", 0},
        {"categories/1", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t id = 0;
        bool ok = svc_name_parse(rows[i].name, "products/", &id);
        if (ok != (rows[i].id != 0) || id != rows[i].id)
            fail_msg("%s", rows[i].name);
        if (ok)
            assert_string_equal(svc_name_format(arena, "products/", id), rows[i].name);
    }
}

static void test_svc_name__parses_what_is_below_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct store_key key; /* id 0: refused */
    } rows[] = {
        {"products/1/variants/2", {1, 2}},
        {"products/9223372036854775807/variants/9223372036854775807", {INT64_MAX, INT64_MAX}},
        {"products/1/variants/9223372036854775808", {0, 0}},
        {"products/9223372036854775808/variants/1", {0, 0}},
        {"products/1/variants/0", {0, 0}},
        {"products/0/variants/1", {0, 0}},
        {"products/01/variants/1", {0, 0}},
        {"products/1/variants/01", {0, 0}},
        {"products/1/variants/2x", {0, 0}},
        {"products/1/variants/2/", {0, 0}},
        {"products/1x/variants/2", {0, 0}},
        {"products/1/variants/", {0, 0}},
        {"products/1/variants", {0, 0}},
        {"products/1/images/2", {0, 0}},
        {"products//variants/2", {0, 0}},
        {"categories/1/variants/2", {0, 0}},
        {"products/1", {0, 0}},
        {"/variants/2", {0, 0}},
        {"", {0, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct store_key key = {0, 0};
        bool ok = svc_name_parse_key(rows[i].name, "products/", "/variants/", &key);
        if (ok != (rows[i].key.id != 0) || key.parent != rows[i].key.parent ||
            key.id != rows[i].key.id)
            fail_msg("%s", rows[i].name);
        if (ok)
            assert_string_equal(svc_name_format_key(arena, "products/", "/variants/", key),
                                rows[i].name);
    }
}

static void test_svc_slug__from_title(void **state)
{
    (void)state;
    static const struct {
        const char *title, *slug;
    } rows[] = {
        {"BILLY Bookcase", "billy-bookcase"},
        {"  Björksnäs / 140x200 cm  ", "bjorksnas-140x200-cm"},
        {"Æther & Œuvre, Straße", "aether-oeuvre-strasse"},
        {"Łódź", "lodz"},
        {"100 %", "100"},
        {"書棚", "product"},
        {"", "product"},
        {"---", "product"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_str slug = svc_slug_from_title(arena, nx_str_from(rows[i].title), 255, "product");
        if (!nx_str_equal(slug, nx_str_from(rows[i].slug)))
            fail_msg("%s: %.*s", rows[i].title, (int)slug.len, slug.ptr);
        assert_true(svc_slug_valid(slug, 255));
    }
}

static void test_svc_slug__is_cut_at_the_limit(void **state)
{
    (void)state;
    struct nx_str slug = svc_slug_from_title(arena, NX_STR("one two three"), 7, "x");
    assert_true(nx_str_equal(slug, NX_STR("one-two")));
    slug = svc_slug_from_title(arena, NX_STR("one two three"), 8, "x");
    assert_true(svc_slug_valid(slug, 8));
    assert_false(svc_slug_valid(NX_STR("a b"), 8));
    assert_false(svc_slug_valid(NX_STR(""), 8));
    assert_false(svc_slug_valid(NX_STR("123456789"), 8));
}

static void test_svc_money__exponents(void **state)
{
    (void)state;
    int exponent = -1;
    assert_true(svc_money_exponent("SAR", &exponent) && exponent == 2);
    assert_true(svc_money_exponent("JPY", &exponent) && exponent == 0);
    assert_true(svc_money_exponent("KWD", &exponent) && exponent == 3);
    static const char *const wrong[] = {"", "sar", "SARS", "XXX", "AE ", " AE", "D A", "ED "};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(svc_money_exponent(wrong[i], &exponent));
}

static const struct nx_str token_keys[] = {{"Stuhl\0", 6}, {"", 0}, {"\0\0\0\0\0\0\x12\x67", 8}};

static char *new_token(const struct svc *svc, struct nx_str listing)
{
    char *token = NULL;
    nx_status status = svc_token_make(svc, listing, token_keys, 3, arena, &token);
    assert_int_equal(status.code, NX_OK);
    return token;
}

/* Whether it opens, for so many keys. */
static bool opens(const struct svc *svc, struct nx_str listing, const char *token, unsigned count)
{
    struct nx_str keys[8];
    return svc_token_open(svc, listing, nx_str_from(token), arena, keys, count);
}

static void test_svc_token__is_bound_to_its_listing(void **state)
{
    (void)state;
    struct svc svc = {.token_key = {1, 2, 3}};
    struct svc other = {.token_key = {3, 2, 1}};
    const char *token = new_token(&svc, NX_STR("products?"));
    struct nx_str keys[3];
    assert_true(svc_token_open(&svc, NX_STR("products?"), nx_str_from(token), arena, keys, 3));
    for (unsigned i = 0; i < 3; i++)
        assert_true(nx_str_equal(keys[i], token_keys[i]));
    assert_false(opens(&svc, NX_STR("products?"), token, 2));
    assert_false(opens(&svc, NX_STR("products?"), token, 4));
    assert_false(opens(&svc, NX_STR("categories?"), token, 3));
    assert_false(opens(&svc, NX_STR("products?x"), token, 3));
    assert_false(opens(&other, NX_STR("products?"), token, 3));
}

static void test_svc_token__every_change_is_seen(void **state)
{
    (void)state;
    struct svc svc = {.token_key = {1, 2, 3}};
    const struct nx_str listing = NX_STR("products?");
    const char *token = new_token(&svc, listing);
    size_t len = strlen(token);
    for (size_t i = 0; i < len; i++) {
        char *changed = nx_arena_strdup(arena, nx_str_from(token));
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        /* the last character has bits that no byte takes up; then it is the same token */
        if (i + 1 < len)
            assert_false(opens(&svc, listing, changed, 3));
        changed[i] = '\0';
        assert_false(opens(&svc, listing, changed, 3));
    }
    assert_false(opens(&svc, listing, "AAAA", 3));
    assert_false(opens(&svc, listing, "", 3));
    assert_false(opens(&svc, listing, "not base64!", 3));
    assert_false(opens(&svc, listing, nx_arena_printf(arena, "%s=", token), 3));
    assert_false(opens(&svc, listing, nx_arena_printf(arena, "%s%s", token, token), 3));
}

static void test_svc_token__keys_have_a_limit(void **state)
{
    (void)state;
    struct svc svc = {.token_key = {1, 2, 3}};
    char *token = NULL;
    struct nx_str long_key = {nx_arena_calloc(arena, 1, SVC_TOKEN_MAX_BYTES), SVC_TOKEN_MAX_BYTES};
    nx_status status = svc_token_make(&svc, NX_STR("l"), &long_key, 1, arena, &token);
    assert_int_equal(status.code, NX_FAILED_PRECONDITION);
    struct nx_str half = {long_key.ptr, SVC_TOKEN_MAX_BYTES / 2};
    struct nx_str keys[1];
    status = svc_token_make(&svc, NX_STR("l"), &half, 1, arena, &token);
    assert_int_equal(status.code, NX_OK);
    assert_true(svc_token_open(&svc, NX_STR("l"), nx_str_from(token), arena, keys, 1));
    assert_true(nx_str_equal(keys[0], half));
}

static void test_svc_etag__parses_its_own_form(void **state)
{
    (void)state;
    assert_true(svc_etag_parse("") == 0);
    assert_true(svc_etag_parse("\"1f\"") == 31);
    static const char *const wrong[] = {"1f",     "\"1f",     "\"\"", "\"0\"",
                                        "\"1F\"", "W/\"1f\"", "*",    "\"11111111111111111\"",
                                        "\"1f\"x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_true(svc_etag_parse(wrong[i]) == -1);
}

static void test_svc_request__fingerprint_ignores_the_order_of_keys(void **state)
{
    (void)state;
    typedef Google__Protobuf__Struct__FieldsEntry Entry;
    Google__Protobuf__Value value = GOOGLE__PROTOBUF__VALUE__INIT;
    Entry a = GOOGLE__PROTOBUF__STRUCT__FIELDS_ENTRY__INIT;
    Entry b = GOOGLE__PROTOBUF__STRUCT__FIELDS_ENTRY__INIT;
    a.key = (char *)"a";
    b.key = (char *)"b";
    a.value = b.value = &value;
    Entry *orders[2][2] = {{&a, &b}, {&b, &a}};
    struct store_request ids[2];
    for (int i = 0; i < 2; i++) {
        Google__Protobuf__Struct attributes = GOOGLE__PROTOBUF__STRUCT__INIT;
        attributes.n_fields = 2;
        attributes.fields = orders[i];
        Nexus__Catalog__V1__Product product = NEXUS__CATALOG__V1__PRODUCT__INIT;
        product.attributes = &attributes;
        Nexus__Catalog__V1__CreateProductRequest request =
            NEXUS__CATALOG__V1__CREATE_PRODUCT_REQUEST__INIT;
        request.product = &product;
        request.request_id = (char *)"0123abcd-0000-4000-8000-00000000000f";
        nx_status status = svc_request_identify("CreateProduct", &request.base, &request.request_id,
                                                arena, &ids[i]);
        assert_int_equal(status.code, NX_OK);
        assert_true(ids[i].is_given && ids[i].id[0] == 0x01 && ids[i].id[15] == 0x0f);
    }
    assert_memory_equal(ids[0].fingerprint, ids[1].fingerprint, sizeof ids[0].fingerprint);
}

static void test_svc_request__refuses_what_is_no_uuid(void **state)
{
    (void)state;
    static const char *const wrong[] = {"x", "0123abcd-0000-4000-8000-00000000000",
                                        "0123abcd-0000-4000-8000-00000000000g",
                                        "0123abcd00000-4000-8000-00000000000f"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Nexus__Catalog__V1__DeleteProductRequest request =
            NEXUS__CATALOG__V1__DELETE_PRODUCT_REQUEST__INIT;
        request.request_id = (char *)wrong[i];
        struct store_request id;
        nx_status status =
            svc_request_identify("DeleteProduct", &request.base, &request.request_id, arena, &id);
        assert_int_equal(status.code, NX_INVALID_ARGUMENT);
        assert_string_equal(status.error->violations->field, "request_id");
    }
}

/* A resource that is all that a mask needs to know of one. */
static struct svc_field masked_fields[] = {
    {.name = "name", .kind = SVC_ID, .collection = "products/"},
    {.name = "title", .column = "title", .kind = SVC_TEXT, .max = 255},
    {.name = "price", .column = "price", .kind = SVC_MONEY},
    {.name = "attributes", .column = "attributes", .kind = SVC_STRUCT},
    {.name = "create_time", .kind = SVC_TIME},
};
static struct svc_resource masked = {
    .singular = "product",
    .collection = "products/",
    .type = &nexus__catalog__v1__product__descriptor,
    .fields = masked_fields,
    .field_count = sizeof masked_fields / sizeof *masked_fields,
};

static nx_status read_mask(const char *path, struct svc_mask *ret)
{
    char *paths[] = {(char *)path};
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    mask.n_paths = 1;
    mask.paths = paths;
    Nexus__Catalog__V1__Product body = NEXUS__CATALOG__V1__PRODUCT__INIT;
    svc_resource_init(&masked);
    return svc_mask_read(&masked, &mask, &body.base, "update_mask", arena, ret);
}

static void test_svc_mask__names_fields_and_parts(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        svc_field_set fields;
        const char *below[4]; /* of the part; NULL ends it */
    } rows[] = {
        {"title", 1 << 1, {NULL}},
        {"*", 1 << 1 | 1 << 2 | 1 << 3, {NULL}},
        {"price.units", 0, {"units"}},
        {"attributes.a.b", 0, {"a", "b"}},
        {"attributes.`a.b`.c", 0, {"a.b", "c"}},
        {"attributes.`a``b`", 0, {"a`b"}},
        {"attributes.````", 0, {"`"}},
        {"attributes.``", 0, {""}},
        {"attributes.`*`", 0, {"*"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct svc_mask mask;
        assert_int_equal(read_mask(rows[i].path, &mask).code, NX_OK);
        assert_int_equal(mask.fields, rows[i].fields);
        assert_int_equal(mask.part_count, rows[i].below[0] ? 1 : 0);
        size_t count = 0;
        for (; rows[i].below[count]; count++)
            assert_string_equal(mask.parts[0].below[count], rows[i].below[count]);
        if (count > 0)
            assert_int_equal(mask.parts[0].below_count, count);
    }
}

static void test_svc_mask__refuses_what_names_nothing(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "",
        ".",
        "title.",
        "title.x",
        "title..x",
        "name",
        "name.x",
        "create_time",
        "create_time.seconds",
        "price.",
        "price.x",
        "price.units.x",
        "price.*",
        "colour",
        "colour.x",
        "attributes.*",
        "attributes.a.*",
        "attributes..a",
        "attributes.",
        "attributes.`",
        "attributes.`a",
        "attributes.`a`b",
        "attributes.a`b`",
        "`title`x",
        "attributes.```",
        "attributes.`a`.",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct svc_mask mask;
        nx_status status = read_mask(paths[i], &mask);
        if (status.code != NX_INVALID_ARGUMENT)
            fail_msg("%s is taken", paths[i]);
        assert_string_equal(status.error->violations->field, "update_mask");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_svc_mask__names_fields_and_parts),
        cmocka_unit_test(test_svc_mask__refuses_what_names_nothing),
        cmocka_unit_test(test_svc_name__parses_exactly),
        cmocka_unit_test(test_svc_name__parses_what_is_below_exactly),
        cmocka_unit_test(test_svc_slug__from_title),
        cmocka_unit_test(test_svc_slug__is_cut_at_the_limit),
        cmocka_unit_test(test_svc_money__exponents),
        cmocka_unit_test(test_svc_token__is_bound_to_its_listing),
        cmocka_unit_test(test_svc_token__every_change_is_seen),
        cmocka_unit_test(test_svc_token__keys_have_a_limit),
        cmocka_unit_test(test_svc_etag__parses_its_own_form),
        cmocka_unit_test(test_svc_request__fingerprint_ignores_the_order_of_keys),
        cmocka_unit_test(test_svc_request__refuses_what_is_no_uuid),
    };
    return cmocka_run_group_tests_name("svc", tests, set_up, tear_down);
}
