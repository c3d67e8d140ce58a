/* Methods that stream, over loopback: both sides, and what becomes of a call at each stage. */
#include "nx_clock.h"
#include "wire_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A call of the client that streams, and all that it was told. */
struct talk {
    struct bench *bench;
    struct nx_arena *arena;
    struct wire_client_call *call;
    size_t received; /* messages */
    size_t sent;     /* messages that have been written */
    size_t not_sent; /* messages that could not be */
    size_t no_more;  /* 1: there are no more messages */
    size_t done;
    int64_t last_number;
    size_t to_send; /* messages still to be sent, each when the one before is */
    bool holds;     /* does not read on after a message */
    nx_status status;
    Echo response;
    char text[256];
};

static struct talk *new_talk(struct bench *bench)
{
    struct talk *talk = calloc(1, sizeof *talk);
    talk->bench = bench;
    talk->arena = nx_arena_new((size_t)32 << 20);
    return talk;
}

static void free_talk(struct talk *talk)
{
    wire_client_release(talk->call);
    nx_arena_destroy(talk->arena);
    free(talk);
}

static void on_ended(void *arg, nx_status status)
{
    struct talk *talk = arg;
    talk->status = status;
    bench_count(talk->bench, &talk->done);
}

static void on_sum(void *arg, nx_status status, const Echo *response)
{
    struct talk *talk = arg;
    if (response) {
        talk->response.number = response->number;
        strncpy(talk->text, response->text, sizeof talk->text - 1);
    }
    on_ended(talk, status);
}

static void on_sent(void *arg, bool ok)
{
    struct talk *talk = arg;
    if (ok && talk->to_send > 0) {
        Echo message = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
        message.number = (int64_t)talk->to_send--;
        nexus_test_v1_echo_service_chat_send(talk->call, &message, on_sent, talk);
    }
    bench_count(talk->bench, ok ? &talk->sent : &talk->not_sent);
}

static void on_counted(void *arg, const Echo *message)
{
    struct talk *talk = arg;
    if (!message) {
        bench_count(talk->bench, &talk->no_more);
        return;
    }
    assert_true(message->number == talk->last_number + 1);
    talk->last_number = message->number;
    if (!talk->holds)
        nexus_test_v1_echo_service_count_receive(talk->call, on_counted, talk);
    bench_count(talk->bench, &talk->received);
}

static void on_chat(void *arg, const Echo *message)
{
    struct talk *talk = arg;
    if (!message) {
        bench_count(talk->bench, &talk->no_more);
        return;
    }
    talk->last_number = message->number;
    nexus_test_v1_echo_service_chat_receive(talk->call, on_chat, talk);
    bench_count(talk->bench, &talk->received);
}

static void begin_count(struct talk *talk, int64_t number, size_t bytes)
{
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    request.number = number;
    request.data.len = bytes;
    request.data.data = calloc(1, bytes + 1);
    talk->call = nexus_test_v1_echo_service_count(talk->bench->client, &request, NULL, talk->arena,
                                                  on_ended, talk);
    free(request.data.data);
    if (nexus_test_v1_echo_service_count_receive(talk->call, on_counted, talk))
        return;
    assert_true(number == 0); /* the call is over already */
    bench_count(talk->bench, &talk->no_more);
}

static void begin_chat(struct talk *talk, const struct wire_call_options *options)
{
    talk->call =
        nexus_test_v1_echo_service_chat(talk->bench->client, options, talk->arena, on_ended, talk);
    if (!nexus_test_v1_echo_service_chat_receive(talk->call, on_chat, talk))
        bench_count(talk->bench, &talk->no_more); /* it is refused already */
}

static void say(struct talk *talk, int64_t number)
{
    Echo message = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    message.number = number;
    assert_true(nexus_test_v1_echo_service_chat_send(talk->call, &message, on_sent, talk));
}

/* --- Tests --- */

static void test_wire_stream__client_streams(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    struct talk *talk = new_talk(bench);
    talk->call = nexus_test_v1_echo_service_sum(bench->client, NULL, talk->arena, on_sum, talk);
    for (size_t i = 1; i <= 20; i++) {
        Echo message = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
        message.number = (int64_t)i;
        message.text = (char *)(i % 2 ? "a" : "b");
        assert_true(nexus_test_v1_echo_service_sum_send(talk->call, &message, on_sent, talk));
        bench_wait_for(bench, &talk->sent, i);
    }
    assert_true(wire_client_half_close(talk->call));
    bench_wait_for(bench, &talk->done, 1);
    assert_int_equal(talk->status.code, NX_OK);
    assert_true(talk->response.number == 210);
    assert_string_equal(talk->text, "abababababababababab");
    assert_false(wire_client_half_close(talk->call)); /* it has ended */
    free_talk(talk);
    bench_free(bench);
}

