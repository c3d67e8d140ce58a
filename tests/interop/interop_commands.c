#include "interop_commands.h"

#include "interop.nexus.h"
#include "interop_options.h"
#include "nx_buf.h"
#include "nx_clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CALLS 4096
#define MAX_PAIRS 32
#define ARENA_BYTES ((size_t)64 << 20)
#define MAX_TOLD_BYTES 1024 /* of a payload: of a longer one only the size is told */

typedef Nexus__Interop__V1__Request Request;
typedef Nexus__Interop__V1__Response Response;

typedef void (*unary_done)(void *arg, nx_status status, const Response *response);
typedef void (*response_received)(void *arg, const Response *response);

/* The generated functions of one method; those that its kind does not have are NULL. */
struct method {
    const char *name;
    struct wire_client_call *(*unary)(struct wire_client *client, const Request *request,
                                      const struct wire_call_options *options,
                                      struct nx_arena *arena, unary_done done, void *arg);
    struct wire_client_call *(*collect)(struct wire_client *client,
                                        const struct wire_call_options *options,
                                        struct nx_arena *arena, unary_done done, void *arg);
    struct wire_client_call *(*produce)(struct wire_client *client, const Request *request,
                                        const struct wire_call_options *options,
                                        struct nx_arena *arena, wire_client_ended ended, void *arg);
    struct wire_client_call *(*converse)(struct wire_client *client,
                                         const struct wire_call_options *options,
                                         struct nx_arena *arena, wire_client_ended ended,
                                         void *arg);
    bool (*send)(struct wire_client_call *call, const Request *request, wire_sent sent, void *arg);
    bool (*receive)(struct wire_client_call *call, response_received received, void *arg);
};

static const struct method methods[] = {
    {"Unary", .unary = nexus_interop_v1_interop_service_unary},
    {"Missing", .unary = nexus_interop_v1_interop_service_missing},
    {"Collect", .collect = nexus_interop_v1_interop_service_collect,
     .send = nexus_interop_v1_interop_service_collect_send},
    {"Produce", .produce = nexus_interop_v1_interop_service_produce,
     .receive = nexus_interop_v1_interop_service_produce_receive},
    {"Converse", .converse = nexus_interop_v1_interop_service_converse,
     .send = nexus_interop_v1_interop_service_converse_send,
     .receive = nexus_interop_v1_interop_service_converse_receive},
    {"MissingConverse", .converse = nexus_interop_v1_interop_service_missing_converse,
     .send = nexus_interop_v1_interop_service_missing_converse_send,
     .receive = nexus_interop_v1_interop_service_missing_converse_receive},
};

struct talk {
    struct interop_commands *commands;
    const struct method *method;
    struct wire_client_call *call;
    struct nx_arena *arena;
    uint32_t id;
};

struct interop_commands {
    struct wire_client *client;
    pthread_mutex_t mutex; /* held while a call is started: its callbacks use the handle */
    struct talk *talks[MAX_CALLS];
};

/* What a command has besides its call. */
struct arguments {
    struct nx_arena *arena;
    Request *request;
    struct wire_metadata pairs[MAX_PAIRS];
    struct wire_call_options options;
};

/* --- Telling --- */

static void put_hex(struct nx_buf *line, const char *name, const void *bytes, size_t len)
{
    nx_buf_printf(line, ",\"%s\":\"", name);
    for (size_t i = 0; i < len; i++)
        nx_buf_printf(line, "%02x", ((const unsigned char *)bytes)[i]);
    nx_buf_append_char(line, '"');
}

static void put_response(struct nx_buf *line, const Response *response, struct nx_arena *arena)
{
    Response told = *response;
    if (told.payload.len > MAX_TOLD_BYTES)
        told.payload = (ProtobufCBinaryData){0, NULL};
    size_t size = nexus__interop__v1__response__get_packed_size(&told);
    uint8_t *bytes = nx_arena_alloc(arena, size);
    if (!bytes)
        return;
    nexus__interop__v1__response__pack(&told, bytes);
    nx_buf_printf(line, ",\"payload_bytes\":%zu", response->payload.len);
    put_hex(line, "response", bytes, size);
}

typedef bool (*pair_at)(const struct wire_client_call *call, size_t index, struct nx_str *ret_key,
                        struct nx_str *ret_value);

static void put_pairs(struct nx_buf *line, const char *name, const struct wire_client_call *call,
                      pair_at at)
{
    struct nx_str key, value;
    nx_buf_printf(line, ",\"%s\":[", name);
    for (size_t i = 0; at(call, i, &key, &value); i++) {
        nx_buf_printf(line, "%s{\"key\":\"%.*s\"", i ? "," : "", (int)key.len, key.ptr);
        put_hex(line, "value", value.ptr, value.len);
        nx_buf_append_char(line, '}');
    }
    nx_buf_append_char(line, ']');
}

static void begin_event(struct nx_buf *line, const struct talk *talk, const char *event)
{
    nx_buf_init(line, SIZE_MAX);
    nx_buf_printf(line, "{\"id\":%u,\"event\":\"%s\"", talk->id, event);
}

