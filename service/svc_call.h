/* One call under way: what every method's state begins with. */
#ifndef SVC_CALL_H
#define SVC_CALL_H

#include "svc.h"
#include "svc_resource.h"

/* Lives in the wire call's arena. A method that needs more puts this first in a struct of its own.
 */
struct svc_call {
    struct svc *svc;
    struct wire_call *wire;
    struct nx_arena *arena;
    struct store *store;
    const struct svc_resource *resource;
    struct store_op op; /* its context is the call */
    struct store_cancel cancel;
    bool is_watched;
};

/* Begin a call: `size` bytes that begin with a struct svc_call, zeroed but for that.
 * NULL: the arena is full, and the call has been answered. */
void *svc_call_begin(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
                     size_t size);

/* Begin the call's op, under the caller's deadline; it is cancelled if the caller goes away. */
void svc_call_begin_op(struct svc_call *call, unsigned flags, store_done done);

/* Answer with the first row of the op, whose resource begins at this column. */
void svc_call_reply_row(struct svc_call *call, int first_column);

void svc_call_fail(struct svc_call *call, nx_status status);

/* NOT_FOUND for one of the call's resource. */
nx_status svc_call_not_found(struct svc_call *call, struct store_key key) NX_MUST_USE;

/* What a resource name of the request stands for.
 * Fails:   INVALID_ARGUMENT naming the field. */
nx_status svc_call_parse_name(struct svc_call *call, const char *field, const char *name,
                              struct store_key *ret_key) NX_MUST_USE;

/* The same of the name of what the call's resource stands below: the field `parent`. */
nx_status svc_call_parse_parent(struct svc_call *call, const char *parent,
                                int64_t *ret_id) NX_MUST_USE;

#endif
