/* The services that rules can name. */
#ifndef GW_SERVICES_H
#define GW_SERVICES_H

#include <stddef.h>

#include "wire.h"

extern const struct wire_service *const gw_services[];
extern const size_t gw_service_count;

#endif
