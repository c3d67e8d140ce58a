/* Lists: a page of a resource's rows by filter and order, and how many there are in all.
 *
 * Each function adds a step to an op that store_op_init() has begun; store_submit() is the
 * caller's. What is borrowed is borrowed until the op has completed. */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#include "store_order.h"

/* What is listed. */
struct store_listing {
    const char *name; /* for the log */
    const struct store_fields *fields;
    const char *columns; /* of a row */
    const char *table;   /* "catalog.product" */
    const char *live;    /* what holds for rows that are not deleted; NULL: none ever is */
    const char *deleted; /* which are not, if there are many rows; or NULL */
    const char *parent;  /* the column of the parent's id; NULL: there is no parent */
    /* With a parent: the statement that refuses one that does not live. */
    enum store_sql require;
    /* Prepared statements for all rows in the order of ids; STORE_SQL_COUNT: none. */
    enum store_sql by_id;
    enum store_sql count_all;
};

extern const struct store_listing store_product_listing;
extern const struct store_listing store_category_listing;
extern const struct store_listing store_audit_entry_listing;
extern const struct store_listing store_variant_listing;
extern const struct store_listing store_product_image_listing;

struct store_list {
    struct store_order order;
    struct nx_str filter;
    const struct nx_str *after; /* the keys behind which it begins; NULL: at the first row */
    int64_t parent_id;          /* of a listing with a parent */
    int64_t limit;
    bool show_deleted;
};

/* Read a page. A row has the listing's columns; its keys are read by store_list_keys().
 * Fails:   INVALID_ARGUMENT (the filter), RESOURCE_EXHAUSTED; the op is then of no more use.
 *          The op: NOT_FOUND: the parent does not live. */
nx_status store_list_page(struct store_op *op, const struct store_listing *listing,
                          const struct store_list *list) NX_MUST_USE;

/* The keys of a row of a page. They point into the row. */
void store_list_keys(const struct store_listing *listing, const struct store_list *list,
                     const struct store_rows *rows, int row, struct nx_str *ret_keys);

/* Count all rows of the list; one row of one int8. Fails as store_list_page(). */
nx_status store_list_count(struct store_op *op, const struct store_listing *listing,
                           const struct store_list *list) NX_MUST_USE;

/* Read the keys of attributes that are declared, for store_order_parse(). */
void store_attributes_ask(struct store_op *op);

/* The answer to that, copied into the arena. */
nx_status store_attributes_read(const struct store_rows *rows, struct nx_arena *arena,
                                struct store_attributes *ret) NX_MUST_USE;

#endif
