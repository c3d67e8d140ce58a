/* Resource names: "products/42", and of what stands below another "products/42/variants/7". */
#ifndef SVC_NAME_H
#define SVC_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "nx_arena.h"
#include "store_resource.h"

/* The largest id that a client can give. Ids go up to INT64_MAX, so that those which are made have
 * room behind it. */
#define SVC_MAX_GIVEN_ID INT64_C(999999999999999999)

/* The id of a name; false when it is not the collection ("products/") and an id without leading
 * zeros. */
bool svc_name_parse(const char *name, const char *collection, int64_t *ret_id);

/* The ids of a name; false when it is not the collection, an id, what is below ("/variants/"), and
 * an id. `below` NULL: it ends with the first id, and ret_key->parent is 0. */
bool svc_name_parse_key(const char *name, const char *collection, const char *below,
                        struct store_key *ret_key);

/* The name of an id. NULL: the arena is full. */
char *svc_name_format(struct nx_arena *arena, const char *collection, int64_t id);

/* The name that svc_name_parse_key() reads. NULL: the arena is full. */
char *svc_name_format_key(struct nx_arena *arena, const char *collection, const char *below,
                          struct store_key key);

#endif
