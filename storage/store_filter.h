/* Filters: the language of AIP-160 (https://google.aip.dev/160), compiled to SQL.
 *
 *   store_filter_lexer.c    text -> tokens
 *   store_filter_parser.c   tokens -> a tree, within the limits
 *   store_filter_compile.c  the tree -> SQL, typed by the table of the resource's fields
 *   store_filter_fact.c     the tree -> what search finds those by that pass
 *
 * README.md says what each operator means. */
#ifndef STORE_FILTER_H
#define STORE_FILTER_H

#include "store_field.h"

#define STORE_FILTER_MAX_BYTES 4096
#define STORE_FILTER_MAX_DEPTH 16 /* of parentheses */
#define STORE_FILTER_MAX_TERMS 64 /* comparisons */

/* Append a filter as one boolean expression in parentheses: "true" for an empty one. Borrows the
 * text until the op has completed.
 * Fails:   INVALID_ARGUMENT for the field `filter`, "at character N: ..."; the query is then of no
 *          more use. RESOURCE_EXHAUSTED. */
nx_status store_filter_add(struct store_query *query, const struct store_fields *fields,
                           struct nx_str filter, struct nx_arena *arena) NX_MUST_USE;

/* What the entries of search have of all that pass a filter, of one field. */
struct store_fact {
    const struct store_field *field;
    struct nx_str low, high; /* of DECIMAL: from this on, and up to that; empty: no bound */
    bool is_below;           /* the latter does not pass itself */
    unsigned values;         /* of ENUM: a bit for each in the order of the field's */
    int64_t estimate;        /* about how many entries have it; for who knows */
};

#define STORE_MAX_FACTS 4

struct store_facts {
    struct store_fact all[STORE_MAX_FACTS];
    unsigned count;
    bool suffice; /* nothing else has them, so that they are as good as the filter itself */
};

/* What is known of all that pass a filter of products, which store_filter_add() has taken. Borrows
 * the text.
 * Fails:   as store_filter_add(). */
nx_status store_filter_facts(const struct store_fields *fields, struct nx_str filter,
                             struct nx_arena *arena, struct store_facts *ret_facts) NX_MUST_USE;

/* Append a fact as a tsquery that entries match which have it. */
void store_fact_add(struct store_query *query, const struct store_fact *fact);

#endif
