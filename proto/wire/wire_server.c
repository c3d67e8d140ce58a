#include "wire_shard.h"

#include "nx_clock.h"
#include "nx_log.h"
#include "wire_listen.h"
#include "wire_tls.h"

#include <grpc/grpc_security.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How many calls of one method a shard can take at once before the core has to keep them. Each
 * posted call costs the core's queue a little on every operation, so it is tens in all. */
#define POSTED_PER_ROUTE 4

#define MAX_ROUTES 256

#define CLOSE_MS 500

static void on_shut_down(struct wire_tag *tag, bool ok)
{
    (void)ok;
    struct wire_server *server = WIRE_OWNER(tag, struct wire_server, shut_down);
    pthread_mutex_lock(&server->mutex);
    server->is_shut_down = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->mutex);
}

void wire_server_call_begins(struct wire_server *server)
{
    atomic_fetch_add_explicit(&server->calls, 1, memory_order_relaxed);
}

/* The last one goes under the mutex, so that whoever waits for it cannot destroy the server before
 * this is done with it. */
void wire_server_call_ended(struct wire_server *server)
{
    size_t calls = atomic_load_explicit(&server->calls, memory_order_relaxed);
    while (calls > 1) {
        if (atomic_compare_exchange_weak_explicit(&server->calls, &calls, calls - 1,
                                                  memory_order_acq_rel, memory_order_relaxed))
            return;
    }
    pthread_mutex_lock(&server->mutex);
    if (atomic_fetch_sub_explicit(&server->calls, 1, memory_order_acq_rel) == 1)
        pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->mutex);
}

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

static nx_status start_shards(struct wire_server *server)
{
    unsigned wanted = server->options.shards;
    for (server->options.shards = 0; server->options.shards < wanted; server->options.shards++) {
        struct wire_shard *shard = &server->shards[server->options.shards];
        if (!wire_shard_init(shard, server, server->options.shards, MAX_ROUTES))
            return nx_fail_memory();
        grpc_server_register_completion_queue(server->core, shard->queue, NULL);
    }
    return NX_STATUS_OK;
}

nx_status wire_server_new(const struct wire_server_options *options,
                          struct wire_server **ret_server)
{
    struct wire_server_options full = wire_args_complete(*options);
    struct wire_server *server = calloc(1, sizeof *server);
    struct wire_shard *shards = calloc(full.shards, sizeof *shards);
    struct wire_route *routes = calloc(MAX_ROUTES, sizeof *routes);
    int *ports = calloc(full.address_count, sizeof *ports);
    if (!server || !shards || !routes || !ports) {
        free(server);
        free(shards);
        free(routes);
        free(ports);
        return nx_fail_memory();
    }
    wire_init();
    *server = (struct wire_server){
        .options = full,
        .limits = {.max_depth = full.max_depth, .max_fields = full.max_fields},
        .core = wire_args_new_core(&full),
        .shards = shards,
        .routes = routes,
        .ports = ports,
        .shut_down = {on_shut_down},
    };
    pthread_mutex_init(&server->mutex, NULL);
    init_condition(&server->changed);
    nx_status status = start_shards(server);
    if (status.code == NX_OK)
        status = wire_listener_new(server->core, &server->options, &server->listener);
    if (status.code != NX_OK) {
        wire_server_destroy(server);
        return status;
    }
    *ret_server = server;
    return NX_STATUS_OK;
}

nx_status wire_server_add(struct wire_server *server, const struct wire_service *service,
                          const void *implementation, void *context)
{
    static const struct nx_error too_many = {.message = "a server can have 256 methods"};
    static const struct nx_error twice = {.message = "a method is served twice"};
    for (size_t i = 0; i < service->method_count; i++) {
        const struct wire_method *method = &service->methods[i];
        if (server->route_count == MAX_ROUTES)
            return (nx_status){NX_RESOURCE_EXHAUSTED, &too_many};
        void *registration = grpc_server_register_method(
            server->core, method->path, NULL,
            wire_requests_stream(method->kind) ? GRPC_SRM_PAYLOAD_NONE
                                               : GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
            0);
        if (!registration)
            return (nx_status){NX_ALREADY_EXISTS, &twice};
        server->routes[server->route_count++] = (struct wire_route){
            .method = method,
            .implementation = implementation,
            .context = context,
            .registration = registration,
        };
    }
    return NX_STATUS_OK;
}

static void *run_shard(void *arg)
{
    struct wire_shard *shard = arg;
    wire_shard_serve(shard);
    return NULL;
}

static void post_calls(struct wire_shard *shard)
{
    struct wire_server *server = shard->server;
    for (size_t i = 0; i < server->route_count; i++) {
        for (int j = 0; j < POSTED_PER_ROUTE; j++)
            wire_call_post(shard, &server->routes[i]);
    }
    wire_call_post(shard, &server->unknown);
}

static nx_status bind_secure(struct wire_server *server, size_t index, struct nx_arena *arena)
{
    const char *address = server->options.addresses[index];
    grpc_server_credentials *credentials = NULL;
    NX_TRY(wire_tls_credentials(server->options.tls, &credentials));
    server->ports[index] = grpc_server_add_http2_port(server->core, address, credentials);
    grpc_server_credentials_release(credentials);
    if (server->ports[index] == 0)
        return nx_fail(arena, NX_UNAVAILABLE, "cannot listen for gRPC at %s", address);
    return NX_STATUS_OK;
}

