/* A path, and a path template on each line behind it: the tree must find what a plain comparison
 * with each template finds, whatever the order of the rules, and look at few nodes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gw_router.h"
#include "gw_url.h"
#include "zoo.pb-c.h"

#define ARENA_BYTES ((size_t)4 << 20)
#define MAX_RULES 16

static const struct wire_method methods[] = {
    {"Feed", "/nexus.test.v1.Keeper/Feed", WIRE_UNARY, &nexus__test__v1__zoo__descriptor,
     &nexus__test__v1__zoo__descriptor, NULL},
};
static const struct wire_service keeper = {"nexus.test.v1.Keeper", methods, 1};
static const struct wire_service *const services[] = {&keeper};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The path's segments, decoded, and the verb behind the last colon taken off. */
struct path {
    struct nx_str segments[256];
    size_t count;
    struct nx_str verb;
};

/* False: the path has too many segments, or is badly encoded. */
static bool split(struct nx_str text, struct nx_arena *arena, struct path *path)
{
    for (size_t at = 1; at <= text.len;) {
        const char *slash = at < text.len ? memchr(text.ptr + at, '/', text.len - at) : NULL;
        size_t end = slash ? (size_t)(slash - text.ptr) : text.len;
        struct nx_str raw = {text.ptr + at, end - at};
        if (path->count == 256 ||
            gw_url_decode(raw, GW_URL_SEGMENTS, "x", arena, &path->segments[path->count++]).code !=
                NX_OK)
            return false;
        at = end + 1;
    }
    return path->count > 0;
}

static bool fits(const struct oas_template *template, const struct path *path)
{
    if (!nx_str_equal(template->verb, path->verb))
        return false;
    for (size_t i = 0; i < template->piece_count; i++) {
        const struct oas_piece *piece = &template->pieces[i];
        if (piece->kind == OAS_REST)
            return true;
        if (i >= path->count)
            return false;
        if (piece->kind == OAS_ONE ? path->segments[i].len == 0
                                   : !nx_str_equal(piece->text, path->segments[i]))
            return false;
    }
    return template->piece_count == path->count;
}

static bool any_fits(const struct oas_rule *rules, size_t count, const struct path *path,
                     struct nx_arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        struct oas_template template;
        if (oas_template_parse(rules[i].path, arena, &template).code == NX_OK &&
            fits(&template, path))
            return true;
    }
    return false;
}

/* Cut "verb" off the last segment when its raw text ends in one. */
static bool cut_verb(struct nx_str text, struct path *path)
{
    const char *slash = memrchr(text.ptr, '/', text.len);
    size_t len = (size_t)(text.ptr + text.len - slash) - 1;
    const char *colon = len > 0 ? memrchr(slash + 1, ':', len) : NULL;
    size_t verb_len = colon ? (size_t)(text.ptr + text.len - colon) - 1 : 0;
    if (verb_len == 0 || memchr(colon + 1, '%', verb_len))
        return false;
    path->verb = (struct nx_str){colon + 1, verb_len};
    path->segments[path->count - 1].len -= verb_len + 1;
    return true;
}

static bool should_match(const struct oas_rule *rules, size_t count, struct nx_str text,
                         struct nx_arena *arena)
{
    struct path path = {.verb = NX_STR("")};
    if (text.len == 0 || *text.ptr != '/' || !split(text, arena, &path))
        return false;
    struct path cut = path;
    return (cut_verb(text, &cut) && any_fits(rules, count, &cut, arena)) ||
           any_fits(rules, count, &path, arena);
}

static const struct gw_route *find(struct oas_rule *rules, size_t count, struct nx_str path,
                                   struct nx_arena *arena, nx_status *ret_status)
{
    struct oas_spec *spec = nx_arena_calloc(arena, 1, sizeof *spec);
    struct gw_router *router;
    struct gw_match match = {.route = NULL};
    *spec = (struct oas_spec){.rules = rules, .rule_count = count};
    *ret_status = gw_router_compile(spec, "fuzz", services, 1, arena, &router);
    if (ret_status->code != NX_OK)
        return NULL;
    *ret_status = gw_router_match(router, OAS_GET, path, arena, &match);
    if (match.visits > 2 * ((size_t)MAX_RULES * GW_MAX_TEMPLATE_SEGMENTS + 1))
        abort();
    return match.route;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    struct oas_rule rules[MAX_RULES];
    struct oas_rule turned[MAX_RULES];
    struct nx_str rest = {(const char *)data, size};
    struct nx_str path = NX_STR("");
    size_t count = 0;
    for (bool first = true; rest.len > 0 && count < MAX_RULES; first = false) {
        const char *newline = memchr(rest.ptr, '\n', rest.len);
        struct nx_str line = {rest.ptr, newline ? (size_t)(newline - rest.ptr) : rest.len};
        rest.ptr += line.len + (newline != NULL);
        rest.len -= line.len + (newline != NULL);
        if (first) {
            path = line;
            continue;
        }
        rules[count] = (struct oas_rule){.selector = "nexus.test.v1.Keeper.Feed",
                                         .path = nx_arena_strdup(arena, line),
                                         .body = "",
                                         .response_body = "",
                                         .line = (unsigned)count + 1};
        count++;
    }
    for (size_t i = 0; i < count; i++)
        turned[i] = rules[count - 1 - i];
    nx_status status;
    nx_status other;
    const struct gw_route *found = find(rules, count, path, arena, &status);
    const struct gw_route *again = find(turned, count, path, arena, &other);
    if (status.code != other.code ||
        (found ? found->rule->line : 0) != (again ? again->rule->line : 0))
        abort();
    if (status.code == NX_OK && (found != NULL) != should_match(rules, count, path, arena) &&
        path.len < 256)
        abort();
    nx_arena_destroy(arena);
    return 0;
}
