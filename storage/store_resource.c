#include "store_resource.h"

#define NO_SQL STORE_SQL_COUNT
#define MAX_LOCKS 2

/* How an action is carried out: what is locked first, each in a statement of its own, and what then
 * does it. */
struct action {
    enum store_sql sql;
    struct {
        enum store_sql sql;
        bool takes_items; /* as $1 */
    } locks[MAX_LOCKS];
    unsigned lock_count;
};

struct store_resource {
    enum store_sql get, batch_get, lookup, replay;
    bool is_below;                        /* a product: statements are told which one */
    struct action actions[STORE_ACTIONS]; /* of one that the resource has not, sql is NO_SQL */
    const char *slug_constraint;          /* NULL: it has no slug */
};

/* Of what changes with the rows below a product. */
#define PRODUCT_LOCK                                                                               \
    {                                                                                              \
        STORE_SQL_PRODUCT_LOCK, true                                                               \
    }
/* Of what relies on the product. */
#define PRODUCT_SHARE                                                                              \
    {                                                                                              \
        STORE_SQL_PRODUCT_SHARE, true                                                              \
    }

const struct store_resource store_products = {
    .get = STORE_SQL_PRODUCT_GET,
    .batch_get = STORE_SQL_PRODUCT_BATCH_GET,
    .lookup = STORE_SQL_PRODUCT_LOOKUP,
    .replay = STORE_SQL_PRODUCT_REPLAY,
    .actions =
        {
            [STORE_CREATE] = {.sql = STORE_SQL_PRODUCT_CREATE},
            [STORE_UPDATE] = {.sql = STORE_SQL_PRODUCT_UPDATE},
            [STORE_DELETE] = {STORE_SQL_PRODUCT_DELETE, {PRODUCT_LOCK}, 1},
            [STORE_UNDELETE] = {STORE_SQL_PRODUCT_UNDELETE, {PRODUCT_LOCK}, 1},
            [STORE_ADJUST] = {.sql = STORE_SQL_PRODUCT_ADJUST},
        },
    .slug_constraint = "product_slug_live",
};

#define TREE_SHARE                                                                                 \
    {                                                                                              \
        STORE_SQL_CATEGORY_TREE_SHARE, false                                                       \
    }
#define TREE_LOCK                                                                                  \
    {                                                                                              \
        STORE_SQL_CATEGORY_TREE_LOCK, false                                                        \
    }
#define SUBTREE_LOCK                                                                               \
    {                                                                                              \
        STORE_SQL_CATEGORY_SUBTREE_LOCK, true                                                      \
    }

const struct store_resource store_categories = {
    .get = STORE_SQL_CATEGORY_GET,
    .batch_get = STORE_SQL_CATEGORY_BATCH_GET,
    .lookup = STORE_SQL_CATEGORY_LOOKUP,
    .replay = STORE_SQL_CATEGORY_REPLAY,
    .actions =
        {
            [STORE_CREATE] = {STORE_SQL_CATEGORY_CREATE, {TREE_SHARE}, 1},
            [STORE_UPDATE] = {STORE_SQL_CATEGORY_UPDATE, {TREE_LOCK}, 1},
            [STORE_DELETE] = {STORE_SQL_CATEGORY_DELETE, {TREE_LOCK, SUBTREE_LOCK}, 2},
            [STORE_UNDELETE] = {STORE_SQL_CATEGORY_UNDELETE, {TREE_LOCK, SUBTREE_LOCK}, 2},
            [STORE_ADJUST] = {.sql = NO_SQL},
        },
    .slug_constraint = "category_slug_live",
};

const struct store_resource store_variants = {
    .get = STORE_SQL_VARIANT_GET,
    .batch_get = STORE_SQL_VARIANT_BATCH_GET,
    .replay = STORE_SQL_VARIANT_REPLAY,
    .is_below = true,
    .actions =
        {
            [STORE_CREATE] = {STORE_SQL_VARIANT_CREATE, {PRODUCT_LOCK}, 1},
            [STORE_UPDATE] = {STORE_SQL_VARIANT_UPDATE, {PRODUCT_SHARE}, 1},
            [STORE_DELETE] = {STORE_SQL_VARIANT_DELETE, {PRODUCT_LOCK}, 1},
            [STORE_UNDELETE] = {.sql = NO_SQL},
            [STORE_ADJUST] = {STORE_SQL_VARIANT_ADJUST, {PRODUCT_SHARE}, 1},
        },
};

