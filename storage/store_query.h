/* A statement whose text depends on the request: a list with a filter and an order, a search.
 *
 * The text is put together of constant pieces of ours and of parameters, $1, $2 ...; nothing that
 * a client has sent becomes part of it. It is parsed and planned each time, with the values at
 * hand, so that PostgreSQL knows how much they select.
 *
 *   struct store_query *query = store_query_new(arena, "product_list");
 *   store_query_add(query, "select id from catalog.product where price_amount < ");
 *   store_query_add_numeric(query, NX_STR("12.50"));
 *   store_op_step_query(op, query);
 *
 * Writers do not check each piece: what is too much for the arena or for the limits below fails the
 * op, as a failed bind does. Everything a query holds is in the arena, or borrowed until the op has
 * completed. */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "store.h"

#define STORE_QUERY_MAX_PARAMS 1024
#define STORE_QUERY_MAX_BYTES ((size_t)1 << 20)

/* The type of a parameter: PostgreSQL's number for it. */
enum store_type {
    STORE_TYPE_BOOL = 16,
    STORE_TYPE_INT8 = 20,
    STORE_TYPE_INT2 = 21,
    STORE_TYPE_INT4 = 23,
    STORE_TYPE_TEXT = 25,
    STORE_TYPE_TEXT_ARRAY = 1009,
    STORE_TYPE_INT8_ARRAY = 1016,
    STORE_TYPE_TIMESTAMP = 1184, /* with time zone */
    STORE_TYPE_NUMERIC = 1700,
    STORE_TYPE_JSONB = 3802,
};

struct store_query;

/* An empty query. `name` is a literal: what the log calls it.
 * NULL: the arena is full; all functions here take that, and the op then fails. */
struct store_query *store_query_new(struct nx_arena *arena, const char *name);

/* Append text. `sql` is a constant of ours, never what somebody has sent. */
void store_query_add(struct store_query *query, const char *sql);

/* Append a parameter: its value is bound, and its "$n" is appended. */
void store_query_add_null(struct store_query *query, enum store_type type);
void store_query_add_bool(struct store_query *query, bool value);
void store_query_add_int4(struct store_query *query, int32_t value);
void store_query_add_int8(struct store_query *query, int64_t value);
void store_query_add_text(struct store_query *query, struct nx_str value); /* borrowed */
void store_query_add_texts(struct store_query *query, const struct nx_str *values, size_t count);
void store_query_add_int8s(struct store_query *query, const int64_t *values, size_t count);
void store_query_add_jsonb(struct store_query *query, struct nx_str json);
/* Microseconds since 1970-01-01T00:00:00Z. */
void store_query_add_timestamp(struct store_query *query, int64_t unix_us);
/* Digits as SQL and JSON have them: "-12.50", "1e3". Borrowed. */
void store_query_add_numeric(struct store_query *query, struct nx_str digits);
/* What store_cell() gave, of a column of that type. Borrowed. */
void store_query_add_cell(struct store_query *query, enum store_type type, struct nx_str cell);

/* The number of the last parameter, and a further use of one. */
unsigned store_query_last_param(const struct store_query *query);
void store_query_add_param(struct store_query *query, unsigned number);

/* Note that a condition can be read from an inverted index (GIN), and whether there was one: how
 * many rows have a tag, or an attribute, PostgreSQL can often only guess. */
void store_query_note_inverted(struct store_query *query);
bool store_query_is_inverted(const struct store_query *query);

/* The text as far as it has come. Empty when it has failed. */
struct nx_str store_query_text(const struct store_query *query);

/* The next step of the op is this query, and no more is added to it. */
void store_op_step_query(struct store_op *op, struct store_query *query);

#endif
