#include "store_field.h"

/* Text is sorted by the order of its code points ("C"), which is the same everywhere and stays so:
 * the order of a language changes with the system's libraries, and an index on it breaks then.
 * Slugs are letters, digits and "-_" only; they are sorted as their unique index is. */
#define BY_CODE(column) "(" column " collate \"C\")"

/* What is absent comes last. */
#define OR_INFINITE_TIME(column) "coalesce(" column ", 'infinity'::timestamptz)"

#define CATEGORY_SUBTREE                                                                           \
    "select below.id from catalog.category as below"                                               \
    " where below.id = ? or below.ancestor_ids @> array[?]"

#define WRITE_TIMES(table)                                                                         \
    {.name = "create_time",                                                                        \
     .kind = STORE_FIELD_TIME,                                                                     \
     .sql = table ".create_time",                                                                  \
     .order = table ".create_time",                                                                \
     .sort_type = STORE_TYPE_TIMESTAMP},                                                           \
    {                                                                                              \
        .name = "update_time", .kind = STORE_FIELD_TIME, .sql = table ".update_time",              \
        .order = table ".update_time", .sort_type = STORE_TYPE_TIMESTAMP                           \
    }
#define TIME_OF_DELETION(name_, column)                                                            \
    {                                                                                              \
        .name = name_, .kind = STORE_FIELD_TIME, .sql = column, .order = OR_INFINITE_TIME(column), \
        .sort_type = STORE_TYPE_TIMESTAMP, .is_of_deletion = true                                  \
    }
#define TIMES(table)                                                                               \
    WRITE_TIMES(table), TIME_OF_DELETION("delete_time", table ".delete_time"),                     \
        TIME_OF_DELETION("purge_time", table ".purge_time")

#define MONEY(name_, currency, amount, facts_)                                                     \
    {.name = name_,                                                                                \
     .kind = STORE_FIELD_DECIMAL,                                                                  \
     .sql = amount,                                                                                \
     .facts = facts_,                                                                              \
     .order = "coalesce(" amount ", 'Infinity'::numeric)",                                         \
     .sort_type = STORE_TYPE_NUMERIC},                                                             \
        {.name = name_ ".currency_code",                                                           \
         .kind = STORE_FIELD_TEXT,                                                                 \
         .sql = "coalesce(" currency ", '')"},                                                     \
        {.name = name_ ".units", .kind = STORE_FIELD_DECIMAL, .sql = "trunc(" amount ")"},         \
    {                                                                                              \
        .name = name_ ".nanos", .kind = STORE_FIELD_DECIMAL,                                       \
        .sql = "((" amount " - trunc(" amount ")) * 1000000000)"                                   \
    }

#define TEXT(name_, column)                                                                        \
    {                                                                                              \
        .name = name_, .kind = STORE_FIELD_TEXT, .sql = column, .order = BY_CODE(column),          \
        .sort_type = STORE_TYPE_TEXT                                                               \
    }
#define SLUG(column)                                                                               \
    {                                                                                              \
        .name = "slug", .kind = STORE_FIELD_TEXT, .sql = column, .order = column,                  \
        .sort_type = STORE_TYPE_TEXT                                                               \
    }
#define NUMBER(name_, column, type)                                                                \
    {                                                                                              \
        .name = name_, .kind = STORE_FIELD_INT, .sql = column, .order = column, .sort_type = type  \
    }
#define NAME(column, collection_)                                                                  \
    {                                                                                              \
        .name = "name", .kind = STORE_FIELD_NAME, .sql = column, .order = column,                  \
        .sort_type = STORE_TYPE_INT8, .collection = collection_                                    \
    }

static const struct store_enum_value states[] = {
    {"STATE_DRAFT", 1}, {"STATE_ACTIVE", 2}, {"STATE_ARCHIVED", 3}, {NULL, 0}};

