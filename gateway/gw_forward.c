#include "gw_forward.h"

#include <string.h>
#include <strings.h>

/* Of what the core adds by itself: user-agent and the like. */
#define CORE_BYTES 256

#define FIRST_ROOM 8

/* Never passed on, in either direction; what ends with '*' stands for all that begin so. */
static const char *const refused[] = {
    /* Of a connection: RFC 9110, 7.6.1, and what proxies have made of it. */
    "connection", "keep-alive", "proxy-*", "te", "trailer", "transfer-encoding", "upgrade",
    "http2-settings", "host", "expect",
    /* Of the form of a message, which is another on the other side. */
    "content-*", "accept-encoding", "date", "server", "vary", "user-agent",
    /* Of gRPC, and of the gateway itself. */
    "grpc-*", "x-request-id", "traceparent", NULL};

/* Besides, what the gateway says itself in an answer. */
static const char *const said[] = {"allow",
                                   "cache-control",
                                   "etag",
                                   "location",
                                   "retry-after",
                                   "x-content-type-options",
                                   "referrer-policy",
                                   "cross-origin-*",
                                   "access-control-*",
                                   NULL};

static bool is_among(const char *const *patterns, const char *name)
{
    for (; *patterns; patterns++) {
        size_t len = strlen(*patterns) - 1;
        if ((*patterns)[len] == '*' ? strncmp(*patterns, name, len) == 0
                                    : strcmp(*patterns, name) == 0)
            return true;
    }
    return false;
}

static bool ends_with_bin(const char *name)
{
    size_t len = strlen(name);
    return len >= 4 && strcmp(name + len - 4, "-bin") == 0;
}

/* --- Configuration --- */

/* Names of metadata have fewer characters than those of headers. */
static nx_status check(const char *key, const char *name, bool is_answer, struct nx_arena *arena)
{
    if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] != '\0')
        return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: \"%s\" is no name of a header", key, name);
    if (ends_with_bin(name))
        return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: \"%s\": bytes cannot be passed on", key,
                       name);
    if (is_among(refused, name) || (is_answer && is_among(said, name)))
        return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: \"%s\" must not be passed on", key, name);
    return NX_STATUS_OK;
}

static bool is_called(struct nx_str text, const char *name)
{
    return text.len == strlen(name) && strncasecmp(text.ptr, name, text.len) == 0;
}

static bool has_name(const char *const *names, struct nx_str name)
{
    for (; *names; names++) {
        if (is_called(name, *names))
            return true;
    }
    return false;
}

static char *lower_case(struct nx_str text, struct nx_arena *arena)
{
    char *copy = nx_arena_strdup(arena, text);
    for (char *at = copy; at && *at; at++) {
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    }
    return copy;
}

static nx_status parse(const char *key, const char *list, bool is_answer, struct nx_arena *arena,
                       const char *const **ret_names)
{
    const char **names = nx_arena_calloc(arena, GW_MAX_FORWARDED_NAMES + 1, sizeof *names);
    size_t count = 0;
    if (!names)
        return nx_fail_memory();
    for (const char *at = list; *at;) {
        at += strspn(at, " ,");
        struct nx_str part = {at, strcspn(at, " ,")};
        at += part.len;
        if (part.len == 0 || has_name(names, part))
            continue;
        if (count == GW_MAX_FORWARDED_NAMES)
            return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: more than %d", key,
                           GW_MAX_FORWARDED_NAMES);
        char *name = lower_case(part, arena);
        if (!name)
            return nx_fail_memory();
        NX_TRY(check(key, name, is_answer, arena));
        names[count++] = name;
    }
    *ret_names = names;
    return NX_STATUS_OK;
}

nx_status gw_forward_parse(const char *forward_headers, const char *return_headers,
                           size_t max_bytes, struct nx_arena *arena, struct gw_forward *ret_forward)
{
    struct gw_forward forward = {.max_bytes = max_bytes};
    NX_TRY(parse("backend.forward_headers", forward_headers, false, arena, &forward.sent));
    NX_TRY(parse("backend.return_headers", return_headers, true, arena, &forward.returned));
    *ret_forward = forward;
    return NX_STATUS_OK;
}

/* --- To the service --- */

