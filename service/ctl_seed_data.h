/* The sample catalog: what its categories and its products are.
 *
 * Made from their numbers alone, so that a number gives the same product every time and everywhere:
 * 1 to 150 are a small shop, filed in 13 categories; the rest are a large one, whose words, brands
 * and categories are as unevenly frequent as in a real one. */
#ifndef CTL_SEED_DATA_H
#define CTL_SEED_DATA_H

#include <stdint.h>

#include "nx_buf.h"

#define SEED_SMALL_COUNT 150
#define SEED_MAX_DEPTH 3

/* How many categories there are, and which is which, for a catalog of so many products. */
unsigned seed_category_count(int64_t product_count);

/* The slug of a category. */
void seed_category_slug(unsigned index, struct nx_buf *out);

/* The categories of one depth, 0 to SEED_MAX_DEPTH - 1, as storage/sql/seed_categories.sql takes
 * them. False: there are none. */
bool seed_categories_json(unsigned depth, int64_t product_count, struct nx_buf *out);

/* Product `number`, from 1, as a line of storage/sql/seed_copy.sql. Category `index` has the id
 * category_ids[index]. `now` is RFC 3339. */
void seed_product_row(int64_t number, const int64_t *category_ids, const char *now,
                      struct nx_buf *out);

#endif
