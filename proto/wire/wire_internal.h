/* What the parts of wire share. */
#ifndef WIRE_INTERNAL_H
#define WIRE_INTERNAL_H

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "wire_pb.h"
#include "wire_server.h"

/* What a completion queue gives back for a finished operation: what to do then. Lives in whatever
 * the operation belongs to. */
struct wire_tag {
    void (*fire)(struct wire_tag *tag, bool ok);
};

#define WIRE_OWNER(pointer, type, member)                                                          \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* grpc_init(), with the core's own log lines made ours, at debug level: what matters of them also
 * comes back as a status. Pair it with grpc_shutdown_blocking(). */
void wire_init(void);

/* Start a batch of operations; the tag fires when all are done. */
void wire_start_batch(grpc_call *call, const grpc_op *ops, size_t count, struct wire_tag *tag);

/* Before any other operation whose tag the core will give back. */
void wire_hand_over(struct wire_tag *tag);

/* Serve a queue until it is shut down and empty: the body of its thread. */
void wire_serve_queue(grpc_completion_queue *queue);

/* The same, and call `tick` about every second. */
void wire_serve_queue_ticking(grpc_completion_queue *queue, void (*tick)(void *arg), void *arg);

/* Between the core's time and nanoseconds of the monotonic clock. */
gpr_timespec wire_time_from_deadline(int64_t deadline_ns);
int64_t wire_time_to_deadline(gpr_timespec time);

/* A method that is served, or (method NULL) the catch-all for those that are not. */
struct wire_route {
    const struct wire_method *method;
    const void *implementation;
    void *context;
    void *registration; /* the core's handle */
};

struct wire_shard;

struct wire_server {
    struct wire_server_options options; /* with defaults filled in */
    struct wire_pb_limits limits;
    grpc_server *core;
    struct wire_listener *listener;
    struct wire_shard *shards; /* wire_shard.h */
    struct wire_route *routes;
    size_t route_count;
    struct wire_route unknown;
    int *ports;
    bool started;
    bool drained;
    struct wire_tag shut_down;
    atomic_size_t calls;   /* alive, posted ones included; becomes zero under the mutex */
    pthread_mutex_t mutex; /* guards is_shut_down */
    pthread_cond_t changed;
    bool is_shut_down;
};

/* Post a request for the next call of a route on a shard; without memory for it now, as soon as
 * another call is gone. Does nothing once the server shuts down. */
void wire_call_post(struct wire_shard *shard, const struct wire_route *route);

/* Free a call that is spare. */
void wire_call_free(struct wire_call *call);

/* The options with defaults filled in, and the core's server made after them. */
struct wire_server_options wire_args_complete(struct wire_server_options options);
grpc_server *wire_args_new_core(const struct wire_server_options *options);

/* Count a call in, and out. */
void wire_server_call_begins(struct wire_server *server);
void wire_server_call_ended(struct wire_server *server);

#endif