static const struct store_field product_fields[] = {
    NAME("product.id", "products/"),
    TEXT("title", "product.title"),
    SLUG("product.slug"),
    {.name = "description", .kind = STORE_FIELD_TEXT, .sql = "product.description"},
    MONEY("price", "product.price_currency", "product.price_amount", "catalog.search_priced"),
    {.name = "category",
     .kind = STORE_FIELD_REFERENCE,
     .sql = "product.category_id",
     .collection = "categories/",
     .subtree = CATEGORY_SUBTREE},
    {.name = "additional_categories",
     .kind = STORE_FIELD_REFERENCES,
     .sql = "product.additional_category_ids",
     .collection = "categories/"},
    TEXT("brand", "product.brand"),
    {.name = "tags", .kind = STORE_FIELD_TEXTS, .sql = "product.tags"},
    {.name = "attributes", .kind = STORE_FIELD_JSON, .sql = "product.attributes"},
    NUMBER("inventory", "product.inventory", STORE_TYPE_INT8),
    {.name = "allow_backorder",
     .kind = STORE_FIELD_BOOL,
     .sql = "product.allow_backorder",
     .order = "product.allow_backorder",
     .sort_type = STORE_TYPE_BOOL},
    {.name = "state",
     .kind = STORE_FIELD_ENUM,
     .sql = "product.state",
     .order = "product.state",
     .sort_type = STORE_TYPE_INT2,
     .values = states,
     .value_prefix = "STATE_",
     .facts = "catalog.search_in_state"},
    TIMES("product"),
};

const struct store_fields store_product_fields = {
    .resource = "product",
    .id = "product.id",
    .fields = product_fields,
    .count = sizeof product_fields / sizeof *product_fields,
};

static const struct store_field category_fields[] = {
    NAME("category.id", "categories/"),
    TEXT("title", "category.title"),
    SLUG("category.slug"),
    {.name = "parent",
     .kind = STORE_FIELD_REFERENCE,
     .sql = "category.parent_id",
     .collection = "categories/",
     .subtree = CATEGORY_SUBTREE},
    {.name = "description", .kind = STORE_FIELD_TEXT, .sql = "category.description"},
    NUMBER("position", "category.position", STORE_TYPE_INT4),
    TEXT("path", "category.path"),
    {.name = "ancestors",
     .kind = STORE_FIELD_REFERENCES,
     .sql = "category.ancestor_ids",
     .collection = "categories/"},
    NUMBER("depth", "cardinality(category.ancestor_ids)", STORE_TYPE_INT4),
    {.name = "product_count",
     .kind = STORE_FIELD_INT,
     .sql = STORE_FRAGMENT_CATEGORY_PRODUCT_COUNT},
    TIMES("category"),
};

const struct store_fields store_category_fields = {
    .resource = "category",
    .id = "category.id",
    .fields = category_fields,
    .count = sizeof category_fields / sizeof *category_fields,
};

static const struct store_field variant_fields[] = {
    {.name = "name",
     .kind = STORE_FIELD_NAME,
     .sql = "variant.id",
     .order = "variant.id",
     .sort_type = STORE_TYPE_INT8,
     .collection = "products/?/variants/",
     .parent = "variant.product_id"},
    TEXT("sku", "variant.sku"),
    TEXT("title", "variant.title"),
    MONEY("price", "variant.price_currency", "variant.price_amount", NULL),
    MONEY("effective_price", "coalesce(variant.price_currency, parent_currency)",
          "coalesce(variant.price_amount, parent_amount)", NULL),
    NUMBER("inventory", "variant.inventory", STORE_TYPE_INT8),
    {.name = "attributes", .kind = STORE_FIELD_JSON, .sql = "variant.attributes"},
    NUMBER("position", "variant.position", STORE_TYPE_INT4),
    WRITE_TIMES("variant"),
};

const struct store_fields store_variant_fields = {
    .resource = "variant",
    .id = "variant.id",
    .fields = variant_fields,
    .count = sizeof variant_fields / sizeof *variant_fields,
};

