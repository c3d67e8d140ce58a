/* The grammar of AIP-160. Mind that OR binds tighter than AND, and that two expressions side by
 * side are joined as by AND:
 *
 *   expression  sequence {AND sequence}
 *   sequence    factor {factor}
 *   factor      term {OR term}
 *   term        [NOT | -] (comparison | "(" expression ")")
 *   comparison  field {. field} comparator value */
#include <assert.h>

#include "store_filter_internal.h"

struct parser {
    struct store_lexer *lexer;
    struct store_token token; /* the next one */
    unsigned depth;
    unsigned terms;
};

static nx_status parse_expression(struct parser *parser, struct store_node **ret);

static nx_status advance(struct parser *parser, bool is_value)
{
    return store_lexer_next(parser->lexer, is_value, &parser->token);
}

static bool is_word(const struct parser *parser, struct nx_str word)
{
    return parser->token.kind == STORE_TOKEN_TEXT && nx_str_equal(parser->token.text, word);
}

static nx_status fail_here(const struct parser *parser, const char *what)
{
    return store_filter_fail(parser->lexer, parser->token.offset, "%s", what);
}

static struct store_node *new_node(struct parser *parser, enum store_node_kind kind)
{
    struct store_node *node = nx_arena_calloc(parser->lexer->arena, 1, sizeof *node);
    if (node)
        node->kind = kind;
    return node;
}

/* --- Comparisons --- */

static nx_status parse_path(struct parser *parser, struct store_node *node)
{
    node->offset = parser->token.offset;
    for (;;) {
        enum store_token_kind kind = parser->token.kind;
        if (kind != STORE_TOKEN_TEXT && kind != STORE_TOKEN_STRING)
            return fail_here(parser, node->path_length ? "a name is expected behind the dot"
                                                       : "a field is expected");
        if (node->path_length == STORE_FILTER_MAX_PATH)
            return fail_here(parser, "the path has too many names");
        node->path[node->path_length++] = parser->token.text;
        NX_TRY(advance(parser, false));
        if (parser->token.kind != STORE_TOKEN_DOT)
            return NX_STATUS_OK;
        NX_TRY(advance(parser, false));
    }
}

/* There is no comparator behind a word: say what may have been meant. */
static nx_status fail_bare(const struct parser *parser, const struct store_node *node)
{
    static const struct nx_str small[] = {{"and", 3}, {"or", 2}, {"not", 3}};
    const struct store_lexer *lexer = parser->lexer;
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        if (nx_str_equal(node->path[0], small[i]))
            return store_filter_fail(lexer, node->offset, "write AND, OR and NOT in capitals");
    }
    if (parser->token.kind == STORE_TOKEN_OPEN)
        return store_filter_fail(lexer, node->offset, "there are no functions");
    return store_filter_fail(lexer, node->offset,
                             "%s is not compared with anything; to look for words, use "
                             "products:search",
                             store_filter_quote(lexer->arena, node->path[0]));
}

static nx_status parse_comparison(struct parser *parser, struct store_node **ret)
{
    struct store_node *node = new_node(parser, STORE_NODE_COMPARE);
    if (!node)
        return nx_fail_memory();
    if (is_word(parser, NX_STR("AND")) || is_word(parser, NX_STR("OR")) ||
        is_word(parser, NX_STR("NOT")))
        return fail_here(parser, "a comparison is expected");
    if (++parser->terms > STORE_FILTER_MAX_TERMS)
        return fail_here(parser, "there are more than 64 comparisons");
    NX_TRY(parse_path(parser, node));
    if (parser->token.kind != STORE_TOKEN_COMPARATOR)
        return fail_bare(parser, node);
    node->comparator = parser->token.comparator;
    NX_TRY(advance(parser, true));
    if (parser->token.kind == STORE_TOKEN_OPEN)
        return fail_here(parser, "write a comparison for each value, and OR or AND between them");
    if (parser->token.kind != STORE_TOKEN_TEXT && parser->token.kind != STORE_TOKEN_STRING)
        return fail_here(parser, "a value is expected");
    node->value = parser->token;
    *ret = node;
    NX_TRY(advance(parser, false));
    if (parser->token.kind == STORE_TOKEN_OPEN && node->value.kind == STORE_TOKEN_TEXT &&
        parser->token.offset == node->value.offset + node->value.text.len)
        return store_filter_fail(parser->lexer, node->value.offset, "there are no functions");
    return NX_STATUS_OK;
}

