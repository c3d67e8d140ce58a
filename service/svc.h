/* The service as a whole: what every call can reach. */
#ifndef SVC_H
#define SVC_H

#include <stdint.h>

#include "store.h"
#include "wire_server.h"

#define SVC_TOKEN_KEY_BYTES 32

struct health;
struct refl;

struct svc {
    struct store **stores; /* one for each shard of the server */
    unsigned shard_count;
    int32_t purge_after_days;
    int schema_version; /* that this binary works with */
    uint8_t token_key[SVC_TOKEN_KEY_BYTES];
    struct health *health;   /* what is told of the services */
    struct refl *reflection; /* NULL: it is not served */
};

/* Serve all services. Borrows svc until the server is destroyed. */
nx_status svc_serve(struct svc *svc, struct wire_server *server) NX_MUST_USE;

#endif
