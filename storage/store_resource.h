/* The statements of products and categories: the same seven for either.
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

/* A request that must not be carried out twice; all zero when the caller gave no id. */
struct store_request {
    bool is_given;
    uint8_t id[16];          /* UUID */
    uint8_t fingerprint[32]; /* equal for equal requests */
};

/* A row to be made. */
struct store_create {
    struct nx_str columns;     /* JSON object of all writable columns */
    int64_t id;                /* 0: the next free one */
    struct nx_str derive_slug; /* slug to begin from; empty: the columns have one */
    int attempt;               /* at a free slug: 0, then more while SLUG_TAKEN comes back */
    struct store_request request;
};

/* A change of a row that lives. */
struct store_update {
    int64_t id;
    struct nx_str columns;     /* JSON object of the columns to change */
    struct nx_str derive_slug; /* slug to begin from; empty: the columns say */
    int attempt;               /* as of store_create */
    int64_t expected_revision; /* 0: whatever it is */
    struct store_request request;
};

struct store_delete {
    int64_t id;
    int64_t expected_revision; /* 0: whatever it is */
    int32_t purge_after_days;
    bool force; /* categories only: with all that is below it */
    struct store_request request;
};

struct store_list {
    int64_t after_id;
    int64_t limit;
    bool show_deleted;
};

/* Read one row, a deleted one too. Completes with 0 or 1 rows. */
void store_resource_get(struct store *store, struct store_op *op,
                        const struct store_resource *resource, int64_t id);

/* Read a page in the order of ids. */
void store_resource_list(struct store *store, struct store_op *op,
                         const struct store_resource *resource, const struct store_list *list);

/* Count; completes with one row of one int8. */
void store_resource_count(struct store *store, struct store_op *op,
                          const struct store_resource *resource, bool show_deleted);

/* Insert one row.
 * Fails:   ALREADY_EXISTS: op->constraint is store_slug_constraint() or another;
 *          INVALID_ARGUMENT: a category that is referred to does not exist (op->constraint is the
 *          field). */
void store_resource_create(struct store *store, struct store_op *op,
                           const struct store_resource *resource,
                           const struct store_create *create);

/* Change one row. Completes with 0 rows when there is none that lives.
 * Fails:   as create; ABORTED: another revision; FAILED_PRECONDITION: a cycle of categories. */
void store_resource_update(struct store *store, struct store_op *op,
                           const struct store_resource *resource,
                           const struct store_update *update);

/* Mark as deleted. Completes with 0 rows when there is none that lives.
 * Fails:   ABORTED; FAILED_PRECONDITION: a category that is not empty, without force. */
void store_resource_delete(struct store *store, struct store_op *op,
                           const struct store_resource *resource,
                           const struct store_delete *delete_);

/* The answer that was recorded for a request. Completes with 0 or 1 rows, whose first column is
 * whether the fingerprint is the same, and whose further columns are the resource's. */
void store_resource_replay(struct store *store, struct store_op *op,
                           const struct store_resource *resource,
                           const struct store_request *request);

/* The constraint that a slug already in use violates. */
const char *store_slug_constraint(const struct store_resource *resource);

#endif
