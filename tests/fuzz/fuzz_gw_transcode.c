/* The rule's number, a query, a newline, and a body, to become a request message. */
#include <stdint.h>
#include <stdlib.h>

#include "gw_transcode.h"
#include "nexus/catalog/v1/catalog_service.nexus.h"

#define ARENA_BYTES ((size_t)8 << 20)
#define S "nexus.catalog.v1.CatalogService."
#define RULE_COUNT 4

static const struct wire_service *const services[] = {&nexus_catalog_v1_catalog_service};

static struct oas_rule rules[RULE_COUNT] = {
    {S "ListProducts", OAS_GET, "/v1/products", "", "", 1, NULL, NULL, NULL},
    {S "UpdateProduct", OAS_PATCH, "/v1/{product.name=products/*}", "product", "", 2, NULL, NULL,
     NULL},
    {S "DeleteCategory", OAS_POST, "/v1/{name=categories/*}:undelete", "*", "", 3, NULL, NULL,
     NULL},
    {S "UpdateProduct", OAS_PUT, "/v1/open/{product.name}", "", "", 4, NULL, NULL, NULL},
};

static const char *const paths[RULE_COUNT] = {"/v1/products", "/v1/products/1",
                                              "/v1/categories/7:undelete", "/v1/open/p"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was accepted must survive the way to the service. */
static void check(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = calloc(size ? size : 1, 1);
    if (!bytes || protobuf_c_message_pack(message, bytes) != size)
        abort();
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct oas_spec spec = {.rules = rules, .rule_count = RULE_COUNT};
    const uint8_t *newline = size > 1 ? memchr(data + 1, '\n', size - 1) : NULL;
    if (!newline)
        return 0;
    unsigned rule = *data % RULE_COUNT;
    size_t query_len = (size_t)(newline - data) - 1;
    const struct gw_input input = {
        .query = {(const char *)data + 1, query_len},
        .body = {(const char *)newline + 1, size - query_len - 2},
        .if_match = "\"a1\"",
        .idempotency_key = "key",
        .max_depth = 100,
    };
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    struct gw_router *router;
    struct gw_match match;
    ProtobufCMessage *message;
    if (gw_router_compile(&spec, "fuzz", services, 1, arena, &router).code != NX_OK ||
        gw_router_match(router, rules[rule].verb, nx_str_from(paths[rule]), arena, &match).code !=
            NX_OK)
        abort();
    if (gw_transcode(&match, &input, arena, &message).code == NX_OK)
        check(message);
    nx_arena_destroy(arena);
    return 0;
}
