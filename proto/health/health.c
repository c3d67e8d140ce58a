/* The registry and its watchers, all under one mutex.
 *
 * The life of a watcher, which lives in its call's arena and is in the list while it is not ended:
 *
 *   begin     watch(): in the list, the client's going is watched for
 *   tell      advance(): the status is another than was told last, and nothing is being sent
 *   sent      on_sent(), on the shard's thread: advance() again, so the newest is told
 *   end       the client went (on_cancelled(), or a send that failed), or health_shut_down() and
 *             all is told
 *
 * A callback may begin while another thread ends the watcher, so each looks at is_ended first; the
 * call's memory stays until the callback has returned. */
#include "health.h"

#include "grpc/health/v1/health.nexus.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_WATCHERS 128
#define MAX_REGISTRY_BYTES ((size_t)1 << 20)

struct service {
    const char *name;
    enum health_status status;
    struct service *next;
};

struct watcher {
    struct health *health;
    struct wire_call *call;
    const char *service; /* of the request, which lives as long as the call */
    struct watcher *next;
    struct watcher **link;   /* what points here */
    enum health_status told; /* last; UNKNOWN: nothing yet */
    bool is_sending;
    bool is_ended;
};

struct health {
    struct nx_arena *arena; /* of the services */
    unsigned max_watchers;
    pthread_mutex_t mutex; /* guards what follows, the arena and all watchers */
    struct service *services;
    struct service **end;
    size_t service_count;
    struct watcher *watchers;
    unsigned watcher_count;
    bool is_shut_down;
};

static const struct nx_error client_gone = {.message = "the client has gone"};
static const struct nx_error shutting_down = {.message = "the server is being stopped",
                                              .reason = "STOPPING"};

static struct service *find(const struct health *health, const char *name)
{
    struct service *service = health->services;
    while (service && strcmp(service->name, name) != 0)
        service = service->next;
    return service;
}

static enum health_status status_now(const struct health *health, const char *name)
{
    const struct service *service = find(health, name);
    if (!service)
        return HEALTH_SERVICE_UNKNOWN;
    return health->is_shut_down ? HEALTH_NOT_SERVING : service->status;
}

static Grpc__Health__V1__HealthCheckResponse response_of(enum health_status status)
{
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    response.status = (Grpc__Health__V1__HealthCheckResponse__ServingStatus)status;
    return response;
}

/* --- Watching --- */

static void end(struct watcher *watcher, nx_status status)
{
    watcher->is_ended = true;
    *watcher->link = watcher->next;
    if (watcher->next)
        watcher->next->link = watcher->link;
    watcher->health->watcher_count--;
    wire_call_fail(watcher->call, status);
}

static void on_sent(void *arg, bool ok);

/* Tell what is not told yet. The watcher may have ended afterwards. */
static void advance(struct watcher *watcher)
{
    const struct health *health = watcher->health;
    if (watcher->is_sending)
        return;
    enum health_status status = status_now(health, watcher->service);
    if (status != watcher->told) {
        const Grpc__Health__V1__HealthCheckResponse response = response_of(status);
        watcher->told = status;
        watcher->is_sending = true;
        grpc_health_v1_health_send_watch(watcher->call, &response, on_sent, watcher);
    } else if (health->is_shut_down) {
        end(watcher, (nx_status){NX_UNAVAILABLE, &shutting_down});
    }
}

static void on_sent(void *arg, bool ok)
{
    struct watcher *watcher = arg;
    struct health *health = watcher->health;
    pthread_mutex_lock(&health->mutex);
    watcher->is_sending = false;
    if (!watcher->is_ended && ok)
        advance(watcher);
    else if (!watcher->is_ended)
        end(watcher, (nx_status){NX_CANCELLED, &client_gone});
    pthread_mutex_unlock(&health->mutex);
}

static void on_cancelled(void *arg)
{
    struct watcher *watcher = arg;
    struct health *health = watcher->health;
    pthread_mutex_lock(&health->mutex);
    if (!watcher->is_ended)
        end(watcher, (nx_status){NX_CANCELLED, &client_gone});
    pthread_mutex_unlock(&health->mutex);
}

static void tell_all(struct health *health)
{
    struct watcher *next;
    for (struct watcher *watcher = health->watchers; watcher; watcher = next) {
        next = watcher->next;
        advance(watcher);
    }
}

static void begin(struct health *health, struct watcher *watcher)
{
    watcher->next = health->watchers;
    watcher->link = &health->watchers;
    if (watcher->next)
        watcher->next->link = &watcher->next;
    health->watchers = watcher;
    health->watcher_count++;
    wire_call_on_cancel(watcher->call, on_cancelled, watcher);
    advance(watcher);
}

/* --- The methods --- */

static void check(void *context, struct wire_call *call,
                  const Grpc__Health__V1__HealthCheckRequest *request)
{
    struct health *health = context;
    pthread_mutex_lock(&health->mutex);
    enum health_status status = status_now(health, request->service);
    pthread_mutex_unlock(&health->mutex);
    if (status == HEALTH_SERVICE_UNKNOWN) {
        wire_call_fail(
            call, nx_fail(wire_call_arena(call), NX_NOT_FOUND, "the service is not known here"));
        return;
    }
    const Grpc__Health__V1__HealthCheckResponse response = response_of(status);
    grpc_health_v1_health_reply_check(call, &response);
}

