/* The statements of the catalog's resources: the same for any of them. Lists are store_list.h.
 *
 * Each function takes an op that store_op_init() has begun, binds and submits it; completion and
 * failures are those of store_submit(), and what is said below. A row has the columns of the
 * resource's fragment storage/sql/fragments/<resource>_columns.sql, in that order. */
#ifndef STORE_RESOURCE_H
#define STORE_RESOURCE_H

#include "store.h"

/* Which statements serve a resource. */
struct store_resource;
extern const struct store_resource store_products;
extern const struct store_resource store_categories; /* rows end with the product count */
extern const struct store_resource store_variants;
extern const struct store_resource store_product_images;

/* Which one of them. */
struct store_key {
    int64_t parent; /* the product that it stands below; of what stands at the top 0 */
    int64_t id;
};

/* A request that must not be carried out twice; all zero when the caller gave no id. */
struct store_request {
    bool is_given;
    uint8_t id[16];          /* UUID */
    uint8_t fingerprint[32]; /* equal for equal requests */
};

enum store_action {
    STORE_CREATE,
    STORE_UPDATE,   /* of what lives; a category is also moved by it */
    STORE_DELETE,   /* mark as deleted; remove what stands below a product */
    STORE_UNDELETE, /* with what was deleted with it */
    STORE_ADJUST,   /* the stock */
    STORE_ACTIONS,
};

/* A change of one or more resources of a kind, all or none, by one statement. It leaves an audit
 * entry for each, and the answer if there is a request id, in the same transaction. */
struct store_write {
    enum store_action action;
    struct nx_str items;     /* JSON, as storage/sql/fragments/write_items.sql says */
    struct nx_str principal; /* who writes */
    const char *method;      /* of the contract, as in "UpdateProduct" */
    struct store_request request;
    int attempt; /* at slugs that are made: 0, then more while a slug is taken */
};

/* Read one row, a deleted one too. Completes with 0 or 1 rows. */
void store_resource_get(struct store *store, struct store_op *op,
                        const struct store_resource *resource, struct store_key key);

/* Read many. Completes with a row for each key, in their order; of one that does not exist, all
 * columns are NULL. */
void store_resource_batch_get(struct store *store, struct store_op *op,
                              const struct store_resource *resource, const struct store_key *keys,
                              size_t count);

/* Read the live one that has a slug, or else the one that had it before. Completes with 0 or 1
 * rows, which have two more columns: the slug and the time when it was given up, or NULL if it is
 * the slug of now. */
void store_resource_lookup(struct store *store, struct store_op *op,
                           const struct store_resource *resource, struct nx_str slug);

/* Read the product of which a variant has this SKU. Completes with 0 or 1 rows: the product's
 * columns and the variant's. */
void store_product_lookup_sku(struct store *store, struct store_op *op, struct nx_str sku);

/* Carry a write out. Completes with a row for each item, in their order.
 * Fails:   NOT_FOUND, ABORTED (another revision), INVALID_ARGUMENT (what is referred to does not
 *          exist), FAILED_PRECONDITION (a cycle, a category that is not empty, no stock),
 *          ALREADY_EXISTS (not deleted): op->constraint is the field;
 *          ALREADY_EXISTS by a unique index: op->constraint is store_slug_constraint(),
 *          "…_sku_live" or that of the ids. */
void store_resource_write(struct store *store, struct store_op *op,
                          const struct store_resource *resource, const struct store_write *write);

/* The answer that was recorded for a request. Completes with no rows, or with those of the answer:
 * their first column is whether the fingerprint is the same, the further ones are the resource's.
 */
void store_resource_replay(struct store *store, struct store_op *op,
                           const struct store_resource *resource,
                           const struct store_request *request);

/* The constraint that a slug already in use violates. */
const char *store_slug_constraint(const struct store_resource *resource);

#endif
