/* What the entries of search have of a filter: a product's state, and the range of its price, are
 * among its lexemes. So an index finds those that have the words and pass, however few these are.
 *
 * Facts let through all that the filter does, and perhaps more: only comparisons that must hold in
 * any case are looked at. */
#include <string.h>

#include "store_filter_internal.h"

/* What is made of a filter, and of which fields. */
struct collector {
    const struct store_fields *fields;
    struct store_facts *facts;
};

/* The field of a comparison, if entries have facts of it; NULL: it is none, or they have not. */
static const struct store_field *field_of(const struct collector *collector,
                                          const struct store_node *node)
{
    unsigned used;
    if (node->kind != STORE_NODE_COMPARE)
        return NULL;
    const struct store_field *field =
        store_field_find(collector->fields, node->path, node->path_length, &used);
    return field && field->facts ? field : NULL;
}

/* The one fact of a field; NULL: there are too many. */
static struct store_fact *fact_of(const struct collector *collector,
                                  const struct store_field *field)
{
    struct store_facts *facts = collector->facts;
    for (unsigned i = 0; i < facts->count; i++) {
        if (facts->all[i].field == field)
            return &facts->all[i];
    }
    if (facts->count == STORE_MAX_FACTS)
        return NULL;
    facts->all[facts->count] = (struct store_fact){.field = field, .values = ~0u};
    return &facts->all[facts->count++];
}

/* Take a bound over. False: there is one already, and the fact says less than the filter. */
static bool set_bound(struct nx_str *bound, struct nx_str number)
{
    if (bound->len > 0)
        return false;
    *bound = number;
    return true;
}

/* The values that a comparison, or several joined by OR, let through: a bit for each in the order
 * of the field's. False: they compare something else. */
static bool find_values(const struct collector *collector, const struct store_field *field,
                        const struct store_node *node, unsigned *values)
{
    if (node->kind == STORE_NODE_OR) {
        bool are_all = true;
        for (const struct store_node *each = node->first; each; each = each->next)
            are_all = are_all && find_values(collector, field, each, values);
        return are_all;
    }
    const struct store_enum_value *value =
        field_of(collector, node) == field ? store_value_enum(field, node->value.text) : NULL;
    if (!value || node->comparator < STORE_NE)
        return false;
    unsigned bit = 1u << (value - field->values);
    *values |= node->comparator == STORE_NE ? ~bit : bit;
    return true;
}

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

/* Each says whether the facts let nothing else through than what it was made of. */

static bool add_range(const struct collector *collector, const struct store_field *field,
                      const struct store_node *node)
{
    enum store_comparator comparator = node->comparator;
    bool has_low = comparator != STORE_LT && comparator != STORE_LE;
    bool has_high = comparator != STORE_GT && comparator != STORE_GE;
    if (comparator == STORE_NE || !store_value_is_number(&node->value))
        return false;
    struct store_fact *fact = fact_of(collector, field);
    if (!fact)
        return false;
    bool is_taken = true;
    if (has_low)
        is_taken = set_bound(&fact->low, node->value.text);
    if (has_high && set_bound(&fact->high, node->value.text))
        fact->is_below = comparator == STORE_LT;
    else if (has_high)
        is_taken = false;
    return is_taken && (comparator == STORE_LT || comparator == STORE_GE) &&
           is_bound(node->value.text);
}

static bool add_values(const struct collector *collector, const struct store_field *field,
                       const struct store_node *node)
{
    unsigned values = 0;
    struct store_fact *fact =
        find_values(collector, field, node, &values) ? fact_of(collector, field) : NULL;
    if (fact)
        fact->values &= values;
    return fact;
}

static bool add_node(const struct collector *collector, const struct store_node *node)
{
    if (node->kind == STORE_NODE_AND) {
        bool do_all = true;
        for (const struct store_node *each = node->first; each; each = each->next)
            do_all = add_node(collector, each) && do_all;
        return do_all;
    }
    const struct store_node *leaf = node->kind == STORE_NODE_OR && node->first ? node->first : node;
    const struct store_field *field = field_of(collector, leaf);
    if (!field)
        return false;
    if (field->kind == STORE_FIELD_ENUM)
        return add_values(collector, field, node);
    return leaf == node && add_range(collector, field, node);
}

nx_status store_filter_facts(const struct store_fields *fields, struct nx_str filter,
                             struct nx_arena *arena, struct store_facts *ret_facts)
{
    struct store_lexer lexer = {.text = filter, .arena = arena};
    struct store_facts facts = {.count = 0};
    const struct collector collector = {fields, &facts};
    struct store_node *root;
    NX_TRY(store_filter_parse(&lexer, &root));
    facts.suffice = root && add_node(&collector, root);
    *ret_facts = facts;
    return NX_STATUS_OK;
}

/* --- As SQL --- */

static void add_bound(struct store_query *query, struct nx_str bound)
{
    if (bound.len > 0)
        store_query_add_numeric(query, bound);
    else
        store_query_add(query, "null");
    store_query_add(query, ", ");
}

void store_fact_add(struct store_query *query, const struct store_fact *fact)
{
    int64_t numbers[32];
    size_t count = 0;
    store_query_add(query, fact->field->facts);
    store_query_add(query, "(");
    if (fact->field->kind == STORE_FIELD_ENUM) {
        for (unsigned i = 0; fact->field->values[i].name && i < 32; i++) {
            if (fact->values >> i & 1)
                numbers[count++] = fact->field->values[i].number;
        }
        store_query_add_int8s(query, numbers, count);
    } else {
        add_bound(query, fact->low);
        add_bound(query, fact->high);
        store_query_add(query, fact->is_below ? "true" : "false");
    }
    store_query_add(query, ")");
}
