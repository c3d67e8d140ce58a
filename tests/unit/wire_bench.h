/* A server and a client of the tests' own service, over loopback. */
#ifndef WIRE_BENCH_H
#define WIRE_BENCH_H

#include <pthread.h>

#include "echo.nexus.h"

#define TIMEOUT_S 20

typedef Nexus__Test__V1__EchoMessage Echo;

/* What the server does, and what it has seen. */
struct bench {
    struct wire_server *server;
    struct wire_client *client;
    char target[64];
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct wire_call *waiting[64];
    size_t waiting_count;
    size_t cancelled;   /* calls whose client went away */
    size_t sent;        /* messages of Count that have been written */
    size_t received;    /* messages of Sum and Chat */
    size_t half_closed; /* Sum and Chat: the client has sent its last */
    size_t not_sent;    /* messages of Count that could not be */
    enum nx_code last;  /* bench_last() */
    bool chat_holds;    /* Chat does not read on after a message */
};

/* The implementation; its context is a bench. */
extern const struct nexus_test_v1_echo_service_server bench_service;

struct bench *bench_new(struct wire_server_options options);
void bench_free(struct bench *bench);

/* Add to a count of the bench, and wake who waits for it. */
void bench_count(struct bench *bench, size_t *count);

/* Wait until a count of the bench has reached a number. */
void bench_wait_for(struct bench *bench, const size_t *count, size_t number);

/* The code of the last message that could not be received. */
enum nx_code bench_last(struct bench *bench);

/* Answer the calls of Wait that are waiting. */
void bench_answer_waiting(struct bench *bench);

const struct wire_method *bench_method(const char *name);

/* The outcome of one call, kept beyond its completion. */
struct outcome {
    struct bench *bench;
    struct nx_arena *arena;
    size_t done;
    nx_status status;
    const ProtobufCMessage *response;
};

struct outcome outcome_of(struct bench *bench);
void outcome_done(void *outcome, nx_status status, const ProtobufCMessage *response);
void outcome_wait(struct outcome *outcome);

/* Call a unary method and wait for its outcome. */
struct outcome bench_call(struct bench *bench, const struct wire_method *of,
                          const ProtobufCMessage *request, const struct wire_call_options *options);

#endif
