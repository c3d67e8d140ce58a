/* grpc.health.v1.Health for any server: which services are of use now, told to who asks and to who
 * watches.
 *
 *   struct health *health;
 *   NX_TRY(health_new(NULL, &health));
 *   NX_TRY(health_add(health, "", HEALTH_SERVING));
 *   NX_TRY(health_add(health, "acme.v1.Orders", HEALTH_NOT_SERVING));
 *   NX_TRY(health_serve(health, server));                      before wire_server_start()
 *   health_set(health, "acme.v1.Orders", HEALTH_SERVING);      whenever it changes
 *   health_shut_down(health);                                  before wire_server_drain()
 *   wire_server_destroy(server);
 *   health_destroy(health);
 *
 * A watcher is told the status as it is and then each change. One that reads slowly is told the
 * newest status when it has read the one before; what was in between is left out, so no queue
 * grows. Follows the gRPC health checking protocol (grpc/grpc doc/health-checking.md). */
#ifndef HEALTH_H
#define HEALTH_H

#include "wire_server.h"

struct health;

/* The numbers are those of grpc.health.v1. */
enum health_status {
    HEALTH_UNKNOWN = 0,
    HEALTH_SERVING = 1,
    HEALTH_NOT_SERVING = 2,
    HEALTH_SERVICE_UNKNOWN = 3, /* what a watcher of a service that was not added is told */
};

/* A service's name may have this many bytes. */
#define HEALTH_MAX_NAME_BYTES 1024

struct health_options {
    unsigned max_watchers; /* streams of Watch at once; 0: 128. More get RESOURCE_EXHAUSTED. Each
                            * counts among the calls of its shard that stream */
};

/* Make a registry of services without any. `options` may be NULL.
 * Fails:   RESOURCE_EXHAUSTED. */
nx_status health_new(const struct health_options *options, struct health **ret_health) NX_MUST_USE;

/* Free it, after the server that serves it is destroyed. Takes NULL. */
void health_destroy(struct health *health);

/* Serve Check, List and Watch; before wire_server_start(). */
nx_status health_serve(struct health *health, struct wire_server *server) NX_MUST_USE;

/* Make a service known with its status; one that is known gets the status. "" is the server as a
 * whole. Copies the name.   Thread: any.
 * Fails:   INVALID_ARGUMENT when the name is too long, RESOURCE_EXHAUSTED. */
nx_status health_add(struct health *health, const char *service,
                     enum health_status status) NX_MUST_USE;

/* Change the status of a service that was added; of another one it does nothing. Watchers are told
 * before it returns, as far as they have read what they were told last.   Thread: any. */
void health_set(struct health *health, const char *service, enum health_status status);

/* Say NOT_SERVING of every service, whatever is set afterwards, and end each Watch with UNAVAILABLE
 * once it has been told that: watchers are not to hold up the server's drain. Only one that does
 * not read does, for the drain's grace.   Thread: any. Calling it again does nothing. */
void health_shut_down(struct health *health);

#endif
