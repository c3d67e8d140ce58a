/* The tree into SQL. Each comparison becomes one expression in parentheses that is true, false or
 * NULL, where NULL counts as false: what is absent compares false with everything. NOT is written
 * `is not true`, so that it is the opposite of that.
 *
 * The text comes from the table of fields and from the literals here; values are parameters. */
#include <string.h>

#include "nx_utf8.h"
#include "store_filter_internal.h"

struct compiler {
    struct store_query *query;
    struct store_lexer *lexer;
    const struct store_fields *fields;
    struct nx_arena *arena;
};

/* A comparison, and what it compares. */
struct term {
    const struct store_node *node;
    const struct store_field *field;
    const struct nx_str *keys; /* of a JSON field */
    unsigned key_count;
};

typedef nx_status (*compile_term)(struct compiler *compiler, const struct term *term);

static const char *const comparator_texts[] = {"<", "<=", ">", ">=", "!=", "=", ":"};
static const char *const comparator_sql[] = {" < ", " <= ", " > ", " >= ", " <> ", " = ", " = "};

static void add(struct compiler *compiler, const char *sql)
{
    store_query_add(compiler->query, sql);
}

static void add_contains_operator(struct compiler *compiler)
{
    add(compiler, " @> ");
    store_query_note_inverted(compiler->query);
}

static void add_comparator(struct compiler *compiler, const struct term *term)
{
    add(compiler, comparator_sql[term->node->comparator]);
}

static bool is_greater(const struct term *term)
{
    return term->node->comparator == STORE_GT || term->node->comparator == STORE_GE;
}

/* What can be read from an index of the field, if it has one. */
static const char *indexed_sql(const struct term *term)
{
    return term->field->order ? term->field->order : term->field->sql;
}

static bool is_wild(const struct store_token *value)
{
    return value->starts_wild || value->ends_wild;
}

/* "field:*": whether there is something. */
static bool asks_presence(const struct term *term)
{
    const struct store_token *value = &term->node->value;
    return term->node->comparator == STORE_HAS && value->kind == STORE_TOKEN_TEXT &&
           nx_str_equal(value->text, NX_STR("*"));
}

/* The path of a comparison's field, quoted. */
static const char *field_text(struct compiler *compiler, const struct store_node *node)
{
    const char *text = "";
    for (unsigned i = 0; i < node->path_length && text; i++)
        text = nx_arena_printf(compiler->arena, "%s%s%.*s", text, i > 0 ? "." : "",
                               (int)node->path[i].len, node->path[i].ptr);
    return store_filter_quote(compiler->arena, nx_str_from(text ? text : ""));
}

static nx_status fail_comparator(struct compiler *compiler, const struct term *term,
                                 const char *fitting)
{
    return store_filter_fail(compiler->lexer, term->node->offset,
                             "%s does not take \"%s\", only %s", field_text(compiler, term->node),
                             comparator_texts[term->node->comparator], fitting);
}

static nx_status fail_value(struct compiler *compiler, const struct term *term, const char *what)
{
    const struct store_token *value = &term->node->value;
    return store_filter_fail(compiler->lexer, value->offset, "%s is compared with %s, not %s",
                             field_text(compiler, term->node), what,
                             store_filter_quote(compiler->arena, value->text));
}

/* --- Text --- */

static nx_status add_pattern(struct compiler *compiler, const struct store_token *value,
                             bool is_contained)
{
    struct nx_str pattern = store_value_pattern(compiler->arena, value, is_contained, is_contained);
    if (!pattern.ptr)
        return nx_fail_memory();
    store_query_add_text(compiler->query, pattern);
    return NX_STATUS_OK;
}

