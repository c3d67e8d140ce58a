#include "gw_router.h"

#include "gw_url.h"

#include <stdlib.h>
#include <string.h>

/* A route that ends at a node, or begins its "**" there. */
struct leaf {
    const struct gw_route *route;
    const struct leaf *next;
};

struct node {
    struct nx_str literal; /* the segment that leads here from the node above */
    struct node *next;     /* with another literal, below the same node */
    struct node *literals;
    const struct node **sorted; /* the literals, by compare_literals() */
    size_t sorted_count;
    struct node *one; /* behind "*" */
    struct leaf *ends;
    struct leaf *rests; /* "**" comes next, and is the end */
};

struct gw_router {
    const struct oas_spec *spec;
    struct node root;
    struct gw_route *routes;
    size_t route_count;
};

/* --- Compiling --- */

static struct node *new_node(struct nx_str literal, struct nx_arena *arena)
{
    struct node *node = nx_arena_calloc(arena, 1, sizeof *node);
    if (node)
        node->literal = literal;
    return node;
}

static struct node *search_list(const struct node *node, struct nx_str text)
{
    struct node *child = node->literals;
    while (child && !nx_str_equal(child->literal, text))
        child = child->next;
    return child;
}

/* The node behind a piece, made when it is not there. NULL: the arena is full. */
static struct node *step_into(struct node *node, const struct oas_piece *piece,
                              struct nx_arena *arena)
{
    if (piece->kind == OAS_ONE) {
        if (!node->one)
            node->one = new_node(NX_STR(""), arena);
        return node->one;
    }
    struct node *child = search_list(node, piece->text);
    if (child)
        return child;
    child = new_node(piece->text, arena);
    if (child) {
        child->next = node->literals;
        node->literals = child;
    }
    return child;
}

static const struct gw_route *find_rival(const struct leaf *leaf, const struct gw_route *route)
{
    for (; leaf; leaf = leaf->next) {
        if (leaf->route->rule->verb == route->rule->verb &&
            nx_str_equal(leaf->route->template.verb, route->template.verb))
            return leaf->route;
    }
    return NULL;
}

static nx_status insert(struct gw_router *router, const struct gw_route *route, const char *file,
                        struct nx_arena *arena)
{
    const struct oas_template *template = &route->template;
    struct node *node = &router->root;
    size_t count = template->piece_count;
    bool rest = count > 0 && template->pieces[count - 1].kind == OAS_REST;
    for (size_t i = 0; i < count - rest; i++) {
        node = step_into(node, &template->pieces[i], arena);
        if (!node)
            return nx_fail_memory();
    }
    struct leaf **leaves = rest ? &node->rests : &node->ends;
    const struct gw_route *rival = find_rival(*leaves, route);
    if (rival)
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "%s:%u: the path '%s' matches the same as that of line %u", file,
                       route->rule->line, route->rule->path, rival->rule->line);
    struct leaf *leaf = nx_arena_calloc(arena, 1, sizeof *leaf);
    if (!leaf)
        return nx_fail_memory();
    *leaf = (struct leaf){route, *leaves};
    *leaves = leaf;
    return NX_STATUS_OK;
}

/* By length, then by bytes. */
static int compare_text(struct nx_str a, struct nx_str b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return a.len > 0 ? memcmp(a.ptr, b.ptr, a.len) : 0;
}

static int compare_literals(const void *a, const void *b)
{
    const struct node *const *first = a;
    const struct node *const *second = b;
    return compare_text((*first)->literal, (*second)->literal);
}

/* Sort the literals of a node and of those below it; as deep as the longest template. */
static nx_status sort_literals(struct node *node, struct nx_arena *arena)
{
    for (const struct node *child = node->literals; child; child = child->next)
        node->sorted_count++;
    node->sorted = nx_arena_calloc(arena, node->sorted_count, sizeof *node->sorted);
    if (!node->sorted)
        return nx_fail_memory();
    size_t count = 0;
    for (struct node *child = node->literals; child; child = child->next) {
        node->sorted[count++] = child;
        NX_TRY(sort_literals(child, arena));
    }
    if (count > 0)
        qsort(node->sorted, count, sizeof(const struct node *), compare_literals);
    return node->one ? sort_literals(node->one, arena) : NX_STATUS_OK;
}

