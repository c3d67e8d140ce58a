/* The server of chat.proto:  server ADDRESS
 *
 * ADDRESS is gRPC's, as in 127.0.0.1:0 or unix:/tmp/chat.sock. It says on which port it listens and
 * serves until SIGTERM or SIGINT. There is one shard, so that all functions below run on one thread
 * and the room needs no lock. */
#include "chat.nexus.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINES 100
#define DRAIN_MS 5000

struct room {
    Example__V1__Line book[MAX_LINES];
    int32_t line_count;
};

/* A call that streams, in its call's arena: gone with the call. */
struct stream {
    struct room *room;
    struct wire_call *call;
    int32_t next, end; /* Read: lines of the book */
};

static struct stream *stream_new(struct room *room, struct wire_call *call)
{
    struct stream *stream = nx_arena_calloc(wire_call_arena(call), 1, sizeof *stream);
    if (!stream) {
        wire_call_fail(call, nx_fail_memory());
        return NULL;
    }
    stream->room = room;
    stream->call = call;
    return stream;
}

/* Join: one request, one response. The request lives as long as the call. */
static void join(void *context, struct wire_call *call, const Example__V1__JoinRequest *request)
{
    struct room *room = context;
    Example__V1__JoinResponse response = EXAMPLE__V1__JOIN_RESPONSE__INIT;
    if (!*request->name) {
        wire_call_fail(call, nx_fail_field(wire_call_arena(call), "name", "must not be empty"));
        return;
    }
    response.greeting = nx_arena_printf(wire_call_arena(call), "Welcome, %s; the book has %d lines",
                                        request->name, room->line_count);
    if (response.greeting)
        example_v1_chat_reply_join(call, &response);
    else
        wire_call_fail(call, nx_fail_memory());
}

/* Write: many requests, one response. A message lives until the next is asked for. */
static void on_written(void *arg, nx_status status, const Example__V1__Line *line)
{
    struct stream *stream = arg;
    struct room *room = stream->room;
    if (line && room->line_count < MAX_LINES) {
        Example__V1__Line *kept = &room->book[room->line_count++];
        example__v1__line__init(kept);
        kept->author = strdup(line->author);
        kept->text = strdup(line->text);
        example_v1_chat_receive_write(stream->call, on_written, stream);
    } else if (line) {
        wire_call_fail(stream->call, nx_fail(wire_call_arena(stream->call), NX_RESOURCE_EXHAUSTED,
                                             "the book is full"));
    } else if (status.code != NX_OK) {
        wire_call_fail(stream->call, status); /* the client has gone, or sent what is no line */
    } else {
        Example__V1__WriteResponse response = EXAMPLE__V1__WRITE_RESPONSE__INIT;
        response.line_count = room->line_count;
        example_v1_chat_reply_write(stream->call, &response);
    }
}

static void write_lines(void *context, struct wire_call *call)
{
    struct stream *stream = stream_new(context, call);
    if (stream)
        example_v1_chat_receive_write(call, on_written, stream);
}

/* Read: one request, many responses. The next is sent when the last has been written. */
static void on_sent(void *arg, bool ok)
{
    struct stream *stream = arg;
    if (!ok)
        wire_call_fail(stream->call,
                       nx_fail(wire_call_arena(stream->call), NX_CANCELLED, "nobody reads"));
    else if (stream->next == stream->end)
        wire_call_finish(stream->call);
    else
        example_v1_chat_send_read(stream->call, &stream->room->book[stream->next++], on_sent,
                                  stream);
}

static void read_lines(void *context, struct wire_call *call,
                       const Example__V1__ReadRequest *request)
{
    struct stream *stream = stream_new(context, call);
    if (!stream)
        return;
    int32_t count = stream->room->line_count;
    stream->end = request->max_lines > 0 && request->max_lines < count ? request->max_lines : count;
    on_sent(stream, true);
}

/* Talk: many requests, many responses; here one for each. */
static void on_heard(void *arg, nx_status status, const Example__V1__Line *line);

static void on_answered(void *arg, bool ok)
{
    struct stream *stream = arg;
    (void)ok; /* when the client has gone, the next receive says so */
    example_v1_chat_receive_talk(stream->call, on_heard, stream);
}

static void on_heard(void *arg, nx_status status, const Example__V1__Line *line)
{
    struct stream *stream = arg;
    if (line) {
        Example__V1__Line answer = EXAMPLE__V1__LINE__INIT;
        answer.author = (char *)"room";
        answer.text = line->text;
        example_v1_chat_send_talk(stream->call, &answer, on_answered, stream);
    } else if (status.code != NX_OK) {
        wire_call_fail(stream->call, status);
    } else {
        wire_call_finish(stream->call);
    }
}

static void talk(void *context, struct wire_call *call)
{
    struct stream *stream = stream_new(context, call);
    if (stream)
        example_v1_chat_receive_talk(call, on_heard, stream);
}

static const struct example_v1_chat_server chat = {
    .join = join, .write = write_lines, .read = read_lines, .talk = talk};

/* Serve until a signal comes; signals are blocked in all threads, and waited for. */
static nx_status serve(struct wire_server *server, struct room *room, const sigset_t *signals,
                       struct nx_arena *arena)
{
    int signal_number;
    NX_TRY(example_v1_chat_serve(server, &chat, room));
    NX_TRY(wire_server_start(server, arena));
    printf("listening, port %d\n", wire_server_port(server, 0));
    fflush(stdout);
    sigwait(signals, &signal_number);
    wire_server_drain(server, DRAIN_MS);
    return NX_STATUS_OK;
}

int main(int argc, char **argv)
{
    static struct room room;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    const char *address = argc > 1 ? argv[1] : "127.0.0.1:0";
    const struct wire_server_options options = {.addresses = &address, .address_count = 1};
    struct nx_arena *arena = nx_arena_new(1 << 20); /* holds what an error says */
    struct wire_server *server = NULL;
    nx_status status = arena ? wire_server_new(&options, &server) : nx_fail_memory();
    if (status.code == NX_OK)
        status = serve(server, &room, &signals, arena);
    if (status.code != NX_OK)
        fprintf(stderr, "server: %s\n", nx_status_message(status));
    int exit_code = status.code == NX_OK ? EXIT_SUCCESS : EXIT_FAILURE;
    wire_server_destroy(server);
    for (int32_t i = 0; i < room.line_count; i++) {
        free(room.book[i].author);
        free(room.book[i].text);
    }
    nx_arena_destroy(arena);
    return exit_code;
}
