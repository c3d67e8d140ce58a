/* nexus.catalog.v1.CatalogService, RPC by RPC; see the .proto file for what each does. */
#ifndef SVC_CATALOG_H
#define SVC_CATALOG_H

#include "nexus/catalog/v1/catalog_service.nexus.h"
#include "svc_resource.h"

/* What a lookup by SKU finds. */
extern const struct svc_resource *const svc_variants;

/* Once, before serving. */
void svc_product_init(void);
void svc_category_init(void);
void svc_audit_init(void);
void svc_variant_init(void);
void svc_product_image_init(void);

void svc_product_get(void *context, struct wire_call *call,
                     const Nexus__Catalog__V1__GetProductRequest *request);
void svc_product_list(void *context, struct wire_call *call,
                      const Nexus__Catalog__V1__ListProductsRequest *request);
void svc_product_create(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__CreateProductRequest *request);
void svc_product_update(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__UpdateProductRequest *request);
void svc_product_delete(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__DeleteProductRequest *request);
void svc_product_undelete(void *context, struct wire_call *call,
                          const Nexus__Catalog__V1__UndeleteProductRequest *request);
void svc_product_adjust_inventory(void *context, struct wire_call *call,
                                  const Nexus__Catalog__V1__AdjustInventoryRequest *request);
void svc_product_batch_create(void *context, struct wire_call *call,
                              const Nexus__Catalog__V1__BatchCreateProductsRequest *request);
void svc_product_batch_update(void *context, struct wire_call *call,
                              const Nexus__Catalog__V1__BatchUpdateProductsRequest *request);
void svc_product_batch_delete(void *context, struct wire_call *call,
                              const Nexus__Catalog__V1__BatchDeleteProductsRequest *request);
void svc_search_products(void *context, struct wire_call *call,
                         const Nexus__Catalog__V1__SearchProductsRequest *request);
void svc_suggest_products(void *context, struct wire_call *call,
                          const Nexus__Catalog__V1__SuggestProductsRequest *request);
void svc_find_similar_products(void *context, struct wire_call *call,
                               const Nexus__Catalog__V1__FindSimilarProductsRequest *request);

void svc_variant_get(void *context, struct wire_call *call,
                     const Nexus__Catalog__V1__GetVariantRequest *request);
void svc_variant_list(void *context, struct wire_call *call,
                      const Nexus__Catalog__V1__ListVariantsRequest *request);
void svc_variant_create(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__CreateVariantRequest *request);
void svc_variant_update(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__UpdateVariantRequest *request);
void svc_variant_delete(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__DeleteVariantRequest *request);
void svc_variant_adjust_inventory(void *context, struct wire_call *call,
                                  const Nexus__Catalog__V1__AdjustVariantInventoryRequest *request);

void svc_product_image_get(void *context, struct wire_call *call,
                           const Nexus__Catalog__V1__GetProductImageRequest *request);
void svc_product_image_list(void *context, struct wire_call *call,
                            const Nexus__Catalog__V1__ListProductImagesRequest *request);
void svc_product_image_create(void *context, struct wire_call *call,
                              const Nexus__Catalog__V1__CreateProductImageRequest *request);
void svc_product_image_update(void *context, struct wire_call *call,
                              const Nexus__Catalog__V1__UpdateProductImageRequest *request);
void svc_product_image_delete(void *context, struct wire_call *call,
                              const Nexus__Catalog__V1__DeleteProductImageRequest *request);
void svc_product_batch_get(void *context, struct wire_call *call,
                           const Nexus__Catalog__V1__BatchGetProductsRequest *request);
void svc_product_lookup(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__LookupProductRequest *request);

void svc_category_get(void *context, struct wire_call *call,
                      const Nexus__Catalog__V1__GetCategoryRequest *request);
void svc_category_list(void *context, struct wire_call *call,
                       const Nexus__Catalog__V1__ListCategoriesRequest *request);
void svc_category_create(void *context, struct wire_call *call,
                         const Nexus__Catalog__V1__CreateCategoryRequest *request);
void svc_category_update(void *context, struct wire_call *call,
                         const Nexus__Catalog__V1__UpdateCategoryRequest *request);
void svc_category_delete(void *context, struct wire_call *call,
                         const Nexus__Catalog__V1__DeleteCategoryRequest *request);
void svc_category_undelete(void *context, struct wire_call *call,
                           const Nexus__Catalog__V1__UndeleteCategoryRequest *request);
void svc_category_move(void *context, struct wire_call *call,
                       const Nexus__Catalog__V1__MoveCategoryRequest *request);
void svc_category_lookup(void *context, struct wire_call *call,
                         const Nexus__Catalog__V1__LookupCategoryRequest *request);

void svc_statistics_get(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__GetCatalogStatisticsRequest *request);

void svc_audit_list(void *context, struct wire_call *call,
                    const Nexus__Catalog__V1__ListAuditEntriesRequest *request);

#endif
