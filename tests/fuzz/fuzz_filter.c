/* A filter or an order from strangers. The first byte says what it is: 'p' a filter of products,
 * 'c' one of categories, 'v' one of variants, 'o' an order of products. What is accepted must be
 * SQL of ours with parameters that PostgreSQL can take; what is refused must say why. */
#include <stdlib.h>
#include <string.h>

#include "json_token.h"
#include "nx_utf8.h"
#include "store_filter.h"
#include "store_internal.h"
#include "store_order.h"

#define ARENA_BYTES ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Only printable ASCII, parentheses that match, and no literal but those that we write. */
static void check_sql(const struct store_query *query)
{
    static const char *const literals[] = {"'Infinity'", "'infinity'", "'string'",
                                           "'{}'",       "''",         "\"C\""};
    struct nx_str sql = store_query_text(query);
    int depth = 0;
    for (size_t i = 0; i < sql.len; i++) {
        char c = sql.ptr[i];
        struct nx_str rest = {sql.ptr + i, sql.len - i};
        require(c >= ' ' && c <= '~' && c != ';' && c != '\\');
        require(!nx_str_starts_with(rest, NX_STR("--")) && !nx_str_starts_with(rest, NX_STR("/*")));
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        require(depth >= 0);
        if (c != '\'' && c != '"')
            continue;
        size_t known = 0;
        for (size_t j = 0; j < sizeof literals / sizeof *literals && known == 0; j++) {
            if (nx_str_starts_with(rest, nx_str_from(literals[j])))
                known = strlen(literals[j]);
        }
        require(known > 0);
        i += known - 1;
    }
    require(depth == 0);
}

static void check_json(struct nx_str json, struct nx_arena *arena)
{
    struct json_reader reader;
    struct json_token token;
    json_reader_init(&reader, json, 16, arena);
    do {
        nx_status status = json_reader_next(&reader, &token);
        require(status.code == NX_OK || status.code == NX_RESOURCE_EXHAUSTED);
        if (status.code != NX_OK)
            return;
    } while (token.kind != JSON_END);
}

static void check_params(const struct store_query *query, struct nx_arena *arena)
{
    require(query->param_count <= STORE_QUERY_MAX_PARAMS);
    for (unsigned i = 0; i < query->param_count; i++) {
        const struct store_query_param *param = &query->params[i];
        struct nx_str bytes = {param->value.value, (size_t)param->value.length};
        require(param->value.length >= 0);
        if (param->type == STORE_TYPE_TEXT)
            require(nx_utf8_valid(bytes) && !memchr(bytes.ptr, '\0', bytes.len));
        else if (param->type == STORE_TYPE_NUMERIC)
            require(json_is_number(nx_str_from(bytes.ptr)));
        else if (param->type == STORE_TYPE_JSONB)
            check_json((struct nx_str){bytes.ptr + 1, bytes.len - 1}, arena);
    }
}

static void check_refusal(nx_status status, const char *field)
{
    require(status.code == NX_INVALID_ARGUMENT || status.code == NX_RESOURCE_EXHAUSTED);
    if (status.code != NX_INVALID_ARGUMENT)
        return;
    require(strcmp(status.error->violations->field, field) == 0);
    require(nx_utf8_valid(nx_str_from(status.error->message)));
}

static void fuzz_filter(const struct store_fields *fields, struct nx_str text,
                        struct nx_arena *arena)
{
    struct store_query *query = store_query_new(arena, "fuzz");
    nx_status status = store_filter_add(query, fields, text, arena);
    if (status.code != NX_OK) {
        check_refusal(status, "filter");
        return;
    }
    struct store_facts facts;
    status = store_filter_facts(fields, text, arena, &facts);
    require(status.code == NX_OK || nx_arena_exhausted(arena));
    for (unsigned i = 0; status.code == NX_OK && i < facts.count; i++) {
        store_query_add(query, " and entry.lexemes @@ ");
        store_fact_add(query, &facts.all[i]);
    }
    if (!query->failed) {
        check_sql(query);
        check_params(query, arena);
    }
}

static void fuzz_order(struct nx_str text, struct nx_arena *arena)
{
    static const struct store_attribute list[] = {{{"color", 5}, &store_json_text},
                                                  {{"size.width", 10}, &store_json_number}};
    static const struct store_attributes declared = {list, 2};
    static const struct nx_str keys[STORE_ORDER_MAX_KEYS];
    struct store_order order;
    nx_status status = store_order_parse(&store_product_fields, text, &declared, arena, &order);
    if (status.code != NX_OK) {
        check_refusal(status, "order_by");
        return;
    }
    struct store_query *query = store_query_new(arena, "fuzz");
    require(order.count >= 1 && order.count <= STORE_ORDER_MAX_KEYS);
    store_order_add_keys(query, &order);
    store_order_add_after(query, &order, keys);
    store_order_add(query, &order);
    struct store_order_groups groups;
    if (store_order_groups(&order, keys, &groups)) {
        require(groups.leading < order.count && groups.count <= STORE_ORDER_MAX_GROUPS);
        for (unsigned i = 0; i < groups.count; i++)
            store_order_add_group(query, &order, &groups, i, groups.is_begun ? keys : NULL);
    }
    if (!query->failed)
        check_sql(query);
}

static const struct store_fields *fields_of(char kind)
{
    switch (kind) {
    case 'c':
        return &store_category_fields;
    case 'v':
        return &store_variant_fields;
    default:
        return &store_product_fields;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nx_arena *arena = size > 0 ? nx_arena_new(ARENA_BYTES) : NULL;
    if (!arena)
        return 0;
    struct nx_str text = {(const char *)data + 1, size - 1};
    if (data[0] == 'o')
        fuzz_order(text, arena);
    else
        fuzz_filter(fields_of((char)data[0]), text, arena);
    nx_arena_destroy(arena);
    return 0;
}