static void test_wire_stream__client_sends_nothing(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    struct talk *talk = new_talk(bench);
    talk->call = nexus_test_v1_echo_service_sum(bench->client, NULL, talk->arena, on_sum, talk);
    wire_client_half_close(talk->call);
    bench_wait_for(bench, &talk->done, 1);
    assert_int_equal(talk->status.code, NX_OK);
    assert_true(talk->response.number == 0);
    free_talk(talk);
    bench_free(bench);
}

static void test_wire_stream__server_streams(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){.shards = 2});
    static const int64_t numbers[] = {0, 1, 2, 1000};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct talk *talk = new_talk(bench);
        begin_count(talk, numbers[i], 100);
        bench_wait_for(bench, &talk->done, 1);
        assert_int_equal(talk->status.code, NX_OK);
        assert_int_equal(talk->received, numbers[i]);
        assert_int_equal(talk->no_more, 1);
        free_talk(talk);
    }
    bench_free(bench);
}

static void test_wire_stream__both_stream_with_metadata(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    struct talk *talk = new_talk(bench);
    static const char bytes[] = {0, 1, (char)0xff, 'x'};
    const struct wire_metadata metadata[] = {{"x-sent", NX_STR("hello, world")},
                                             {"x-sent-bin", {bytes, sizeof bytes}}};
    const struct wire_call_options options = {.metadata = metadata, .metadata_count = 2};
    begin_chat(talk, &options);
    talk->to_send = 99;
    say(talk, 100);
    bench_wait_for(bench, &talk->received, 100);
    assert_true(talk->last_number == 1);
    struct nx_str value;
    assert_true(wire_client_initial(talk->call, "x-initial", &value));
    assert_true(nx_str_equal(value, NX_STR("hello, world")));
    wire_client_half_close(talk->call);
    bench_wait_for(bench, &talk->done, 1);
    assert_int_equal(talk->status.code, NX_OK);
    assert_true(wire_client_trailing(talk->call, "x-trailing-bin", &value));
    assert_true(nx_str_equal(value, (struct nx_str){bytes, sizeof bytes}));
    bench_wait_for(bench, &bench->half_closed, 1);
    free_talk(talk);
    bench_free(bench);
}

static void test_wire_stream__many_at_once_over_one_channel(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){.shards = 2});
    enum { TALKS = 50, MESSAGES = 20 };
    struct talk *talks[TALKS];
    for (size_t i = 0; i < TALKS; i++) {
        talks[i] = new_talk(bench);
        begin_chat(talks[i], NULL);
        talks[i]->to_send = MESSAGES - 1;
        say(talks[i], MESSAGES);
    }
    for (size_t i = 0; i < TALKS; i++) {
        bench_wait_for(bench, &talks[i]->received, MESSAGES);
        wire_client_half_close(talks[i]->call);
    }
    for (size_t i = 0; i < TALKS; i++) {
        bench_wait_for(bench, &talks[i]->done, 1);
        assert_int_equal(talks[i]->status.code, NX_OK);
        free_talk(talks[i]);
    }
    bench_free(bench);
}

static void test_wire_stream__client_cancels(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    size_t cancelled = 0;
    for (int said = 2; said >= 0; said--) { /* 0 last: the server sees it late, or never */
        struct talk *talk = new_talk(bench);
        begin_chat(talk, NULL);
        for (int i = 0; i < said; i++) {
            say(talk, i);
            bench_wait_for(bench, &talk->received, (size_t)i + 1);
            bench_wait_for(bench, &talk->sent, (size_t)i + 1);
        }
        if (said > 0) {
            wire_client_cancel(talk->call);
            bench_wait_for(bench, &bench->cancelled, ++cancelled);
            assert_int_equal(bench_last(bench), NX_CANCELLED);
        }
        wire_client_cancel(talk->call);
        bench_wait_for(bench, &talk->done, 1);
        assert_int_equal(talk->status.code, NX_CANCELLED);
        assert_int_equal(talk->no_more, 1);
        Echo message = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
        assert_false(nexus_test_v1_echo_service_chat_send(talk->call, &message, NULL, NULL));
        assert_false(nexus_test_v1_echo_service_chat_receive(talk->call, on_chat, talk));
        free_talk(talk);
    }
    assert_int_equal(bench->half_closed, 0);
    bench_free(bench);
}