/* One service of the answer of List, with what it points to. */
struct listed {
    Grpc__Health__V1__HealthListResponse__StatusesEntry entry;
    Grpc__Health__V1__HealthCheckResponse response;
};

/* False: there is no memory. */
static bool list_services(const struct health *health, struct nx_arena *arena,
                          Grpc__Health__V1__HealthListResponse *list)
{
    struct listed *listed = nx_arena_calloc(arena, health->service_count, sizeof *listed);
    list->statuses = nx_arena_calloc(arena, health->service_count, sizeof *list->statuses);
    if (!listed || !list->statuses)
        return false;
    for (const struct service *service = health->services; service; service = service->next) {
        struct listed *one = &listed[list->n_statuses];
        one->response = response_of(health->is_shut_down ? HEALTH_NOT_SERVING : service->status);
        grpc__health__v1__health_list_response__statuses_entry__init(&one->entry);
        one->entry.key = (char *)service->name;
        one->entry.value = &one->response;
        list->statuses[list->n_statuses++] = &one->entry;
    }
    return true;
}

static void list(void *context, struct wire_call *call,
                 const Grpc__Health__V1__HealthListRequest *request)
{
    (void)request;
    struct health *health = context;
    Grpc__Health__V1__HealthListResponse response = GRPC__HEALTH__V1__HEALTH_LIST_RESPONSE__INIT;
    pthread_mutex_lock(&health->mutex);
    bool listed = list_services(health, wire_call_arena(call), &response);
    pthread_mutex_unlock(&health->mutex);
    if (listed)
        grpc_health_v1_health_reply_list(call, &response);
    else
        wire_call_fail(call, nx_fail_memory());
}

static void watch(void *context, struct wire_call *call,
                  const Grpc__Health__V1__HealthCheckRequest *request)
{
    struct health *health = context;
    struct nx_arena *arena = wire_call_arena(call);
    struct watcher *watcher = nx_arena_calloc(arena, 1, sizeof *watcher);
    if (!watcher) {
        wire_call_fail(call, nx_fail_memory());
        return;
    }
    if (strlen(request->service) > HEALTH_MAX_NAME_BYTES) {
        wire_call_fail(
            call, nx_fail_field(arena, "service", "has at most %d bytes", HEALTH_MAX_NAME_BYTES));
        return;
    }
    watcher->health = health;
    watcher->call = call;
    watcher->service = request->service;
    pthread_mutex_lock(&health->mutex);
    bool is_full = health->watcher_count >= health->max_watchers;
    if (!is_full)
        begin(health, watcher);
    pthread_mutex_unlock(&health->mutex);
    if (is_full)
        wire_call_fail(call, nx_fail_reason(arena, NX_RESOURCE_EXHAUSTED, "TOO_MANY_WATCHERS",
                                            "the server has as many watchers as it takes"));
}

static const struct grpc_health_v1_health_server methods = {
    .check = check,
    .list = list,
    .watch = watch,
};

/* --- The registry --- */

nx_status health_new(const struct health_options *options, struct health **ret_health)
{
    struct health *health = calloc(1, sizeof *health);
    struct nx_arena *arena = nx_arena_new(MAX_REGISTRY_BYTES);
    if (!health || !arena) {
        nx_arena_destroy(arena);
        free(health);
        return nx_fail_memory();
    }
    *health = (struct health){
        .arena = arena,
        .max_watchers = options && options->max_watchers ? options->max_watchers : DEFAULT_WATCHERS,
        .end = &health->services,
    };
    pthread_mutex_init(&health->mutex, NULL);
    *ret_health = health;
    return NX_STATUS_OK;
}

void health_destroy(struct health *health)
{
    if (!health)
        return;
    pthread_mutex_destroy(&health->mutex);
    nx_arena_destroy(health->arena);
    free(health);
}

nx_status health_serve(struct health *health, struct wire_server *server)
{
    return grpc_health_v1_health_serve(server, &methods, health);
}

static nx_status add(struct health *health, const char *name, enum health_status status)
{
    struct service *service = nx_arena_calloc(health->arena, 1, sizeof *service);
    char *copy = nx_arena_strdup(health->arena, nx_str_from(name));
    if (!service || !copy)
        return nx_fail_memory();
    service->name = copy;
    service->status = status;
    *health->end = service;
    health->end = &service->next;
    health->service_count++;
    return NX_STATUS_OK;
}

nx_status health_add(struct health *health, const char *service, enum health_status status)
{
    static const struct nx_error too_long = {.message = "the name of a service is too long"};
    if (strlen(service) > HEALTH_MAX_NAME_BYTES)
        return (nx_status){NX_INVALID_ARGUMENT, &too_long};
    nx_status added = NX_STATUS_OK;
    pthread_mutex_lock(&health->mutex);
    struct service *known = find(health, service);
    if (known)
        known->status = status;
    else
        added = add(health, service, status);
    tell_all(health);
    pthread_mutex_unlock(&health->mutex);
    return added;
}

void health_set(struct health *health, const char *service, enum health_status status)
{
    pthread_mutex_lock(&health->mutex);
    struct service *known = find(health, service);
    if (known && known->status != status) {
        known->status = status;
        tell_all(health);
    }
    pthread_mutex_unlock(&health->mutex);
}

void health_shut_down(struct health *health)
{
    pthread_mutex_lock(&health->mutex);
    if (!health->is_shut_down) {
        health->is_shut_down = true;
        tell_all(health);
    }
    pthread_mutex_unlock(&health->mutex);
}
