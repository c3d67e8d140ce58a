#include <stdio.h>
#include <string.h>

#include "nx_utf8.h"
#include "store_filter_internal.h"

#define MAX_QUOTE_BYTES 48

nx_status store_filter_fail(const struct store_lexer *lexer, size_t offset, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *what = nx_arena_vprintf(lexer->arena, format, args);
    va_end(args);
    size_t character = nx_utf8_length((struct nx_str){lexer->text.ptr, offset}) + 1;
    if (!what)
        return nx_fail_memory();
    return nx_fail_field(lexer->arena, "filter", "at character %zu: %s", character, what);
}

const char *store_filter_quote(struct nx_arena *arena, struct nx_str text)
{
    size_t len = 0;
    while (len < text.len && nx_utf8_next(text, &len) >= 0 && len < MAX_QUOTE_BYTES)
        continue;
    const char *quoted = nx_arena_printf(arena, "\"%.*s%s\"", (int)len,
                                         text.len > 0 ? text.ptr : "", len < text.len ? "..." : "");
    return quoted ? quoted : "";
}

/* --- Words --- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word_char(char c, bool is_value)
{
    static const char ends[] = "()\",'<>=!";
    static const char ends_of_fields[] = ".:";
    if (is_space(c) || memchr(ends, c, sizeof ends - 1))
        return false;
    return is_value || !memchr(ends_of_fields, c, sizeof ends_of_fields - 1);
}

static void take_word(struct store_lexer *lexer, bool is_value, struct store_token *ret)
{
    size_t from = lexer->at;
    while (lexer->at < lexer->text.len && is_word_char(lexer->text.ptr[lexer->at], is_value))
        lexer->at++;
    ret->kind = STORE_TOKEN_TEXT;
    ret->text = (struct nx_str){lexer->text.ptr + from, lexer->at - from};
    ret->starts_wild = ret->text.ptr[0] == '*';
    ret->ends_wild = ret->text.len > 1 && ret->text.ptr[ret->text.len - 1] == '*';
}

/* --- Strings --- */

/* What a character stands for behind a backslash; '\0' for nothing. */
static char unescaped(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case '"':
    case '\'':
    case '\\':
    case '*':
        return c;
    default:
        return '\0';
    }
}

static nx_status take_string(struct store_lexer *lexer, struct store_token *ret)
{
    size_t from = lexer->at;
    const char *text = lexer->text.ptr;
    size_t end = lexer->text.len;
    char *value = nx_arena_alloc(lexer->arena, end - from);
    size_t length = 0;
    bool ends_wild = false;
    if (!value)
        return nx_fail_memory();
    size_t at = from + 1;
    for (; at < end && text[at] != text[from]; at++) {
        char c = text[at];
        ends_wild = c == '*' && length > 0;
        if (c == '\\') {
            c = at + 1 < end ? unescaped(text[at + 1]) : '\0';
            if (c == '\0')
                return store_filter_fail(lexer, at,
                                         "a backslash stands before one of \\ \" ' * n r t");
            at++;
        }
        value[length++] = c;
    }
    if (at == end)
        return store_filter_fail(lexer, from, "the string does not end");
    lexer->at = at + 1;
    ret->kind = STORE_TOKEN_STRING;
    ret->text = (struct nx_str){value, length};
    ret->starts_wild = length > 0 && text[from + 1] == '*';
    ret->ends_wild = ends_wild;
    return NX_STATUS_OK;
}

/* --- Tokens --- */

static bool take_comparator(struct store_lexer *lexer, struct store_token *ret)
{
    static const struct {
        struct nx_str text;
        enum store_comparator comparator;
    } table[] = {
        /* Longer ones first. */
        {{"<=", 2}, STORE_LE}, {{">=", 2}, STORE_GE}, {{"!=", 2}, STORE_NE}, {{"<", 1}, STORE_LT},
        {{">", 1}, STORE_GT},  {{"=", 1}, STORE_EQ},  {{":", 1}, STORE_HAS},
    };
    struct nx_str rest = {lexer->text.ptr + lexer->at, lexer->text.len - lexer->at};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (!nx_str_starts_with(rest, table[i].text))
            continue;
        ret->kind = STORE_TOKEN_COMPARATOR;
        ret->comparator = table[i].comparator;
        lexer->at += table[i].text.len;
        return true;
    }
    return false;
}

static bool take_mark(struct store_lexer *lexer, struct store_token *ret)
{
    static const struct {
        char mark;
        enum store_token_kind kind;
    } table[] = {
        {'.', STORE_TOKEN_DOT},   {',', STORE_TOKEN_COMMA}, {'(', STORE_TOKEN_OPEN},
        {')', STORE_TOKEN_CLOSE}, {'-', STORE_TOKEN_MINUS},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (lexer->text.ptr[lexer->at] != table[i].mark)
            continue;
        ret->kind = table[i].kind;
        lexer->at++;
        return true;
    }
    return false;
}

nx_status store_lexer_next(struct store_lexer *lexer, bool is_value, struct store_token *ret_token)
{
    while (lexer->at < lexer->text.len && is_space(lexer->text.ptr[lexer->at]))
        lexer->at++;
    *ret_token = (struct store_token){.kind = STORE_TOKEN_END, .offset = lexer->at};
    if (lexer->at == lexer->text.len)
        return NX_STATUS_OK;
    char c = lexer->text.ptr[lexer->at];
    if (c == '"' || c == '\'')
        return take_string(lexer, ret_token);
    if (is_value && is_word_char(c, true)) {
        take_word(lexer, true, ret_token);
        return NX_STATUS_OK;
    }
    if (take_mark(lexer, ret_token) || take_comparator(lexer, ret_token))
        return NX_STATUS_OK;
    if (c == '!')
        return store_filter_fail(lexer, lexer->at, "\"!\" is only part of \"!=\"; write NOT");
    take_word(lexer, false, ret_token);
    return NX_STATUS_OK;
}
