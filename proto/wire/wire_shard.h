/* One completion queue of a server, its thread, and what it keeps of its calls; internal to wire.
 */
#ifndef WIRE_SHARD_H
#define WIRE_SHARD_H

#include "wire_internal.h"

/* A message that is on its way to a client, which must read it in time: see wire_server_options. */
struct wire_unsent {
    struct wire_unsent *next, *previous;
    grpc_call *core; /* NULL: not on its way */
    size_t bytes;
    int64_t since_ns;
};

/* Calls under way are counted by connection. Few connections share a counter, which has room for
 * two of them. */
#define WIRE_PEER_COUNTERS 4096
#define WIRE_PEERS_SHARING 2

struct wire_shard {
    struct wire_server *server;
    grpc_completion_queue *queue;
    pthread_t thread;
    unsigned index;
    bool running; /* it has a thread */
    bool stopped;
    atomic_uint in_flight;   /* unary calls that are not answered */
    atomic_uint streaming;   /* calls that stream and are not answered */
    atomic_uint *by_peer;    /* WIRE_PEER_COUNTERS of both */
    uint64_t peer_seed;      /* so that nobody can choose whom to share a counter with */
    pthread_mutex_t mutex;   /* guards what follows */
    struct wire_call *spare; /* gone, kept for the next; linked */
    unsigned spare_count;
    unsigned *missing; /* by route, the catch-all last: posted calls that it lacks */
    unsigned missing_total;
    struct wire_unsent unsent; /* the ring's anchor: next is the oldest */
    size_t unsent_bytes;
};

/* Make the queue, and room to count for so many routes. False: no memory. */
bool wire_shard_init(struct wire_shard *shard, struct wire_server *server, unsigned index,
                     size_t max_routes);
void wire_shard_cleanup(struct wire_shard *shard);

/* Serve the queue until it is shut down and empty: the body of the shard's thread. */
void wire_shard_serve(struct wire_shard *shard);

/* The counter of the connection that a call came by; `uncapped` for Unix sockets, whose peers
 * cannot be told from each other. */
atomic_uint *wire_shard_peer_counter(struct wire_shard *shard, grpc_call *core);

/* Take a spare call; NULL: there is none. */
struct wire_call *wire_shard_take(struct wire_shard *shard);

/* Keep a call that is gone, or free it. The result is instead a route for which the call is to be
 * posted again, which lacks one. */
const struct wire_route *wire_shard_keep(struct wire_shard *shard, struct wire_call *call);

/* There was no memory to post a call for a route. */
void wire_shard_lacks(struct wire_shard *shard, const struct wire_route *route);

/* A message is on its way, and has been sent. */
void wire_shard_sends(struct wire_shard *shard, struct wire_unsent *unsent, grpc_call *core,
                      size_t bytes);
void wire_shard_sent(struct wire_shard *shard, struct wire_unsent *unsent);

#endif