static const struct store_field product_image_fields[] = {
    {.name = "name",
     .kind = STORE_FIELD_NAME,
     .sql = "product_image.id",
     .order = "product_image.id",
     .sort_type = STORE_TYPE_INT8,
     .collection = "products/?/images/",
     .parent = "product_image.product_id"},
    TEXT("alt_text", "product_image.alt_text"),
    NUMBER("position", "product_image.position", STORE_TYPE_INT4),
    TEXT("uri", "product_image.uri"),
    TEXT("content_type", "product_image.content_type"),
    NUMBER("width", "product_image.width", STORE_TYPE_INT4),
    NUMBER("height", "product_image.height", STORE_TYPE_INT4),
    NUMBER("size_bytes", "product_image.size_bytes", STORE_TYPE_INT8),
    TEXT("sha256", "product_image.sha256"),
    WRITE_TIMES("product_image"),
};

const struct store_fields store_product_image_fields = {
    .resource = "product image",
    .id = "product_image.id",
    .fields = product_image_fields,
    .count = sizeof product_image_fields / sizeof *product_image_fields,
};

static const struct store_field audit_entry_fields[] = {
    {.name = "principal", .kind = STORE_FIELD_TEXT, .sql = "audit_entry.principal"},
    {.name = "method", .kind = STORE_FIELD_TEXT, .sql = "audit_entry.method"},
    {.name = "resource", .kind = STORE_FIELD_TEXT, .sql = "audit_entry.resource"},
    {.name = "request_id",
     .kind = STORE_FIELD_TEXT,
     .sql = "coalesce(audit_entry.request_id::text, '')"},
    {.name = "create_time",
     .kind = STORE_FIELD_TIME,
     .sql = "audit_entry.create_time",
     .order = "audit_entry.create_time",
     .sort_type = STORE_TYPE_TIMESTAMP},
};

const struct store_fields store_audit_entry_fields = {
    .resource = "audit entry",
    .id = "audit_entry.id",
    .fields = audit_entry_fields,
    .count = sizeof audit_entry_fields / sizeof *audit_entry_fields,
};

/* --- JSON --- */

const struct store_json_type store_json_number = {"number", STORE_TYPE_NUMERIC,
                                                  "catalog.attribute_number(", ")"};
const struct store_json_type store_json_text = {"text", STORE_TYPE_TEXT, "(catalog.attribute_text(",
                                                ") collate \"C\")"};
const struct store_json_type store_json_boolean = {"boolean", STORE_TYPE_BOOL,
                                                   "catalog.attribute_boolean(", ")"};

const struct store_json_type *store_json_type_find(struct nx_str name)
{
    static const struct store_json_type *const types[] = {&store_json_number, &store_json_text,
                                                          &store_json_boolean};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (nx_str_equal(name, nx_str_from(types[i]->name)))
            return types[i];
    }
    return NULL;
}

/* --- Finding --- */

/* Whether a name is a part of a field's name, up to its next dot: as it stands there, or in
 * lowerCamelCase. */
static bool is_part(struct nx_str name, const char *part)
{
    size_t at = 0;
    for (; *part && *part != '.'; part++, at++) {
        if (at == name.len)
            return false;
        char c = name.ptr[at];
        bool is_camel = *part == '_' && c != '_' && part[1] >= 'a' && part[1] <= 'z';
        if (is_camel)
            part++;
        if (c != (is_camel ? *part - 'a' + 'A' : *part))
            return false;
    }
    return at == name.len;
}

/* How many names of the path the field's name takes; 0 when it is another. */
static unsigned parts_of(const char *field, const struct nx_str *path, unsigned length)
{
    unsigned used = 0;
    for (;;) {
        if (used == length || !is_part(path[used], field))
            return 0;
        used++;
        const char *dot = strchr(field, '.');
        if (!dot)
            return used;
        field = dot + 1;
    }
}

const struct store_field *store_field_find(const struct store_fields *fields,
                                           const struct nx_str *path, unsigned length,
                                           unsigned *ret_used)
{
    for (unsigned i = 0; i < fields->count; i++) {
        const struct store_field *field = &fields->fields[i];
        unsigned used = parts_of(field->name, path, length);
        if (used == length || (used > 0 && field->kind == STORE_FIELD_JSON)) {
            *ret_used = used;
            return field;
        }
    }
    return NULL;
}