/* What an Any may hold: whatever the services have messages of. */
static nx_status collect_types(const struct wire_service *const *services, size_t service_count,
                               struct nx_arena *arena, struct pbj_types **ret_types)
{
    size_t count = 0;
    for (size_t i = 0; i < service_count; i++)
        count += services[i]->method_count * 2;
    const ProtobufCMessageDescriptor **roots = nx_arena_calloc(arena, count, sizeof *roots);
    struct pbj_types *types = nx_arena_calloc(arena, 1, sizeof *types);
    if (!roots || !types)
        return nx_fail_memory();
    count = 0;
    for (size_t i = 0; i < service_count; i++) {
        for (size_t k = 0; k < services[i]->method_count; k++) {
            roots[count++] = services[i]->methods[k].request;
            roots[count++] = services[i]->methods[k].response;
        }
    }
    NX_TRY(pbj_types_collect(roots, count, arena, types));
    *ret_types = types;
    return NX_STATUS_OK;
}

nx_status gw_router_compile(const struct oas_spec *spec, const char *file,
                            const struct wire_service *const *services, size_t service_count,
                            struct nx_arena *arena, struct gw_router **ret_router)
{
    struct gw_router *router = nx_arena_calloc(arena, 1, sizeof *router);
    struct gw_route *routes = nx_arena_calloc(arena, spec->rule_count, sizeof *routes);
    if (!router || !routes)
        return nx_fail_memory();
    router->spec = spec;
    router->routes = routes;
    router->route_count = spec->rule_count;
    struct pbj_types *types = NULL;
    NX_TRY(collect_types(services, service_count, arena, &types));
    for (size_t i = 0; i < spec->rule_count; i++) {
        NX_TRY(gw_route_bind(&spec->rules[i], file, services, service_count, arena, &routes[i]));
        routes[i].types = types;
        NX_TRY(insert(router, &routes[i], file, arena));
    }
    NX_TRY(sort_literals(&router->root, arena));
    *ret_router = router;
    return NX_STATUS_OK;
}

nx_status gw_router_learn(struct gw_router *router, const struct oas_model *model,
                          struct nx_arena *arena)
{
    for (size_t i = 0; i < router->route_count; i++)
        NX_TRY(gw_route_learn(&router->routes[i], model, arena));
    return NX_STATUS_OK;
}

/* --- Matching --- */

struct segment {
    struct nx_str raw;
    struct nx_str text; /* decoded but for "%2F" */
};

/* A path on its way through the tree. */
struct search {
    enum oas_verb verb;
    struct segment *segments;
    size_t count;
    struct nx_str custom_verb; /* behind the last colon; empty for none */
    const struct gw_route *found;
    unsigned allowed;
    size_t visits;
};