static void end_event(struct nx_buf *line)
{
    nx_buf_append_str(line, NX_STR("}\n"));
    fwrite(line->ptr, 1, line->len, stdout);
    fflush(stdout);
    nx_buf_cleanup(line);
}

static void tell(const struct talk *talk, const char *event)
{
    struct nx_buf line;
    begin_event(&line, talk, event);
    end_event(&line);
}

/* Wait until the command that started the call has noted its handle. */
static void await_handle(const struct talk *talk)
{
    pthread_mutex_lock(&talk->commands->mutex);
    pthread_mutex_unlock(&talk->commands->mutex);
}

static void on_done(void *arg, nx_status status, const Response *response)
{
    struct talk *talk = arg;
    struct nx_buf line;
    struct nx_str message = nx_str_from(nx_status_message(status));
    await_handle(talk);
    begin_event(&line, talk, "ended");
    nx_buf_printf(&line, ",\"code\":%d", (int)status.code);
    put_hex(&line, "message", message.ptr, message.len);
    if (status.error)
        put_hex(&line, "details", status.error->details.ptr, status.error->details.len);
    put_pairs(&line, "initial", talk->call, wire_client_initial_at);
    put_pairs(&line, "trailing", talk->call, wire_client_trailing_at);
    if (response)
        put_response(&line, response, talk->arena);
    end_event(&line);
}

static void on_ended(void *arg, nx_status status)
{
    on_done(arg, status, NULL);
}

static void on_sent(void *arg, bool ok)
{
    tell(arg, ok ? "sent" : "not_sent");
}

static void on_received(void *arg, const Response *response)
{
    struct talk *talk = arg;
    if (!response) {
        tell(talk, "no_more");
        return;
    }
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    struct nx_buf line;
    begin_event(&line, talk, "received");
    put_pairs(&line, "initial", talk->call, wire_client_initial_at);
    if (arena)
        put_response(&line, response, arena);
    end_event(&line);
    nx_arena_destroy(arena);
}

/* --- Reading what a command says --- */

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static bool read_hex(struct nx_arena *arena, const char *text, struct nx_str *ret_bytes)
{
    size_t len = strlen(text);
    char *bytes = nx_arena_alloc(arena, len / 2);
    if (!bytes || len % 2)
        return false;
    for (size_t i = 0; i < len; i += 2) {
        int high = digit(text[i]);
        int low = digit(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i / 2] = (char)(high * 16 + low);
    }
    *ret_bytes = (struct nx_str){bytes, len / 2};
    return true;
}

static bool read_request(struct arguments *arguments, const char *value)
{
    struct nx_str bytes;
    if (!read_hex(arguments->arena, value, &bytes))
        return false;
    Request *request =
        nexus__interop__v1__request__unpack(NULL, bytes.len, (const uint8_t *)bytes.ptr);
    if (!request)
        return false;
    nexus__interop__v1__request__free_unpacked(arguments->request, NULL);
    arguments->request = request;
    return true;
}

static bool read_fill(struct arguments *arguments, const char *value)
{
    uint32_t size;
    if (!interop_number(value, &size))
        return false;
    ProtobufCBinaryData *payload = &arguments->request->payload;
    free(payload->data);
    payload->data = calloc(1, size);
    payload->len = payload->data ? size : 0;
    return payload->data != NULL;
}

static bool read_deadline(struct arguments *arguments, const char *value)
{
    uint32_t milliseconds;
    if (!interop_number(value, &milliseconds))
        return false;
    arguments->options.deadline_ns = nx_clock_monotonic_ns() + milliseconds * INT64_C(1000000);
    return true;
}

static bool read_wait(struct arguments *arguments, const char *value)
{
    (void)value;
    arguments->options.wait_for_ready = true;
    return true;
}

static bool read_pair(struct arguments *arguments, const char *key, const char *value)
{
    struct wire_call_options *options = &arguments->options;
    if (options->metadata_count == MAX_PAIRS)
        return false;
    struct wire_metadata *pair = &arguments->pairs[options->metadata_count++];
    pair->key = key;
    options->metadata = arguments->pairs;
    return read_hex(arguments->arena, value, &pair->value);
}

static bool read_argument(struct arguments *arguments, char *word)
{
    static const struct {
        const char *name;
        bool (*read)(struct arguments *arguments, const char *value);
    } readers[] = {{"request", read_request},
                   {"fill", read_fill},
                   {"deadline_ms", read_deadline},
                   {"wait", read_wait}};
    char *separator = strpbrk(word, "=:");
    if (!separator)
        return false;
    bool is_pair = *separator == ':';
    *separator = '\0';
    if (is_pair)
        return read_pair(arguments, word, separator + 1);
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        if (strcmp(readers[i].name, word) == 0)
            return readers[i].read(arguments, separator + 1);
    }
    return false;
}

/* --- Doing it --- */

