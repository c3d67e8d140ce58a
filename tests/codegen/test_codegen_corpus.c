/* Every method of every service of the corpus, of all four kinds, over loopback: called with a
 * message that is full, and answered with one. What arrives is what was sent, to the byte. */
#include <complex.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <threads.h>
#include <time.h>

#include <cmocka.h>

#include "comments.nexus.h"
#include "corpus_message.h"
#include "crlf.nexus.h"
#include "deep/outer.nexus.h"
#include "digits_and_underscores.nexus.h"
#include "empty.nexus.h"
#include "enums.nexus.h"
#include "imports.nexus.h"
#include "keywords.nexus.h"
#include "kinds.nexus.h"
#include "maps.nexus.h"
#include "nesting.nexus.h"
#include "no_package.nexus.h"
#include "nothing_at_all.nexus.h"
#include "numbers.nexus.h"
#include "odd-name.v1.nexus.h"
#include "one_letter.nexus.h"
#include "oneofs.nexus.h"
#include "options.nexus.h"
#include "proto2.nexus.h"
#include "same_name_a.nexus.h"
#include "same_name_b.nexus.h"
#include "scalars.nexus.h"
#include "several_services.nexus.h"
#include "wellknown.nexus.h"
#include "without_package_too.nexus.h"

#define TIMEOUT_S 20
#define MESSAGES 3 /* of a stream */
#define MAX_METHODS 16

static const struct wire_service *const services[] = {
    &corpus_comments_commented,
    &corpus_crlf_lines,
    &deep_garden,
    &v2_3beta___x1__httpserver2_,
    &corpus_empty_nobody,
    &corpus_empty_void,
    &corpus_enums_enumerator,
    &corpus_imports_importer,
    &static_linux_errno_switch,
    &corpus_kinds_v1_kinds,
    &corpus_maps_mapper,
    &corpus_nesting_nester,
    &time_,
    &log_,
    &errno_,
    &greeter,
    &corpus_numbers_numbers,
    &corpus_odd_files,
    &a_b,
    &corpus_oneofs_chooser,
    &corpus_options_museum,
    &corpus_proto2_older,
    &same_a_things,
    &same_b_things,
    &corpus_scalars_scalars,
    &corpus_several_first,
    &corpus_several_second,
    &corpus_several_third,
    &corpus_wellknown_well_known,
    &uses_them_reader,
};

#define SERVICES (sizeof services / sizeof *services)

/* --- The server: every member of an implementation is one of these --- */

/* One call on the server. */
struct served {
    const struct wire_method *method;
    struct wire_call *call;
    const ProtobufCMessage *response;
    size_t left; /* to receive or send */
};

static bool is_full(const ProtobufCMessage *message, const ProtobufCMessageDescriptor *type,
                    struct nx_arena *arena)
{
    return message->descriptor == type &&
           nx_str_equal(corpus_pack(message, arena),
                        corpus_pack(corpus_message(type, arena), arena));
}

static void fail_call(struct served *served, const char *why)
{
    wire_call_fail(served->call, nx_fail(wire_call_arena(served->call), NX_DATA_LOSS, "%s", why));
}

static void send_response(void *arg, bool ok)
{
    struct served *served = arg;
    if (!ok) {
        fail_call(served, "a response was not sent");
        return;
    }
    bool is_last = --served->left == 0;
    wire_call_send(served->call, served->response, is_last ? NULL : send_response, served);
    if (is_last)
        wire_call_finish(served->call);
}

static void answer(struct served *served)
{
    if (wire_responses_stream(served->method->kind)) {
        served->left = MESSAGES;
        send_response(served, true);
    } else {
        wire_call_reply(served->call, served->response);
    }
}

static void on_request(void *arg, nx_status status, const ProtobufCMessage *message)
{
    struct served *served = arg;
    if (status.code != NX_OK) {
        wire_call_fail(served->call, status);
    } else if (message) {
        if (!is_full(message, served->method->request, wire_call_arena(served->call)) ||
            served->left-- == 0)
            fail_call(served, "a request is not what was sent");
        else
            wire_call_receive(served->call, on_request, served);
    } else if (served->left == 0) {
        answer(served);
    } else {
        fail_call(served, "a request is missing");
    }
}

