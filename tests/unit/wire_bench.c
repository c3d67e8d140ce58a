#include "wire_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void serve_echo(void *context, struct wire_call *call, const Echo *request)
{
    (void)context;
    nexus_test_v1_echo_service_reply_echo(call, request);
}

static void serve_fail(void *context, struct wire_call *call,
                       const Nexus__Test__V1__FailRequest *request)
{
    (void)context;
    struct nx_violation violation = {.field = request->field, .description = request->message};
    struct nx_error error = {.message = request->message,
                             .reason = "TOLD_TO",
                             .violations = *request->field ? &violation : NULL,
                             .retry_after_ms = 1500};
    wire_call_fail(call, (nx_status){(enum nx_code)request->code, &error});
}

void bench_count(struct bench *bench, size_t *count)
{
    pthread_mutex_lock(&bench->mutex);
    (*count)++;
    pthread_cond_broadcast(&bench->changed);
    pthread_mutex_unlock(&bench->mutex);
}

static void on_cancelled(void *arg)
{
    struct bench *bench = arg;
    bench_count(bench, &bench->cancelled);
}

static void serve_wait(void *context, struct wire_call *call, const Echo *request)
{
    (void)request;
    struct bench *bench = context;
    wire_call_on_cancel(call, on_cancelled, bench);
    pthread_mutex_lock(&bench->mutex);
    bench->waiting[bench->waiting_count++] = call;
    pthread_cond_broadcast(&bench->changed);
    pthread_mutex_unlock(&bench->mutex);
}

/* --- Streams: each with its state in the call's arena --- */

struct stream {
    struct bench *bench;
    struct wire_call *call;
    Echo message;
    int64_t left;
    char text[256];
};

static struct stream *begin_stream(struct bench *bench, struct wire_call *call)
{
    struct stream *stream = nx_arena_calloc(wire_call_arena(call), 1, sizeof *stream);
    assert_non_null(stream);
    stream->bench = bench;
    stream->call = call;
    nexus__test__v1__echo_message__init(&stream->message);
    return stream;
}

/* Whether there is a message; else the call is answered, or about to be. */
static bool is_message(struct stream *stream, nx_status status, const Echo *message)
{
    struct bench *bench = stream->bench;
    if (message) {
        bench_count(bench, &bench->received);
        return true;
    }
    if (status.code != NX_OK) {
        pthread_mutex_lock(&bench->mutex);
        bench->last = status.code;
        pthread_mutex_unlock(&bench->mutex);
        wire_call_fail(stream->call, status);
        bench_count(bench, &bench->cancelled);
        return false;
    }
    bench_count(bench, &bench->half_closed);
    return false;
}

static void on_summand(void *arg, nx_status status, const Echo *message)
{
    struct stream *stream = arg;
    if (is_message(stream, status, message)) {
        stream->message.number += message->number;
        size_t used = strlen(stream->text);
        snprintf(stream->text + used, sizeof stream->text - used, "%s", message->text);
        nexus_test_v1_echo_service_receive_sum(stream->call, on_summand, stream);
    } else if (status.code == NX_OK) {
        stream->message.text = stream->text;
        nexus_test_v1_echo_service_reply_sum(stream->call, &stream->message);
    }
}

static void serve_sum(void *context, struct wire_call *call)
{
    nexus_test_v1_echo_service_receive_sum(call, on_summand, begin_stream(context, call));
}

static void send_next(void *arg, bool ok)
{
    struct stream *stream = arg;
    bench_count(stream->bench, &stream->bench->sent);
    if (!ok) {
        bench_count(stream->bench, &stream->bench->not_sent);
        wire_call_fail(stream->call, nx_fail(wire_call_arena(stream->call), NX_CANCELLED, "gone"));
        return;
    }
    stream->message.number++;
    bool is_last = --stream->left == 0;
    nexus_test_v1_echo_service_send_count(stream->call, &stream->message,
                                          is_last ? NULL : send_next, stream);
    if (is_last)
        wire_call_finish(stream->call);
}

static void serve_count(void *context, struct wire_call *call, const Echo *request)
{
    struct stream *stream = begin_stream(context, call);
    wire_call_on_cancel(call, on_cancelled, stream->bench);
    if (request->number <= 0) {
        wire_call_finish(call);
        return;
    }
    stream->left = request->number;
    stream->message.text = request->text;
    stream->message.data = request->data;
    send_next(stream, true);
}

static void on_chat(void *arg, nx_status status, const Echo *message);

static void chat_on(void *arg, bool ok)
{
    struct stream *stream = arg;
    (void)ok; /* the next receive tells */
    if (!stream->bench->chat_holds)
        nexus_test_v1_echo_service_receive_chat(stream->call, on_chat, stream);
}

