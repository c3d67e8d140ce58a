/* Filters, and what becomes of them: SQL and parameters, or a message. */
#ifndef STORE_FILTER_ROWS_H
#define STORE_FILTER_ROWS_H

struct filter_row {
    const char *given; /* NULL ends a table */
    const char *wanted;
};

extern const struct filter_row product_filter_rows[];
extern const struct filter_row category_filter_rows[];
extern const struct filter_row variant_filter_rows[];
extern const struct filter_row refused_filter_rows[]; /* of products */

#endif
