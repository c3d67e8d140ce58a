/* A client of chat.proto:  client TARGET NAME
 *
 * Calls each RPC once and prints what comes. Calls are asynchronous: their callbacks run on a
 * thread of the client, and main() waits for the end of each call. */
#include "chat.nexus.h"
#include "nx_clock.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT_NS (INT64_C(10) * 1000 * 1000 * 1000)

static const char *const said[] = {"Hello?", "Anybody there?", "Good bye.", NULL};

/* One call, from its start to its end. */
struct talk {
    struct wire_client_call *call;
    bool (*send)(struct wire_client_call *call, const Example__V1__Line *line, wire_sent sent,
                 void *arg);
    const char *const *next; /* line to send */
    sem_t over;
    nx_status status; /* once it is over */
};

/* Told once, last of all. */
static void on_over(void *arg, nx_status status)
{
    struct talk *talk = arg;
    talk->status = status;
    sem_post(&talk->over);
}

static void on_joined(void *arg, nx_status status, const Example__V1__JoinResponse *response)
{
    if (response)
        printf("the book has %d lines\n", response->line_count);
    on_over(arg, status);
}

static void on_written(void *arg, nx_status status, const Example__V1__WriteResponse *response)
{
    if (response)
        printf("now it has %d\n", response->line_count);
    on_over(arg, status);
}

/* Write and Talk: the next line is sent when the last has been written, then no more. */
static void send_line(void *arg, bool ok)
{
    struct talk *talk = arg;
    Example__V1__Line line = EXAMPLE__V1__LINE__INIT;
    line.text = (char *)*talk->next;
    if (ok && *talk->next++)
        talk->send(talk->call, &line, send_line, talk);
    else if (ok)
        wire_client_half_close(talk->call);
}

/* Read and Talk: the next line is asked for when the last has been dealt with, which NULL is. */
static void on_read(void *call, const Example__V1__Line *line)
{
    if (line && printf("book: %s\n", line->text) > 0)
        example_v1_chat_read_receive(call, on_read, call);
}

static void on_answer(void *call, const Example__V1__Line *line)
{
    if (line && printf("room: %s\n", line->text) > 0)
        example_v1_chat_talk_receive(call, on_answer, call);
}

/* Wait for the end of a call, of which nothing is told after. */
static void finish(struct talk *talk, const char *what)
{
    while (sem_wait(&talk->over) != 0)
        continue; /* a signal came */
    wire_client_release(talk->call);
    if (talk->status.code == NX_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, nx_code_name(talk->status.code),
            nx_status_message(talk->status));
    exit(EXIT_FAILURE);
}

/* Without memory there is no call. */
static void begin(struct talk *talk, struct wire_client_call *call)
{
    if (!call)
        exit(EXIT_FAILURE);
    talk->call = call;
    talk->next = said;
}

static void run(struct wire_client *client, char *name, struct nx_arena *arena)
{
    struct talk talk;
    const struct wire_call_options options = {.deadline_ns = nx_clock_monotonic_ns() + TIMEOUT_NS};
    Example__V1__JoinRequest join = EXAMPLE__V1__JOIN_REQUEST__INIT;
    Example__V1__ReadRequest read = EXAMPLE__V1__READ_REQUEST__INIT;

    join.name = name;
    sem_init(&talk.over, 0, 0);
    begin(&talk, example_v1_chat_join(client, &join, &options, arena, on_joined, &talk));
    finish(&talk, "Join");

    begin(&talk, example_v1_chat_write(client, &options, arena, on_written, &talk));
    talk.send = example_v1_chat_write_send;
    send_line(&talk, true);
    finish(&talk, "Write");

    begin(&talk, example_v1_chat_read(client, &read, &options, arena, on_over, &talk));
    example_v1_chat_read_receive(talk.call, on_read, talk.call);
    finish(&talk, "Read");

    begin(&talk, example_v1_chat_talk(client, &options, arena, on_over, &talk));
    talk.send = example_v1_chat_talk_send;
    example_v1_chat_talk_receive(talk.call, on_answer, talk.call);
    send_line(&talk, true);
    finish(&talk, "Talk");
}

int main(int argc, char **argv)
{
    const struct wire_client_options options = {.target = argc == 3 ? argv[1] : ""};
    struct nx_arena *arena = nx_arena_new(1 << 20); /* holds the responses */
    struct wire_client *client;
    if (argc != 3 || !arena || wire_client_new(&options, &client).code != NX_OK) {
        fprintf(stderr, "usage: client TARGET NAME\n");
        return EXIT_FAILURE;
    }
    run(client, argv[2], arena);
    wire_client_destroy(client);
    nx_arena_destroy(arena);
    return EXIT_SUCCESS;
}