static void on_chat(void *arg, nx_status status, const Echo *message)
{
    struct stream *stream = arg;
    if (is_message(stream, status, message))
        nexus_test_v1_echo_service_send_chat(stream->call, message, chat_on, stream);
    else if (status.code == NX_OK)
        wire_call_finish(stream->call);
}

static void serve_chat(void *context, struct wire_call *call)
{
    struct stream *stream = begin_stream(context, call);
    struct nx_str value;
    size_t i = 0;
    for (struct nx_str key; wire_call_metadata_at(call, i, &key, &value); i++) {
        if (nx_str_equal(key, NX_STR("x-sent")))
            assert_int_equal(wire_call_add_initial(call, "x-initial", value).code, NX_OK);
        if (nx_str_equal(key, NX_STR("x-sent-bin")))
            assert_int_equal(wire_call_add_trailing(call, "x-trailing-bin", value).code, NX_OK);
    }
    wire_call_send_initial(call);
    nexus_test_v1_echo_service_receive_chat(call, on_chat, stream);
}

const struct nexus_test_v1_echo_service_server bench_service = {
    .echo = serve_echo,
    .fail = serve_fail,
    .wait = serve_wait,
    .sum = serve_sum,
    .count = serve_count,
    .chat = serve_chat,
};

static struct timespec bench_timeout(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += TIMEOUT_S;
    return until;
}

void bench_wait_for(struct bench *bench, const size_t *count, size_t number)
{
    struct timespec until = bench_timeout();
    pthread_mutex_lock(&bench->mutex);
    while (*count < number)
        assert_int_equal(pthread_cond_timedwait(&bench->changed, &bench->mutex, &until), 0);
    pthread_mutex_unlock(&bench->mutex);
}

enum nx_code bench_last(struct bench *bench)
{
    pthread_mutex_lock(&bench->mutex);
    enum nx_code last = bench->last;
    pthread_mutex_unlock(&bench->mutex);
    return last;
}

void bench_answer_waiting(struct bench *bench)
{
    Echo message = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    message.text = (char *)"at last";
    pthread_mutex_lock(&bench->mutex);
    for (size_t i = 0; i < bench->waiting_count; i++)
        nexus_test_v1_echo_service_reply_wait(bench->waiting[i], &message);
    bench->waiting_count = 0;
    pthread_mutex_unlock(&bench->mutex);
}

struct bench *bench_new(struct wire_server_options options)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct nx_arena *arena = nx_arena_new(4096);
    pthread_mutex_init(&bench->mutex, NULL);
    pthread_cond_init(&bench->changed, NULL);
    const char *address = "127.0.0.1:0";
    options.addresses = &address;
    options.address_count = 1;
    assert_int_equal(wire_server_new(&options, &bench->server).code, NX_OK);
    assert_int_equal(nexus_test_v1_echo_service_serve(bench->server, &bench_service, bench).code,
                     NX_OK);
    assert_int_equal(wire_server_start(bench->server, arena).code, NX_OK);
    snprintf(bench->target, sizeof bench->target, "127.0.0.1:%d",
             wire_server_port(bench->server, 0));
    const struct wire_client_options client = {
        .target = bench->target, .channels = 2, .threads = 2};
    assert_int_equal(wire_client_new(&client, &bench->client).code, NX_OK);
    nx_arena_destroy(arena);
    return bench;
}

void bench_free(struct bench *bench)
{
    wire_client_destroy(bench->client);
    bench_answer_waiting(bench);
    wire_server_destroy(bench->server);
    pthread_cond_destroy(&bench->changed);
    pthread_mutex_destroy(&bench->mutex);
    free(bench);
}

void outcome_done(void *arg, nx_status status, const ProtobufCMessage *response)
{
    struct outcome *outcome = arg;
    pthread_mutex_lock(&outcome->bench->mutex);
    outcome->status = status;
    outcome->response = response;
    outcome->done++;
    pthread_cond_broadcast(&outcome->bench->changed);
    pthread_mutex_unlock(&outcome->bench->mutex);
}

struct outcome outcome_of(struct bench *bench)
{
    return (struct outcome){.bench = bench, .arena = nx_arena_new((size_t)32 << 20)};
}

void outcome_wait(struct outcome *outcome)
{
    bench_wait_for(outcome->bench, &outcome->done, 1);
}

const struct wire_method *bench_method(const char *name)
{
    const struct wire_service *service = &nexus_test_v1_echo_service;
    for (size_t i = 0; i < service->method_count; i++) {
        if (strcmp(service->methods[i].name, name) == 0)
            return &service->methods[i];
    }
    fail_msg("no method %s", name);
    return NULL;
}

struct outcome bench_call(struct bench *bench, const struct wire_method *of,
                          const ProtobufCMessage *request, const struct wire_call_options *options)
{
    struct outcome outcome = outcome_of(bench);
    wire_client_release(wire_client_unary(bench->client, of, request, options, outcome.arena,
                                          outcome_done, &outcome));
    outcome_wait(&outcome);
    return outcome;
}
