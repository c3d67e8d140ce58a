/* What the entries of search have of a filter: a product's state, and the range of its price, are
 * among its lexemes. So an index finds those that have the words and pass, however few these are.
 *
 * Facts let through all that the filter does, and perhaps more: only comparisons that must hold in
 * any case are looked at. */
#include <string.h>

#include "store_filter_internal.h"

struct facts {
    struct store_query *query;
    const struct store_fields *fields;
    const char *entries;
};

/* The field of a comparison, if entries have facts of it; NULL: it is none, or they have not. */
static const struct store_field *field_of(const struct facts *facts, const struct store_node *node)
{
    unsigned used;
    if (node->kind != STORE_NODE_COMPARE)
        return NULL;
    const struct store_field *field =
        store_field_find(facts->fields, node->path, node->path_length, &used);
    return field && field->facts ? field : NULL;
}

static void begin(const struct facts *facts, const struct store_field *field)
{
    store_query_add(facts->query, " and ");
    store_query_add(facts->query, facts->entries);
    store_query_add(facts->query, field->facts);
    store_query_add(facts->query, "(");
}

/* (from, to, whether it is below that) */
static void add_range(const struct facts *facts, const struct store_field *field,
                      const struct store_node *node)
{
    enum store_comparator comparator = node->comparator;
    bool has_low = comparator != STORE_LT && comparator != STORE_LE;
    bool has_high = comparator != STORE_GT && comparator != STORE_GE;
    if (comparator == STORE_NE || !store_value_is_number(&node->value))
        return;
    begin(facts, field);
    if (has_low)
        store_query_add_numeric(facts->query, node->value.text);
    else
        store_query_add(facts->query, "null");
    store_query_add(facts->query, ", ");
    if (has_high)
        store_query_add_numeric(facts->query, node->value.text);
    else
        store_query_add(facts->query, "null");
    store_query_add(facts->query, comparator == STORE_LT ? ", true)" : ", false)");
}

/* The values that a comparison, or several joined by OR, let through: a bit for each in the order
 * of the field's. False: they compare something else. */
static bool find_values(const struct facts *facts, const struct store_field *field,
                        const struct store_node *node, unsigned *values)
{
    if (node->kind == STORE_NODE_OR) {
        bool are_all = true;
        for (const struct store_node *each = node->first; each; each = each->next)
            are_all = are_all && find_values(facts, field, each, values);
        return are_all;
    }
    const struct store_enum_value *value =
        field_of(facts, node) == field ? store_value_enum(field, node->value.text) : NULL;
    if (!value || node->comparator < STORE_NE)
        return false;
    unsigned bit = 1u << (value - field->values);
    *values |= node->comparator == STORE_NE ? ~bit : bit;
    return true;
}

static void add_values(const struct facts *facts, const struct store_field *field, unsigned values)
{
    int64_t numbers[32];
    size_t count = 0;
    for (unsigned i = 0; field->values[i].name && i < 32; i++) {
        if (values >> i & 1)
            numbers[count++] = field->values[i].number;
    }
    begin(facts, field);
    store_query_add_int8s(facts->query, numbers, count);
    store_query_add(facts->query, ")");
}

static void add_node(const struct facts *facts, const struct store_node *node)
{
    for (const struct store_node *each = node->first; each && node->kind == STORE_NODE_AND;
         each = each->next)
        add_node(facts, each);
    const struct store_node *leaf = node->kind == STORE_NODE_OR && node->first ? node->first : node;
    const struct store_field *field = field_of(facts, leaf);
    unsigned values = 0;
    if (!field)
        return;
    if (field->kind == STORE_FIELD_DECIMAL && leaf == node)
        add_range(facts, field, node);
    if (field->kind == STORE_FIELD_ENUM && find_values(facts, field, node, &values))
        add_values(facts, field, values);
}

nx_status store_filter_add_facts(struct store_query *query, const struct store_fields *fields,
                                 struct nx_str filter, const char *entries, struct nx_arena *arena)
{
    struct store_lexer lexer = {.text = filter, .arena = arena};
    const struct facts facts = {query, fields, entries};
    struct store_node *root;
    NX_TRY(store_filter_parse(&lexer, &root));
    if (root)
        add_node(&facts, root);
    return NX_STATUS_OK;
}