static nx_status bind_addresses(struct wire_server *server, struct nx_arena *arena)
{
    for (size_t i = 0; i < server->options.address_count; i++) {
        const char *address = server->options.addresses[i];
        bool is_unix = strncmp(address, "unix:", 5) == 0 || strncmp(address, "unix-", 5) == 0;
        if (server->options.tls && !is_unix)
            NX_TRY(bind_secure(server, i, arena));
        else
            NX_TRY(wire_listener_add(server->listener, address, arena, &server->ports[i]));
    }
    return NX_STATUS_OK;
}

static nx_status start_threads(struct wire_server *server, struct nx_arena *arena)
{
    for (unsigned i = 0; i < server->options.shards; i++) {
        struct wire_shard *shard = &server->shards[i];
        if (pthread_create(&shard->thread, NULL, run_shard, shard) != 0)
            return nx_fail(arena, NX_INTERNAL, "cannot start a thread");
        shard->running = true;
    }
    return NX_STATUS_OK;
}

/* Once the core is started every shard has its thread: only then can it be drained. */
nx_status wire_server_start(struct wire_server *server, struct nx_arena *arena)
{
    NX_TRY(bind_addresses(server, arena));
    NX_TRY(start_threads(server, arena));
    grpc_server_start(server->core);
    server->started = true;
    for (unsigned i = 0; i < server->options.shards; i++)
        post_calls(&server->shards[i]);
    NX_TRY(wire_listener_start(server->listener));
    server->options.addresses = NULL;
    return NX_STATUS_OK;
}

int wire_server_port(const struct wire_server *server, size_t address_index)
{
    return server->ports[address_index];
}

static bool calls_are_gone(const struct wire_server *server)
{
    return atomic_load(&server->calls) == 0;
}

static bool is_idle(const struct wire_server *server)
{
    return server->is_shut_down && calls_are_gone(server);
}

/* Wait until something is so, or the time is over; returns whether it is. */
static bool wait_until(struct wire_server *server, bool (*is_so)(const struct wire_server *),
                       int64_t deadline_ns)
{
    struct timespec until = {deadline_ns / 1000000000, deadline_ns % 1000000000};
    bool in_time = true;
    pthread_mutex_lock(&server->mutex);
    while (in_time && !is_so(server)) {
        if (deadline_ns == NX_DEADLINE_NEVER)
            pthread_cond_wait(&server->changed, &server->mutex);
        else
            in_time = pthread_cond_timedwait(&server->changed, &server->mutex, &until) == 0;
    }
    bool holds = is_so(server);
    pthread_mutex_unlock(&server->mutex);
    return holds;
}

/* Serve the queue to its end, on its thread or else on this one. */
static void stop_shard(struct wire_shard *shard)
{
    if (shard->stopped)
        return;
    shard->stopped = true;
    grpc_completion_queue_shutdown(shard->queue);
    if (shard->running)
        pthread_join(shard->thread, NULL);
    else
        wire_serve_queue(shard->queue);
}

static void say_cancelled(const struct wire_server *server)
{
    unsigned count = 0;
    char text[16];
    for (unsigned i = 0; i < server->options.shards; i++)
        count +=
            atomic_load(&server->shards[i].in_flight) + atomic_load(&server->shards[i].streaming);
    snprintf(text, sizeof text, "%u", count);
    if (count > 0)
        nx_log(NX_LOG_WARN, "calls cancelled at shutdown", "count", text, NULL);
}

/* A call that comes at the very moment of the shutdown may be kept by the core and handed to nobody
 * (grpc/grpc#25348): its client and the shutdown would wait for it as long as they may. Once every
 * call that was handed over is gone, the connections have this long to close. */
static int64_t soon(int64_t deadline_ns)
{
    int64_t soon_ns = nx_clock_monotonic_ns() + CLOSE_MS * INT64_C(1000000);
    return soon_ns < deadline_ns ? soon_ns : deadline_ns;
}

void wire_server_drain(struct wire_server *server, unsigned grace_ms)
{
    if (server->drained || server->options.shards == 0)
        return;
    server->drained = true;
    wire_listener_stop(server->listener);
    wire_hand_over(&server->shut_down);
    grpc_server_shutdown_and_notify(server->core, server->shards[0].queue, &server->shut_down);
    if (!server->started) { /* there are no calls */
        stop_shard(&server->shards[0]);
        return;
    }
    int64_t until = nx_clock_monotonic_ns() + (int64_t)grace_ms * 1000000;
    if (!wait_until(server, calls_are_gone, until))
        say_cancelled(server);
    else if (wait_until(server, is_idle, soon(until)))
        return;
    grpc_server_cancel_all_calls(server->core);
    wait_until(server, is_idle, NX_DEADLINE_NEVER);
}

void wire_server_destroy(struct wire_server *server)
{
    if (!server)
        return;
    wire_server_drain(server, 0);
    for (unsigned i = 0; i < server->options.shards; i++)
        stop_shard(&server->shards[i]);
    wire_listener_destroy(server->listener);
    grpc_server_destroy(server->core);
    for (unsigned i = 0; i < server->options.shards; i++)
        wire_shard_cleanup(&server->shards[i]);
    grpc_shutdown_blocking();
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->mutex);
    free(server->shards);
    free(server->routes);
    free(server->ports);
    free(server);
}