static nx_status compile_text(struct compiler *compiler, const struct term *term)
{
    const struct store_token *value = &term->node->value;
    enum store_comparator comparator = term->node->comparator;
    if (asks_presence(term)) {
        add(compiler, term->field->sql);
        add(compiler, " <> ''");
        return NX_STATUS_OK;
    }
    if (comparator == STORE_HAS) {
        struct store_token literal = *value; /* has no wildcards */
        literal.starts_wild = literal.ends_wild = false;
        add(compiler, term->field->sql);
        add(compiler, " ilike ");
        return add_pattern(compiler, &literal, true);
    }
    add(compiler, indexed_sql(term));
    if (is_wild(value) && (comparator == STORE_EQ || comparator == STORE_NE)) {
        add(compiler, comparator == STORE_EQ ? " like " : " not like ");
        return add_pattern(compiler, value, false);
    }
    add_comparator(compiler, term);
    store_query_add_text(compiler->query, value->text);
    return NX_STATUS_OK;
}

/* --- Numbers, times, truth --- */

static nx_status compile_int(struct compiler *compiler, const struct term *term)
{
    int64_t number;
    add(compiler, term->field->sql);
    if (asks_presence(term)) {
        add(compiler, " <> 0");
        return NX_STATUS_OK;
    }
    if (!store_value_int8(&term->node->value, &number))
        return fail_value(compiler, term, "a whole number");
    add_comparator(compiler, term);
    store_query_add_int8(compiler->query, number);
    return NX_STATUS_OK;
}

/* What is absent is sorted above all numbers, where an index has it. */
static nx_status compile_decimal(struct compiler *compiler, const struct term *term)
{
    const struct store_field *field = term->field;
    if (asks_presence(term)) {
        add(compiler, field->sql);
        add(compiler, " is not null");
        return NX_STATUS_OK;
    }
    if (!store_value_is_number(&term->node->value))
        return fail_value(compiler, term, "a number");
    add(compiler, term->node->comparator == STORE_NE ? field->sql : indexed_sql(term));
    add_comparator(compiler, term);
    store_query_add_numeric(compiler->query, term->node->value.text);
    if (is_greater(term)) {
        add(compiler, " and ");
        add(compiler, field->sql);
        add(compiler, " is not null");
    }
    return NX_STATUS_OK;
}

static nx_status compile_bool(struct compiler *compiler, const struct term *term)
{
    const struct store_token *value = &term->node->value;
    bool is_true = nx_str_equal(value->text, NX_STR("true"));
    if (term->node->comparator < STORE_NE)
        return fail_comparator(compiler, term, "=, != and :");
    add(compiler, term->field->sql);
    if (asks_presence(term))
        return NX_STATUS_OK;
    if (value->kind != STORE_TOKEN_TEXT ||
        (!is_true && !nx_str_equal(value->text, NX_STR("false"))))
        return fail_value(compiler, term, "true or false");
    add_comparator(compiler, term);
    store_query_add_bool(compiler->query, is_true);
    return NX_STATUS_OK;
}

static nx_status compile_enum(struct compiler *compiler, const struct term *term)
{
    const struct store_enum_value *value = store_value_enum(term->field, term->node->value.text);
    if (term->node->comparator < STORE_NE)
        return fail_comparator(compiler, term, "=, != and :");
    if (asks_presence(term)) {
        add(compiler, "true");
        return NX_STATUS_OK;
    }
    if (!value) {
        const char *names = "one of";
        for (value = term->field->values; value->name && names; value++)
            names = nx_arena_printf(compiler->arena, "%s %s", names, value->name);
        return fail_value(compiler, term, names ? names : "another");
    }
    add(compiler, term->field->sql);
    add_comparator(compiler, term);
    store_query_add_int4(compiler->query, value->number);
    return NX_STATUS_OK;
}

static nx_status compile_time(struct compiler *compiler, const struct term *term)
{
    int64_t unix_us;
    add(compiler, term->field->sql);
    if (asks_presence(term)) {
        add(compiler, " is not null");
        return NX_STATUS_OK;
    }
    if (!store_value_time(term->node->value.text, &unix_us))
        return fail_value(compiler, term,
                          "a time as of RFC 3339, like \"2026-01-31T09:30:00Z\", to the "
                          "microsecond");
    add_comparator(compiler, term);
    store_query_add_timestamp(compiler->query, unix_us);
    return NX_STATUS_OK;
}