static void test_wire_stream__deadline_passes_on_both_sides(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    struct talk *talk = new_talk(bench);
    const struct wire_call_options options = {.deadline_ns =
                                                  nx_clock_monotonic_ns() + 200 * INT64_C(1000000)};
    begin_chat(talk, &options);
    bench_wait_for(bench, &talk->done, 1);
    assert_int_equal(talk->status.code, NX_DEADLINE_EXCEEDED);
    bench_wait_for(bench, &bench->cancelled, 1);
    free_talk(talk);
    bench_free(bench);
}

/* A client that does not read holds the server up: what is on its way stays within the windows. */
static void test_wire_stream__slow_reader_holds_the_sender_up(void **state)
{
    (void)state;
    enum { BYTES = 65536, MESSAGES = 400 };
    struct bench *bench = bench_new((struct wire_server_options){0});
    struct talk *slow = new_talk(bench);
    slow->holds = true;
    begin_count(slow, MESSAGES, BYTES);
    bench_wait_for(bench, &slow->received, 1);
    struct talk *other = new_talk(bench); /* beside it, on both channels, all goes on */
    struct talk *third = new_talk(bench);
    begin_count(other, 50, 100);
    begin_count(third, 50, 100);
    bench_wait_for(bench, &other->done, 1);
    bench_wait_for(bench, &third->done, 1);
    pthread_mutex_lock(&bench->mutex);
    assert_true(bench->sent - 98 < MESSAGES / 2);
    pthread_mutex_unlock(&bench->mutex);
    slow->holds = false;
    nexus_test_v1_echo_service_count_receive(slow->call, on_counted, slow);
    bench_wait_for(bench, &slow->done, 1);
    assert_int_equal(slow->status.code, NX_OK);
    assert_int_equal(slow->received, MESSAGES);
    free_talk(slow);
    free_talk(other);
    free_talk(third);
    bench_free(bench);
}

/* A client that reads no more gets its call ended in the end: by time, or by the bytes it holds. */
static void test_wire_stream__unread_messages_are_given_up(void **state)
{
    (void)state;
    static const struct wire_server_options limits[] = {
        {.send_timeout_ms = 300},
        {.max_unsent_bytes = 100000},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct bench *bench = bench_new(limits[i]);
        struct talk *talks[2];
        for (size_t j = 0; j < 2; j++) {
            talks[j] = new_talk(bench);
            talks[j]->holds = true;
            begin_count(talks[j], 1000, 65536);
            bench_wait_for(bench, &talks[j]->received, 1);
        }
        bench_wait_for(bench, &bench->not_sent, 1);
        for (size_t j = 0; j < 2; j++)
            wire_client_cancel(talks[j]->call);
        for (size_t j = 0; j < 2; j++) {
            bench_wait_for(bench, &talks[j]->done, 1);
            free_talk(talks[j]);
        }
        bench_free(bench);
    }
}

static void test_wire_stream__streams_do_not_keep_other_calls_out(void **state)
{
    (void)state;
    struct bench *bench =
        bench_new((struct wire_server_options){.max_streaming = 2, .max_in_flight = 1});
    struct talk *talks[3];
    for (size_t i = 0; i < 3; i++) {
        talks[i] = new_talk(bench);
        begin_chat(talks[i], NULL);
        if (i == 2)
            break;
        say(talks[i], 1);
        bench_wait_for(bench, &talks[i]->received, 1);
    }
    bench_wait_for(bench, &talks[2]->done, 1);
    assert_int_equal(talks[2]->status.code, NX_RESOURCE_EXHAUSTED);
    Echo request = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    struct outcome outcome = bench_call(bench, bench_method("Echo"), &request.base, NULL);
    assert_int_equal(outcome.status.code, NX_OK);
    nx_arena_destroy(outcome.arena);
    for (size_t i = 0; i < 3; i++) {
        wire_client_half_close(talks[i]->call);
        bench_wait_for(bench, &talks[i]->done, 1);
        free_talk(talks[i]);
    }
    bench_free(bench);
}

