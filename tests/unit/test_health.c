/* grpc.health.v1 over loopback: what is asked, what is watched, and how it ends. */
#include "health.h"
#include "nx_clock.h"
#include "wire_client.h"

#include "grpc/health/v1/health.nexus.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define TIMEOUT_S 20
#define ORDERS "acme.v1.Orders"

typedef Grpc__Health__V1__HealthCheckResponse Response;

struct bench {
    struct health *health;
    struct wire_server *server;
    struct wire_client *client;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

/* A call of Watch, and all that it was told. */
struct watch {
    struct bench *bench;
    struct nx_arena *arena;
    struct wire_client_call *call;
    size_t told;    /* how often */
    size_t repeats; /* of these, how often the same as before */
    size_t ended;
    enum nx_code code;
    int last;
    bool holds; /* does not read on */
};

static void count(struct bench *bench, size_t *number)
{
    pthread_mutex_lock(&bench->mutex);
    (*number)++;
    pthread_cond_broadcast(&bench->changed);
    pthread_mutex_unlock(&bench->mutex);
}

static void wait_locked(struct bench *bench)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += TIMEOUT_S;
    assert_int_equal(pthread_cond_timedwait(&bench->changed, &bench->mutex, &until), 0);
}

static void wait_for(struct bench *bench, const size_t *number, size_t least)
{
    pthread_mutex_lock(&bench->mutex);
    while (*number < least)
        wait_locked(bench);
    pthread_mutex_unlock(&bench->mutex);
}

/* A copy of what is known of a watch now. */
static struct watch seen(struct watch *watch)
{
    pthread_mutex_lock(&watch->bench->mutex);
    struct watch copy = *watch;
    pthread_mutex_unlock(&watch->bench->mutex);
    return copy;
}

static void wait_for_status(struct watch *watch, int status)
{
    pthread_mutex_lock(&watch->bench->mutex);
    while (watch->last != status)
        wait_locked(watch->bench);
    pthread_mutex_unlock(&watch->bench->mutex);
}

static struct bench *bench_new(const struct health_options *options)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct nx_arena *arena = nx_arena_new(4096);
    const char *address = "127.0.0.1:0";
    const struct wire_server_options server = {
        .addresses = &address, .address_count = 1, .shards = 2};
    char target[64];
    pthread_mutex_init(&bench->mutex, NULL);
    pthread_cond_init(&bench->changed, NULL);
    assert_int_equal(health_new(options, &bench->health).code, NX_OK);
    assert_int_equal(health_add(bench->health, "", HEALTH_SERVING).code, NX_OK);
    assert_int_equal(health_add(bench->health, ORDERS, HEALTH_NOT_SERVING).code, NX_OK);
    assert_int_equal(wire_server_new(&server, &bench->server).code, NX_OK);
    assert_int_equal(health_serve(bench->health, bench->server).code, NX_OK);
    assert_int_equal(wire_server_start(bench->server, arena).code, NX_OK);
    snprintf(target, sizeof target, "127.0.0.1:%d", wire_server_port(bench->server, 0));
    const struct wire_client_options client = {.target = target, .channels = 2, .threads = 2};
    assert_int_equal(wire_client_new(&client, &bench->client).code, NX_OK);
    nx_arena_destroy(arena);
    return bench;
}

static void bench_free(struct bench *bench)
{
    wire_client_destroy(bench->client);
    wire_server_destroy(bench->server);
    health_destroy(bench->health);
    pthread_cond_destroy(&bench->changed);
    pthread_mutex_destroy(&bench->mutex);
    free(bench);
}

static void on_told(void *arg, const Response *response)
{
    struct watch *watch = arg;
    if (!response)
        return;
    pthread_mutex_lock(&watch->bench->mutex);
    watch->repeats += watch->last == (int)response->status;
    watch->last = (int)response->status;
    watch->told++;
    bool holds = watch->holds;
    pthread_cond_broadcast(&watch->bench->changed);
    pthread_mutex_unlock(&watch->bench->mutex);
    if (!holds)
        grpc_health_v1_health_watch_receive(watch->call, on_told, watch);
}

static void on_ended(void *arg, nx_status status)
{
    struct watch *watch = arg;
    pthread_mutex_lock(&watch->bench->mutex);
    watch->code = status.code;
    watch->ended++;
    pthread_cond_broadcast(&watch->bench->changed);
    pthread_mutex_unlock(&watch->bench->mutex);
}

static struct watch *watch_new(struct bench *bench, const char *service, bool holds)
{
    struct watch *watch = calloc(1, sizeof *watch);
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    request.service = (char *)service;
    watch->bench = bench;
    watch->arena = nx_arena_new((size_t)1 << 20);
    watch->last = -1;
    watch->holds = holds;
    watch->call =
        grpc_health_v1_health_watch(bench->client, &request, NULL, watch->arena, on_ended, watch);
    assert_non_null(watch->call);
    grpc_health_v1_health_watch_receive(watch->call, on_told, watch);
    return watch;
}

