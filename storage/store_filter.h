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

/* Append " and ENTRIES ..." for what is known of all that pass a filter of products, which
 * store_filter_add() has taken; or nothing. ENTRIES: what stands before a tsquery,
 * "entry.lexemes @@ ". */
nx_status store_filter_add_facts(struct store_query *query, const struct store_fields *fields,
                                 struct nx_str filter, const char *entries,
                                 struct nx_arena *arena) NX_MUST_USE;

/* Whether nothing else passes, so that these are as good as the filter itself. */
nx_status store_filter_is_fact(const struct store_fields *fields, struct nx_str filter,
                               struct nx_arena *arena, bool *ret) NX_MUST_USE;

#endif
