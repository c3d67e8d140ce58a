#include "gw_cors.h"

#include <string.h>

#define MAX_ORIGINS 64

/* What clients may send, and what they may read: all that the gateway knows. */
static const char request_headers[] = "Content-Type, Grpc-Timeout, Idempotency-Key, If-Match, "
                                      "If-None-Match, Last-Event-ID, traceparent, X-Request-Id";
static const char answer_headers[] = "Allow, ETag, Location, Retry-After, X-Request-Id";

/* scheme "://" host [":" port], as browsers send it: no path, not even "/". */
static bool is_origin(const char *text)
{
    const char *host = strstr(text, "://");
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-._:[]";
    if (!host || host == text ||
        text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.")] != ':')
        return false;
    host += strlen("://");
    return *host && host[strspn(host, allowed)] == '\0';
}

static nx_status add(struct gw_cors *cors, size_t count, struct nx_str part, struct nx_arena *arena)
{
    const char *origin = nx_arena_strdup(arena, part);
    if (!origin)
        return nx_fail_memory();
    if (!is_origin(origin))
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "http.cors_origins: \"%s\" is not an origin such as https://shop.example",
                       origin);
    cors->origins[count] = origin;
    return NX_STATUS_OK;
}

nx_status gw_cors_parse(const char *origins, bool credentials, unsigned max_age_s,
                        struct nx_arena *arena, struct gw_cors *ret_cors)
{
    struct gw_cors cors = {.any = strcmp(origins, "*") == 0,
                           .credentials = credentials,
                           .request_headers = request_headers,
                           .answer_headers = answer_headers};
    cors.origins = nx_arena_calloc(arena, MAX_ORIGINS + 1, sizeof *cors.origins);
    cors.max_age = nx_arena_printf(arena, "%u", max_age_s);
    if (!cors.origins || !cors.max_age)
        return nx_fail_memory();
    if (cors.any && credentials)
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "http.cors_credentials: name the origins that may send them, not \"*\"");
    size_t count = 0;
    for (const char *at = cors.any ? "" : origins; *at;) {
        at += strspn(at, " ,");
        size_t len = strcspn(at, " ,");
        if (len > 0 && count == MAX_ORIGINS)
            return nx_fail(arena, NX_INVALID_ARGUMENT, "http.cors_origins: more than %d",
                           MAX_ORIGINS);
        if (len > 0)
            NX_TRY(add(&cors, count++, (struct nx_str){at, len}, arena));
        at += len;
    }
    *ret_cors = cors;
    return NX_STATUS_OK;
}

static nx_status append(const char **list, const char *const *names, struct nx_arena *arena)
{
    for (; *names; names++) {
        const char *longer = nx_arena_printf(arena, "%s, %s", *list, *names);
        if (!longer)
            return nx_fail_memory();
        *list = longer;
    }
    return NX_STATUS_OK;
}

nx_status gw_cors_name_headers(struct gw_cors *cors, const char *const *sent,
                               const char *const *returned, struct nx_arena *arena)
{
    NX_TRY(append(&cors->request_headers, sent, arena));
    return append(&cors->answer_headers, returned, arena);
}

/* What the origin is told; NULL: it is none of those that may. */
static const char *allowed_origin(const struct gw_cors *cors, const char *origin)
{
    if (!origin)
        return NULL;
    if (cors->any)
        return "*";
    for (const char **each = cors->origins; *each; each++) {
        if (strcmp(*each, origin) == 0)
            return *each;
    }
    return NULL;
}

void gw_cors_answer(const struct gw_cors *cors, const char *origin, struct http_answer *answer)
{
    const char *allowed = allowed_origin(cors, origin);
    if (*cors->origins)
        http_answer_add(answer, "Vary", "Origin"); /* so that no cache gives it to another */
    if (!allowed)
        return;
    http_answer_add(answer, "Access-Control-Allow-Origin", allowed);
    http_answer_add(answer, "Access-Control-Allow-Credentials", cors->credentials ? "true" : NULL);
    http_answer_add(answer, "Access-Control-Expose-Headers", cors->answer_headers);
}

void gw_cors_preflight(const struct gw_cors *cors, const char *origin, const char *allow,
                       struct http_answer *answer)
{
    if (!allowed_origin(cors, origin))
        return;
    http_answer_add(answer, "Access-Control-Allow-Methods", allow);
    http_answer_add(answer, "Access-Control-Allow-Headers", cors->request_headers);
    http_answer_add(answer, "Access-Control-Max-Age", cors->max_age);
}
