#include "gen_name.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Words that cannot name a struct member: the keywords of C, and macros that the headers which
 * generated code includes may define. Sorted. */
static const char *const claimed_words[] = {
    "asm",      "auto",    "bool",   "break",    "case",     "char",     "const",
    "continue", "default", "do",     "double",   "else",     "enum",     "errno",
    "extern",   "false",   "float",  "for",      "goto",     "if",       "inline",
    "int",      "linux",   "long",   "offsetof", "register", "restrict", "return",
    "short",    "signed",  "sizeof", "static",   "stderr",   "stdin",    "stdout",
    "struct",   "switch",  "true",   "typedef",  "typeof",   "union",    "unix",
    "unsigned", "va_arg",  "va_end", "va_start", "void",     "volatile", "while",
};

static int compare_words(const void *word, const void *entry)
{
    return strcmp(word, *(const char *const *)entry);
}

static bool is_claimed(const char *word)
{
    return bsearch(word, claimed_words, sizeof claimed_words / sizeof *claimed_words,
                   sizeof *claimed_words, compare_words) != NULL;
}

/* A name being built. Each source character gives at most two, so its room is known. */
struct builder {
    char *text;
    size_t len;
};

static bool begin(struct builder *builder, struct nx_arena *arena, const char *source,
                  const char *suffix)
{
    builder->len = 0;
    builder->text = nx_arena_alloc(arena, 2 * strlen(source) + strlen(suffix) + 2);
    return builder->text != NULL;
}

static void put(struct builder *builder, int c)
{
    builder->text[builder->len++] = (char)c;
}

static void put_text(struct builder *builder, const char *text)
{
    while (*text)
        put(builder, *text++);
}

static char *finish(struct builder *builder, const char *suffix)
{
    put_text(builder, suffix);
    put(builder, '\0');
    return builder->text;
}

static const char *skip_dot(const char *full_name)
{
    return *full_name == '.' ? full_name + 1 : full_name;
}

/* Lower case with a '_' where a word begins: the rule of protobuf-c, so that the two agree. */
static void put_lower(struct builder *builder, const char *name, const char *separator)
{
    bool was_upper = true;
    for (; *name; name++) {
        if (*name == '.') {
            put_text(builder, separator);
            was_upper = true;
            continue;
        }
        bool is_upper = isupper((unsigned char)*name);
        if (is_upper && !was_upper)
            put(builder, '_');
        put(builder, tolower((unsigned char)*name));
        was_upper = is_upper;
    }
}

char *gen_name_type(struct nx_arena *arena, const char *full_name)
{
    struct builder builder;
    if (!begin(&builder, arena, full_name, ""))
        return NULL;
    bool capital = true;
    for (const char *c = skip_dot(full_name); *c; c++) {
        if (*c == '.' || *c == '_') {
            put_text(&builder, *c == '.' ? "__" : "");
            capital = true;
        } else {
            put(&builder, capital ? toupper((unsigned char)*c) : *c);
            capital = false;
        }
    }
    return finish(&builder, "");
}

char *gen_name_descriptor(struct nx_arena *arena, const char *full_name)
{
    struct builder builder;
    if (!begin(&builder, arena, full_name, "__descriptor"))
        return NULL;
    put_lower(&builder, skip_dot(full_name), "__");
    return finish(&builder, "__descriptor");
}

char *gen_name_symbol(struct nx_arena *arena, const char *full_name)
{
    struct builder builder;
    if (!begin(&builder, arena, full_name, ""))
        return NULL;
    put_lower(&builder, skip_dot(full_name), "_");
    return finish(&builder, "");
}

char *gen_name_member(struct nx_arena *arena, const char *name)
{
    struct builder builder;
    if (!begin(&builder, arena, name, "_"))
        return NULL;
    put_lower(&builder, name, "_");
    char *member = finish(&builder, "");
    if (is_claimed(member)) {
        member[builder.len - 1] = '_';
        member[builder.len] = '\0';
    }
    return member;
}

char *gen_name_guard(struct nx_arena *arena, const char *file)
{
    struct builder builder;
    if (!begin(&builder, arena, file, ""))
        return NULL;
    for (; *file; file++)
        put(&builder, isalnum((unsigned char)*file) ? toupper((unsigned char)*file) : '_');
    return finish(&builder, "");
}

char *gen_name_base(struct nx_arena *arena, const char *file)
{
    struct nx_str name = nx_str_from(file);
    struct nx_str ending = NX_STR(".proto");
    if (name.len > ending.len && strcmp(name.ptr + name.len - ending.len, ending.ptr) == 0)
        name.len -= ending.len;
    return nx_arena_strdup(arena, name);
}
