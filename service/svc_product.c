/* Products: their fields, and their RPCs as the standard methods. */
#include "svc_catalog.h"

#include "nx_utf8.h"
#include "svc_call.h"
#include "svc_method.h"

#define MAX_SKU_CHARACTERS 64

static struct svc_field fields[] = {
    /* In the order of storage/sql/fragments/product_columns.sql. */
    {.name = "name", .kind = SVC_ID, .collection = "products/"},
    {.name = "title", .column = "title", .kind = SVC_TEXT, .min = 1, .max = 255},
    {.name = "slug", .column = "slug", .kind = SVC_SLUG, .max = 255},
    {.name = "description", .column = "description", .kind = SVC_TEXT, .max = 65536},
    {.name = "price", .column = "price", .kind = SVC_MONEY},
    {.name = "category",
     .column = "category_id",
     .kind = SVC_REFERENCE,
     .collection = "categories/"},
    {.name = "additional_categories",
     .column = "additional_category_ids",
     .kind = SVC_REFERENCES,
     .max = 64,
     .collection = "categories/"},
    {.name = "brand", .column = "brand", .kind = SVC_TEXT, .max = 255},
    {.name = "tags", .column = "tags", .kind = SVC_TEXTS, .max = 64},
    {.name = "attributes", .column = "attributes", .kind = SVC_STRUCT},
    {.name = "inventory", .column = "inventory", .kind = SVC_INT64},
    {.name = "allow_backorder", .column = "allow_backorder", .kind = SVC_BOOL},
    {.name = "state",
     .column = "state",
     .kind = SVC_ENUM,
     .min = NEXUS__CATALOG__V1__PRODUCT__STATE__STATE_DRAFT},
    {.name = "primary_image", .kind = SVC_CHILD, .collection = "products/", .below = "/images/"},
    {.name = "variant_count", .kind = SVC_INT32},
    {.name = "create_time", .kind = SVC_TIME},
    {.name = "update_time", .kind = SVC_TIME},
    {.name = "delete_time", .kind = SVC_TIME},
    {.name = "purge_time", .kind = SVC_TIME},
    {.name = "etag", .kind = SVC_ETAG},
};

static struct svc_resource product = {
    .singular = "product",
    .collection = "products/",
    .type = &nexus__catalog__v1__product__descriptor,
    .statements = &store_products,
    .listing = &store_product_listing,
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .max_slug = 255,
};

const struct svc_resource *const svc_products = &product;

void svc_product_init(void)
{
    svc_resource_init(&product);
}

void svc_product_get(void *context, struct wire_call *call,
                     const Nexus__Catalog__V1__GetProductRequest *request)
{
    svc_get(context, call, &product, request->name);
}

static void reply_page(struct wire_call *call, const struct svc_page *page)
{
    Nexus__Catalog__V1__ListProductsResponse response =
        NEXUS__CATALOG__V1__LIST_PRODUCTS_RESPONSE__INIT;
    response.products = (Nexus__Catalog__V1__Product **)(void *)page->items;
    response.n_products = page->count;
    response.next_page_token = page->next_page_token;
    response.total_size = page->total_size;
    nexus_catalog_v1_catalog_service_reply_list_products(call, &response);
}

