#include "store_list.h"

#include <libpq-fe.h>

#include "store_filter.h"

const struct store_listing store_product_listing = {
    .name = "product_list",
    .fields = &store_product_fields,
    .columns = STORE_FRAGMENT_PRODUCT_COLUMNS,
    .table = "catalog.product",
    .live = "product.delete_time is null",
    .deleted = "product.purge_time is not null", /* which has an index */
    .by_id = STORE_SQL_PRODUCT_LIST,
    .count_all = STORE_SQL_PRODUCT_COUNT,
};

const struct store_listing store_category_listing = {
    .name = "category_list",
    .fields = &store_category_fields,
    .columns = STORE_FRAGMENT_CATEGORY_COLUMNS ", " STORE_FRAGMENT_CATEGORY_PRODUCT_COUNT,
    .table = "catalog.category",
    .live = "category.delete_time is null",
    .by_id = STORE_SQL_CATEGORY_LIST,
    .count_all = STORE_SQL_CATEGORY_COUNT,
};

const struct store_listing store_variant_listing = {
    .name = "variant_list",
    .fields = &store_variant_fields,
    .columns = STORE_FRAGMENT_VARIANT_COLUMNS,
    .table =
        "catalog.variant join (" STORE_FRAGMENT_VARIANT_PARENT ") as parent using (product_id)",
    .parent = "variant.product_id",
    .require = STORE_SQL_PRODUCT_REQUIRE,
};

const struct store_listing store_product_image_listing = {
    .name = "product_image_list",
    .fields = &store_product_image_fields,
    .columns = STORE_FRAGMENT_PRODUCT_IMAGE_COLUMNS,
    .table = "catalog.product_image",
    .parent = "product_image.product_id",
    .require = STORE_SQL_PRODUCT_REQUIRE,
};

const struct store_listing store_audit_entry_listing = {
    .name = "audit_entry_list",
    .fields = &store_audit_entry_fields,
    .columns = STORE_FRAGMENT_AUDIT_ENTRY_COLUMNS,
    .table = "catalog.audit_entry",
    .by_id = STORE_SQL_COUNT,
    .count_all = STORE_SQL_COUNT,
};

/* Whether a prepared statement has it: all rows, and no order but by id. */
static bool is_plain(const struct store_listing *listing, const struct store_list *list)
{
    return listing->by_id != STORE_SQL_COUNT && !listing->parent && list->filter.len == 0 &&
           list->order.is_default;
}

/* Append " from TABLE where FILTER and ...". */
static nx_status add_rows(struct store_query *query, struct nx_arena *arena,
                          const struct store_listing *listing, const struct store_list *list)
{
    store_query_add(query, " from ");
    store_query_add(query, listing->table);
    store_query_add(query, " where ");
    NX_TRY(store_filter_add(query, listing->fields, list->filter, arena));
    if (listing->live && !list->show_deleted) {
        store_query_add(query, " and ");
        store_query_add(query, listing->live);
    }
    if (listing->parent) {
        store_query_add(query, " and ");
        store_query_add(query, listing->parent);
        store_query_add(query, " = ");
        store_query_add_int8(query, list->parent_id);
    }
    return NX_STATUS_OK;
}

static void require_parent(struct store_op *op, const struct store_listing *listing,
                           const struct store_list *list)
{
    if (!listing->parent)
        return;
    store_op_step(op, listing->require);
    store_bind_int8(op, list->parent_id);
}

static void bind_plain(struct store_op *op, const struct store_listing *listing,
                       const struct store_list *list)
{
    struct nx_str zero = {"\0\0\0\0\0\0\0\0", sizeof(int64_t)};
    store_op_step(op, listing->by_id);
    store_bind_bytes(op, list->after ? list->after[0] : zero);
    store_bind_bool(op, list->show_deleted);
    store_bind_int8(op, list->limit);
}

/* --- Few or many ---
 *
 * PostgreSQL reads a page with a filter either in the order's index until it has enough, or by an
 * index of the filter, and sorts. The first is right when many rows pass and hopeless when hardly
 * any does (8 s of a million products), and of tags, attributes and trees it cannot tell. So the
 * query looks first: those that pass, 1,001 at most. If these are all, they are sorted; else the
 * page is read in order. The other half is not carried out. */

enum rows { ALL_ROWS, FEW_ROWS, MANY_ROWS, LIVE_ROWS, DELETED_ROWS };

