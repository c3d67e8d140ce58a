/* The server of chat.proto:  server ADDRESS
 *
 * ADDRESS is gRPC's, as in 127.0.0.1:0 or unix:/tmp/chat.sock. It says on which port it listens and
 * serves until SIGTERM. There is one shard, so that all functions below run on one thread and the
 * room needs no lock. */
#include "chat.nexus.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_LINES 100

static struct room {
    struct nx_arena *arena; /* holds the lines */
    char *lines[MAX_LINES];
    int32_t count;
} room;

/* Join: one request, one response. The request lives as long as the call. */
static void join(void *context, struct wire_call *call, const Example__V1__JoinRequest *request)
{
    (void)context;
    Example__V1__JoinResponse response = EXAMPLE__V1__JOIN_RESPONSE__INIT;
    response.line_count = room.count;
    if (*request->name)
        example_v1_chat_reply_join(call, &response);
    else
        wire_call_fail(call, nx_fail_field(wire_call_arena(call), "name", "must not be empty"));
}

/* Write: many requests, one response. A message lives until the next is asked for; NULL is the end,
 * and with a status that is not OK the client has gone or sent what is no line. */
static void on_line(void *call, nx_status status, const Example__V1__Line *line)
{
    Example__V1__WriteResponse response = EXAMPLE__V1__WRITE_RESPONSE__INIT;
    if (line && room.count < MAX_LINES) {
        room.lines[room.count++] = nx_arena_printf(room.arena, "%s", line->text);
        example_v1_chat_receive_write(call, on_line, call);
    } else if (line || status.code == NX_OK) { /* the book is full, or the client is done */
        response.line_count = room.count;
        example_v1_chat_reply_write(call, &response);
    } else {
        wire_call_fail(call, status);
    }
}

static void write_lines(void *context, struct wire_call *call)
{
    (void)context;
    example_v1_chat_receive_write(call, on_line, call);
}

/* Read: one request, many responses. The next is sent when the last has been written. What is under
 * way is kept in the call's arena: gone with the call. */
struct reader {
    struct wire_call *call;
    int32_t next;
};

static void read_next(void *arg, bool ok)
{
    struct reader *reader = arg;
    Example__V1__Line line = EXAMPLE__V1__LINE__INIT;
    if (!ok || reader->next == room.count) { /* nobody reads, or there is no more */
        wire_call_finish(reader->call);
        return;
    }
    line.text = room.lines[reader->next++];
    example_v1_chat_send_read(reader->call, &line, read_next, reader);
}

static void read_lines(void *context, struct wire_call *call,
                       const Example__V1__ReadRequest *request)
{
    (void)context, (void)request; /* has no fields */
    struct reader *reader = nx_arena_calloc(wire_call_arena(call), 1, sizeof *reader);
    if (!reader) {
        wire_call_fail(call, nx_fail_memory());
        return;
    }
    reader->call = call;
    read_next(reader, true);
}

/* Talk: many requests, many responses; here one for each. */
static void on_heard(void *arg, nx_status status, const Example__V1__Line *line);

static void on_answered(void *call, bool ok)
{
    (void)ok; /* when the client has gone, receiving says so */
    example_v1_chat_receive_talk(call, on_heard, call);
}

static void on_heard(void *call, nx_status status, const Example__V1__Line *line)
{
    if (line)
        example_v1_chat_send_talk(call, line, on_answered, call);
    else if (status.code == NX_OK)
        wire_call_finish(call);
    else
        wire_call_fail(call, status);
}

static void talk(void *context, struct wire_call *call)
{
    (void)context;
    example_v1_chat_receive_talk(call, on_heard, call);
}

static void must(nx_status status)
{
    if (status.code == NX_OK)
        return;
    fprintf(stderr, "server: %s\n", nx_status_message(status));
    exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
    static const struct example_v1_chat_server chat = {join, write_lines, read_lines, talk};
    const char *address = argc > 1 ? argv[1] : "127.0.0.1:0";
    const struct wire_server_options options = {.addresses = &address, .address_count = 1};
    struct wire_server *server = NULL;
    sigset_t signals;
    int signal_number;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* in all threads: it is waited for below */
    room.arena = nx_arena_new(1 << 20);
    must(room.arena ? wire_server_new(&options, &server) : nx_fail_memory());
    must(example_v1_chat_serve(server, &chat, NULL));
    must(wire_server_start(server, room.arena));
    printf("listening, port %d\n", wire_server_port(server, 0));
    fflush(stdout);
    sigwait(&signals, &signal_number);
    wire_server_drain(server, 5000);
    wire_server_destroy(server);
    nx_arena_destroy(room.arena);
    return EXIT_SUCCESS;
}
