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

/* --- Whether that is all --- */

/* Whether a number is where a range begins, as catalog.search_price_bounds() has them. */
static bool is_bound(struct nx_str number)
{
    static const char *const beginnings[] = {"1",   "125", "16", "2",  "25",
                                             "315", "4",   "5",  "63", "8"};
    char digits[16];
    size_t count = 0;
    size_t first = 0; /* that is not 0 */
    const char *dot = memchr(number.ptr, '.', number.len);
    size_t whole = dot ? (size_t)(dot - number.ptr) : number.len;
    while (first < number.len && (number.ptr[first] == '0' || first == whole))
        first++;
    for (size_t i = first; i < number.len; i++) {
        char c = number.ptr[i];
        if (i == whole)
            continue;
        if (c < '0' || c > '9' || count + 1 == sizeof digits)
            return false; /* an exponent, too: nobody writes prices so */
        digits[count++] = c;
    }
    while (count > 0 && digits[count - 1] == '0')
        count--;
    digits[count] = '\0';
    int power = (int)whole - (int)first - (first < whole); /* of ten, of the first digit */
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        if (strcmp(digits, beginnings[i]) == 0)
            return power >= -2 && (power < 8 || (power == 8 && i == 0));
    }
    return false;
}

static bool suffices(const struct facts *facts, const struct store_node *node)
{
    const struct store_node *leaf = node->kind == STORE_NODE_OR && node->first ? node->first : node;
    const struct store_field *field = field_of(facts, leaf);
    unsigned values = 0;
    if (node->kind == STORE_NODE_AND) {
        bool do_all = true;
        for (const struct store_node *each = node->first; each; each = each->next)
            do_all = do_all && suffices(facts, each);
        return do_all;
    }
    if (!field)
        return false;
    if (field->kind == STORE_FIELD_ENUM)
        return find_values(facts, field, node, &values);
    return leaf == node && (node->comparator == STORE_LT || node->comparator == STORE_GE) &&
           is_bound(node->value.text);
}

nx_status store_filter_is_fact(const struct store_fields *fields, struct nx_str filter,
                               struct nx_arena *arena, bool *ret)
{
    struct store_lexer lexer = {.text = filter, .arena = arena};
    const struct facts facts = {.fields = fields};
    struct store_node *root;
    NX_TRY(store_filter_parse(&lexer, &root));
    *ret = root && suffices(&facts, root);
    return NX_STATUS_OK;
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
