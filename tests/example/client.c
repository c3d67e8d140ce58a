/* A client of chat.proto:  client TARGET NAME
 *
 * Calls each RPC once and prints what comes. Calls are asynchronous: their callbacks run on a
 * thread of the client, and main() waits for the end of each call. */
#include "chat.nexus.h"
#include "nx_clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT_NS ((int64_t)10 * 1000 * 1000 * 1000)

static const char *const said[] = {"Hello?", "Anybody there?", "Good bye."};
#define SAID (sizeof said / sizeof *said)

/* One call, from its start to its end. */
struct talk {
    struct wire_client_call *call;
    bool (*send)(struct wire_client_call *call, const Example__V1__Line *line, wire_sent sent,
                 void *arg);
    char *name;
    size_t sent;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_over;
    nx_status status;
};

/* Told once, last of all. */
static void on_over(void *arg, nx_status status)
{
    struct talk *talk = arg;
    pthread_mutex_lock(&talk->mutex);
    talk->status = status;
    talk->is_over = true;
    pthread_cond_signal(&talk->changed);
    pthread_mutex_unlock(&talk->mutex);
}

static void on_joined(void *arg, nx_status status, const Example__V1__JoinResponse *response)
{
    if (response)
        printf("%s\n", response->greeting);
    on_over(arg, status);
}

/* Write and Talk: the next line is sent when the last has been written, then no more. */
static void send_line(void *arg, bool ok)
{
    struct talk *talk = arg;
    Example__V1__Line line = EXAMPLE__V1__LINE__INIT;
    line.author = talk->name;
    if (ok && talk->sent < SAID) {
        line.text = (char *)said[talk->sent++];
        talk->send(talk->call, &line, send_line, talk);
    } else if (ok) {
        wire_client_half_close(talk->call);
    }
}

static void on_written(void *arg, nx_status status, const Example__V1__WriteResponse *response)
{
    if (response)
        printf("the book has %d lines\n", response->line_count);
    on_over(arg, status);
}

/* Read: the next line is asked for when the last has been dealt with. NULL: there are no more. */
static void on_line(void *arg, const Example__V1__Line *line)
{
    struct talk *talk = arg;
    if (!line)
        return;
    printf("%s wrote: %s\n", line->author, line->text);
    example_v1_chat_read_receive(talk->call, on_line, talk);
}

/* Talk: answers come while lines are sent. */
static void on_answer(void *arg, const Example__V1__Line *line)
{
    struct talk *talk = arg;
    if (!line)
        return;
    printf("%s says: %s\n", line->author, line->text);
    example_v1_chat_talk_receive(talk->call, on_answer, talk);
}

/* Wait for the end of a call; nothing of it is told after. */
static bool finish(struct talk *talk, const char *what)
{
    pthread_mutex_lock(&talk->mutex);
    while (talk->call && !talk->is_over)
        pthread_cond_wait(&talk->changed, &talk->mutex);
    pthread_mutex_unlock(&talk->mutex);
    nx_status status = talk->call ? talk->status : nx_fail_memory();
    if (status.code != NX_OK)
        fprintf(stderr, "%s: %s: %s\n", what, nx_code_name(status.code), nx_status_message(status));
    wire_client_release(talk->call);
    talk->call = NULL;
    talk->is_over = false;
    talk->sent = 0;
    return status.code == NX_OK;
}

static bool run(struct wire_client *client, char *name, struct nx_arena *arena)
{
    struct talk talk = {
        .name = name, .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    const struct wire_call_options options = {.deadline_ns = nx_clock_monotonic_ns() + TIMEOUT_NS};

    Example__V1__JoinRequest join = EXAMPLE__V1__JOIN_REQUEST__INIT;
    join.name = name;
    talk.call = example_v1_chat_join(client, &join, &options, arena, on_joined, &talk);
    if (!finish(&talk, "Join"))
        return false;

    talk.call = example_v1_chat_write(client, &options, arena, on_written, &talk);
    talk.send = example_v1_chat_write_send;
    if (talk.call)
        send_line(&talk, true);
    if (!finish(&talk, "Write"))
        return false;

    Example__V1__ReadRequest read = EXAMPLE__V1__READ_REQUEST__INIT;
    talk.call = example_v1_chat_read(client, &read, &options, arena, on_over, &talk);
    if (talk.call)
        example_v1_chat_read_receive(talk.call, on_line, &talk);
    if (!finish(&talk, "Read"))
        return false;

    talk.call = example_v1_chat_talk(client, &options, arena, on_over, &talk);
    talk.send = example_v1_chat_talk_send;
    if (talk.call) {
        example_v1_chat_talk_receive(talk.call, on_answer, &talk);
        send_line(&talk, true);
    }
    return finish(&talk, "Talk");
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: client TARGET NAME\n");
        return EXIT_FAILURE;
    }
    struct nx_arena *arena = nx_arena_new(1 << 20);
    struct wire_client *client = NULL;
    const struct wire_client_options options = {.target = argv[1]};
    nx_status status = arena ? wire_client_new(&options, &client) : nx_fail_memory();
    bool ok = status.code == NX_OK && run(client, argv[2], arena);
    wire_client_destroy(client);
    nx_arena_destroy(arena);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