static void test_wire_stream__message_over_the_limit_fails_the_call(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){.max_request_bytes = 8 << 20});
    struct talk *talk = new_talk(bench);
    begin_count(talk, 3, 5 << 20); /* the client takes 4 MiB */
    bench_wait_for(bench, &talk->done, 1);
    assert_int_equal(talk->status.code, NX_RESOURCE_EXHAUSTED);
    assert_int_equal(talk->received, 0);
    assert_int_equal(talk->no_more, 1);
    free_talk(talk);
    bench_free(bench);
}

static void test_wire_stream__malformed_message_is_the_implementations_to_answer(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    struct talk *talk = new_talk(bench);
    begin_chat(talk, NULL);
    Echo message = NEXUS__TEST__V1__ECHO_MESSAGE__INIT;
    message.text = (char *)"\xff is no UTF-8";
    assert_true(nexus_test_v1_echo_service_chat_send(talk->call, &message, NULL, NULL));
    bench_wait_for(bench, &talk->done, 1);
    assert_int_equal(talk->status.code, NX_INVALID_ARGUMENT);
    bench_wait_for(bench, &bench->cancelled, 1); /* the server is done with it, too */
    assert_int_equal(bench_last(bench), NX_INVALID_ARGUMENT);
    free_talk(talk);
    bench_free(bench);
}

static void test_wire_stream__nobody_implements_it(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    struct wire_method nowhere = *bench_method("Chat");
    nowhere.path = "/nexus.test.v1.NoService/Chat";
    const struct wire_method *methods[] = {bench_method("MissingChat"), &nowhere};
    for (size_t i = 0; i < 10; i++) {
        struct outcome outcome = outcome_of(bench);
        wire_client_release(wire_client_start(bench->client, methods[i % 2], NULL, NULL,
                                              outcome.arena, outcome_done, &outcome));
        outcome_wait(&outcome);
        assert_int_equal(outcome.status.code, NX_UNIMPLEMENTED);
        nx_arena_destroy(outcome.arena);
    }
    bench_free(bench);
}

/* What is left of a stream when its client, or its server, is destroyed. */
static void test_wire_stream__ends_with_its_client(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    struct talk *talk = new_talk(bench);
    begin_chat(talk, NULL);
    say(talk, 1);
    bench_wait_for(bench, &talk->received, 1);
    wire_client_destroy(bench->client);
    bench->client = NULL;
    assert_int_equal(talk->done, 1);
    assert_int_equal(talk->status.code, NX_CANCELLED);
    bench_wait_for(bench, &bench->cancelled, 1);
    free_talk(talk);
    bench_free(bench);
}

static void test_wire_stream__ends_with_its_server(void **state)
{
    (void)state;
    struct bench *bench = bench_new((struct wire_server_options){0});
    struct talk *talk = new_talk(bench);
    begin_chat(talk, NULL);
    say(talk, 1);
    bench_wait_for(bench, &talk->received, 1);
    wire_server_drain(bench->server, 50);
    bench_wait_for(bench, &talk->done, 1);
    assert_int_not_equal(talk->status.code, NX_OK);
    free_talk(talk);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_stream__client_streams),
        cmocka_unit_test(test_wire_stream__client_sends_nothing),
        cmocka_unit_test(test_wire_stream__server_streams),
        cmocka_unit_test(test_wire_stream__both_stream_with_metadata),
        cmocka_unit_test(test_wire_stream__many_at_once_over_one_channel),
        cmocka_unit_test(test_wire_stream__client_cancels),
        cmocka_unit_test(test_wire_stream__deadline_passes_on_both_sides),
        cmocka_unit_test(test_wire_stream__slow_reader_holds_the_sender_up),
        cmocka_unit_test(test_wire_stream__unread_messages_are_given_up),
        cmocka_unit_test(test_wire_stream__streams_do_not_keep_other_calls_out),
        cmocka_unit_test(test_wire_stream__message_over_the_limit_fails_the_call),
        cmocka_unit_test(test_wire_stream__malformed_message_is_the_implementations_to_answer),
        cmocka_unit_test(test_wire_stream__nobody_implements_it),
        cmocka_unit_test(test_wire_stream__ends_with_its_client),
        cmocka_unit_test(test_wire_stream__ends_with_its_server),
    };
    return cmocka_run_group_tests_name("wire_stream", tests, NULL, NULL);
}
