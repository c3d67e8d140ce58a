#include "gw_services.h"

#include "nexus/catalog/v1/catalog_service.nexus.h"

const struct wire_service *const gw_services[] = {
    &nexus_catalog_v1_catalog_service,
};
const size_t gw_service_count = sizeof gw_services / sizeof(struct wire_service *);
