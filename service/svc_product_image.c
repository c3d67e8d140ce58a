/* The images of products: their fields, and the RPCs of their records as the standard methods. */
#include "svc_catalog.h"

#include "svc_method.h"

static struct svc_field fields[] = {
    /* In the order of storage/sql/fragments/product_image_columns.sql. */
    {.name = "name", .kind = SVC_CHILD, .collection = "products/", .below = "/images/"},
    {.name = "alt_text", .column = "alt_text", .kind = SVC_TEXT, .max = 1024},
    {.name = "position", .column = "position", .kind = SVC_INT32},
    {.name = "uri", .kind = SVC_TEXT},
    {.name = "content_type", .kind = SVC_TEXT},
    {.name = "width", .kind = SVC_INT32},
    {.name = "height", .kind = SVC_INT32},
    {.name = "size_bytes", .kind = SVC_INT64},
    {.name = "sha256", .kind = SVC_TEXT},
    {.name = "create_time", .kind = SVC_TIME},
    {.name = "update_time", .kind = SVC_TIME},
    {.name = "etag", .kind = SVC_ETAG},
};

static struct svc_resource product_image = {
    .singular = "product_image",
    .collection = "products/",
    .below = "/images/",
    .type = &nexus__catalog__v1__product_image__descriptor,
    .listing = &store_product_image_listing,
    .statements = &store_product_images,
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
};

void svc_product_image_init(void)
{
    svc_resource_init(&product_image);
}

void svc_product_image_get(void *context, struct wire_call *call,
                           const Nexus__Catalog__V1__GetProductImageRequest *request)
{
    svc_get(context, call, &product_image, request->name);
}

static void reply_page(struct wire_call *call, const struct svc_page *page)
{
    Nexus__Catalog__V1__ListProductImagesResponse response =
        NEXUS__CATALOG__V1__LIST_PRODUCT_IMAGES_RESPONSE__INIT;
    response.product_images = (Nexus__Catalog__V1__ProductImage **)(void *)page->items;
    response.n_product_images = page->count;
    response.next_page_token = page->next_page_token;
    response.total_size = page->total_size;
    nexus_catalog_v1_catalog_service_reply_list_product_images(call, &response);
}

void svc_product_image_list(void *context, struct wire_call *call,
                            const Nexus__Catalog__V1__ListProductImagesRequest *request)
{
    svc_list(context, call, &product_image,
             &(struct svc_list_request){
                 .parent = request->parent,
                 .page_size = request->page_size,
                 .page_token = request->page_token,
                 .filter = request->filter,
                 .order_by = request->order_by,
                 .default_order = "position",
                 .include_total_size = request->include_total_size,
                 .reply = reply_page,
             });
}

void svc_product_image_create(void *context, struct wire_call *call,
                              const Nexus__Catalog__V1__CreateProductImageRequest *request)
{
    Nexus__Catalog__V1__CreateProductImageRequest *own =
        (Nexus__Catalog__V1__CreateProductImageRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &product_image, STORE_CREATE,
                                              SVC_WRITE_REQUEST("CreateProductImage", own));
    svc_write_create_below(write, own->parent,
                           own->product_image ? &own->product_image->base : NULL,
                           own->product_image_id);
    svc_write_submit(write, NULL);
}

void svc_product_image_update(void *context, struct wire_call *call,
                              const Nexus__Catalog__V1__UpdateProductImageRequest *request)
{
    Nexus__Catalog__V1__UpdateProductImageRequest *own =
        (Nexus__Catalog__V1__UpdateProductImageRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &product_image, STORE_UPDATE,
                                              SVC_WRITE_REQUEST("UpdateProductImage", own));
    svc_write_update(write, own->product_image ? &own->product_image->base : NULL,
                     own->update_mask);
    svc_write_submit(write, NULL);
}

void svc_product_image_delete(void *context, struct wire_call *call,
                              const Nexus__Catalog__V1__DeleteProductImageRequest *request)
{
    Nexus__Catalog__V1__DeleteProductImageRequest *own =
        (Nexus__Catalog__V1__DeleteProductImageRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &product_image, STORE_DELETE,
                                              SVC_WRITE_REQUEST("DeleteProductImage", own));
    svc_write_delete(write, own->name, own->etag, false);
    svc_write_submit(write, svc_write_reply_empty);
}