static nx_status is_hard_to_guess(struct nx_arena *arena, const struct store_listing *listing,
                                  const struct store_list *list, bool *ret)
{
    struct store_query *filter = store_query_new(arena, listing->name);
    NX_TRY(store_filter_add(filter, listing->fields, list->filter, arena));
    *ret = !listing->parent && store_query_is_inverted(filter);
    return NX_STATUS_OK;
}

/* Append the condition of these rows of all that are listed. */
static void add_which(struct store_query *query, const struct store_listing *listing,
                      enum rows rows)
{
    if (rows == MANY_ROWS)
        store_query_add(query, " and (select count(*) from few) > 1000");
    if (rows == LIVE_ROWS || rows == DELETED_ROWS) {
        store_query_add(query, " and ");
        store_query_add(query, rows == LIVE_ROWS ? listing->live : listing->deleted);
    }
}

static void add_limit(struct store_query *query, const struct store_list *list)
{
    store_query_add(query, " limit ");
    store_query_add_int8(query, list->limit);
}

/* Append "select ... limit": a page of these rows, in the order as it stands. */
static nx_status add_page_in_order(struct store_query *query, struct nx_arena *arena,
                                   const struct store_listing *listing,
                                   const struct store_list *list, enum rows rows)
{
    store_query_add(query, "select ");
    store_query_add(query, listing->columns);
    store_order_add_keys(query, &list->order);
    if (rows == FEW_ROWS) {
        store_query_add(query, " from ");
        store_query_add(query, listing->table);
        store_query_add(query, " where (select count(*) from few) <= 1000 and ");
        store_query_add(query, listing->fields->id);
        store_query_add(query, " in (select few_id from few)");
    } else {
        NX_TRY(add_rows(query, arena, listing, list));
    }
    add_which(query, listing, rows);
    if (list->after)
        store_order_add_after(query, &list->order, list->after);
    store_order_add(query, &list->order);
    add_limit(query, list);
    return NX_STATUS_OK;
}

/* The same, group by group; each is read only if those before are not enough. */
static nx_status add_page_in_groups(struct store_query *query, struct nx_arena *arena,
                                    const struct store_listing *listing,
                                    const struct store_list *list, enum rows rows,
                                    const struct store_order_groups *groups)
{
    static const char *const names[STORE_ORDER_MAX_GROUPS] = {
        "group_0", "group_1", "group_2", "group_3", "group_4", "group_5", "group_6", "group_7"};
    for (unsigned i = 0; i < groups->count; i++) {
        store_query_add(query, i == 0 ? "with " : "), ");
        store_query_add(query, names[i]);
        store_query_add(query, " as materialized (select ");
        store_query_add(query, listing->columns);
        store_order_add_keys(query, &list->order);
        NX_TRY(add_rows(query, arena, listing, list));
        add_which(query, listing, rows);
        for (unsigned j = 0; j < i; j++) {
            store_query_add(query,
                            j == 0 ? " and (select count(*) from " : " + (select count(*) from ");
            store_query_add(query, names[j]);
            store_query_add(query, ")");
        }
        if (i > 0) {
            store_query_add(query, " < ");
            store_query_add_int8(query, list->limit);
        }
        store_order_add_group(query, &list->order, groups, i,
                              i == 0 && groups->is_begun ? list->after : NULL);
        add_limit(query, list);
    }
    for (unsigned i = 0; i < groups->count; i++) {
        store_query_add(query, i == 0 ? ") select * from " : " union all select * from ");
        store_query_add(query, names[i]);
    }
    store_order_add_named(query, &list->order);
    add_limit(query, list);
    return NX_STATUS_OK;
}

/* Append a page of these rows, as is best. */
static nx_status add_page(struct store_query *query, struct nx_arena *arena,
                          const struct store_listing *listing, const struct store_list *list,
                          enum rows rows)
{
    struct store_order_groups groups;
    bool is_live = listing->live && (!list->show_deleted || rows == LIVE_ROWS);
    if (!is_live || listing->parent || rows == FEW_ROWS ||
        !store_order_groups(&list->order, list->after, &groups))
        return add_page_in_order(query, arena, listing, list, rows);
    if (groups.count > 0)
        return add_page_in_groups(query, arena, listing, list, rows, &groups);
    /* None is behind: a page of nothing. */
    struct store_list none = *list;
    none.limit = 0;
    return add_page_in_order(query, arena, listing, &none, rows);
}