/* --- Names --- */

static nx_status parse_name(struct compiler *compiler, const struct term *term, int64_t ret_ids[2])
{
    if (store_value_name(term->node->value.text, term->field->collection, ret_ids))
        return NX_STATUS_OK;
    const char *collection = term->field->collection;
    size_t above = strcspn(collection, "?");
    const char *below = collection[above] ? collection + above + 1 : NULL;
    const char *form = nx_arena_printf(compiler->arena, "a name like \"%.*s%s%s42\"", (int)above,
                                       collection, below ? "42" : "", below ? below : "");
    return fail_value(compiler, term, form ? form : "a name");
}

static nx_status compile_name(struct compiler *compiler, const struct term *term)
{
    const struct store_field *field = term->field;
    int64_t ids[2];
    if (term->node->comparator < STORE_NE)
        return fail_comparator(compiler, term, "=, != and :");
    if (asks_presence(term)) {
        add(compiler, "true");
        return NX_STATUS_OK;
    }
    NX_TRY(parse_name(compiler, term, ids));
    add(compiler, field->sql);
    add_comparator(compiler, term);
    store_query_add_int8(compiler->query, field->parent ? ids[1] : ids[0]);
    if (field->parent) {
        add(compiler, term->node->comparator == STORE_NE ? " or " : " and ");
        add(compiler, field->parent);
        add_comparator(compiler, term);
        store_query_add_int8(compiler->query, ids[0]);
    }
    return NX_STATUS_OK;
}

/* Append SQL in which "?" stands for an id. */
static void add_with_id(struct compiler *compiler, const char *sql, int64_t id)
{
    unsigned param = 0;
    char piece[256];
    for (const char *mark; (mark = strchr(sql, '?')) != NULL; sql = mark + 1) {
        size_t length = (size_t)(mark - sql);
        if (length >= sizeof piece)
            break;
        memcpy(piece, sql, length);
        piece[length] = '\0';
        add(compiler, piece);
        if (param) {
            store_query_add_param(compiler->query, param);
        } else {
            store_query_add_int8(compiler->query, id);
            param = store_query_last_param(compiler->query);
        }
    }
    add(compiler, sql);
}

static nx_status compile_reference(struct compiler *compiler, const struct term *term)
{
    bool is_not = term->node->comparator == STORE_NE;
    int64_t ids[2];
    if (term->node->comparator < STORE_NE)
        return fail_comparator(compiler, term, "=, != and :");
    if (asks_presence(term) || term->node->value.text.len == 0) {
        bool wants_one = is_not || asks_presence(term);
        add(compiler, term->field->sql);
        add(compiler, wants_one ? " is not null" : " is null");
        return NX_STATUS_OK;
    }
    NX_TRY(parse_name(compiler, term, ids));
    add(compiler, term->field->sql);
    if (term->node->comparator == STORE_HAS && term->field->subtree) {
        add(compiler, " in (");
        add_with_id(compiler, term->field->subtree, ids[0]);
        store_query_note_inverted(compiler->query); /* as hard to guess */
        add(compiler, ")");
        return NX_STATUS_OK;
    }
    add(compiler, is_not ? " is distinct from " : " = ");
    store_query_add_int8(compiler->query, ids[0]);
    return NX_STATUS_OK;
}

/* --- Lists --- */

