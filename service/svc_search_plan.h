/* What to look for: a query, resolved by the database into words that there are.
 *
 *   svc_search_plan()    the terms ------------------> what to look for
 *                          | words that nothing has:
 *                          +--> words that are alike --> the terms with the best of these, again
 */
#ifndef SVC_SEARCH_PLAN_H
#define SVC_SEARCH_PLAN_H

#include "store_filter.h"
#include "svc_call.h"
#include "svc_search_query.h"

/* What the state of a call that searches begins with. */
struct svc_search_plan {
    struct svc_call call; /* first */
    struct svc_search_query query;
    /* Goes on with the call. */
    void (*done)(struct svc_search_plan *plan);
    struct store_facts *facts; /* of a filter, or NULL: how many have each is estimated */
    bool is_corrected;         /* it was tried */
    unsigned unknown[SVC_SEARCH_MAX_TERMS];
    unsigned unknown_count;

    /* What came of it, in the call's arena. */
    const char *corrected_query; /* "" if nothing was wrong */
    struct nx_str wanted;        /* empty: there is no word in the query */
    struct nx_str names, excluded, begins;
    int64_t estimate, names_estimate;
    int64_t newest;  /* product; 0: there is none */
    int64_t entries; /* about how many there are */
};

/* Resolve the field `query` of a request. The call has begun. Completes: `done`, once, on the
 * store's loop; or the call fails: INVALID_ARGUMENT for a query that is empty or too long. */
void svc_search_plan(struct svc_search_plan *plan, const char *query,
                     void (*done)(struct svc_search_plan *plan));

#endif
