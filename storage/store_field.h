/* The fields of a resource that lists can be filtered and ordered by: a row for each, which is all
 * that there is to do for a new one. store_filter.h and store_order.h read these tables.
 *
 * In SQL a table goes by its own name ("product.title"), so a query says `from catalog.product`
 * and may join others. */
#ifndef STORE_FIELD_H
#define STORE_FIELD_H

#include "store_query.h"

enum store_field_kind {
    STORE_FIELD_TEXT,       /* text */
    STORE_FIELD_INT,        /* int2, int4 or int8 */
    STORE_FIELD_DECIMAL,    /* numeric, or NULL */
    STORE_FIELD_BOOL,       /* boolean */
    STORE_FIELD_ENUM,       /* int2, by name */
    STORE_FIELD_TIME,       /* timestamptz, or NULL */
    STORE_FIELD_UUID,       /* uuid as text, or NULL for "" */
    STORE_FIELD_NAME,       /* int8: the resource's own name */
    STORE_FIELD_REFERENCE,  /* int8, or NULL for "": a name */
    STORE_FIELD_REFERENCES, /* int8[] of names */
    STORE_FIELD_TEXTS,      /* text[] */
    STORE_FIELD_JSON,       /* jsonb; its keys are fields, too: attributes.color */
};

struct store_enum_value {
    const char *name; /* NULL ends the table */
    int number;
};

struct store_field {
    const char *name; /* as in the API: "price.units" */
    enum store_field_kind kind;
    const char *sql;   /* its value */
    const char *order; /* what it is sorted by: never NULL, of sort_type. NULL: it cannot be */
    enum store_type sort_type;
    const char *collection; /* of names: "categories/" */
    const char *tree;       /* of names of a tree: SQL for "is it, or below it", see .c */
    const struct store_enum_value *values; /* of ENUM */
    const char *value_prefix;              /* that may be left out: "STATE_" */
};

struct store_fields {
    const char *resource; /* "product", for messages */
    const char *id;       /* the unique column that decides between equals: "product.id" */
    const struct store_field *fields;
    unsigned count;
};

extern const struct store_fields store_product_fields;
extern const struct store_fields store_category_fields;

/* The field of a name, in snake_case or lowerCamelCase; NULL when there is none. */
const struct store_field *store_field_find(const struct store_fields *fields, struct nx_str name);

#endif
