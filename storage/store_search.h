/* The statements of search, suggestions and similar products.
 *
 * Each function adds its steps to an op that store_op_init() has begun; store_submit() is the
 * caller's. What is borrowed is borrowed until the op has completed. How a search goes is told in
 * README.md. */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "store_filter.h"
#include "store_order.h"

/* Up to so many products are ranked, and counted for facets. */
#define STORE_SEARCH_MOST_RANKED 1000
/* Of more, facets are estimated from so many, of a sample: one of so many products is in it, by
 * chance. */
#define STORE_SEARCH_FACET_SAMPLE 300
#define STORE_SEARCH_SAMPLE_SHARE 8
/* Up to so many that are expected it is tried whether they can be ranked. */
#define STORE_SEARCH_MOST_TRIED 1500
/* Up to so many are counted one by one. */
#define STORE_SEARCH_MOST_COUNTED 10000

/* Make a query of words. `texts`: terms, one a line; `kinds`: a letter each, as
 * catalog.search_plan() has them. Completes with one row: */
enum store_search_plan {
    STORE_SEARCH_WANTED,         /* text: what to look for; NULL: there is no word in it */
    STORE_SEARCH_NAMES,          /* text: the same in titles, brands and tags alone, but for */
    STORE_SEARCH_EXCLUDED,       /* text: what must not occur; or NULL */
    STORE_SEARCH_BEGINS,         /* text: what is better at the beginning */
    STORE_SEARCH_ESTIMATE,       /* int8: about how many have it */
    STORE_SEARCH_NAMES_ESTIMATE, /* int8: and in their names */
    STORE_SEARCH_UNKNOWN,        /* int8[]: which terms nothing has, from 1 */
    STORE_SEARCH_NEWEST,         /* int8: the newest product; NULL: there is none */
    STORE_SEARCH_ENTRIES,        /* int8: about how many products there are */
    STORE_SEARCH_FACT_ESTIMATES, /* int8[]: about how many have each of the facts, if there are some
                                  */
};
void store_search_plan(struct store_op *op, struct nx_str texts, struct nx_str kinds,
                       const struct store_facts *facts); /* or NULL; borrowed */

/* Look for words that are alike. `texts`: words, one a line. Completes with a row for each
 * candidate: int8 which word, from 1; text that word, folded; text the candidate. */
void store_search_nearest(struct store_op *op, struct nx_str texts);

/* Which of the products found, in which order. */
enum store_search_stage {
    STORE_SEARCH_RANKED,       /* all, best first; when they are few */
    STORE_SEARCH_NAMES_RANKED, /* those that have it in their names, best first */
    STORE_SEARCH_NAMES_NEWEST, /* those, newest first */
    STORE_SEARCH_REST_NEWEST,  /* the others, newest first */
    STORE_SEARCH_ORDERED,      /* all, by the fields of an order */
    STORE_SEARCH_SOME,         /* any of them */
    STORE_SEARCH_SAMPLED,      /* those that are in the sample */
};

struct store_search {
    struct nx_str wanted, names, excluded, begins; /* of the plan */
    int64_t estimate, names_estimate;
    int64_t filtered_estimate;       /* of what the filter leaves of all; 0: not known */
    int64_t names_passed;            /* so many of those of the names; -1: not known */
    int64_t newest;                  /* product */
    int64_t entries;                 /* about how many products there are */
    bool are_many;                   /* they turned out to be too many to be ranked, */
    bool are_names_many;             /* and so did those that have it in their names */
    struct nx_str filter;            /* of products, as store_filter.h has it; or empty */
    struct store_facts facts;        /* of the filter */
    const struct store_order *order; /* of ORDERED */
    enum store_search_stage stage;
    bool is_continued; /* behind a row: */
    int64_t after_score, after_id;
    const struct nx_str *after_keys; /* of ORDERED */
    int64_t limit;
    int64_t most; /* of RANKED, and to be counted: so many are looked at */
    /* Of what is read newest first, part by part: */
    unsigned parts; /* so many have been read, and in the last one, */
    int64_t length; /* so many ids long, */
    int64_t met;    /* so many were met */
    int64_t since;  /* the part that is to be read begins here; 0: all */
    bool walks;     /* and is read in the order of ids, not by an index */
    bool has_rest;  /* of NAMES_NEWEST: the others are read as well, behind them */
    bool is_guess;  /* the functions' own */
    bool is_tried;  /* theirs, too */
};

