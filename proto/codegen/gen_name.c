#include "gen_name.h"

#include "gen_claim.h"

#include <ctype.h>
#include <string.h>

/* A name being built. Each source character gives at most two, so its room is known; a '_' behind
 * it and the end have room as well. */
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
    builder->text[builder->len] = '\0';
    return builder->text;
}

/* As finish(), with a '_' behind a name that is taken. */
static char *finish_free(struct builder *builder, bool (*is_taken)(struct nx_str))
{
    return finish(builder, is_taken((struct nx_str){builder->text, builder->len}) ? "_" : "");
}

static const char *skip_dot(const char *full_name)
{
    return *full_name == '.' ? full_name + 1 : full_name;
}

/* One case, with a '_' where a word begins: the rule of protobuf-c, so that the two agree. */
static void put_words(struct builder *builder, const char *name, const char *separator,
                      int (*to_case)(int))
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
        put(builder, to_case((unsigned char)*name));
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
    return finish_free(&builder, gen_claim_type);
}

char *gen_name_lower(struct nx_arena *arena, const char *full_name, const char *suffix)
{
    struct builder builder;
    if (!begin(&builder, arena, full_name, suffix))
        return NULL;
    put_words(&builder, skip_dot(full_name), "__", tolower);
    return finish(&builder, suffix);
}

char *gen_name_upper(struct nx_arena *arena, const char *full_name, const char *suffix)
{
    struct builder builder;
    if (!begin(&builder, arena, full_name, suffix))
        return NULL;
    put_words(&builder, skip_dot(full_name), "__", toupper);
    return finish(&builder, suffix);
}

char *gen_name_descriptor(struct nx_arena *arena, const char *full_name)
{
    return gen_name_lower(arena, full_name, "__descriptor");
}

char *gen_name_symbol(struct nx_arena *arena, const char *full_name)
{
    struct builder builder;
    if (!begin(&builder, arena, full_name, ""))
        return NULL;
    put_words(&builder, skip_dot(full_name), "_", tolower);
    return finish_free(&builder, gen_claim_symbol);
}

char *gen_name_member(struct nx_arena *arena, const char *name)
{
    struct builder builder;
    if (!begin(&builder, arena, name, ""))
        return NULL;
    put_words(&builder, name, "_", tolower);
    return finish_free(&builder, gen_claim_member);
}

char *gen_name_field(struct nx_arena *arena, const char *name)
{
    struct builder builder;
    if (!begin(&builder, arena, name, ""))
        return NULL;
    for (; *name; name++)
        put(&builder, tolower((unsigned char)*name));
    return finish_free(&builder, gen_claim_field);
}

char *gen_name_guard(struct nx_arena *arena, const char *file)
{
    static const char digits[] = "0123456789abcdef";
    char *guard = nx_arena_alloc(arena, 3 * strlen(file) + 1);
    if (!guard)
        return NULL;
    char *end = guard;
    for (; *file; file++) {
        unsigned char byte = (unsigned char)*file;
        if (isalnum(byte)) {
            *end++ = (char)byte;
        } else {
            *end++ = '_';
            *end++ = digits[byte >> 4];
            *end++ = digits[byte & 15];
        }
    }
    *end = '\0';
    return guard;
}

char *gen_name_base(struct nx_arena *arena, const char *file)
{
    /* protobuf-c's compiler knows these two. */
    static const char *const endings[] = {".protodevel", ".proto"};
    struct nx_str name = nx_str_from(file);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        struct nx_str ending = nx_str_from(endings[i]);
        if (name.len >= ending.len && strcmp(file + name.len - ending.len, ending.ptr) == 0) {
            name.len -= ending.len;
            break;
        }
    }
    return nx_arena_strdup(arena, name);
}
