/* Facets: which are asked for, and how what was found is spread over their values. */
#ifndef SVC_SEARCH_FACET_H
#define SVC_SEARCH_FACET_H

#include "nexus/catalog/v1/search.pb-c.h"
#include "nx_status.h"
#include "store_search.h"

#define SVC_MAX_FACETS 8

enum svc_facet_kind { SVC_FACET_CATEGORY, SVC_FACET_BRAND, SVC_FACET_PRICE, SVC_FACET_ATTRIBUTE };

struct svc_facet {
    const char *name; /* as asked for, borrowed */
    enum svc_facet_kind kind;
    struct nx_str key; /* of ATTRIBUTE: names of nested keys, joined by "." */
};

struct svc_facets {
    struct svc_facet list[SVC_MAX_FACETS];
    unsigned count;
    struct nx_str names; /* all of them, one a line */
    bool needs_declared; /* an attribute is among them: svc_facets_check() is to be asked */
};

/* Read the field `facets` of a request.
 * Fails:   INVALID_ARGUMENT, naming the facet. */
nx_status svc_facets_parse(char *const *names, size_t count, struct nx_arena *arena,
                           struct svc_facets *ret_facets) NX_MUST_USE;

/* Refuse attributes that are not declared. */
nx_status svc_facets_check(const struct svc_facets *facets, const struct store_attributes *declared,
                           struct nx_arena *arena) NX_MUST_USE;

/* Make messages of the rows of store_search_facets(), in the order that was asked for. Also gives
 * how many products were looked at. False: the arena is full, or a value cannot be shown. */
bool svc_facets_read(const struct svc_facets *facets, const struct store_rows *rows,
                     struct nx_arena *arena, Nexus__Catalog__V1__Facet ***ret_facets,
                     int64_t *ret_seen);

/* The counts are those of `seen` out of `total` products. */
void svc_facets_scale(Nexus__Catalog__V1__Facet **facets, unsigned count, int64_t seen,
                      int64_t total);

#endif
