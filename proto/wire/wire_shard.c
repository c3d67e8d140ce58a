#include "wire_shard.h"

#include "nx_clock.h"
#include "wire_call.h"

#include <grpc/support/alloc.h>
#include <stdlib.h>

#define MAX_SPARE 64
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

bool wire_shard_init(struct wire_shard *shard, struct wire_server *server, unsigned index,
                     size_t max_routes)
{
    unsigned *missing = calloc(max_routes + 1, sizeof *missing);
    atomic_uint *by_peer = calloc(WIRE_PEER_COUNTERS, sizeof *by_peer);
    if (!missing || !by_peer) {
        free(missing);
        free(by_peer);
        return false;
    }
    *shard = (struct wire_shard){
        .server = server,
        .index = index,
        .queue = grpc_completion_queue_create_for_next(NULL),
        .missing = missing,
        .by_peer = by_peer,
        .peer_seed = (uint64_t)nx_clock_monotonic_ns() * FNV_PRIME,
    };
    shard->unsent.next = shard->unsent.previous = &shard->unsent;
    pthread_mutex_init(&shard->mutex, NULL);
    return true;
}

void wire_shard_cleanup(struct wire_shard *shard)
{
    grpc_completion_queue_destroy(shard->queue);
    while (shard->spare) {
        struct wire_call *call = shard->spare;
        shard->spare = call->next;
        wire_call_free(call);
    }
    free(shard->missing);
    free(shard->by_peer);
    pthread_mutex_destroy(&shard->mutex);
}

/* FNV-1a of what the core calls the peer: the number of its file, or an address with its port. */
atomic_uint *wire_shard_peer_counter(struct wire_shard *shard, grpc_call *core)
{
    uint64_t hash = FNV_BASIS ^ shard->peer_seed;
    char *peer = grpc_call_get_peer(core);
    for (const char *c = peer; c && *c; c++)
        hash = (hash ^ (unsigned char)*c) * FNV_PRIME;
    gpr_free(peer);
    return &shard->by_peer[(hash ^ hash >> 32) % WIRE_PEER_COUNTERS];
}

/* --- Calls to come --- */

struct wire_call *wire_shard_take(struct wire_shard *shard)
{
    pthread_mutex_lock(&shard->mutex);
    struct wire_call *call = shard->spare;
    if (call) {
        shard->spare = call->next;
        shard->spare_count--;
    }
    pthread_mutex_unlock(&shard->mutex);
    return call;
}

/* A route that lacks a posted call, or NULL; it counts as mended. */
static const struct wire_route *take_missing(struct wire_shard *shard)
{
    struct wire_server *server = shard->server;
    if (shard->missing_total == 0)
        return NULL;
    size_t i = 0;
    while (shard->missing[i] == 0)
        i++;
    shard->missing[i]--;
    shard->missing_total--;
    return i < server->route_count ? &server->routes[i] : &server->unknown;
}

const struct wire_route *wire_shard_keep(struct wire_shard *shard, struct wire_call *call)
{
    pthread_mutex_lock(&shard->mutex);
    const struct wire_route *missing = take_missing(shard);
    bool keep = !missing && shard->spare_count < MAX_SPARE;
    if (keep) {
        call->next = shard->spare;
        shard->spare = call;
        shard->spare_count++;
    }
    pthread_mutex_unlock(&shard->mutex);
    if (!missing && !keep)
        wire_call_free(call);
    return missing;
}

void wire_shard_lacks(struct wire_shard *shard, const struct wire_route *route)
{
    const struct wire_server *server = shard->server;
    size_t i = route->method ? (size_t)(route - server->routes) : server->route_count;
    pthread_mutex_lock(&shard->mutex);
    shard->missing[i]++;
    shard->missing_total++;
    pthread_mutex_unlock(&shard->mutex);
}

/* --- Messages on their way --- */

static void unlink_unsent(struct wire_shard *shard, struct wire_unsent *unsent)
{
    unsent->previous->next = unsent->next;
    unsent->next->previous = unsent->previous;
    unsent->core = NULL;
    shard->unsent_bytes -= unsent->bytes;
}

/* Its client does not read: end the call, which frees the message. */
static void give_up_oldest(struct wire_shard *shard)
{
    struct wire_unsent *oldest = shard->unsent.next;
    grpc_call_cancel_with_status(oldest->core, GRPC_STATUS_UNAVAILABLE,
                                 "the client does not read what it asked for", NULL);
    unlink_unsent(shard, oldest);
}

void wire_shard_sends(struct wire_shard *shard, struct wire_unsent *unsent, grpc_call *core,
                      size_t bytes)
{
    pthread_mutex_lock(&shard->mutex);
    *unsent = (struct wire_unsent){
        .next = &shard->unsent,
        .previous = shard->unsent.previous,
        .core = core,
        .bytes = bytes,
        .since_ns = nx_clock_monotonic_ns(),
    };
    unsent->previous->next = unsent;
    shard->unsent.previous = unsent;
    shard->unsent_bytes += bytes;
    size_t most = shard->server->options.max_unsent_bytes;
    while (shard->unsent_bytes > most && shard->unsent.next != unsent)
        give_up_oldest(shard);
    pthread_mutex_unlock(&shard->mutex);
}

void wire_shard_sent(struct wire_shard *shard, struct wire_unsent *unsent)
{
    if (unsent->bytes == 0) /* not noted as on its way */
        return;
    pthread_mutex_lock(&shard->mutex);
    if (unsent->core)
        unlink_unsent(shard, unsent);
    unsent->bytes = 0;
    pthread_mutex_unlock(&shard->mutex);
}

static void on_tick(void *arg)
{
    struct wire_shard *shard = arg;
    int64_t too_old =
        nx_clock_monotonic_ns() - (int64_t)shard->server->options.send_timeout_ms * 1000000;
    pthread_mutex_lock(&shard->mutex);
    while (shard->unsent.next != &shard->unsent && shard->unsent.next->since_ns < too_old)
        give_up_oldest(shard);
    pthread_mutex_unlock(&shard->mutex);
}

void wire_shard_serve(struct wire_shard *shard)
{
    wire_serve_queue_ticking(shard->queue, on_tick, shard);
}
