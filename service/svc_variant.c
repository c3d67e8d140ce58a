/* Variants of products: their fields, and their RPCs as the standard methods. */
#include "svc_catalog.h"

#include "svc_method.h"

static struct svc_field fields[] = {
    /* In the order of storage/sql/fragments/variant_columns.sql. */
    {.name = "name", .kind = SVC_CHILD, .collection = "products/", .below = "/variants/"},
    {.name = "sku", .column = "sku", .kind = SVC_TEXT, .min = 1, .max = 64},
    {.name = "title", .column = "title", .kind = SVC_TEXT, .max = 255},
    {.name = "price", .column = "price", .kind = SVC_MONEY},
    {.name = "inventory", .column = "inventory", .kind = SVC_INT64},
    {.name = "attributes", .column = "attributes", .kind = SVC_STRUCT},
    {.name = "position", .column = "position", .kind = SVC_INT32},
    {.name = "effective_price", .kind = SVC_MONEY},
    {.name = "create_time", .kind = SVC_TIME},
    {.name = "update_time", .kind = SVC_TIME},
    {.name = "etag", .kind = SVC_ETAG},
};

static struct svc_resource variant = {
    .singular = "variant",
    .collection = "products/",
    .below = "/variants/",
    .type = &nexus__catalog__v1__variant__descriptor,
    .listing = &store_variant_listing,
    .statements = &store_variants,
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
};

const struct svc_resource *const svc_variants = &variant;

void svc_variant_init(void)
{
    svc_resource_init(&variant);
}

void svc_variant_get(void *context, struct wire_call *call,
                     const Nexus__Catalog__V1__GetVariantRequest *request)
{
    svc_get(context, call, &variant, request->name);
}

static void reply_page(struct wire_call *call, const struct svc_page *page)
{
    Nexus__Catalog__V1__ListVariantsResponse response =
        NEXUS__CATALOG__V1__LIST_VARIANTS_RESPONSE__INIT;
    response.variants = (Nexus__Catalog__V1__Variant **)(void *)page->items;
    response.n_variants = page->count;
    response.next_page_token = page->next_page_token;
    response.total_size = page->total_size;
    nexus_catalog_v1_catalog_service_reply_list_variants(call, &response);
}

void svc_variant_list(void *context, struct wire_call *call,
                      const Nexus__Catalog__V1__ListVariantsRequest *request)
{
    svc_list(context, call, &variant,
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

void svc_variant_create(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__CreateVariantRequest *request)
{
    Nexus__Catalog__V1__CreateVariantRequest *own =
        (Nexus__Catalog__V1__CreateVariantRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &variant, STORE_CREATE,
                                              SVC_WRITE_REQUEST("CreateVariant", own));
    svc_write_create_below(write, own->parent, own->variant ? &own->variant->base : NULL,
                           own->variant_id);
    svc_write_submit(write, NULL);
}

void svc_variant_update(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__UpdateVariantRequest *request)
{
    Nexus__Catalog__V1__UpdateVariantRequest *own =
        (Nexus__Catalog__V1__UpdateVariantRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &variant, STORE_UPDATE,
                                              SVC_WRITE_REQUEST("UpdateVariant", own));
    svc_write_update(write, own->variant ? &own->variant->base : NULL, own->update_mask);
    svc_write_submit(write, NULL);
}

void svc_variant_delete(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__DeleteVariantRequest *request)
{
    Nexus__Catalog__V1__DeleteVariantRequest *own =
        (Nexus__Catalog__V1__DeleteVariantRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &variant, STORE_DELETE,
                                              SVC_WRITE_REQUEST("DeleteVariant", own));
    svc_write_delete(write, own->name, own->etag, false);
    svc_write_submit(write, svc_write_reply_empty);
}

void svc_variant_adjust_inventory(void *context, struct wire_call *call,
                                  const Nexus__Catalog__V1__AdjustVariantInventoryRequest *request)
{
    Nexus__Catalog__V1__AdjustVariantInventoryRequest *own =
        (Nexus__Catalog__V1__AdjustVariantInventoryRequest *)request;
    struct svc_write *write = svc_write_begin(context, call, &variant, STORE_ADJUST,
                                              SVC_WRITE_REQUEST("AdjustVariantInventory", own));
    svc_write_adjust(write, own->name, own->delta);
    svc_write_submit(write, NULL);
}
