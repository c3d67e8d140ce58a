/* What someone types into a search field, taken apart.
 *
 *   query = { [ "-" ] ( word | '"' text [ '"' ] ) }, apart by blanks
 *
 * There is no wrong query: what means nothing (a lonely `-`, a quote that is not closed) is read as
 * well as can be. Which characters belong to a word, and what is the same word, the database
 * decides. */
#ifndef SVC_SEARCH_QUERY_H
#define SVC_SEARCH_QUERY_H

#include "nx_arena.h"
#include "nx_status.h"
#include "nx_str.h"

#define SVC_SEARCH_MAX_CHARACTERS 256
#define SVC_SEARCH_MAX_TERMS 24 /* what comes behind them is left out */

/* The kinds of terms, as catalog.search_plan() has them. */
enum svc_search_kind {
    SVC_SEARCH_WORD = 'w',
    SVC_SEARCH_OPEN = 'o',     /* the last word, which may go on */
    SVC_SEARCH_PHRASE = 'p',   /* was between quotes */
    SVC_SEARCH_EXCLUDED = '-', /* must not occur */
};

struct svc_search_term {
    enum svc_search_kind kind;
    struct nx_str text;     /* in the query, without quotes and `-`; never empty */
    const char *correction; /* what is looked for instead, or NULL */
};

struct svc_search_query {
    struct nx_str text;
    struct svc_search_term terms[SVC_SEARCH_MAX_TERMS];
    unsigned count;
};

/* Take a query apart. Borrows the text.
 * Fails:   INVALID_ARGUMENT for the field `query`: empty, or too long. */
nx_status svc_search_query_parse(const char *text, struct nx_arena *arena,
                                 struct svc_search_query *ret_query) NX_MUST_USE;

/* The terms' texts, or what corrects them, one a line; and a letter for the kind of each. */
struct svc_search_lines {
    struct nx_str texts;
    struct nx_str kinds;
};

/* False: the arena is full. */
bool svc_search_query_lines(const struct svc_search_query *query, struct nx_arena *arena,
                            struct svc_search_lines *ret_lines);

/* The query with its corrections in place. NULL: the arena is full. */
char *svc_search_query_corrected(const struct svc_search_query *query, struct nx_arena *arena);

#endif
