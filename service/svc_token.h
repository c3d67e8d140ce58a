/* Page tokens: behind which keys the next page begins, signed.
 *
 *   version, for each key: its length (2 bytes) and bytes, signature     in base64url
 *
 * A token is bound to the listing that it continues, so that it is good for no other. Its text is
 * nobody's business but ours. */
#ifndef SVC_TOKEN_H
#define SVC_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "nx_arena.h"
#include "svc.h"

#define SVC_TOKEN_MAX_BYTES 16384 /* before base64 */

/* The token of the page behind these keys. `listing` tells this listing from all others.
 * Fails:   RESOURCE_EXHAUSTED: the arena is full; FAILED_PRECONDITION: the keys are too long. */
nx_status svc_token_make(const struct svc *svc, struct nx_str listing, const struct nx_str *keys,
                         unsigned key_count, struct nx_arena *arena, char **ret_token) NX_MUST_USE;

/* The keys that a token stands for, in the arena; false when it is not one that was made for this
 * listing, or there is no memory. */
bool svc_token_open(const struct svc *svc, struct nx_str listing, struct nx_str token,
                    struct nx_arena *arena, struct nx_str *ret_keys, unsigned key_count);

#endif
