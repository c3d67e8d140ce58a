#include "oas_template.h"

#include <stdbool.h>
#include <string.h>

struct parser {
    const char *text;
    size_t offset;
    struct nx_arena *arena;
    struct oas_template *template;
};

static nx_status fail(const struct parser *parser, const char *message)
{
    return nx_fail(parser->arena, NX_INVALID_ARGUMENT, "path '%s': %s at offset %zu", parser->text,
                   message, parser->offset);
}

static char peek(const struct parser *parser)
{
    return parser->text[parser->offset];
}

static bool take(struct parser *parser, char c)
{
    if (peek(parser) != c)
        return false;
    parser->offset++;
    return true;
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_literal(char c)
{
    return is_alpha(c) || is_digit(c) || (c && strchr("-._~", c));
}

static struct nx_str take_literal(struct parser *parser)
{
    const char *start = parser->text + parser->offset;
    while (is_literal(peek(parser)))
        parser->offset++;
    return (struct nx_str){start, (size_t)(parser->text + parser->offset - start)};
}

static void add_piece(struct parser *parser, enum oas_piece_kind kind, struct nx_str text,
                      int variable)
{
    parser->template->pieces[parser->template->piece_count++] =
        (struct oas_piece){kind, text, variable};
}

/* "*", "**" or a literal. */
static nx_status parse_plain(struct parser *parser, int variable)
{
    const struct oas_template *template = parser->template;
    if (template->piece_count > 0 && template->pieces[template->piece_count - 1].kind == OAS_REST)
        return fail(parser, "nothing may follow '**'");
    if (take(parser, '*')) {
        enum oas_piece_kind kind = take(parser, '*') ? OAS_REST : OAS_ONE;
        add_piece(parser, kind, NX_STR(""), variable);
        return NX_STATUS_OK;
    }
    struct nx_str literal = take_literal(parser);
    if (literal.len == 0)
        return fail(parser, "a segment is missing or has a character that must not be there");
    add_piece(parser, OAS_LITERAL, literal, variable);
    return NX_STATUS_OK;
}

static nx_status parse_field_path(struct parser *parser, const char **ret_path)
{
    size_t start = parser->offset;
    do {
        if (!is_alpha(peek(parser)) && peek(parser) != '_')
            return fail(parser, "a field's name is missing");
        while (is_alpha(peek(parser)) || is_digit(peek(parser)) || peek(parser) == '_')
            parser->offset++;
    } while (take(parser, '.'));
    struct nx_str path = {parser->text + start, parser->offset - start};
    *ret_path = nx_arena_strdup(parser->arena, path);
    return *ret_path ? NX_STATUS_OK : nx_fail_memory();
}

/* Behind "{". */
static nx_status parse_variable(struct parser *parser)
{
    struct oas_template *template = parser->template;
    struct oas_variable *variable = &template->variables[template->variable_count];
    int index = (int)template->variable_count;
    NX_TRY(parse_field_path(parser, &variable->field_path));
    for (int i = 0; i < index; i++) {
        if (strcmp(template->variables[i].field_path, variable->field_path) == 0)
            return fail(parser, "the field is bound twice");
    }
    template->variable_count++;
    variable->pattern = "*";
    if (!take(parser, '=')) {
        add_piece(parser, OAS_ONE, NX_STR(""), index);
    } else {
        size_t start = parser->offset;
        do
            NX_TRY(parse_plain(parser, index));
        while (take(parser, '/'));
        struct nx_str pattern = {parser->text + start, parser->offset - start};
        variable->pattern = nx_arena_strdup(parser->arena, pattern);
        if (!variable->pattern)
            return nx_fail_memory();
    }
    return take(parser, '}') ? NX_STATUS_OK : fail(parser, "'}' expected");
}

static nx_status parse_segment(struct parser *parser)
{
    const struct oas_template *template = parser->template;
    if (template->piece_count > 0 && template->pieces[template->piece_count - 1].kind == OAS_REST)
        return fail(parser, "nothing may follow '**'");
    return take(parser, '{') ? parse_variable(parser) : parse_plain(parser, -1);
}

static nx_status parse_template(struct parser *parser)
{
    if (peek(parser) != '/')
        return fail(parser, "'/' expected");
    while (take(parser, '/'))
        NX_TRY(parse_segment(parser));
    if (take(parser, ':')) {
        parser->template->verb = take_literal(parser);
        if (parser->template->verb.len == 0)
            return fail(parser, "a verb is missing");
    }
    return peek(parser) ? fail(parser, "a character that must not be there") : NX_STATUS_OK;
}

nx_status oas_template_parse(const char *text, struct nx_arena *arena,
                             struct oas_template *ret_template)
{
    size_t len = strlen(text);
    if (len > OAS_MAX_TEMPLATE_BYTES)
        return nx_fail(arena, NX_INVALID_ARGUMENT, "a path longer than %d bytes",
                       OAS_MAX_TEMPLATE_BYTES);
    struct oas_template template = {.verb = NX_STR("")};
    /* No segment and no variable is shorter than one byte. */
    template.pieces = nx_arena_calloc(arena, len + 1, sizeof *template.pieces);
    template.variables = nx_arena_calloc(arena, len + 1, sizeof *template.variables);
    if (!template.pieces || !template.variables)
        return nx_fail_memory();
    struct parser parser = {.text = text, .arena = arena, .template = &template};
    NX_TRY(parse_template(&parser));
    *ret_template = template;
    return NX_STATUS_OK;
}
