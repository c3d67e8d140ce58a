/* Headers of a request: lines of "name:value", each in a block of its own size. Every reading of a
 * value ends, a timeout is only shortened, what goes on to the service is in the list, printable
 * and within the limit, and what a Connection names does not. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gw_coding.h"
#include "gw_forward.h"
#include "gw_headers.h"

#define ARENA_BYTES ((size_t)4 << 20)
#define MAX_HEADERS 64
#define MAX_BYTES 2048

struct header {
    char *name;
    char *value;
};

struct headers {
    struct header all[MAX_HEADERS];
    size_t count;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *block(const char *text, size_t len)
{
    char *copy = calloc(1, len + 1);
    if (copy)
        memcpy(copy, text, len);
    return copy;
}

/* A header ends with its line, as those of a server do. */
static void cut(const char *text, size_t size, struct headers *headers)
{
    const char *end = text + size;
    while (text < end && headers->count < MAX_HEADERS) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        line_end = line_end ? line_end : end;
        const char *colon = memchr(text, ':', (size_t)(line_end - text));
        if (colon) {
            struct header header = {block(text, (size_t)(colon - text)),
                                    block(colon + 1, (size_t)(line_end - colon - 1))};
            if (header.name && header.value) {
                headers->all[headers->count++] = header;
            } else {
                free(header.name);
                free(header.value);
            }
        }
        text = line_end < end ? line_end + 1 : end;
    }
}

static void each(void *connection, gw_header_visit visit, void *arg)
{
    const struct headers *headers = connection;
    for (size_t i = 0; i < headers->count; i++)
        visit(arg, headers->all[i].name, headers->all[i].value);
}

static void read_value(const char *value)
{
    char id[GW_REQUEST_ID_BYTES];
    int64_t timeout_ns = 1000;
    enum gw_coding coding = GW_IDENTITY;
    gw_headers_request_id(value, id);
    if (!gw_headers_is_printable(id) || strlen(id) >= GW_REQUEST_ID_BYTES)
        abort();
    (void)gw_headers_timeout(value, &timeout_ns);
    const char *trace = gw_headers_traceparent(value);
    if (timeout_ns > 1000 || timeout_ns < 0 || (trace && !gw_headers_is_printable(trace)))
        abort();
    if (!gw_coding_parse(value, &coding))
        coding = gw_coding_choose(value);
    if ((unsigned)coding >= GW_CODING_COUNT)
        abort();
    (void)gw_headers_is_json(value);
    (void)gw_headers_accepts_json(value);
    (void)gw_headers_lists_etag(value, "\"a1\"");
}

/* Whether a Connection has this alone: what it names with others is the tests' to look at. */
static bool is_kept(const struct headers *headers, const char *name)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (strcasecmp(headers->all[i].name, "connection") == 0 &&
            strcasecmp(headers->all[i].value, name) == 0)
            return true;
    }
    return false;
}

static void check_pairs(const struct headers *headers, const struct gw_metadata *metadata)
{
    size_t bytes = 0;
    for (size_t i = 0; i < metadata->count; i++) {
        const struct wire_metadata *pair = &metadata->pairs[i];
        bytes += strlen(pair->key) + pair->value.len;
        if ((strcmp(pair->key, "authorization") != 0 && strcmp(pair->key, "x-tenant") != 0) ||
            is_kept(headers, pair->key) ||
            (pair->value.len > 0 && !gw_headers_is_printable(pair->value.ptr)))
            abort();
    }
    if (bytes > MAX_BYTES)
        abort();
}

static void forward(struct headers *headers, struct nx_arena *arena)
{
    const struct gw_header_source source = {headers, each};
    struct gw_forward forward;
    struct gw_metadata metadata;
    const char *name = NULL;
    if (gw_forward_parse("authorization,X-Tenant", "authorization", MAX_BYTES, arena, &forward)
            .code != NX_OK)
        abort();
    enum gw_forwarded outcome =
        gw_forward_headers(&forward, &source, NULL, 0, arena, &metadata, &name);
    if (outcome == GW_FORWARDED)
        check_pairs(headers, &metadata);
    else if ((outcome == GW_FORWARD_UNPRINTABLE) != (name != NULL))
        abort();
    struct gw_returned returned = {.count = 0};
    for (size_t i = 0; i < headers->count; i++)
        gw_forward_return(&forward, nx_str_from(headers->all[i].name),
                          nx_str_from(headers->all[i].value), arena, &returned);
    for (unsigned i = 0; i < returned.count; i++) {
        const char *value = returned.headers[i].value;
        if (*value && !gw_headers_is_printable(value))
            abort();
    }
}

/* The names are a configuration, too. */
static void configure(const struct headers *headers, struct nx_arena *arena)
{
    struct gw_forward forward;
    for (size_t i = 0; i < headers->count; i++) {
        const char *list = headers->all[i].value;
        nx_status status = gw_forward_parse(list, list, MAX_BYTES, arena, &forward);
        if (status.code != NX_OK && status.code != NX_INVALID_ARGUMENT &&
            status.code != NX_RESOURCE_EXHAUSTED)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct headers headers = {.count = 0};
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    if (!arena)
        return 0;
    cut((const char *)data, size, &headers);
    for (size_t i = 0; i < headers.count; i++)
        read_value(headers.all[i].value);
    forward(&headers, arena);
    configure(&headers, arena);
    for (size_t i = 0; i < headers.count; i++) {
        free(headers.all[i].name);
        free(headers.all[i].value);
    }
    nx_arena_destroy(arena);
    return 0;
}