/* Cancels the watch unless it has ended. Returns how it ended. */
static enum nx_code watch_free(struct watch *watch)
{
    wire_client_cancel(watch->call);
    wait_for(watch->bench, &watch->ended, 1);
    enum nx_code code = watch->code;
    wire_client_release(watch->call);
    nx_arena_destroy(watch->arena);
    free(watch);
    return code;
}

/* What a unary call was answered. */
struct answer {
    struct bench *bench;
    size_t done;
    enum nx_code code;
    int status;
    char listed[256];
};

static void on_checked(void *arg, nx_status status, const Response *response)
{
    struct answer *answer = arg;
    answer->code = status.code;
    answer->status = response ? (int)response->status : -1;
    count(answer->bench, &answer->done);
}

static struct answer check(struct bench *bench, const char *service)
{
    struct answer answer = {.bench = bench};
    struct nx_arena *arena = nx_arena_new((size_t)1 << 20);
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    request.service = (char *)service;
    wire_client_release(
        grpc_health_v1_health_check(bench->client, &request, NULL, arena, on_checked, &answer));
    wait_for(bench, &answer.done, 1);
    nx_arena_destroy(arena);
    return answer;
}

static void on_listed(void *arg, nx_status status,
                      const Grpc__Health__V1__HealthListResponse *response)
{
    struct answer *answer = arg;
    answer->code = status.code;
    for (size_t i = 0; response && i < response->n_statuses; i++) {
        size_t used = strlen(answer->listed);
        snprintf(answer->listed + used, sizeof answer->listed - used, "%s=%d ",
                 response->statuses[i]->key, (int)response->statuses[i]->value->status);
    }
    count(answer->bench, &answer->done);
}

static struct answer list(struct bench *bench)
{
    struct answer answer = {.bench = bench};
    struct nx_arena *arena = nx_arena_new((size_t)1 << 20);
    const Grpc__Health__V1__HealthListRequest request = GRPC__HEALTH__V1__HEALTH_LIST_REQUEST__INIT;
    wire_client_release(
        grpc_health_v1_health_list(bench->client, &request, NULL, arena, on_listed, &answer));
    wait_for(bench, &answer.done, 1);
    nx_arena_destroy(arena);
    return answer;
}

/* --- Tests --- */

static void test_health__check_and_list_tell_what_is_set(void **state)
{
    (void)state;
    struct bench *bench = bench_new(NULL);
    assert_int_equal(check(bench, "").status, HEALTH_SERVING);
    assert_int_equal(check(bench, ORDERS).status, HEALTH_NOT_SERVING);
    assert_int_equal(check(bench, "acme.v1.Other").code, NX_NOT_FOUND);
    assert_string_equal(list(bench).listed, "=1 " ORDERS "=2 ");
    health_set(bench->health, ORDERS, HEALTH_SERVING);
    health_set(bench->health, "acme.v1.Other", HEALTH_SERVING); /* was not added */
    assert_int_equal(check(bench, ORDERS).status, HEALTH_SERVING);
    assert_int_equal(check(bench, "acme.v1.Other").code, NX_NOT_FOUND);
    assert_int_equal(health_add(bench->health, ORDERS, HEALTH_UNKNOWN).code, NX_OK);
    assert_string_equal(list(bench).listed, "=1 " ORDERS "=0 ");
    bench_free(bench);
}

static void test_health__names_are_bounded(void **state)
{
    (void)state;
    struct bench *bench = bench_new(NULL);
    char *name = calloc(1, HEALTH_MAX_NAME_BYTES + 2);
    memset(name, 'n', HEALTH_MAX_NAME_BYTES + 1);
    assert_int_equal(health_add(bench->health, name, HEALTH_SERVING).code, NX_INVALID_ARGUMENT);
    assert_int_equal(check(bench, name).code, NX_NOT_FOUND);
    struct watch *watch = watch_new(bench, name, false);
    wait_for(bench, &watch->ended, 1);
    assert_int_equal(watch_free(watch), NX_INVALID_ARGUMENT);
    name[HEALTH_MAX_NAME_BYTES] = '\0';
    size_t added = 0;
    nx_status status = NX_STATUS_OK;
    while (status.code == NX_OK && added < 10000) {
        snprintf(name, 9, "%08zu", added++);
        name[8] = 'n';
        status = health_add(bench->health, name, HEALTH_SERVING);
    }
    assert_int_equal(status.code, NX_RESOURCE_EXHAUSTED);
    assert_int_equal(check(bench, "").status, HEALTH_SERVING);
    free(name);
    bench_free(bench);
}