static struct wire_client_call *start_call(struct talk *talk, const struct arguments *arguments)
{
    const struct method *method = talk->method;
    struct wire_client *client = talk->commands->client;
    const struct wire_call_options *options = &arguments->options;
    const Request *request = arguments->request;
    if (method->unary)
        return method->unary(client, request, options, talk->arena, on_done, talk);
    if (method->collect)
        return method->collect(client, options, talk->arena, on_done, talk);
    if (method->produce)
        return method->produce(client, request, options, talk->arena, on_ended, talk);
    return method->converse(client, options, talk->arena, on_ended, talk);
}

static bool find_method(const char *name, const struct method **ret_method)
{
    for (size_t i = 0; name && i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(methods[i].name, name) == 0) {
            *ret_method = &methods[i];
            return true;
        }
    }
    return false;
}

static bool read_arguments(struct arguments *arguments, char **words)
{
    for (char *word = strsep(words, " "); word; word = strsep(words, " ")) {
        if (!read_argument(arguments, word))
            return false;
    }
    return true;
}

static bool start(struct interop_commands *commands, uint32_t id, char **words,
                  struct arguments *arguments)
{
    const struct method *method;
    if (commands->talks[id] || !find_method(strsep(words, " "), &method) ||
        !read_arguments(arguments, words))
        return false;
    struct talk *talk = calloc(1, sizeof *talk);
    if (!talk)
        return false;
    *talk = (struct talk){commands, method, NULL, nx_arena_new(ARENA_BYTES), id};
    commands->talks[id] = talk;
    pthread_mutex_lock(&commands->mutex);
    talk->call = talk->arena ? start_call(talk, arguments) : NULL;
    pthread_mutex_unlock(&commands->mutex);
    return talk->call != NULL;
}

static bool send(struct talk *talk, char **words, struct arguments *arguments)
{
    if (!talk->method->send || !read_arguments(arguments, words))
        return false;
    if (!talk->method->send(talk->call, arguments->request, on_sent, talk))
        tell(talk, "send_refused");
    return true;
}

static bool receive(struct talk *talk, char **words, struct arguments *arguments)
{
    (void)words;
    (void)arguments;
    if (!talk->method->receive)
        return false;
    if (!talk->method->receive(talk->call, on_received, talk))
        tell(talk, "receive_refused");
    return true;
}

static bool half_close(struct talk *talk, char **words, struct arguments *arguments)
{
    (void)words;
    (void)arguments;
    if (!talk->method->send)
        return false;
    if (!wire_client_half_close(talk->call))
        tell(talk, "half_close_refused");
    return true;
}

static bool cancel(struct talk *talk, char **words, struct arguments *arguments)
{
    (void)words;
    (void)arguments;
    wire_client_cancel(talk->call);
    return true;
}

static bool do_it(struct interop_commands *commands, char *line, struct arguments *arguments)
{
    static const struct {
        const char *name;
        bool (*act)(struct talk *talk, char **words, struct arguments *arguments);
    } acts[] = {
        {"send", send}, {"receive", receive}, {"half_close", half_close}, {"cancel", cancel}};
    char *words = line;
    const char *verb = strsep(&words, " ");
    const char *number = words ? strsep(&words, " ") : "";
    uint32_t id;
    if (!interop_number(number, &id) || id >= MAX_CALLS)
        return false;
    if (strcmp(verb, "start") == 0)
        return start(commands, id, &words, arguments);
    for (size_t i = 0; commands->talks[id] && i < sizeof acts / sizeof *acts; i++) {
        if (strcmp(acts[i].name, verb) == 0)
            return acts[i].act(commands->talks[id], &words, arguments);
    }
    return false;
}

bool interop_command(struct interop_commands *commands, char *line)
{
    struct arguments arguments = {.arena = nx_arena_new(ARENA_BYTES)};
    arguments.request = nexus__interop__v1__request__unpack(NULL, 0, NULL);
    bool done = arguments.arena && arguments.request && do_it(commands, line, &arguments);
    nexus__interop__v1__request__free_unpacked(arguments.request, NULL);
    nx_arena_destroy(arguments.arena);
    return done;
}

/* --- Life --- */

struct interop_commands *interop_commands_new(struct wire_client *client)
{
    struct interop_commands *commands = calloc(1, sizeof *commands);
    if (!commands)
        return NULL;
    commands->client = client;
    pthread_mutex_init(&commands->mutex, NULL);
    return commands;
}

void interop_commands_release(struct interop_commands *commands)
{
    for (size_t i = 0; i < MAX_CALLS; i++) {
        if (commands->talks[i])
            wire_client_release(commands->talks[i]->call);
    }
}

void interop_commands_destroy(struct interop_commands *commands)
{
    if (!commands)
        return;
    for (size_t i = 0; i < MAX_CALLS; i++) {
        if (commands->talks[i])
            nx_arena_destroy(commands->talks[i]->arena);
        free(commands->talks[i]);
    }
    pthread_mutex_destroy(&commands->mutex);
    free(commands);
}