/* Look for what passes a filter. Borrows the text until the ops have completed.
 * Fails:   INVALID_ARGUMENT for the field `filter`, RESOURCE_EXHAUSTED. */
nx_status store_search_set_filter(struct store_search *search, struct nx_str filter,
                                  struct nx_arena *arena) NX_MUST_USE;

/* Choose what store_search_find() reads next, of a stage that is newest first: `since`, `walks`,
 * `has_rest`, `length`. If a part, which has a `since`, has fewer than the limit there may be more
 * before it. */
void store_search_choose(struct store_search *search);

/* Go on before a part that has been read, in which so many were met. */
void store_search_skip_part(struct store_search *search, int64_t met);

/* Whether it is a stage of those that have the words in their names. */
bool store_search_is_of_names(enum store_search_stage stage);

/* Read a page. Completes with rows of int8 id, int8 score, int8 how many were looked at (of RANKED;
 * more than `most`: there are too many to rank, and the page is worth nothing), and bool whether
 * those that have it in their names are known to be too many as well (of RANKED), bool whether it
 * is one of these (of a page that `has_rest`), or the order's keys; of SOME and SAMPLED: int8 id.
 * Fails:   INVALID_ARGUMENT (the filter), RESOURCE_EXHAUSTED; the op is then of no more use. */
nx_status store_search_find(struct store_op *op, const struct store_search *search) NX_MUST_USE;

/* Count what is found, up to `most` + 1. Completes with one int8. Fails as store_search_find(). */
nx_status store_search_count(struct store_op *op, const struct store_search *search) NX_MUST_USE;

/* Ask the planner how many will be found. Completes with rows of text that store_search_estimated()
 * reads. Fails as store_search_find(). */
nx_status store_search_estimate(struct store_op *op, const struct store_search *search) NX_MUST_USE;
int64_t store_search_estimated(const struct store_rows *rows);
/* Whether all of it is soon looked through, as far as the planner can see. */
bool store_search_is_cheap(const struct store_rows *rows);

/* Count the values of some products. `names`: of facets, one a line; "category", "brand", "price"
 * or "attributes." and names of nested keys, joined by ".". Completes with a row for each bucket,
 * and one, with NULL as its facet, that says how many of the products there are: */
enum store_facet_column {
    STORE_FACET_INDEX, /* int4: which of the facets */
    STORE_FACET_VALUE, /* text: a category's name, a brand, an attribute as JSON */
    STORE_FACET_TITLE, /* text: as people read it */
    STORE_FACET_CURRENCY,
    STORE_FACET_MIN,   /* numeric: a range of prices */
    STORE_FACET_MAX,   /* numeric: its end; NULL for the last one */
    STORE_FACET_COUNT, /* int8 */
};
void store_search_facets(struct store_op *op, const int64_t *ids, size_t count,
                         struct nx_str names);

/* Read products, in this order. Completes with rows of a product's columns, int8 which id it is,
 * from 1, and text: its texts with what was looked for marked (search_rows.sql); empty if `wanted`
 * is. */
void store_search_rows(struct store_op *op, const int64_t *ids, size_t count, struct nx_str wanted);

/* Complete what is typed. `names`, `names_estimate`: of the plan. Completes with at most `limit`
 * rows of text, int8 product or 0. */
void store_search_suggest(struct store_op *op, struct nx_str text, struct nx_str names,
                          int64_t names_estimate, int32_t limit);

/* Products like one: at most `limit` rows of int8 id, int8 score. */
void store_search_similar(struct store_op *op, int64_t id, int32_t limit);

#endif