static void test_health__a_watcher_is_told_now_and_each_change(void **state)
{
    (void)state;
    struct bench *bench = bench_new(NULL);
    struct watch *watch = watch_new(bench, ORDERS, false);
    struct watch *other = watch_new(bench, "", false);
    wait_for(bench, &watch->told, 1);
    wait_for(bench, &other->told, 1);
    assert_int_equal(seen(watch).last, HEALTH_NOT_SERVING);
    for (size_t i = 0; i < 50; i++) {
        int status = i % 2 ? HEALTH_NOT_SERVING : HEALTH_SERVING;
        health_set(bench->health, ORDERS, (enum health_status)status);
        health_set(bench->health, ORDERS, (enum health_status)status);
        wait_for(bench, &watch->told, i + 2);
        assert_int_equal(seen(watch).last, status);
    }
    assert_int_equal(seen(watch).told, 51);
    assert_int_equal(seen(other).told, 1);
    assert_int_equal(watch_free(watch), NX_CANCELLED);
    assert_int_equal(watch_free(other), NX_CANCELLED);
    bench_free(bench);
}

static void test_health__a_service_can_become_known_while_it_is_watched(void **state)
{
    (void)state;
    struct bench *bench = bench_new(NULL);
    struct watch *watch = watch_new(bench, "acme.v1.Late", false);
    wait_for(bench, &watch->told, 1);
    assert_int_equal(seen(watch).last, HEALTH_SERVICE_UNKNOWN);
    assert_int_equal(health_add(bench->health, "acme.v1.Late", HEALTH_SERVING).code, NX_OK);
    wait_for(bench, &watch->told, 2);
    assert_int_equal(seen(watch).last, HEALTH_SERVING);
    assert_int_equal(watch_free(watch), NX_CANCELLED);
    bench_free(bench);
}

/* Many more changes than its window takes, while the client does not read. */
static void test_health__a_slow_reader_is_told_the_newest_only(void **state)
{
    (void)state;
    enum { CHANGES = 200000 };
    struct bench *bench = bench_new(NULL);
    struct watch *watch = watch_new(bench, ORDERS, true);
    wait_for(bench, &watch->told, 1);
    for (size_t i = 0; i < CHANGES; i++)
        health_set(bench->health, ORDERS, i % 2 ? HEALTH_NOT_SERVING : HEALTH_SERVING);
    health_set(bench->health, ORDERS, HEALTH_UNKNOWN);
    assert_int_equal(seen(watch).told, 1);
    pthread_mutex_lock(&bench->mutex);
    watch->holds = false;
    pthread_mutex_unlock(&bench->mutex);
    assert_true(grpc_health_v1_health_watch_receive(watch->call, on_told, watch));
    wait_for_status(watch, HEALTH_UNKNOWN);
    assert_int_equal(seen(watch).repeats, 0);
    assert_true(seen(watch).told < CHANGES / 2);
    assert_int_equal(watch_free(watch), NX_CANCELLED);
    bench_free(bench);
}

static void test_health__watchers_are_counted(void **state)
{
    (void)state;
    const struct health_options options = {.max_watchers = 2};
    struct bench *bench = bench_new(&options);
    struct watch *first = watch_new(bench, "", false);
    struct watch *second = watch_new(bench, "no.such.Service", false);
    wait_for(bench, &first->told, 1);
    wait_for(bench, &second->told, 1);
    struct watch *third = watch_new(bench, "", false);
    wait_for(bench, &third->ended, 1);
    assert_int_equal(watch_free(third), NX_RESOURCE_EXHAUSTED);
    assert_int_equal(watch_free(first), NX_CANCELLED);
    /* The server learns of it when it does. */
    int64_t give_up_ns = nx_clock_monotonic_ns() + (int64_t)TIMEOUT_S * 1000000000;
    for (size_t told = 0; told == 0;) {
        assert_true(nx_clock_monotonic_ns() < give_up_ns);
        struct watch *again = watch_new(bench, "", false);
        pthread_mutex_lock(&bench->mutex);
        while (again->told == 0 && again->ended == 0)
            wait_locked(bench);
        told = again->told;
        pthread_mutex_unlock(&bench->mutex);
        watch_free(again);
    }
    assert_int_equal(watch_free(second), NX_CANCELLED);
    bench_free(bench);
}