static const struct node *find_literal(const struct node *node, struct nx_str text)
{
    size_t low = 0;
    size_t high = node->sorted_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_text(node->sorted[middle]->literal, text);
        if (order == 0)
            return node->sorted[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void consider(struct search *search, const struct leaf *leaf)
{
    const struct gw_route *exact = NULL;
    const struct gw_route *any = NULL;
    for (; leaf; leaf = leaf->next) {
        const struct gw_route *route = leaf->route;
        if (!nx_str_equal(route->template.verb, search->custom_verb))
            continue;
        search->allowed |= 1u << route->rule->verb;
        if (route->rule->verb == search->verb)
            exact = route;
        else if (route->rule->verb == OAS_ANY)
            any = route;
    }
    if (!search->found)
        search->found = exact ? exact : any;
}

/* Recurses as deep as the longest template. */
static void walk(struct search *search, const struct node *node, size_t at)
{
    search->visits++;
    if (at == search->count) {
        consider(search, node->ends);
    } else {
        struct nx_str text = search->segments[at].text;
        const struct node *child = find_literal(node, text);
        if (child)
            walk(search, child, at + 1);
        if (node->one && text.len > 0)
            walk(search, node->one, at + 1);
    }
    consider(search, node->rests);
}

static nx_status split_path(struct nx_str path, struct nx_arena *arena, struct search *search)
{
    size_t slashes = 0;
    for (size_t i = 0; i < path.len; i++)
        slashes += path.ptr[i] == '/';
    search->segments = nx_arena_calloc(arena, slashes, sizeof *search->segments);
    if (!search->segments)
        return nx_fail_memory();
    for (size_t start = 1; search->count < slashes;) {
        size_t end = start;
        while (end < path.len && path.ptr[end] != '/')
            end++;
        struct segment *segment = &search->segments[search->count++];
        segment->raw = (struct nx_str){path.ptr + start, end - start};
        NX_TRY(gw_url_decode(segment->raw, GW_URL_SEGMENTS, "the path", arena, &segment->text));
        start = end + 1;
    }
    return NX_STATUS_OK;
}

/* Take ":verb" off the last segment. False: it has none. */
static bool cut_custom_verb(struct search *search)
{
    struct segment *last = &search->segments[search->count - 1];
    const char *colon = memrchr(last->raw.ptr, ':', last->raw.len);
    if (!colon)
        return false;
    size_t len = (size_t)(colon - last->raw.ptr);
    struct nx_str verb = {colon + 1, last->raw.len - len - 1};
    if (verb.len == 0 || memchr(verb.ptr, '%', verb.len))
        return false;
    search->custom_verb = verb;
    last->raw.len = len;
    last->text.len -= verb.len + 1; /* no escape, so as long there */
    return true;
}

/* The part of the raw path that a variable stands for. */
static struct nx_str raw_value(const struct search *search, const struct oas_template *template,
                               int variable)
{
    size_t first = 0;
    while (template->pieces[first].variable != variable)
        first++;
    size_t last = first;
    while (last + 1 < template->piece_count && template->pieces[last + 1].variable == variable)
        last++;
    if (template->pieces[last].kind == OAS_REST)
        last = search->count - 1;
    if (first >= search->count)
        return NX_STR("");
    const char *begin = search->segments[first].raw.ptr;
    struct nx_str end = search->segments[last].raw;
    return (struct nx_str){begin, (size_t)(end.ptr + end.len - begin)};
}

static nx_status take_values(const struct gw_router *router, const struct search *search,
                             struct nx_arena *arena, struct gw_match *match)
{
    enum gw_url_mode many =
        router->spec->fully_decode_reserved_expansion ? GW_URL_SEGMENTS : GW_URL_RESERVED;
    const struct gw_route *route = match->route;
    size_t count = route->template.variable_count;
    match->values = nx_arena_calloc(arena, count, sizeof *match->values);
    if (!match->values)
        return nx_fail_memory();
    for (size_t i = 0; i < count; i++) {
        enum gw_url_mode mode = route->variables[i].many_segments ? many : GW_URL_SEGMENT;
        NX_TRY(gw_url_decode(raw_value(search, &route->template, (int)i), mode, "the path", arena,
                             &match->values[i]));
    }
    return NX_STATUS_OK;
}

nx_status gw_router_match(const struct gw_router *router, enum oas_verb verb, struct nx_str path,
                          struct nx_arena *arena, struct gw_match *ret_match)
{
    struct search search = {.verb = verb, .custom_verb = NX_STR("")};
    *ret_match = (struct gw_match){.route = NULL};
    if (path.len == 0 || path.ptr[0] != '/')
        return NX_STATUS_OK;
    NX_TRY(split_path(path, arena, &search));
    struct segment last = search.segments[search.count - 1];
    if (cut_custom_verb(&search))
        walk(&search, &router->root, 0);
    if (search.allowed == 0) { /* then the colon, if any, is part of the segment */
        search.segments[search.count - 1] = last;
        search.custom_verb = NX_STR("");
        walk(&search, &router->root, 0);
    }
    struct gw_match match = {
        .route = search.found, .allowed = search.allowed, .visits = search.visits};
    if (match.route)
        NX_TRY(take_values(router, &search, arena, &match));
    *ret_match = match;
    return NX_STATUS_OK;
}

nx_status gw_router_match_method(const struct gw_router *router, const char *method,
                                 struct nx_str path, struct nx_arena *arena,
                                 struct gw_match *ret_match)
{
    enum oas_verb verb = oas_spec_verb(router->spec, method);
    if (strcmp(method, "HEAD") != 0) {
        NX_TRY(gw_router_match(router, verb, path, arena, ret_match));
        if (strcmp(method, "OPTIONS") == 0)
            ret_match->route = NULL;
        return NX_STATUS_OK;
    }
    if (verb != OAS_ANY)
        NX_TRY(gw_router_match(router, verb, path, arena, ret_match));
    if (verb != OAS_ANY && ret_match->route && ret_match->route->rule->verb == verb)
        return NX_STATUS_OK;
    return gw_router_match(router, OAS_GET, path, arena, ret_match);
}

const struct oas_spec *gw_router_spec(const struct gw_router *router)
{
    return router->spec;
}
