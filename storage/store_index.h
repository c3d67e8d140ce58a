/* Indexes that an operator declares.
 *
 * Of a key of product attributes, so that lists can be ordered by it, and ranges of it are found
 * fast; the table catalog.attribute_index says which there are. Of an order by several fields, so
 * that its pages need no sorting where many products are equal in the first; the indexes' names
 * (product_by_brand__price) say which there are.
 *
 * An index is built beside the running service (CREATE INDEX CONCURRENTLY), which takes a scan of
 * the products and waits for transactions under way. What an interrupted build has left is removed
 * by the next one.
 *
 * These functions block; they are for nexusctl, and need a role that owns the catalog. Their
 * messages hold the database's own words. */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include <stdbool.h>

#include "nx_arena.h"
#include "nx_status.h"

/* Declare a key, "color" or "size.width", and build its index; TYPE is "text", "number" or
 * "boolean". *ret_built is false when it was there.
 * Fails:   INVALID_ARGUMENT, FAILED_PRECONDITION (declared as another type; another runner is at
 *          work; refused by the database), UNAVAILABLE. */
nx_status store_index_add(struct nx_arena *arena, const char *conninfo, const char *key,
                          const char *type, bool *ret_built) NX_MUST_USE;

/* Take a key back, and drop its index. *ret_dropped is false when there was none. */
nx_status store_index_drop(struct nx_arena *arena, const char *conninfo, const char *key,
                           bool *ret_dropped) NX_MUST_USE;

/* Build the index of an order by two fields or more, "brand, price": all in one direction, none of
 * them an attribute. It serves the opposite order, too. *ret_built is false when it was there.
 * Fails:   as store_index_add(). */
nx_status store_index_add_order(struct nx_arena *arena, const char *conninfo, const char *order_by,
                                bool *ret_built) NX_MUST_USE;

/* Drop the index of an order. *ret_dropped is false when there was none. */
nx_status store_index_drop_order(struct nx_arena *arena, const char *conninfo, const char *order_by,
                                 bool *ret_dropped) NX_MUST_USE;

struct store_index_entry {
    const char *key;   /* of attributes; or an order */
    const char *type;  /* "text", of a key; "" of an order */
    const char *size;  /* "12 MB" */
    const char *state; /* "ready", or "unfinished" */
};

/* The keys, or the orders, in the order of their names. */
nx_status store_index_list(struct nx_arena *arena, const char *conninfo,
                           struct store_index_entry **ret_entries, int *ret_count) NX_MUST_USE;
nx_status store_index_list_orders(struct nx_arena *arena, const char *conninfo,
                                  struct store_index_entry **ret_entries,
                                  int *ret_count) NX_MUST_USE;

#endif