static void test_health__shut_down_tells_watchers_and_ends_them(void **state)
{
    (void)state;
    struct bench *bench = bench_new(NULL);
    struct watch *serving = watch_new(bench, "", false);
    struct watch *not_serving = watch_new(bench, ORDERS, false);
    struct watch *unknown = watch_new(bench, "no.such.Service", false);
    wait_for(bench, &serving->told, 1);
    wait_for(bench, &not_serving->told, 1);
    wait_for(bench, &unknown->told, 1);
    health_shut_down(bench->health);
    health_shut_down(bench->health);
    health_set(bench->health, "", HEALTH_SERVING);
    wait_for(bench, &serving->ended, 1);
    wait_for(bench, &not_serving->ended, 1);
    wait_for(bench, &unknown->ended, 1);
    assert_int_equal(seen(serving).told, 2);
    assert_int_equal(seen(serving).last, HEALTH_NOT_SERVING);
    assert_int_equal(seen(not_serving).told, 1);
    assert_int_equal(watch_free(serving), NX_UNAVAILABLE);
    assert_int_equal(watch_free(not_serving), NX_UNAVAILABLE);
    assert_int_equal(watch_free(unknown), NX_UNAVAILABLE);
    assert_int_equal(check(bench, "").status, HEALTH_NOT_SERVING);
    assert_string_equal(list(bench).listed, "=2 " ORDERS "=2 ");
    struct watch *late = watch_new(bench, "", false);
    wait_for(bench, &late->ended, 1);
    assert_int_equal(seen(late).last, HEALTH_NOT_SERVING);
    assert_int_equal(watch_free(late), NX_UNAVAILABLE);
    bench_free(bench);
}

static void test_health__watchers_do_not_hold_up_a_drain(void **state)
{
    (void)state;
    struct bench *bench = bench_new(NULL);
    struct watch *watches[20];
    for (size_t i = 0; i < 20; i++) {
        watches[i] = watch_new(bench, i % 2 ? "" : ORDERS, false);
        wait_for(bench, &watches[i]->told, 1);
    }
    int64_t from_ns = nx_clock_monotonic_ns();
    health_shut_down(bench->health);
    wire_server_drain(bench->server, 20000);
    assert_true(nx_clock_monotonic_ns() - from_ns < INT64_C(10000000000));
    for (size_t i = 0; i < 20; i++) {
        wait_for(bench, &watches[i]->ended, 1);
        assert_int_equal(watch_free(watches[i]), NX_UNAVAILABLE);
    }
    bench_free(bench);
}

static void test_health__a_drain_without_a_word_cancels_watchers(void **state)
{
    (void)state;
    struct bench *bench = bench_new(NULL);
    struct watch *watch = watch_new(bench, "", false);
    wait_for(bench, &watch->told, 1);
    wire_server_drain(bench->server, 0);
    wait_for(bench, &watch->ended, 1);
    assert_int_not_equal(watch_free(watch), NX_OK);
    health_set(bench->health, "", HEALTH_NOT_SERVING); /* nobody is left to be told */
    bench_free(bench);
}

static void *flip(void *arg)
{
    struct bench *bench = arg;
    for (int i = 0; i < 2000; i++)
        health_set(bench->health, i % 3 ? "" : ORDERS, i % 2 ? HEALTH_SERVING : HEALTH_NOT_SERVING);
    return NULL;
}

static void test_health__changes_come_from_any_thread_while_watchers_come_and_go(void **state)
{
    (void)state;
    struct bench *bench = bench_new(NULL);
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, flip, bench), 0);
    for (size_t i = 0; i < 60; i++) {
        struct watch *watch = watch_new(bench, i % 2 ? "" : ORDERS, i % 3 == 0);
        if (i % 4)
            wait_for(bench, &watch->told, 1);
        assert_int_equal(watch_free(watch), NX_CANCELLED);
    }
    struct watch *last = watch_new(bench, "", false);
    for (size_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    health_shut_down(bench->health);
    wait_for(bench, &last->ended, 1);
    assert_int_equal(seen(last).repeats, 0);
    assert_int_equal(seen(last).last, HEALTH_NOT_SERVING);
    assert_int_equal(watch_free(last), NX_UNAVAILABLE);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health__check_and_list_tell_what_is_set),
        cmocka_unit_test(test_health__names_are_bounded),
        cmocka_unit_test(test_health__a_watcher_is_told_now_and_each_change),
        cmocka_unit_test(test_health__a_service_can_become_known_while_it_is_watched),
        cmocka_unit_test(test_health__a_slow_reader_is_told_the_newest_only),
        cmocka_unit_test(test_health__watchers_are_counted),
        cmocka_unit_test(test_health__shut_down_tells_watchers_and_ends_them),
        cmocka_unit_test(test_health__watchers_do_not_hold_up_a_drain),
        cmocka_unit_test(test_health__a_drain_without_a_word_cancels_watchers),
        cmocka_unit_test(test_health__changes_come_from_any_thread_while_watchers_come_and_go),
    };
    return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
