/* Where in a product the words of a query were found.
 *
 * The database marks them in the product's folded texts (storage/sql/search_rows.sql). Folding
 * keeps each character in its place, or leaves it out (catalog.search_fold()), so the marks are
 * carried over by counting characters. Texts are never changed, whatever is in them. */
#ifndef SVC_SEARCH_HIGHLIGHT_H
#define SVC_SEARCH_HIGHLIGHT_H

#include "nexus/catalog/v1/search.pb-c.h"
#include "nx_arena.h"
#include "nx_str.h"

/* Set the result's highlights: one for each field of its product in which something is marked.
 * False: the arena is full. */
bool svc_highlight(Nexus__Catalog__V1__SearchResult *result, struct nx_str marked,
                   struct nx_arena *arena);

#endif
