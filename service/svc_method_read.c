#include "svc_method.h"

#include <string.h>

#include "svc_call.h"
#include "svc_token.h"

#define DEFAULT_PAGE_SIZE 25
#define MAX_PAGE_SIZE 1000

/* --- Get --- */

struct get_call {
    struct svc_call call; /* first */
    struct store_key key;
};

static void on_got(struct store_op *op)
{
    struct get_call *get = op->context;
    struct svc_call *call = &get->call;
    if (op->status.code != NX_OK)
        svc_call_fail(call, op->status);
    else if (op->rows.count == 0)
        svc_call_fail(call, svc_call_not_found(call, get->key));
    else
        svc_call_reply_row(call, 0);
}

void svc_get(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
             const char *name)
{
    struct get_call *get = svc_call_begin(svc, wire, resource, sizeof *get);
    if (!get)
        return;
    struct svc_call *call = &get->call;
    nx_status status = svc_call_parse_name(call, "name", name, &get->key);
    if (status.code != NX_OK) {
        svc_call_fail(call, status);
        return;
    }
    svc_call_begin_op(call, STORE_READ, on_got);
    store_resource_get(call->store, &call->op, resource->statements, get->key);
}

/* --- List ---
 *
 *   svc_list            check what can be checked
 *     on_declared       ordered by attributes: which of them are declared
 *   begin_pages         order, token, filter
 *     on_counted        the total, if it is asked for
 *     on_listed         the page */

struct list_call {
    struct svc_call call; /* first */
    struct svc_list_request request;
    struct store_attributes declared;
    struct store_list list;
    struct nx_str keys[STORE_ORDER_MAX_KEYS]; /* that the page begins behind */
    struct nx_str listing;                    /* what page tokens are bound to */
    struct svc_page page;
};

static nx_status make_token(struct list_call *list, const struct store_rows *rows, int row)
{
    struct svc_call *call = &list->call;
    struct nx_str keys[STORE_ORDER_MAX_KEYS];
    store_list_keys(call->resource->listing, &list->list, rows, row, keys);
    return svc_token_make(call->svc, list->listing, keys, list->list.order.count, call->arena,
                          &list->page.next_page_token);
}

/* Rows into items; one row more than the page has says that there is another page. */
static nx_status read_page(struct list_call *list, const struct store_rows *rows)
{
    struct svc_call *call = &list->call;
    struct svc_page *page = &list->page;
    size_t most = (size_t)list->list.limit - 1;
    bool more = (size_t)rows->count > most;
    page->count = more ? most : (size_t)rows->count;
    page->items = nx_arena_calloc(call->arena, page->count, sizeof(ProtobufCMessage *));
    if (!page->items)
        return nx_fail_memory();
    for (size_t i = 0; i < page->count; i++) {
        page->items[i] = svc_resource_read(call->resource, rows, (int)i, 0, call->arena);
        if (!page->items[i])
            return nx_fail_memory();
    }
    page->next_page_token = (char *)protobuf_c_empty_string;
    return more ? make_token(list, rows, (int)page->count - 1) : NX_STATUS_OK;
}

static void on_listed(struct store_op *op)
{
    struct list_call *list = op->context;
    nx_status status = op->status;
    if (status.code == NX_OK)
        status = read_page(list, &op->rows);
    if (status.code != NX_OK)
        svc_call_fail(&list->call, status);
    else
        list->request.reply(list->call.wire, &list->page);
}

static void submit_list(struct list_call *list)
{
    struct svc_call *call = &list->call;
    svc_call_begin_op(call, STORE_READ, on_listed);
    nx_status status = store_list_page(&call->op, call->resource->listing, &list->list);
    if (status.code != NX_OK)
        svc_call_fail(call, status);
    else
        store_submit(call->store, &call->op);
}

static void on_counted(struct store_op *op)
{
    struct list_call *list = op->context;
    if (op->status.code != NX_OK) {
        svc_call_fail(&list->call, op->status);
        return;
    }
    list->page.total_size = store_int8(&op->rows, 0, 0);
    submit_list(list);
}

static void submit_count(struct list_call *list)
{
    struct svc_call *call = &list->call;
    svc_call_begin_op(call, STORE_READ, on_counted);
    nx_status status = store_list_count(&call->op, call->resource->listing, &list->list);
    if (status.code != NX_OK)
        svc_call_fail(call, status);
    else
        store_submit(call->store, &call->op);
}

/* The order, and where in it the page begins. */
static nx_status read_position(struct list_call *list)
{
    const struct svc_call *call = &list->call;
    const struct svc_list_request *request = &list->request;
    const char *order_by = *request->order_by ? request->order_by : request->default_order;
    NX_TRY(store_order_parse(call->resource->listing->fields, nx_str_from(order_by),
                             &list->declared, call->arena, &list->list.order));
    const char *listing = nx_arena_printf(
        call->arena, "%s%lld%s?deleted=%d&order=%zu:%s&filter=%s", call->resource->collection,
        (long long)list->list.parent_id, call->resource->below ? call->resource->below : "",
        request->show_deleted, strlen(order_by), order_by, request->filter);
    if (!listing)
        return nx_fail_memory();
    list->listing = nx_str_from(listing);
    if (*request->page_token == '\0')
        return NX_STATUS_OK;
    list->list.after = list->keys;
    if (svc_token_open(call->svc, list->listing, nx_str_from(request->page_token), call->arena,
                       list->keys, list->list.order.count))
        return NX_STATUS_OK;
    return nx_fail_field(call->arena, "page_token",
                         "is not the next_page_token of this listing; begin again without one");
}

static void begin_pages(struct list_call *list)
{
    nx_status status = read_position(list);
    if (status.code != NX_OK)
        svc_call_fail(&list->call, status);
    else if (list->request.include_total_size)
        submit_count(list);
    else
        submit_list(list);
}

static void on_declared(struct store_op *op)
{
    struct list_call *list = op->context;
    nx_status status = op->status;
    if (status.code == NX_OK)
        status = store_attributes_read(&op->rows, list->call.arena, &list->declared);
    if (status.code != NX_OK)
        svc_call_fail(&list->call, status);
    else
        begin_pages(list);
}

static nx_status check_list(struct list_call *list)
{
    const struct svc_list_request *request = &list->request;
    int32_t size = request->page_size ? request->page_size : DEFAULT_PAGE_SIZE;
    if (size < 0)
        return nx_fail_field(list->call.arena, "page_size", "must not be negative");
    list->list.limit = (size > MAX_PAGE_SIZE ? MAX_PAGE_SIZE : size) + 1;
    list->list.show_deleted = request->show_deleted;
    list->list.filter = nx_str_from(request->filter);
    return list->call.resource->below
               ? svc_call_parse_parent(&list->call, request->parent, &list->list.parent_id)
               : NX_STATUS_OK;
}

void svc_list(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
              const struct svc_list_request *request)
{
    struct list_call *list = svc_call_begin(svc, wire, resource, sizeof *list);
    if (!list)
        return;
    struct svc_call *call = &list->call;
    list->request = *request;
    nx_status status = check_list(list);
    if (status.code != NX_OK) {
        svc_call_fail(call, status);
    } else if (strstr(request->order_by, "attributes.")) {
        svc_call_begin_op(call, STORE_READ, on_declared);
        store_attributes_ask(&call->op);
        store_submit(call->store, &call->op);
    } else {
        begin_pages(list);
    }
}