static void serve(const struct wire_service *service, size_t index, struct wire_call *call,
                  const ProtobufCMessage *request)
{
    struct nx_arena *arena = wire_call_arena(call);
    struct served *served = nx_arena_calloc(arena, 1, sizeof *served);
    const struct wire_method *method = &service->methods[index];
    *served = (struct served){method, call, corpus_message(method->response, arena), MESSAGES};
    if (wire_requests_stream(method->kind))
        wire_call_receive(call, on_request, served);
    else if (is_full(request, method->request, arena))
        answer(served);
    else
        fail_call(served, "the request is not what was sent");
}

typedef void (*any_member)(void);
typedef void (*request_member)(void *context, struct wire_call *call,
                               const ProtobufCMessage *request);
typedef void (*stream_member)(void *context, struct wire_call *call);

#define MEMBERS(index)                                                                             \
    static void serve_request_##index(void *context, struct wire_call *call,                       \
                                      const ProtobufCMessage *request)                             \
    {                                                                                              \
        serve(context, index, call, request);                                                      \
    }                                                                                              \
    static void serve_stream_##index(void *context, struct wire_call *call)                        \
    {                                                                                              \
        serve(context, index, call, NULL);                                                         \
    }
MEMBERS(0)
MEMBERS(1)
MEMBERS(2)
MEMBERS(3)
MEMBERS(4)
MEMBERS(5)
MEMBERS(6)
MEMBERS(7)
MEMBERS(8)
MEMBERS(9)
MEMBERS(10)
MEMBERS(11)
#define ROW(index)                                                                                 \
    {                                                                                              \
        serve_request_##index, serve_stream_##index                                                \
    }

static const struct {
    request_member request;
    stream_member stream;
} members[] = {ROW(0), ROW(1), ROW(2), ROW(3), ROW(4),  ROW(5),
               ROW(6), ROW(7), ROW(8), ROW(9), ROW(10), ROW(11)};

/* What the struct of each implementation is in memory: its members in order, all of them pointers
 * to functions. */
struct implementation {
    any_member members[MAX_METHODS];
};

static void implement(const struct wire_service *service, struct implementation *implementation)
{
    assert_true(service->method_count <= sizeof members / sizeof *members);
    for (size_t i = 0; i < service->method_count; i++)
        implementation->members[i] = wire_requests_stream(service->methods[i].kind)
                                         ? (any_member)members[i].stream
                                         : (any_member)members[i].request;
}

/* --- The client --- */

struct asked {
    const struct wire_method *method;
    struct nx_arena *arena;
    struct wire_client_call *call;
    ProtobufCMessage *request;
    size_t to_send;
    size_t received;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_done;
    nx_status status;
};

static void on_done(void *arg, nx_status status, const ProtobufCMessage *response)
{
    struct asked *asked = arg;
    if (response && is_full(response, asked->method->response, asked->arena))
        asked->received++;
    pthread_mutex_lock(&asked->mutex);
    asked->status = status;
    asked->is_done = true;
    pthread_cond_signal(&asked->changed);
    pthread_mutex_unlock(&asked->mutex);
}

static void on_response(void *arg, const ProtobufCMessage *message)
{
    struct asked *asked = arg;
    struct nx_arena *arena = nx_arena_new((size_t)1 << 20);
    if (message && is_full(message, asked->method->response, arena)) {
        asked->received++;
        wire_client_receive(asked->call, on_response, asked);
    }
    nx_arena_destroy(arena);
}

static void on_sent(void *arg, bool ok)
{
    struct asked *asked = arg;
    if (!ok)
        return;
    if (asked->to_send-- > 0)
        wire_client_send(asked->call, asked->request, on_sent, asked);
    else
        wire_client_half_close(asked->call);
}

static void wait_for_end(struct asked *asked)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += TIMEOUT_S;
    pthread_mutex_lock(&asked->mutex);
    while (!asked->is_done)
        assert_int_equal(pthread_cond_timedwait(&asked->changed, &asked->mutex, &until), 0);
    pthread_mutex_unlock(&asked->mutex);
}

