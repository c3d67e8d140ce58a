/* grpc.health.v1.Health. */
#ifndef SVC_HEALTH_H
#define SVC_HEALTH_H

#include "grpc/health/v1/health.nexus.h"

void svc_health_check(void *context, struct wire_call *call,
                      const Grpc__Health__V1__HealthCheckRequest *request);

#endif
