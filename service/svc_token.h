/* Page tokens: where the next page begins, signed.
 *
 * A token is bound to the listing that it continues, so that it is good for no other. Its text is
 * base64url, and is nobody's business but ours. */
#ifndef SVC_TOKEN_H
#define SVC_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "nx_arena.h"
#include "svc.h"

/* The token of the page after this id. `listing` tells this listing from all others. NULL: the
 * arena is full. */
char *svc_token_make(const struct svc *svc, const char *listing, int64_t after_id,
                     struct nx_arena *arena);

/* The id that a token stands for; false when it is not one that was made for this listing. */
bool svc_token_open(const struct svc *svc, const char *listing, const char *token,
                    int64_t *ret_after_id);

#endif
