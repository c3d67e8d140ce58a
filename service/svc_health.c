#include "svc_health.h"

#include "health.h"
#include "nx_clock.h"
#include "nx_log.h"
#include "refl.h"

#include "grpc/health/v1/health.nexus.h"
#include "nexus/catalog/v1/catalog_service.nexus.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_MS INT64_C(1000000)
#define PERIOD_NS (250 * NS_PER_MS)
#define LATE_NS (2000 * NS_PER_MS)
#define ARENA_BYTES ((size_t)64 << 10)

/* A store, and what it last answered. */
struct probe {
    struct svc_health *health;
    struct store *store;
    struct nx_arena *arena; /* of the op */
    struct store_op op;
    int64_t asked_at_ns;
    bool is_under_way;
    bool is_good;
};

struct svc_health {
    struct svc *svc;
    struct probe *probes; /* one for each store */
    pthread_t thread;
    bool is_running;
    pthread_mutex_t mutex; /* guards what follows, and the probes */
    pthread_cond_t changed;
    bool is_stopping;
};

/* A store that has more to do than it takes says nothing about the database. */
static void on_version(struct store_op *op)
{
    struct probe *probe = op->context;
    struct svc_health *health = probe->health;
    pthread_mutex_lock(&health->mutex);
    probe->is_under_way = false;
    if (op->status.code != NX_RESOURCE_EXHAUSTED)
        probe->is_good = op->status.code == NX_OK && op->rows.count == 1 &&
                         store_int4(&op->rows, 0, 0) == health->svc->schema_version;
    pthread_cond_signal(&health->changed);
    pthread_mutex_unlock(&health->mutex);
}

static void ask(struct probe *probe, int64_t now_ns)
{
    probe->asked_at_ns = now_ns;
    probe->is_under_way = true;
    nx_arena_reset(probe->arena);
    store_op_init(&probe->op, probe->arena, now_ns + LATE_NS, STORE_READ, on_version, probe);
    store_op_step(&probe->op, STORE_SQL_SCHEMA_VERSION);
    store_submit(probe->store, &probe->op);
}

/* Whether a store can serve now; asks it again when that is due. */
static bool look_at(struct probe *probe, int64_t now_ns)
{
    if (!store_is_ready(probe->store) ||
        (probe->is_under_way && now_ns >= probe->asked_at_ns + LATE_NS))
        probe->is_good = false;
    if (!probe->is_under_way && now_ns >= probe->asked_at_ns + PERIOD_NS)
        ask(probe, now_ns);
    return probe->is_good;
}

static bool look(struct svc_health *health, int64_t now_ns)
{
    bool all_good = true;
    for (unsigned i = 0; i < health->svc->shard_count; i++)
        all_good = look_at(&health->probes[i], now_ns) && all_good;
    return all_good;
}

static void tell(const struct svc_health *health, bool is_serving)
{
    enum health_status status = is_serving ? HEALTH_SERVING : HEALTH_NOT_SERVING;
    health_set(health->svc->health, "", status);
    health_set(health->svc->health, nexus_catalog_v1_catalog_service.name, status);
    nx_log(is_serving ? NX_LOG_INFO : NX_LOG_WARN, "health", "status",
           is_serving ? "SERVING" : "NOT_SERVING", NULL);
}

static void *run(void *arg)
{
    struct svc_health *health = arg;
    bool was_serving = false;
    pthread_mutex_lock(&health->mutex);
    while (!health->is_stopping) {
        int64_t now_ns = nx_clock_monotonic_ns();
        bool is_serving = look(health, now_ns);
        if (is_serving != was_serving)
            tell(health, is_serving);
        was_serving = is_serving;
        int64_t next_ns = now_ns + PERIOD_NS;
        const struct timespec until = {next_ns / 1000000000, next_ns % 1000000000};
        pthread_cond_timedwait(&health->changed, &health->mutex, &until);
    }
    pthread_mutex_unlock(&health->mutex);
    return NULL;
}

static nx_status add_services(struct svc *svc)
{
    NX_TRY(health_add(svc->health, "", HEALTH_NOT_SERVING));
    NX_TRY(health_add(svc->health, nexus_catalog_v1_catalog_service.name, HEALTH_NOT_SERVING));
    NX_TRY(health_add(svc->health, grpc_health_v1_health.name, HEALTH_SERVING));
    if (!svc->reflection)
        return NX_STATUS_OK;
    NX_TRY(health_add(svc->health, REFL_V1, HEALTH_SERVING));
    return health_add(svc->health, REFL_V1ALPHA, HEALTH_SERVING);
}

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

static bool init_probes(struct svc_health *health)
{
    unsigned count = health->svc->shard_count;
    health->probes = calloc(count, sizeof *health->probes);
    for (unsigned i = 0; health->probes && i < count; i++) {
        health->probes[i] = (struct probe){
            .health = health,
            .store = health->svc->stores[i],
            .arena = nx_arena_new(ARENA_BYTES),
        };
        if (!health->probes[i].arena)
            return false;
    }
    return health->probes != NULL;
}

nx_status svc_health_start(struct svc *svc, struct svc_health **ret_health)
{
    static const struct nx_error no_thread = {.message = "cannot start a thread"};
    NX_TRY(add_services(svc));
    struct svc_health *health = calloc(1, sizeof *health);
    if (!health)
        return nx_fail_memory();
    health->svc = svc;
    pthread_mutex_init(&health->mutex, NULL);
    init_condition(&health->changed);
    bool has_memory = init_probes(health);
    if (has_memory && pthread_create(&health->thread, NULL, run, health) == 0) {
        health->is_running = true;
        *ret_health = health;
        return NX_STATUS_OK;
    }
    svc_health_destroy(health);
    return has_memory ? (nx_status){NX_RESOURCE_EXHAUSTED, &no_thread} : nx_fail_memory();
}

void svc_health_stop(struct svc_health *health)
{
    if (!health || !health->is_running)
        return;
    pthread_mutex_lock(&health->mutex);
    health->is_stopping = true;
    pthread_cond_signal(&health->changed);
    pthread_mutex_unlock(&health->mutex);
    pthread_join(health->thread, NULL);
    health->is_running = false;
}

void svc_health_destroy(struct svc_health *health)
{
    if (!health)
        return;
    svc_health_stop(health);
    for (unsigned i = 0; health->probes && i < health->svc->shard_count; i++)
        nx_arena_destroy(health->probes[i].arena);
    free(health->probes);
    pthread_cond_destroy(&health->changed);
    pthread_mutex_destroy(&health->mutex);
    free(health);
}
