/* What grpc.health.v1 tells of this service: whether the database answers, and has the schema that
 * this binary works with. The catalog, and the server as a whole (""), stand or fall with that;
 * health and reflection do not need the database. */
#ifndef SVC_HEALTH_H
#define SVC_HEALTH_H

#include "svc.h"

struct svc_health;

/* Make the services known to svc->health, as NOT_SERVING where they need the database, and begin to
 * look at it, on a thread of its own: the stores are asked four times a second. A connection that
 * is lost shows at the next look, a database that does not answer in two seconds.
 * Borrows: svc until svc_health_destroy().
 * Fails:   RESOURCE_EXHAUSTED. */
nx_status svc_health_start(struct svc *svc, struct svc_health **ret_health) NX_MUST_USE;

/* Look no more; before the stores are stopped. Takes NULL. */
void svc_health_stop(struct svc_health *health);

/* After the stores are stopped, which completes what they were asked. Takes NULL. */
void svc_health_destroy(struct svc_health *health);

#endif
