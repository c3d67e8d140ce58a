/* A rule's path template, a newline, and a path to look up. */
#include <stdint.h>
#include <stdlib.h>

#include "gw_router.h"
#include "nexus/catalog/v1/catalog_service.nexus.h"
#include "nx_utf8.h"

#define ARENA_BYTES ((size_t)1 << 20)
#define S "nexus.catalog.v1.CatalogService."

static const struct wire_service *const services[] = {&nexus_catalog_v1_catalog_service};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was found must agree with what it was found by. */
static void check(const struct gw_match *match)
{
    if (!match->route)
        return;
    if (!(match->allowed & 1u << match->route->rule->verb))
        abort();
    for (size_t i = 0; i < match->route->template.variable_count; i++) {
        struct nx_str value = match->values[i];
        if (!nx_utf8_valid(value) || (value.len > 0 && memchr(value.ptr, '\0', value.len)))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    const char *text = nx_arena_strdup(arena, (struct nx_str){(const char *)data, size});
    const char *newline = text ? memchr(text, '\n', size) : NULL;
    size_t template_len = newline ? (size_t)(newline - text) : 0;
    char *template = nx_arena_strdup(arena, (struct nx_str){text, template_len});
    if (!newline || !template)
        goto out;
    struct oas_rule rules[] = {
        {S "GetProduct", OAS_GET, template, "", "", 1, NULL, NULL, NULL},
        {S "GetProduct", OAS_GET, "/v1/{name=products/*}", "", "", 2, NULL, NULL, NULL},
        {S "GetProduct", OAS_GET, "/v1/{name=**}:deep", "", "", 3, NULL, NULL, NULL},
        {S "DeleteProduct", OAS_DELETE, "/v1/products/{name}", "", "", 4, NULL, NULL, NULL},
    };
    const struct oas_spec spec = {.rules = rules, .rule_count = sizeof rules / sizeof *rules};
    struct nx_str path = {newline + 1, size - template_len - 1};
    struct gw_router *router;
    struct gw_match match;
    if (gw_router_compile(&spec, "fuzz", services, 1, arena, &router).code == NX_OK &&
        gw_router_match(router, OAS_GET, path, arena, &match).code == NX_OK)
        check(&match);
out:
    nx_arena_destroy(arena);
    return 0;
}
