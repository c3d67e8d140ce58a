#include "svc_method.h"

#include "svc_call.h"
#include "svc_token.h"

#define DEFAULT_PAGE_SIZE 25
#define MAX_PAGE_SIZE 1000

/* --- Get --- */

struct get_call {
    struct svc_call call; /* first */
    int64_t id;
};

static void on_got(struct store_op *op)
{
    struct get_call *get = op->context;
    struct svc_call *call = &get->call;
    if (op->status.code != NX_OK)
        svc_call_fail(call, op->status);
    else if (op->rows.count == 0)
        svc_call_fail(call, svc_call_not_found(call, get->id));
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
    nx_status status = svc_call_parse_name(call, "name", name, &get->id);
    if (status.code != NX_OK) {
        svc_call_fail(call, status);
        return;
    }
    svc_call_begin_op(call, STORE_READ, on_got);
    store_resource_get(call->store, &call->op, resource->statements, get->id);
}

/* --- List --- */

struct list_call {
    struct svc_call call; /* first */
    struct svc_list_request request;
    struct store_list list;
    const char *listing; /* what page tokens are bound to */
    struct svc_page page;
};

/* Rows into items; one row more than the page has says that there is another page. */
static bool read_page(struct list_call *list, const struct store_rows *rows)
{
    struct svc_call *call = &list->call;
    struct svc_page *page = &list->page;
    size_t most = (size_t)list->list.limit - 1;
    bool more = (size_t)rows->count > most;
    page->count = more ? most : (size_t)rows->count;
    page->items = nx_arena_calloc(call->arena, page->count, sizeof(ProtobufCMessage *));
    if (!page->items)
        return false;
    for (size_t i = 0; i < page->count; i++) {
        page->items[i] = svc_resource_read(call->resource, rows, (int)i, 0, call->arena);
        if (!page->items[i])
            return false;
    }
    page->next_page_token = (char *)protobuf_c_empty_string;
    if (more)
        page->next_page_token = svc_token_make(
            call->svc, list->listing, store_int8(rows, (int)page->count - 1, 0), call->arena);
    return page->next_page_token != NULL;
}

static void on_listed(struct store_op *op)
{
    struct list_call *list = op->context;
    if (op->status.code != NX_OK)
        svc_call_fail(&list->call, op->status);
    else if (!read_page(list, &op->rows))
        svc_call_fail(&list->call, nx_fail_memory());
    else
        list->request.reply(list->call.wire, &list->page);
}

static void submit_list(struct list_call *list)
{
    struct svc_call *call = &list->call;
    svc_call_begin_op(call, STORE_READ, on_listed);
    store_resource_list(call->store, &call->op, call->resource->statements, &list->list);
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

static nx_status check_list(struct list_call *list)
{
    const struct svc_list_request *request = &list->request;
    struct nx_arena *arena = list->call.arena;
    if (request->page_size < 0)
        return nx_fail_field(arena, "page_size", "must not be negative");
    int32_t size = request->page_size ? request->page_size : DEFAULT_PAGE_SIZE;
    list->list.limit = (size > MAX_PAGE_SIZE ? MAX_PAGE_SIZE : size) + 1;
    list->list.show_deleted = request->show_deleted;
    list->listing = nx_arena_printf(arena, "%s?show_deleted=%d", list->call.resource->collection,
                                    request->show_deleted);
    if (!list->listing)
        return nx_fail_memory();
    if (*request->page_token &&
        !svc_token_open(list->call.svc, list->listing, request->page_token, &list->list.after_id))
        return nx_fail_field(arena, "page_token",
                             "is not the next_page_token of this listing; begin again without one");
    return NX_STATUS_OK;
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
    } else if (request->include_total_size) {
        svc_call_begin_op(call, STORE_READ, on_counted);
        store_resource_count(call->store, &call->op, resource->statements, request->show_deleted);
    } else {
        submit_list(list);
    }
}