/* --- What joins them --- */

static nx_status parse_composite(struct parser *parser, struct store_node **ret)
{
    size_t offset = parser->token.offset;
    if (parser->depth == STORE_FILTER_MAX_DEPTH)
        return fail_here(parser, "more than 16 parentheses are open");
    parser->depth++;
    NX_TRY(advance(parser, false));
    NX_TRY(parse_expression(parser, ret));
    if (parser->token.kind != STORE_TOKEN_CLOSE)
        return store_filter_fail(parser->lexer, offset, "the parenthesis is not closed");
    parser->depth--;
    return advance(parser, false);
}

static nx_status parse_term(struct parser *parser, struct store_node **ret)
{
    bool is_negated = is_word(parser, NX_STR("NOT")) || parser->token.kind == STORE_TOKEN_MINUS;
    if (is_negated)
        NX_TRY(advance(parser, false));
    struct store_node *node = NULL;
    if (parser->token.kind == STORE_TOKEN_OPEN)
        NX_TRY(parse_composite(parser, &node));
    else
        NX_TRY(parse_comparison(parser, &node));
    if (is_negated) {
        struct store_node *negation = new_node(parser, STORE_NODE_NOT);
        if (!negation)
            return nx_fail_memory();
        negation->first = node;
        node = negation;
    }
    *ret = node;
    return NX_STATUS_OK;
}

/* Parse one with `each`, and more for as long as `goes_on`; join them if there are several. */
static nx_status parse_joined(struct parser *parser, enum store_node_kind kind,
                              nx_status (*each)(struct parser *parser, struct store_node **ret),
                              nx_status (*goes_on)(struct parser *parser, bool *ret_more),
                              struct store_node **ret)
{
    struct store_node *first = NULL;
    struct store_node **next = &first;
    for (bool more = true; more;) {
        struct store_node *node = NULL;
        NX_TRY(each(parser, &node));
        assert(node);
        *next = node;
        next = &node->next;
        NX_TRY(goes_on(parser, &more));
    }
    *ret = first;
    if (next == &first->next)
        return NX_STATUS_OK;
    struct store_node *joint = new_node(parser, kind);
    if (!joint)
        return nx_fail_memory();
    joint->first = first;
    *ret = joint;
    return NX_STATUS_OK;
}

static nx_status or_follows(struct parser *parser, bool *ret_more)
{
    *ret_more = is_word(parser, NX_STR("OR"));
    return *ret_more ? advance(parser, false) : NX_STATUS_OK;
}

static nx_status and_follows(struct parser *parser, bool *ret_more)
{
    *ret_more = is_word(parser, NX_STR("AND"));
    return *ret_more ? advance(parser, false) : NX_STATUS_OK;
}

static nx_status factor_follows(struct parser *parser, bool *ret_more)
{
    *ret_more = parser->token.kind != STORE_TOKEN_END && parser->token.kind != STORE_TOKEN_CLOSE &&
                !is_word(parser, NX_STR("AND"));
    return NX_STATUS_OK;
}

static nx_status parse_factor(struct parser *parser, struct store_node **ret)
{
    return parse_joined(parser, STORE_NODE_OR, parse_term, or_follows, ret);
}

static nx_status parse_sequence(struct parser *parser, struct store_node **ret)
{
    return parse_joined(parser, STORE_NODE_AND, parse_factor, factor_follows, ret);
}

static nx_status parse_expression(struct parser *parser, struct store_node **ret)
{
    return parse_joined(parser, STORE_NODE_AND, parse_sequence, and_follows, ret);
}

nx_status store_filter_parse(struct store_lexer *lexer, struct store_node **ret_root)
{
    struct parser parser = {.lexer = lexer};
    struct store_node *root = NULL;
    NX_TRY(advance(&parser, false));
    if (parser.token.kind != STORE_TOKEN_END)
        NX_TRY(parse_expression(&parser, &root));
    if (parser.token.kind != STORE_TOKEN_END)
        return fail_here(&parser, "a parenthesis is closed that was not opened");
    *ret_root = root;
    return NX_STATUS_OK;
}
