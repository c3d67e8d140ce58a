/* Products: their fields, and their RPCs as the standard methods. */
#include "svc_catalog.h"

#include "svc_method.h"

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
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .max_slug = 255,
};

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
    svc_create(context, call, &product, request->product ? &request->product->base : NULL,
               request->product_id,
               &(struct svc_write_request){
                   .method = "CreateProduct",
                   .message = &own->base,
                   .request_id = &own->request_id,
                   .validate_only = request->validate_only,
               });
}

void svc_product_update(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__UpdateProductRequest *request)
{
    Nexus__Catalog__V1__UpdateProductRequest *own =
        (Nexus__Catalog__V1__UpdateProductRequest *)request;
    svc_update(context, call, &product, request->product ? &request->product->base : NULL,
               request->update_mask,
               &(struct svc_write_request){
                   .method = "UpdateProduct",
                   .message = &own->base,
                   .request_id = &own->request_id,
                   .validate_only = request->validate_only,
               });
}

void svc_product_delete(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__DeleteProductRequest *request)
{
    Nexus__Catalog__V1__DeleteProductRequest *own =
        (Nexus__Catalog__V1__DeleteProductRequest *)request;
    svc_delete(context, call, &product,
               &(struct svc_delete_request){.name = request->name, .etag = request->etag},
               &(struct svc_write_request){
                   .method = "DeleteProduct",
                   .message = &own->base,
                   .request_id = &own->request_id,
                   .validate_only = request->validate_only,
               });
}