/* What is being gathered. */
struct gathering {
    const struct gw_forward *forward;
    struct nx_arena *arena;
    struct gw_metadata metadata;
    size_t room;
    bool is_kept[GW_MAX_FORWARDED_NAMES]; /* by the index of a name: it stays here */
    enum gw_forwarded outcome;
    const char *blamed;
};

static bool is_printable(struct nx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < ' ' || text.ptr[i] > '~')
            return false;
    }
    return true;
}

static bool grow(struct gathering *gathering)
{
    struct gw_metadata *metadata = &gathering->metadata;
    size_t room = gathering->room ? gathering->room * 2 : FIRST_ROOM;
    struct wire_metadata *pairs = nx_arena_calloc(gathering->arena, room, sizeof *pairs);
    if (!pairs)
        return false;
    if (metadata->count > 0)
        memcpy(pairs, metadata->pairs, metadata->count * sizeof *pairs);
    metadata->pairs = pairs;
    gathering->room = room;
    return true;
}

static void add(struct gathering *gathering, const struct wire_metadata *pair)
{
    struct gw_metadata *metadata = &gathering->metadata;
    metadata->bytes += strlen(pair->key) + pair->value.len;
    if (metadata->bytes + CORE_BYTES > gathering->forward->max_bytes)
        gathering->outcome = GW_FORWARD_TOO_LARGE;
    else if (metadata->count == gathering->room && !grow(gathering))
        gathering->outcome = GW_FORWARD_NO_MEMORY;
    else
        metadata->pairs[metadata->count++] = *pair;
}

/* Connection: close, x-hop (RFC 9110, 7.6.1). */
static void keep_what_connection_names(void *arg, const char *name, const char *value)
{
    struct gathering *gathering = arg;
    if (strcasecmp(name, "Connection") != 0)
        return;
    while (*value) {
        value += strspn(value, " \t,");
        struct nx_str option = {value, strcspn(value, " \t,")};
        for (size_t i = 0; gathering->forward->sent[i]; i++)
            gathering->is_kept[i] |= is_called(option, gathering->forward->sent[i]);
        value += option.len;
    }
}

static void gather(void *arg, const char *name, const char *value)
{
    struct gathering *gathering = arg;
    const char *const *sent = gathering->forward->sent;
    size_t i = 0;
    while (sent[i] && strcasecmp(sent[i], name) != 0)
        i++;
    if (!sent[i] || gathering->is_kept[i] || gathering->outcome != GW_FORWARDED)
        return;
    const struct wire_metadata pair = {sent[i], nx_str_from(value)};
    if (is_printable(pair.value)) {
        add(gathering, &pair);
    } else {
        gathering->outcome = GW_FORWARD_UNPRINTABLE;
        gathering->blamed = sent[i];
    }
}

enum gw_forwarded gw_forward_headers(const struct gw_forward *forward,
                                     const struct gw_header_source *source,
                                     const struct wire_metadata *own, size_t own_count,
                                     struct nx_arena *arena, struct gw_metadata *ret_metadata,
                                     const char **ret_name)
{
    struct gathering gathering = {.forward = forward, .arena = arena};
    for (size_t i = 0; i < own_count && gathering.outcome == GW_FORWARDED; i++)
        add(&gathering, &own[i]);
    if (forward->sent[0]) {
        source->each(source->connection, keep_what_connection_names, &gathering);
        source->each(source->connection, gather, &gathering);
    }
    if (gathering.outcome == GW_FORWARDED)
        *ret_metadata = gathering.metadata;
    else if (gathering.outcome == GW_FORWARD_UNPRINTABLE)
        *ret_name = gathering.blamed;
    return gathering.outcome;
}

/* --- From the service --- */

void gw_forward_return(const struct gw_forward *forward, struct nx_str key, struct nx_str value,
                       struct nx_arena *arena, struct gw_returned *returned)
{
    size_t bytes = key.len + value.len;
    if (!has_name(forward->returned, key) || !is_printable(value) ||
        returned->count == GW_MAX_RETURNED || bytes > GW_MAX_RETURNED_BYTES - returned->bytes)
        return;
    struct gw_returned_header header = {nx_arena_strdup(arena, key), nx_arena_strdup(arena, value)};
    if (!header.name || !header.value)
        return;
    returned->headers[returned->count++] = header;
    returned->bytes += bytes;
}