const struct store_resource store_product_images = {
    .get = STORE_SQL_PRODUCT_IMAGE_GET,
    .batch_get = STORE_SQL_PRODUCT_IMAGE_BATCH_GET,
    .replay = STORE_SQL_PRODUCT_IMAGE_REPLAY,
    .is_below = true,
    .actions =
        {
            [STORE_CREATE] = {STORE_SQL_PRODUCT_IMAGE_CREATE, {PRODUCT_LOCK}, 1},
            [STORE_UPDATE] = {STORE_SQL_PRODUCT_IMAGE_UPDATE, {PRODUCT_LOCK}, 1},
            [STORE_DELETE] = {STORE_SQL_PRODUCT_IMAGE_DELETE, {PRODUCT_LOCK}, 1},
            [STORE_UNDELETE] = {.sql = NO_SQL},
            [STORE_ADJUST] = {.sql = NO_SQL},
        },
};

static void bind_request(struct store_op *op, const struct store_request *request)
{
    if (!request->is_given) {
        store_bind_null(op);
        store_bind_null(op);
        return;
    }
    store_bind_uuid(op, request->id);
    store_bind_bytes(
        op, (struct nx_str){(const char *)request->fingerprint, sizeof request->fingerprint});
}

void store_resource_get(struct store *store, struct store_op *op,
                        const struct store_resource *resource, struct store_key key)
{
    store_op_step_keyed(op, resource->get, resource->batch_get);
    store_bind_int8(op, key.id);
    if (resource->is_below)
        store_bind_int8(op, key.parent);
    store_submit(store, op);
}

void store_resource_batch_get(struct store *store, struct store_op *op,
                              const struct store_resource *resource, const struct store_key *keys,
                              size_t count)
{
    int64_t *ids = nx_arena_calloc(op->arena, count, sizeof *ids);
    int64_t *parents = nx_arena_calloc(op->arena, count, sizeof *parents);
    store_op_step(op, resource->batch_get);
    op->out_of_memory |= !ids || !parents;
    for (size_t i = 0; !op->out_of_memory && i < count; i++) {
        ids[i] = keys[i].id;
        parents[i] = keys[i].parent;
    }
    store_bind_int8_array(op, ids, op->out_of_memory ? 0 : count);
    if (resource->is_below)
        store_bind_int8_array(op, parents, op->out_of_memory ? 0 : count);
    store_submit(store, op);
}

void store_resource_lookup(struct store *store, struct store_op *op,
                           const struct store_resource *resource, struct nx_str slug)
{
    store_op_step(op, resource->lookup);
    store_bind_text(op, slug);
    store_submit(store, op);
}

void store_product_lookup_sku(struct store *store, struct store_op *op, struct nx_str sku)
{
    store_op_step(op, STORE_SQL_PRODUCT_LOOKUP_SKU);
    store_bind_text(op, sku);
    store_submit(store, op);
}

void store_resource_write(struct store *store, struct store_op *op,
                          const struct store_resource *resource, const struct store_write *write)
{
    const struct action *action = &resource->actions[write->action];
    for (unsigned i = 0; i < action->lock_count; i++) {
        store_op_step(op, action->locks[i].sql);
        if (action->locks[i].takes_items)
            store_bind_jsonb(op, write->items);
    }
    store_op_step(op, action->sql);
    store_bind_jsonb(op, write->items);
    store_bind_text(op, write->principal);
    store_bind_text(op, nx_str_from(write->method));
    bind_request(op, &write->request);
    if (resource->slug_constraint && write->action <= STORE_UPDATE)
        store_bind_int4(op, write->attempt);
    store_submit(store, op);
}

void store_resource_replay(struct store *store, struct store_op *op,
                           const struct store_resource *resource,
                           const struct store_request *request)
{
    store_op_step(op, resource->replay);
    bind_request(op, request);
    store_submit(store, op);
}

const char *store_slug_constraint(const struct store_resource *resource)
{
    return resource->slug_constraint;
}
