/* grpc.health.v1.Health: whether the database answers and has the schema that this binary works
 * with. Every service here stands or falls with that, so it is the answer for each. */
#include "svc_health.h"

#include "svc_call.h"

#include "nexus/catalog/v1/catalog_service.nexus.h"

#include <string.h>

static void reply(struct svc_call *call, bool serving)
{
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    response.status = serving
                          ? GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
                          : GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;
    grpc_health_v1_health_reply_check(call->wire, &response);
}

static void on_version(struct store_op *op)
{
    struct svc_call *call = op->context;
    reply(call, op->status.code == NX_OK && op->rows.count == 1 &&
                    store_int4(&op->rows, 0, 0) == call->svc->schema_version);
}

static bool is_served(const char *service)
{
    return *service == '\0' || strcmp(service, nexus_catalog_v1_catalog_service.name) == 0 ||
           strcmp(service, grpc_health_v1_health.name) == 0;
}

void svc_health_check(void *context, struct wire_call *wire,
                      const Grpc__Health__V1__HealthCheckRequest *request)
{
    struct svc_call *call = svc_call_begin(context, wire, NULL, sizeof *call);
    if (!call)
        return;
    if (!is_served(request->service)) {
        svc_call_fail(call, nx_fail(call->arena, NX_NOT_FOUND, "there is no such service"));
        return;
    }
    if (!store_is_ready(call->store)) {
        reply(call, false);
        return;
    }
    svc_call_begin_op(call, STORE_READ, on_version);
    store_op_step(&call->op, STORE_SQL_SCHEMA_VERSION);
    store_submit(call->store, &call->op);
}