void svc_product_list(void *context, struct wire_call *call,
                      const Nexus__Catalog__V1__ListProductsRequest *request)
{
    svc_list(context, call, &product,
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

void svc_product_create(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__CreateProductRequest *request)
{
    Nexus__Catalog__V1__CreateProductRequest *own =
        (Nexus__Catalog__V1__CreateProductRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &product, STORE_CREATE,
                                              SVC_WRITE_REQUEST("CreateProduct", own));
    svc_write_create(write, own->product ? &own->product->base : NULL, own->product_id);
    svc_write_submit(write, NULL);
}

void svc_product_update(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__UpdateProductRequest *request)
{
    Nexus__Catalog__V1__UpdateProductRequest *own =
        (Nexus__Catalog__V1__UpdateProductRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &product, STORE_UPDATE,
                                              SVC_WRITE_REQUEST("UpdateProduct", own));
    svc_write_update(write, own->product ? &own->product->base : NULL, own->update_mask);
    svc_write_submit(write, NULL);
}

void svc_product_delete(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__DeleteProductRequest *request)
{
    Nexus__Catalog__V1__DeleteProductRequest *own =
        (Nexus__Catalog__V1__DeleteProductRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &product, STORE_DELETE,
                                              SVC_WRITE_REQUEST("DeleteProduct", own));
    svc_write_delete(write, own->name, own->etag, false);
    svc_write_submit(write, NULL);
}

void svc_product_undelete(void *context, struct wire_call *call,
                          const Nexus__Catalog__V1__UndeleteProductRequest *request)
{
    Nexus__Catalog__V1__UndeleteProductRequest *own =
        (Nexus__Catalog__V1__UndeleteProductRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &product, STORE_UNDELETE,
                                              SVC_WRITE_REQUEST("UndeleteProduct", own));
    svc_write_undelete(write, own->name, own->etag);
    svc_write_submit(write, NULL);
}

void svc_product_adjust_inventory(void *context, struct wire_call *call,
                                  const Nexus__Catalog__V1__AdjustInventoryRequest *request)
{
    Nexus__Catalog__V1__AdjustInventoryRequest *own =
        (Nexus__Catalog__V1__AdjustInventoryRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &product, STORE_ADJUST,
                                              SVC_WRITE_REQUEST("AdjustInventory", own));
    svc_write_adjust(write, own->name, own->delta);
    svc_write_submit(write, NULL);
}

static void reply_batch_create_products(struct wire_call *call, ProtobufCMessage **written,
                                        size_t count)
{
    Nexus__Catalog__V1__BatchCreateProductsResponse response =
        NEXUS__CATALOG__V1__BATCH_CREATE_PRODUCTS_RESPONSE__INIT;
    response.products = (Nexus__Catalog__V1__Product **)(void *)written;
    response.n_products = count;
    nexus_catalog_v1_catalog_service_reply_batch_create_products(call, &response);
}

void svc_product_batch_create(void *context, struct wire_call *call,
                              const Nexus__Catalog__V1__BatchCreateProductsRequest *request)
{
    Nexus__Catalog__V1__BatchCreateProductsRequest *own =
        (Nexus__Catalog__V1__BatchCreateProductsRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &product, STORE_CREATE,
                                              SVC_BATCH_REQUEST("BatchCreateProducts", own));
    for (size_t i = 0; i < own->n_requests; i++) {
        const Nexus__Catalog__V1__CreateProductRequest *one = own->requests[i];
        svc_write_require_plain(write, one->request_id, one->validate_only);
        svc_write_create(write, one->product ? &one->product->base : NULL, one->product_id);
    }
    svc_write_submit(write, reply_batch_create_products);
}

static void reply_batch_update_products(struct wire_call *call, ProtobufCMessage **written,
                                        size_t count)
{
    Nexus__Catalog__V1__BatchUpdateProductsResponse response =
        NEXUS__CATALOG__V1__BATCH_UPDATE_PRODUCTS_RESPONSE__INIT;
    response.products = (Nexus__Catalog__V1__Product **)(void *)written;
    response.n_products = count;
    nexus_catalog_v1_catalog_service_reply_batch_update_products(call, &response);
}

void svc_product_batch_update(void *context, struct wire_call *call,
                              const Nexus__Catalog__V1__BatchUpdateProductsRequest *request)
{
    Nexus__Catalog__V1__BatchUpdateProductsRequest *own =
        (Nexus__Catalog__V1__BatchUpdateProductsRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &product, STORE_UPDATE,
                                              SVC_BATCH_REQUEST("BatchUpdateProducts", own));
    for (size_t i = 0; i < own->n_requests; i++) {
        const Nexus__Catalog__V1__UpdateProductRequest *one = own->requests[i];
        svc_write_require_plain(write, one->request_id, one->validate_only);
        svc_write_update(write, one->product ? &one->product->base : NULL, one->update_mask);
    }
    svc_write_submit(write, reply_batch_update_products);
}

static void reply_batch_delete_products(struct wire_call *call, ProtobufCMessage **written,
                                        size_t count)
{
    Nexus__Catalog__V1__BatchDeleteProductsResponse response =
        NEXUS__CATALOG__V1__BATCH_DELETE_PRODUCTS_RESPONSE__INIT;
    response.products = (Nexus__Catalog__V1__Product **)(void *)written;
    response.n_products = count;
    nexus_catalog_v1_catalog_service_reply_batch_delete_products(call, &response);
}

void svc_product_batch_delete(void *context, struct wire_call *call,
                              const Nexus__Catalog__V1__BatchDeleteProductsRequest *request)
{
    Nexus__Catalog__V1__BatchDeleteProductsRequest *own =
        (Nexus__Catalog__V1__BatchDeleteProductsRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &product, STORE_DELETE,
                                              SVC_BATCH_REQUEST("BatchDeleteProducts", own));
    for (size_t i = 0; i < own->n_requests; i++) {
        const Nexus__Catalog__V1__DeleteProductRequest *one = own->requests[i];
        svc_write_require_plain(write, one->request_id, one->validate_only);
        svc_write_delete(write, one->name, one->etag, false);
    }
    svc_write_submit(write, reply_batch_delete_products);
}

static void reply_batch_get_products(struct wire_call *call, ProtobufCMessage **found, size_t count)
{
    Nexus__Catalog__V1__BatchGetProductsResponse response =
        NEXUS__CATALOG__V1__BATCH_GET_PRODUCTS_RESPONSE__INIT;
    response.products = (Nexus__Catalog__V1__Product **)(void *)found;
    response.n_products = count;
    nexus_catalog_v1_catalog_service_reply_batch_get_products(call, &response);
}

void svc_product_batch_get(void *context, struct wire_call *call,
                           const Nexus__Catalog__V1__BatchGetProductsRequest *request)
{
    svc_batch_get(context, call, &product, request->names, request->n_names,
                  reply_batch_get_products);
}

static void reply_lookup(struct wire_call *call, ProtobufCMessage *found,
                         Nexus__Catalog__V1__SlugRedirect *moved)
{
    Nexus__Catalog__V1__LookupProductResponse response =
        NEXUS__CATALOG__V1__LOOKUP_PRODUCT_RESPONSE__INIT;
    response.product = (Nexus__Catalog__V1__Product *)found;
    response.moved = moved;
    nexus_catalog_v1_catalog_service_reply_lookup_product(call, &response);
}

struct sku_call {
    struct svc_call call; /* first */
    const char *sku;
};

static void on_sku(struct store_op *op)
{
    struct sku_call *lookup = op->context;
    struct svc_call *call = &lookup->call;
    Nexus__Catalog__V1__LookupProductResponse response =
        NEXUS__CATALOG__V1__LOOKUP_PRODUCT_RESPONSE__INIT;
    if (op->status.code != NX_OK) {
        svc_call_fail(call, op->status);
        return;
    }
    if (op->rows.count == 0) {
        svc_call_fail(call, nx_fail_reason(call->arena, NX_NOT_FOUND, "RESOURCE_NOT_FOUND",
                                           "no variant has the SKU \"%s\"", lookup->sku));
        return;
    }
    int behind = svc_resource_columns(&product);
    response.product =
        (Nexus__Catalog__V1__Product *)svc_resource_read(&product, &op->rows, 0, 0, call->arena);
    response.variant = (Nexus__Catalog__V1__Variant *)svc_resource_read(svc_variants, &op->rows, 0,
                                                                        behind, call->arena);
    if (response.product && response.variant)
        nexus_catalog_v1_catalog_service_reply_lookup_product(call->wire, &response);
    else
        svc_call_fail(call, nx_fail_memory());
}

static void lookup_sku(struct svc *svc, struct wire_call *wire, const char *sku)
{
    struct sku_call *lookup = svc_call_begin(svc, wire, &product, sizeof *lookup);
    if (!lookup)
        return;
    struct svc_call *call = &lookup->call;
    lookup->sku = sku;
    size_t length = nx_utf8_length(nx_str_from(sku));
    if (length < 1 || length > MAX_SKU_CHARACTERS) {
        svc_call_fail(call, nx_fail_field(call->arena, "sku", "must have 1 to %d characters",
                                          MAX_SKU_CHARACTERS));
        return;
    }
    svc_call_begin_op(call, STORE_READ, on_sku);
    store_product_lookup_sku(call->store, &call->op, nx_str_from(sku));
}

void svc_product_lookup(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__LookupProductRequest *request)
{
    switch (request->key_case) {
    case NEXUS__CATALOG__V1__LOOKUP_PRODUCT_REQUEST__KEY_SLUG:
        svc_lookup(context, call, &product, request->slug, reply_lookup);
        return;
    case NEXUS__CATALOG__V1__LOOKUP_PRODUCT_REQUEST__KEY_SKU:
        lookup_sku(context, call, request->sku);
        return;
    default:
        wire_call_fail(
            call, nx_fail_field(wire_call_arena(call), "key", "is required: a slug, or a SKU"));
    }
}