static nx_status compile_list(struct compiler *compiler, const struct term *term)
{
    int64_t ids[2];
    if (term->node->comparator != STORE_HAS)
        return fail_comparator(compiler, term, "\":\", which asks whether it is in the list");
    if (asks_presence(term)) {
        add(compiler, "cardinality(");
        add(compiler, term->field->sql);
        add(compiler, ") > 0");
        return NX_STATUS_OK;
    }
    if (term->field->kind == STORE_FIELD_TEXTS) {
        add(compiler, term->field->sql);
        add_contains_operator(compiler);
        store_query_add_texts(compiler->query, &term->node->value.text, 1);
        return NX_STATUS_OK;
    }
    NX_TRY(parse_name(compiler, term, ids));
    add(compiler, term->field->sql);
    add_contains_operator(compiler);
    store_query_add_int8s(compiler->query, ids, 1);
    return NX_STATUS_OK;
}

/* --- JSON --- */

/* Append what stands at the key: JSON, or NULL. */
static void add_extracted(struct compiler *compiler, const struct term *term)
{
    add(compiler, "(");
    add(compiler, term->field->sql);
    add(compiler, " #> ");
    store_query_add_texts(compiler->query, term->keys, term->key_count);
    add(compiler, ")");
}

/* As a function of store_field.h has it, which is what indexes are made of. */
static void add_typed(struct compiler *compiler, const struct store_json_type *type,
                      const struct term *term)
{
    add(compiler, type->before);
    add(compiler, term->field->sql);
    add(compiler, ", ");
    store_query_add_texts(compiler->query, term->keys, term->key_count);
    add(compiler, type->behind);
}

/* "field @> value": whether the key has this value, by the index. */
static nx_status add_contains(struct compiler *compiler, const struct term *term, bool in_list)
{
    struct nx_str json =
        store_value_json(compiler->arena, term->keys, term->key_count, &term->node->value, in_list);
    if (!json.ptr)
        return nx_fail_memory();
    add(compiler, term->field->sql);
    add_contains_operator(compiler);
    store_query_add_jsonb(compiler->query, json);
    return NX_STATUS_OK;
}

static void add_is_string(struct compiler *compiler, const struct term *term)
{
    add(compiler, "jsonb_typeof");
    add_extracted(compiler, term);
    add(compiler, " = 'string'");
}

static nx_status compile_json_equal(struct compiler *compiler, const struct term *term)
{
    const struct store_token *value = &term->node->value;
    bool is_not = term->node->comparator == STORE_NE;
    if (is_wild(value)) {
        add_is_string(compiler, term);
        add(compiler, " and ");
        add_typed(compiler, &store_json_text, term);
        add(compiler, is_not ? " not like " : " like ");
        return add_pattern(compiler, value, false);
    }
    if (is_not) {
        add_extracted(compiler, term);
        add(compiler, " is not null and not ");
    }
    return add_contains(compiler, term, false);
}

/* Values of another type than the one that is asked for compare false. The functions are those that
 * declared keys have indexes of; what is absent is above all numbers, and below all texts. */
static nx_status compile_json_order(struct compiler *compiler, const struct term *term)
{
    const struct store_token *value = &term->node->value;
    if (store_value_is_number(value)) {
        add_typed(compiler, &store_json_number, term);
        add_comparator(compiler, term);
        store_query_add_numeric(compiler->query, value->text);
        if (is_greater(term)) {
            add(compiler, " and ");
            add_typed(compiler, &store_json_number, term);
            add(compiler, " < 'Infinity'");
        }
        return NX_STATUS_OK;
    }
    if (value->kind != STORE_TOKEN_STRING)
        return fail_value(compiler, term, "a number or a string in quotes");
    add_typed(compiler, &store_json_text, term);
    add_comparator(compiler, term);
    store_query_add_text(compiler->query, value->text);
    add(compiler, " and ");
    add_is_string(compiler, term);
    return NX_STATUS_OK;
}

static nx_status compile_json_has(struct compiler *compiler, const struct term *term)
{
    if (asks_presence(term)) {
        add_extracted(compiler, term);
        add(compiler, " is not null");
        return NX_STATUS_OK;
    }
    NX_TRY(add_contains(compiler, term, false));
    add(compiler, " or ");
    return add_contains(compiler, term, true);
}