static void ask(struct wire_client *client, const struct wire_method *method)
{
    struct asked asked = {.method = method,
                          .arena = nx_arena_new((size_t)32 << 20),
                          .to_send = MESSAGES,
                          .mutex = PTHREAD_MUTEX_INITIALIZER,
                          .changed = PTHREAD_COND_INITIALIZER};
    bool sends_many = wire_requests_stream(method->kind);
    bool receives_many = wire_responses_stream(method->kind);
    asked.request = corpus_message(method->request, asked.arena);
    asked.call = wire_client_start(client, method, sends_many ? NULL : asked.request, NULL,
                                   asked.arena, on_done, &asked);
    assert_non_null(asked.call);
    if (receives_many)
        wire_client_receive(asked.call, on_response, &asked);
    if (sends_many)
        on_sent(&asked, true);
    wait_for_end(&asked);
    if (asked.status.code != NX_OK || asked.received != (receives_many ? MESSAGES : 1))
        fail_msg("%s: %s: %s, %zu responses", method->path, nx_code_name(asked.status.code),
                 nx_status_message(asked.status), asked.received);
    wire_client_release(asked.call);
    nx_arena_destroy(asked.arena);
}

static struct wire_server *start_server(struct implementation *implementations)
{
    static const char *const addresses[] = {"127.0.0.1:0"};
    struct nx_arena *arena = nx_arena_new(4096);
    struct wire_server *server;
    const struct wire_server_options options = {.addresses = addresses, .address_count = 1};
    assert_int_equal(wire_server_new(&options, &server).code, NX_OK);
    for (size_t i = 0; i < SERVICES; i++) {
        implement(services[i], &implementations[i]);
        assert_int_equal(
            wire_server_add(server, services[i], &implementations[i], (void *)services[i]).code,
            NX_OK);
    }
    assert_int_equal(wire_server_start(server, arena).code, NX_OK);
    nx_arena_destroy(arena);
    return server;
}

/* --- Tests --- */

static void test_codegen_corpus__every_method_is_served(void **state)
{
    (void)state;
    static struct implementation implementations[SERVICES];
    struct wire_server *server = start_server(implementations);
    struct wire_client *client;
    char target[64];
    snprintf(target, sizeof target, "127.0.0.1:%d", wire_server_port(server, 0));
    assert_int_equal(wire_client_new(&(struct wire_client_options){.target = target}, &client).code,
                     NX_OK);
    size_t kinds[4] = {0};
    for (size_t i = 0; i < SERVICES; i++) {
        for (size_t j = 0; j < services[i]->method_count; j++) {
            ask(client, &services[i]->methods[j]);
            kinds[services[i]->methods[j].kind]++;
        }
    }
    wire_client_destroy(client);
    wire_server_destroy(server);
    for (size_t i = 0; i < 4; i++)
        assert_true(kinds[i] >= 5);
}

/* Names in descriptors stay as in the .proto file, in their order; the members are other ones. */
static void test_codegen_corpus__descriptors_keep_their_names(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *type = &static__linux__errno__if__descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        assert_ptr_equal(protobuf_c_message_descriptor_get_field_by_name(type, field->name), field);
        assert_ptr_equal(protobuf_c_message_descriptor_get_field(type, field->id), field);
    }
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(type, "errno");
    assert_int_equal(field->offset, offsetof(Static__Linux__Errno__If, errno_));
    assert_string_equal(type->fields[16].name, "base");
    assert_int_equal(type->fields[16].offset, offsetof(Static__Linux__Errno__If, base_));
    assert_string_equal(file__descriptor.name, "FILE");
}

static void test_codegen_corpus__defaults_are_those_of_the_file(void **state)
{
    (void)state;
    Corpus__Proto2__Limits limits = CORPUS__PROTO2__LIMITS__INIT;
    assert_true(limits.plus > 1e308 && limits.minus < -1e308);
    assert_true(limits.none != limits.none);
    assert_true(limits.least == INT64_MIN && limits.least32 == INT32_MIN);
    assert_true(limits.most == UINT64_MAX);
    Corpus__Proto2__Old old = CORPUS__PROTO2__OLD__INIT;
    assert_string_equal(old.text, "a \"quoted\" ?\?/ \\ NULL \001");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codegen_corpus__every_method_is_served),
        cmocka_unit_test(test_codegen_corpus__descriptors_keep_their_names),
        cmocka_unit_test(test_codegen_corpus__defaults_are_those_of_the_file),
    };
    return cmocka_run_group_tests_name("codegen_corpus", tests, NULL, NULL);
}
