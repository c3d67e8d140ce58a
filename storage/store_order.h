/* The order of a list, and where in it a page begins (keyset paging).
 *
 * An order always ends with the resource's id, in the direction of the field before it, so no two
 * rows are equal. A row's keys are its values of the order's fields; the next page begins behind
 * the keys of this page's last row. */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H

#include "store_field.h"

#define STORE_ORDER_MAX_BYTES 1024
#define STORE_ORDER_MAX_FIELDS 8
#define STORE_ORDER_MAX_KEYS (STORE_ORDER_MAX_FIELDS + 1)

/* A key of a JSON field that is declared (nexusctl index-attribute): it can be ordered by. */
struct store_attribute {
    struct nx_str key; /* "color", or "size.width" */
    const struct store_json_type *type;
};

struct store_attributes {
    const struct store_attribute *list;
    unsigned count;
};

struct store_order_key {
    const struct store_field *field; /* NULL: the id, that nobody asked for */
    const char *sql;
    enum store_type type;
    bool is_descending;
    const struct store_json_type *json; /* of a key of a JSON field, at this path */
    const struct nx_str *path;
    unsigned path_length;
};

struct store_order {
    struct store_order_key keys[STORE_ORDER_MAX_KEYS];
    unsigned count;  /* 1 at least */
    bool is_default; /* by id, ascending */
};

/* Read an order_by: "price desc, title"; empty is by id. `declared` may be NULL: none is.
 * Fails:   INVALID_ARGUMENT for the field `order_by`, naming what is unknown or doubled. */
nx_status store_order_parse(const struct store_fields *fields, struct nx_str order_by,
                            const struct store_attributes *declared, struct nx_arena *arena,
                            struct store_order *ret_order) NX_MUST_USE;

/* Append the keys as columns: ", a as key_0, b as key_1". */
void store_order_add_keys(struct store_query *query, const struct store_order *order);

/* Append a condition: " and ..." that lets through what is behind these keys. */
void store_order_add_after(struct store_query *query, const struct store_order *order,
                           const struct nx_str *keys);

/* Very many rows are equal in a field of few values, and all that live in the time of deletion. A
 * page by such fields first is read value by value, each in the order of the fields behind them,
 * which has an index. A group is the rows that have one value of each of these leading fields. */
#define STORE_ORDER_MAX_GROUPS 8
#define STORE_ORDER_MAX_LEADING 4
struct store_order_groups {
    unsigned leading; /* how many fields each has a value of */
    unsigned count;   /* 0: the order begins with a field of many values */
    int values[STORE_ORDER_MAX_GROUPS][STORE_ORDER_MAX_LEADING];
    bool is_begun; /* the first group is the one of `after`, which is somewhere in it */
};

/* The groups of rows that live, in the order of the list, from that of `after` on if that is not
 * NULL. False: none is there; the order is to be read as it stands. */
bool store_order_groups(const struct store_order *order, const struct nx_str *after,
                        struct store_order_groups *ret_groups);

/* Append " and ... order by ...": the rows of a group, behind `after` if that is not NULL. */
void store_order_add_group(struct store_query *query, const struct store_order *order,
                           const struct store_order_groups *groups, unsigned group,
                           const struct nx_str *after);

/* Append " order by ...". */
void store_order_add(struct store_query *query, const struct store_order *order);

/* The same, of the columns that store_order_add_keys() has named. */
void store_order_add_named(struct store_query *query, const struct store_order *order);

/* Read a row's keys, which begin at this column. They point into the row. */
void store_order_read(const struct store_order *order, const struct store_rows *rows, int row,
                      int first_column, struct nx_str *ret_keys);

#endif
