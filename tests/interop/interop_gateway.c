/* nexus-gateway for the rules of a test: InteropService, which has RPCs of all kinds. */
#include "gw_services.h"
#include "interop.nexus.h"

const struct wire_service *const gw_services[] = {
    &nexus_interop_v1_interop_service,
};
const size_t gw_service_count = sizeof gw_services / sizeof(struct wire_service *);
