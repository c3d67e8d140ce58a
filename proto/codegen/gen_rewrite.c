#include "gen_rewrite.h"

#include "gen_claim.h"

#include <ctype.h>
#include <stdbool.h>

/* What came before the token at hand, newest first. Spaces and comments do not count.
 */
#define HISTORY 4

struct rewriter {
    const char *at;
    const char *end;
    struct nx_buf *out;
    struct nx_str before[HISTORY];
    unsigned struct_depth; /* braces open within a struct; 0: outside */
    bool line_begins;
    bool in_directive;
};

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool is_word(struct nx_str token)
{
    return token.len > 0 && is_word_char(*token.ptr);
}

static bool came_before(const struct rewriter *rewriter, unsigned steps, const char *token)
{
    return nx_str_equal(rewriter->before[steps], nx_str_from(token));
}

static void remember(struct rewriter *rewriter, struct nx_str token)
{
    memmove(rewriter->before + 1, rewriter->before, sizeof *rewriter->before * (HISTORY - 1));
    rewriter->before[0] = token;
}

/* Where a run that starts at `from` ends: behind `close`, or at the end of the text. */
static const char *find_end(const struct rewriter *rewriter, const char *from, struct nx_str close)
{
    for (; (size_t)(rewriter->end - from) >= close.len; from++) {
        if (memcmp(from, close.ptr, close.len) == 0)
            return from + close.len;
    }
    return rewriter->end;
}

/* Copy up to `end`, with `between` put between the question marks of what may be a trigraph. */
static void copy(struct rewriter *rewriter, const char *end, char between)
{
    for (; rewriter->at < end; rewriter->at++) {
        nx_buf_append_char(rewriter->out, *rewriter->at);
        if (*rewriter->at == '?' && rewriter->at + 1 < end && rewriter->at[1] == '?')
            nx_buf_append_char(rewriter->out, between);
    }
}

static void copy_quoted(struct rewriter *rewriter)
{
    const char *end = rewriter->at + 1;
    while (end < rewriter->end && *end != *rewriter->at)
        end += *end == '\\' && end + 1 < rewriter->end ? 2 : 1;
    end += end < rewriter->end;
    remember(rewriter, (struct nx_str){rewriter->at, 1});
    copy(rewriter, end, '\\');
}

/* The first character of the next token. */
static char next_char(const char *from, const char *end)
{
    while (from < end && isspace((unsigned char)*from))
        from++;
    return from < end ? *from : '\0';
}

/* `offsetof(TYPE, word)` or, in a struct, `word;` or `word PROTOBUF_C__DEPRECATED;`. */
static bool is_member(const struct rewriter *rewriter, char next)
{
    if (came_before(rewriter, 0, ",") && came_before(rewriter, 2, "(") &&
        came_before(rewriter, 3, "offsetof"))
        return true;
    bool is_first = came_before(rewriter, 0, "ProtobufCMessage");
    return rewriter->struct_depth > 0 && !is_first && (next == ';' || next == 'P');
}

/* NULL, where it is a type and not the pointer: `NULL *`, `NULL word`, `struct NULL {`, `NULL;` as
 * the end of a typedef, `(NULL)`, `offsetof(NULL, member)`. */
static bool is_null_type(const struct rewriter *rewriter, char next)
{
    return came_before(rewriter, 0, "(") || next == '*' || next == ';' || next == '{' ||
           is_word_char(next);
}

static bool is_taken(const struct rewriter *rewriter, struct nx_str word, char next)
{
    if (gen_claim_type(word))
        return !nx_str_equal(word, NX_STR("NULL")) || is_null_type(rewriter, next);
    /* protobuf-c makes the tag of an enum Bool without package _Bool. */
    if (*word.ptr == '_' && came_before(rewriter, 0, "enum"))
        return !memchr(word.ptr + 1, '_', word.len - 1);
    return is_member(rewriter, next) && gen_claim_field(word);
}

/* Default values of proto2 that the compiler does not write as C has them. They stand in
 * initializers: after a '=' or a '-', or in the macro of a message. */
static const char *value_of(const struct rewriter *rewriter, struct nx_str word)
{
    static const char *const values[][2] = {
        {"inf", "(1.0f / 0.0f)"},
        {"nan", "(0.0f / 0.0f)"},
        {"9223372036854775808ll", "9223372036854775807ll - 1"},
    };
    if (!rewriter->in_directive && !came_before(rewriter, 0, "=") && !came_before(rewriter, 0, "-"))
        return NULL;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (nx_str_equal(word, nx_str_from(values[i][0])))
            return values[i][1];
    }
    return NULL;
}

static void rewrite_word(struct rewriter *rewriter)
{
    const char *end = rewriter->at;
    while (end < rewriter->end && is_word_char(*end))
        end++;
    struct nx_str word = {rewriter->at, (size_t)(end - rewriter->at)};
    const char *value = value_of(rewriter, word);
    nx_buf_append_str(rewriter->out, value ? nx_str_from(value) : word);
    /* A directive names no member, and no type without package. */
    if (!value && !rewriter->in_directive &&
        is_taken(rewriter, word, next_char(end, rewriter->end)))
        nx_buf_append_char(rewriter->out, '_');
    remember(rewriter, word);
    rewriter->at = end;
}

static void rewrite_mark(struct rewriter *rewriter)
{
    struct nx_str mark = {rewriter->at, 1};
    bool opens_struct = is_word(rewriter->before[0]) && came_before(rewriter, 1, "struct");
    if (*mark.ptr == '{' && (rewriter->struct_depth > 0 || opens_struct))
        rewriter->struct_depth++;
    else if (*mark.ptr == '}' && rewriter->struct_depth > 0)
        rewriter->struct_depth--;
    nx_buf_append_str(rewriter->out, mark);
    remember(rewriter, mark);
    rewriter->at++;
}

static void rewrite_space(struct rewriter *rewriter)
{
    bool is_end = *rewriter->at == '\n';
    if (is_end && rewriter->in_directive)
        rewriter->in_directive = came_before(rewriter, 0, "\\");
    rewriter->line_begins = rewriter->line_begins || is_end;
    nx_buf_append_char(rewriter->out, *rewriter->at++);
}

static void rewrite_token(struct rewriter *rewriter)
{
    struct nx_str rest = {rewriter->at, (size_t)(rewriter->end - rewriter->at)};
    if (isspace((unsigned char)*rest.ptr)) {
        rewrite_space(rewriter);
        return;
    }
    if (nx_str_starts_with(rest, NX_STR("/*"))) {
        copy(rewriter, find_end(rewriter, rewriter->at + 2, NX_STR("*/")), ' ');
        return;
    }
    rewriter->in_directive = rewriter->in_directive || (rewriter->line_begins && *rest.ptr == '#');
    rewriter->line_begins = false;
    if (*rest.ptr == '"' || (*rest.ptr == '\'' && !rewriter->in_directive))
        copy_quoted(rewriter);
    else if (is_word_char(*rest.ptr))
        rewrite_word(rewriter);
    else
        rewrite_mark(rewriter);
}

void gen_rewrite(struct nx_str text, struct nx_buf *out)
{
    struct rewriter rewriter = {
        .at = text.ptr, .end = text.ptr + text.len, .out = out, .line_begins = true};
    while (rewriter.at < rewriter.end)
        rewrite_token(&rewriter);
}
