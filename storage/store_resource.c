#include "store_resource.h"

#define NO_SQL STORE_SQL_COUNT

struct store_resource {
    enum store_sql get, list, count, create, update, delete_, replay;
    enum store_sql before_create, before_update, before_delete, and_before_delete; /* locks */
    const char *slug_constraint;
};

const struct store_resource store_products = {
    .get = STORE_SQL_PRODUCT_GET,
    .list = STORE_SQL_PRODUCT_LIST,
    .count = STORE_SQL_PRODUCT_COUNT,
    .create = STORE_SQL_PRODUCT_CREATE,
    .update = STORE_SQL_PRODUCT_UPDATE,
    .delete_ = STORE_SQL_PRODUCT_DELETE,
    .replay = STORE_SQL_PRODUCT_REPLAY,
    .before_create = NO_SQL,
    .before_update = NO_SQL,
    .before_delete = NO_SQL,
    .and_before_delete = NO_SQL,
    .slug_constraint = "product_slug_live",
};

const struct store_resource store_categories = {
    .get = STORE_SQL_CATEGORY_GET,
    .list = STORE_SQL_CATEGORY_LIST,
    .count = STORE_SQL_CATEGORY_COUNT,
    .create = STORE_SQL_CATEGORY_CREATE,
    .update = STORE_SQL_CATEGORY_UPDATE,
    .delete_ = STORE_SQL_CATEGORY_DELETE,
    .replay = STORE_SQL_CATEGORY_REPLAY,
    .before_create = STORE_SQL_CATEGORY_TREE_SHARE,
    .before_update = STORE_SQL_CATEGORY_TREE_LOCK,
    .before_delete = STORE_SQL_CATEGORY_TREE_LOCK,
    .and_before_delete = STORE_SQL_CATEGORY_SUBTREE_LOCK,
    .slug_constraint = "category_slug_live",
};

static void bind_positive_or_null(struct store_op *op, int64_t value)
{
    if (value > 0)
        store_bind_int8(op, value);
    else
        store_bind_null(op);
}

static void bind_text_or_null(struct store_op *op, struct nx_str text)
{
    if (text.len > 0)
        store_bind_text(op, text);
    else
        store_bind_null(op);
}

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

/* Begin a lock's step, if the resource has one there. */
static bool begin_lock(struct store_op *op, enum store_sql sql)
{
    if (sql == NO_SQL)
        return false;
    store_op_step(op, sql);
    return true;
}

void store_resource_get(struct store *store, struct store_op *op,
                        const struct store_resource *resource, int64_t id)
{
    store_op_step(op, resource->get);
    store_bind_int8(op, id);
    store_submit(store, op);
}

void store_resource_list(struct store *store, struct store_op *op,
                         const struct store_resource *resource, const struct store_list *list)
{
    store_op_step(op, resource->list);
    store_bind_int8(op, list->after_id);
    store_bind_bool(op, list->show_deleted);
    store_bind_int8(op, list->limit);
    store_submit(store, op);
}

void store_resource_count(struct store *store, struct store_op *op,
                          const struct store_resource *resource, bool show_deleted)
{
    store_op_step(op, resource->count);
    store_bind_bool(op, show_deleted);
    store_submit(store, op);
}

void store_resource_create(struct store *store, struct store_op *op,
                           const struct store_resource *resource, const struct store_create *create)
{
    begin_lock(op, resource->before_create);
    store_op_step(op, resource->create);
    store_bind_jsonb(op, create->columns);
    bind_positive_or_null(op, create->id);
    bind_text_or_null(op, create->derive_slug);
    store_bind_int4(op, create->attempt);
    bind_request(op, &create->request);
    store_submit(store, op);
}

void store_resource_update(struct store *store, struct store_op *op,
                           const struct store_resource *resource, const struct store_update *update)
{
    begin_lock(op, resource->before_update);
    store_op_step(op, resource->update);
    store_bind_int8(op, update->id);
    store_bind_jsonb(op, update->columns);
    bind_positive_or_null(op, update->expected_revision);
    bind_request(op, &update->request);
    bind_text_or_null(op, update->derive_slug);
    store_bind_int4(op, update->attempt);
    store_submit(store, op);
}

void store_resource_delete(struct store *store, struct store_op *op,
                           const struct store_resource *resource,
                           const struct store_delete *delete_)
{
    begin_lock(op, resource->before_delete);
    bool of_tree = begin_lock(op, resource->and_before_delete);
    if (of_tree)
        store_bind_int8(op, delete_->id);
    store_op_step(op, resource->delete_);
    store_bind_int8(op, delete_->id);
    bind_positive_or_null(op, delete_->expected_revision);
    store_bind_int4(op, delete_->purge_after_days);
    bind_request(op, &delete_->request);
    if (of_tree)
        store_bind_bool(op, delete_->force);
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
