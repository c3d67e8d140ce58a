/* The fields of a resource that lists can be filtered and ordered by: a row for each, which is all
 * that there is to do for a new one. store_filter.h and store_order.h read these tables.
 *
 * In SQL a table goes by its own name ("product.title"), so a query says `from catalog.product`
 * and may join others. */
#ifndef STORE_FIELD_H
#define STORE_FIELD_H

#include "store_query.h"

enum store_field_kind {
    STORE_FIELD_TEXT,       /* text, never NULL */
    STORE_FIELD_INT,        /* int2, int4 or int8 */
    STORE_FIELD_DECIMAL,    /* numeric, or NULL */
    STORE_FIELD_BOOL,       /* boolean */
    STORE_FIELD_ENUM,       /* int2, by name */
    STORE_FIELD_TIME,       /* timestamptz, or NULL */
    STORE_FIELD_NAME,       /* int8: the resource's own name */
    STORE_FIELD_REFERENCE,  /* int8, or NULL for "": a name */
    STORE_FIELD_REFERENCES, /* int8[]: names */
    STORE_FIELD_TEXTS,      /* text[] */
    STORE_FIELD_JSON,       /* jsonb; its keys are fields, too: attributes.color */
    STORE_FIELD_KINDS,
};

struct store_enum_value {
    const char *name; /* NULL ends the table */
    int number;
};

struct store_field {
    const char *name; /* as in the API: "price.units" */
    enum store_field_kind kind;
    const char *sql; /* its value */
    /* What it is sorted by, and compared with < and = where that can be read from an index: never
     * NULL, of sort_type; what is absent is above all numbers and times. NULL: it cannot be sorted
     * by. */
    const char *order;
    enum store_type sort_type;
    const char *collection; /* of names: "categories/", or "products/?/variants/" */
    const char *parent;     /* of NAME, when its collection has a "?": the column of that id */
    /* Of REFERENCE, when it is to a tree: the ids of one and of all below it; "?" is the one. */
    const char *subtree;
    const struct store_enum_value *values; /* of ENUM */
    const char *value_prefix;              /* of ENUM: may be left out, as "STATE_" */
    /* Of DECIMAL and ENUM: the SQL function that makes a tsquery, of what entries of search have,
     * from a range or an array of values; or NULL. */
    const char *facts;
    bool is_of_deletion; /* of TIME: NULL of all rows that live */
};

struct store_fields {
    const char *resource; /* "product", for messages */
    const char *id;       /* the unique column that decides between equals: "product.id" */
    const struct store_field *fields;
    unsigned count;
};

/* The value of a key of a JSON field as SQL of one type: BEFORE field, path BEHIND. Never NULL:
 * what is absent, or of another type, is above all numbers, an empty text, or false. */
struct store_json_type {
    const char *name; /* "number": of nexusctl and of the table attribute_index */
    enum store_type type;
    const char *before;
    const char *behind;
};
extern const struct store_json_type store_json_number;
extern const struct store_json_type store_json_text;
extern const struct store_json_type store_json_boolean;

/* The type of that name; NULL when there is none. */
const struct store_json_type *store_json_type_find(struct nx_str name);

extern const struct store_fields store_product_fields;
extern const struct store_fields store_category_fields;
extern const struct store_fields store_audit_entry_fields;
extern const struct store_fields store_variant_fields;
extern const struct store_fields store_product_image_fields;

/* The field that a path of names stands for, each in snake_case or lowerCamelCase: ["price",
 * "units"]. What is below a JSON field are its keys; *ret_used is how many names come before them.
 * NULL when there is none. */
const struct store_field *store_field_find(const struct store_fields *fields,
                                           const struct nx_str *path, unsigned length,
                                           unsigned *ret_used);

#endif