static nx_status add_either_page(struct store_query *query, struct nx_arena *arena,
                                 const struct store_listing *listing, const struct store_list *list)
{
    store_query_add(query, "with few as materialized (select ");
    store_query_add(query, listing->fields->id);
    store_query_add(query, " as few_id");
    NX_TRY(add_rows(query, arena, listing, list));
    store_query_add(query, " limit 1001) (");
    NX_TRY(add_page(query, arena, listing, list, FEW_ROWS));
    store_query_add(query, ") union all (");
    NX_TRY(add_page(query, arena, listing, list, MANY_ROWS));
    store_query_add(query, ")");
    store_order_add_named(query, &list->order);
    return NX_STATUS_OK;
}

/* The indexes of orders have live rows alone: a page of these, and one of the others, are merged.
 */
static nx_status add_page_with_deleted(struct store_query *query, struct nx_arena *arena,
                                       const struct store_listing *listing,
                                       const struct store_list *list)
{
    store_query_add(query, "(");
    NX_TRY(add_page(query, arena, listing, list, LIVE_ROWS));
    store_query_add(query, ") union all (");
    NX_TRY(add_page(query, arena, listing, list, DELETED_ROWS));
    store_query_add(query, ")");
    store_order_add_named(query, &list->order);
    store_query_add(query, " limit ");
    store_query_add_int8(query, list->limit);
    return NX_STATUS_OK;
}

nx_status store_list_page(struct store_op *op, const struct store_listing *listing,
                          const struct store_list *list)
{
    if (is_plain(listing, list)) {
        bind_plain(op, listing, list);
        return NX_STATUS_OK;
    }
    require_parent(op, listing, list);
    struct store_query *query = store_query_new(op->arena, listing->name);
    bool may_be_few;
    NX_TRY(is_hard_to_guess(op->arena, listing, list, &may_be_few));
    if (may_be_few)
        NX_TRY(add_either_page(query, op->arena, listing, list));
    else if (list->show_deleted && listing->deleted && !list->order.is_default)
        NX_TRY(add_page_with_deleted(query, op->arena, listing, list));
    else
        NX_TRY(add_page(query, op->arena, listing, list, ALL_ROWS));
    store_op_step_query(op, query);
    return NX_STATUS_OK;
}

void store_list_keys(const struct store_listing *listing, const struct store_list *list,
                     const struct store_rows *rows, int row, struct nx_str *ret_keys)
{
    int first = 0; /* a plain list's key is its id */
    if (!is_plain(listing, list))
        first = PQnfields(rows->result) - (int)list->order.count;
    store_order_read(&list->order, rows, row, first, ret_keys);
}

nx_status store_list_count(struct store_op *op, const struct store_listing *listing,
                           const struct store_list *list)
{
    if (list->filter.len == 0 && listing->count_all != STORE_SQL_COUNT && !listing->parent) {
        store_op_step(op, listing->count_all);
        store_bind_bool(op, list->show_deleted);
        return NX_STATUS_OK;
    }
    require_parent(op, listing, list);
    struct store_query *query = store_query_new(op->arena, listing->name);
    store_query_add(query, "select count(*)");
    NX_TRY(add_rows(query, op->arena, listing, list));
    store_op_step_query(op, query);
    return NX_STATUS_OK;
}

void store_attributes_ask(struct store_op *op)
{
    store_op_step(op, STORE_SQL_ATTRIBUTE_INDEX_LIST);
}

nx_status store_attributes_read(const struct store_rows *rows, struct nx_arena *arena,
                                struct store_attributes *ret)
{
    struct store_attribute *list = nx_arena_calloc(arena, (size_t)rows->count, sizeof *list);
    if (!list)
        return nx_fail_memory();
    for (int row = 0; row < rows->count; row++) {
        struct nx_str key = store_text(rows, row, 0);
        const char *copy = nx_arena_strdup(arena, key);
        if (!copy)
            return nx_fail_memory();
        list[row].key = (struct nx_str){copy, key.len};
        list[row].type = store_json_type_find(store_text(rows, row, 1));
    }
    *ret = (struct store_attributes){list, (unsigned)rows->count};
    return NX_STATUS_OK;
}
