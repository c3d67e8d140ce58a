/* Categories: their fields, and their RPCs as the standard methods. */
#include "svc_catalog.h"

#include "svc_method.h"

static struct svc_field fields[] = {
    /* In the order of storage/sql/fragments/category_columns.sql, and the product count. */
    {.name = "name", .kind = SVC_ID, .collection = "categories/"},
    {.name = "title", .column = "title", .kind = SVC_TEXT, .min = 1, .max = 128},
    {.name = "slug", .column = "slug", .kind = SVC_SLUG, .max = 128},
    {.name = "parent", .column = "parent_id", .kind = SVC_REFERENCE, .collection = "categories/"},
    {.name = "description", .column = "description", .kind = SVC_TEXT, .max = 65536},
    {.name = "position", .column = "position", .kind = SVC_INT32},
    {.name = "path", .kind = SVC_TEXT},
    {.name = "ancestors", .kind = SVC_REFERENCES, .collection = "categories/"},
    {.name = "depth", .kind = SVC_INT32},
    {.name = "create_time", .kind = SVC_TIME},
    {.name = "update_time", .kind = SVC_TIME},
    {.name = "delete_time", .kind = SVC_TIME},
    {.name = "purge_time", .kind = SVC_TIME},
    {.name = "etag", .kind = SVC_ETAG},
    {.name = "product_count", .kind = SVC_INT64},
};

static struct svc_resource category = {
    .singular = "category",
    .collection = "categories/",
    .type = &nexus__catalog__v1__category__descriptor,
    .statements = &store_categories,
    .listing = &store_category_listing,
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .max_slug = 128,
};

void svc_category_init(void)
{
    svc_resource_init(&category);
}

void svc_category_get(void *context, struct wire_call *call,
                      const Nexus__Catalog__V1__GetCategoryRequest *request)
{
    svc_get(context, call, &category, request->name);
}

static void reply_page(struct wire_call *call, const struct svc_page *page)
{
    Nexus__Catalog__V1__ListCategoriesResponse response =
        NEXUS__CATALOG__V1__LIST_CATEGORIES_RESPONSE__INIT;
    response.categories = (Nexus__Catalog__V1__Category **)(void *)page->items;
    response.n_categories = page->count;
    response.next_page_token = page->next_page_token;
    response.total_size = page->total_size;
    nexus_catalog_v1_catalog_service_reply_list_categories(call, &response);
}

void svc_category_list(void *context, struct wire_call *call,
                       const Nexus__Catalog__V1__ListCategoriesRequest *request)
{
    svc_list(context, call, &category,
             &(struct svc_list_request){
                 .page_size = request->page_size,
                 .page_token = request->page_token,
                 .filter = request->filter,
                 .order_by = request->order_by,
                 .default_order = "",
                 .show_deleted = request->show_deleted,
                 .include_total_size = request->include_total_size,
                 .reply = reply_page,
             });
}

void svc_category_create(void *context, struct wire_call *call,
                         const Nexus__Catalog__V1__CreateCategoryRequest *request)
{
    Nexus__Catalog__V1__CreateCategoryRequest *own =
        (Nexus__Catalog__V1__CreateCategoryRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &category, STORE_CREATE,
                                              SVC_WRITE_REQUEST("CreateCategory", own));
    svc_write_create(write, own->category ? &own->category->base : NULL, own->category_id);
    svc_write_submit(write, NULL);
}

void svc_category_update(void *context, struct wire_call *call,
                         const Nexus__Catalog__V1__UpdateCategoryRequest *request)
{
    Nexus__Catalog__V1__UpdateCategoryRequest *own =
        (Nexus__Catalog__V1__UpdateCategoryRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &category, STORE_UPDATE,
                                              SVC_WRITE_REQUEST("UpdateCategory", own));
    svc_write_update(write, own->category ? &own->category->base : NULL, own->update_mask);
    svc_write_submit(write, NULL);
}

void svc_category_delete(void *context, struct wire_call *call,
                         const Nexus__Catalog__V1__DeleteCategoryRequest *request)
{
    Nexus__Catalog__V1__DeleteCategoryRequest *own =
        (Nexus__Catalog__V1__DeleteCategoryRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &category, STORE_DELETE,
                                              SVC_WRITE_REQUEST("DeleteCategory", own));
    svc_write_delete(write, own->name, own->etag, own->force);
    svc_write_submit(write, NULL);
}

void svc_category_undelete(void *context, struct wire_call *call,
                           const Nexus__Catalog__V1__UndeleteCategoryRequest *request)
{
    Nexus__Catalog__V1__UndeleteCategoryRequest *own =
        (Nexus__Catalog__V1__UndeleteCategoryRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &category, STORE_UNDELETE,
                                              SVC_WRITE_REQUEST("UndeleteCategory", own));
    svc_write_undelete(write, own->name, own->etag);
    svc_write_submit(write, NULL);
}

void svc_category_move(void *context, struct wire_call *call,
                       const Nexus__Catalog__V1__MoveCategoryRequest *request)
{
    Nexus__Catalog__V1__MoveCategoryRequest *own =
        (Nexus__Catalog__V1__MoveCategoryRequest *)request;
    Nexus__Catalog__V1__Category moved = NEXUS__CATALOG__V1__CATEGORY__INIT;
    int parent = svc_resource_find(&category, NX_STR("parent"));
    moved.name = own->name;
    moved.parent = own->parent;
    moved.etag = own->etag;
    struct svc_write *write = svc_write_begin(context, call, &category, STORE_UPDATE,
                                              SVC_WRITE_REQUEST("MoveCategory", own));
    svc_write_update_fields(write, &moved.base, (svc_field_set)1 << parent);
    svc_write_submit(write, NULL);
}

static void reply_lookup(struct wire_call *call, ProtobufCMessage *found,
                         Nexus__Catalog__V1__SlugRedirect *moved)
{
    Nexus__Catalog__V1__LookupCategoryResponse response =
        NEXUS__CATALOG__V1__LOOKUP_CATEGORY_RESPONSE__INIT;
    response.category = (Nexus__Catalog__V1__Category *)found;
    response.moved = moved;
    nexus_catalog_v1_catalog_service_reply_lookup_category(call, &response);
}

void svc_category_lookup(void *context, struct wire_call *call,
                         const Nexus__Catalog__V1__LookupCategoryRequest *request)
{
    svc_lookup(context, call, &category, request->slug, reply_lookup);
}