static nx_status compile_json(struct compiler *compiler, const struct term *term)
{
    enum store_comparator comparator = term->node->comparator;
    if (term->key_count > 0 && comparator == STORE_HAS)
        return compile_json_has(compiler, term);
    if (term->key_count > 0)
        return comparator < STORE_NE ? compile_json_order(compiler, term)
                                     : compile_json_equal(compiler, term);
    if (comparator != STORE_HAS)
        return store_filter_fail(compiler->lexer, term->node->offset,
                                 "say which key, as in %s.color", term->field->name);
    add(compiler, term->field->sql);
    if (asks_presence(term)) {
        add(compiler, " <> '{}'");
        return NX_STATUS_OK;
    }
    add(compiler, " ? ");
    store_query_add_text(compiler->query, term->node->value.text);
    return NX_STATUS_OK;
}

/* --- The tree --- */

static const compile_term term_compilers[STORE_FIELD_KINDS] = {
    [STORE_FIELD_TEXT] = compile_text,       [STORE_FIELD_INT] = compile_int,
    [STORE_FIELD_DECIMAL] = compile_decimal, [STORE_FIELD_BOOL] = compile_bool,
    [STORE_FIELD_ENUM] = compile_enum,       [STORE_FIELD_TIME] = compile_time,
    [STORE_FIELD_NAME] = compile_name,       [STORE_FIELD_REFERENCE] = compile_reference,
    [STORE_FIELD_REFERENCES] = compile_list, [STORE_FIELD_TEXTS] = compile_list,
    [STORE_FIELD_JSON] = compile_json,
};

static nx_status compile_comparison(struct compiler *compiler, const struct store_node *node)
{
    unsigned used;
    const struct store_field *field =
        store_field_find(compiler->fields, node->path, node->path_length, &used);
    if (!field)
        return store_filter_fail(compiler->lexer, node->offset,
                                 "a %s has no field to filter by that is called %s",
                                 compiler->fields->resource, field_text(compiler, node));
    struct term term = {.node = node,
                        .field = field,
                        .keys = node->path + used,
                        .key_count = node->path_length - used};
    return term_compilers[field->kind](compiler, &term);
}

static nx_status compile_node(struct compiler *compiler, const struct store_node *node)
{
    add(compiler, "(");
    if (node->kind == STORE_NODE_COMPARE)
        NX_TRY(compile_comparison(compiler, node));
    for (const struct store_node *each = node->first; each; each = each->next) {
        if (each != node->first)
            add(compiler, node->kind == STORE_NODE_OR ? " or " : " and ");
        NX_TRY(compile_node(compiler, each));
    }
    add(compiler, node->kind == STORE_NODE_NOT ? " is not true)" : ")");
    return NX_STATUS_OK;
}

/* Where the text is no UTF-8, or has a NUL. */
static bool find_bad_text(struct nx_str text, size_t *ret_offset)
{
    size_t at = 0;
    while (at < text.len) {
        size_t before = at;
        if (nx_utf8_next(text, &at) <= 0) {
            *ret_offset = before;
            return true;
        }
    }
    return false;
}

nx_status store_filter_add(struct store_query *query, const struct store_fields *fields,
                           struct nx_str filter, struct nx_arena *arena)
{
    struct store_lexer lexer = {.text = filter, .arena = arena};
    struct compiler compiler = {query, &lexer, fields, arena};
    struct store_node *root;
    size_t offset;
    if (filter.len > STORE_FILTER_MAX_BYTES)
        return nx_fail_field(arena, "filter", "is longer than %d bytes", STORE_FILTER_MAX_BYTES);
    if (find_bad_text(filter, &offset))
        return store_filter_fail(&lexer, offset, "the text is not valid UTF-8");
    NX_TRY(store_filter_parse(&lexer, &root));
    if (root)
        return compile_node(&compiler, root);
    add(&compiler, "true");
    return NX_STATUS_OK;
}
