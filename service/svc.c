#include "svc.h"

#include "health.h"
#include "refl.h"
#include "svc_catalog.h"
#include "svc_method.h"

static const struct nexus_catalog_v1_catalog_service_server catalog = {
    .get_product = svc_product_get,
    .list_products = svc_product_list,
    .create_product = svc_product_create,
    .update_product = svc_product_update,
    .delete_product = svc_product_delete,
    .undelete_product = svc_product_undelete,
    .batch_create_products = svc_product_batch_create,
    .batch_update_products = svc_product_batch_update,
    .batch_delete_products = svc_product_batch_delete,
    .adjust_inventory = svc_product_adjust_inventory,
    .search_products = svc_search_products,
    .suggest_products = svc_suggest_products,
    .find_similar_products = svc_find_similar_products,
    .adjust_variant_inventory = svc_variant_adjust_inventory,
    .get_variant = svc_variant_get,
    .list_variants = svc_variant_list,
    .create_variant = svc_variant_create,
    .update_variant = svc_variant_update,
    .delete_variant = svc_variant_delete,
    .get_product_image = svc_product_image_get,
    .list_product_images = svc_product_image_list,
    .create_product_image = svc_product_image_create,
    .update_product_image = svc_product_image_update,
    .delete_product_image = svc_product_image_delete,
    .batch_get_products = svc_product_batch_get,
    .lookup_product = svc_product_lookup,
    .get_category = svc_category_get,
    .list_categories = svc_category_list,
    .create_category = svc_category_create,
    .update_category = svc_category_update,
    .delete_category = svc_category_delete,
    .undelete_category = svc_category_undelete,
    .move_category = svc_category_move,
    .get_catalog_statistics = svc_statistics_get,
    .lookup_category = svc_category_lookup,
    .list_audit_entries = svc_audit_list,
};

nx_status svc_serve(struct svc *svc, struct wire_server *server)
{
    svc_product_init();
    svc_category_init();
    svc_variant_init();
    svc_product_image_init();
    svc_lookup_init();
    svc_audit_init();
    NX_TRY(nexus_catalog_v1_catalog_service_serve(server, &catalog, svc));
    NX_TRY(health_serve(svc->health, server));
    return svc->reflection ? refl_serve(svc->reflection, server) : NX_STATUS_OK;
}
