#include "svc_search_query.h"

#include "nx_utf8.h"

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t skip_blanks(struct nx_str text, size_t at)
{
    while (at < text.len && is_blank(text.ptr[at]))
        at++;
    return at;
}

/* Read the term that begins here, and return where it ends. */
static size_t read_term(struct nx_str text, size_t at, struct svc_search_term *ret_term)
{
    bool excluded = text.ptr[at] == '-';
    at += excluded;
    bool quoted = at < text.len && text.ptr[at] == '"';
    at += quoted;
    size_t begin = at;
    while (at < text.len && text.ptr[at] != '"' && (quoted || !is_blank(text.ptr[at])))
        at++;
    enum svc_search_kind kind = quoted ? SVC_SEARCH_PHRASE : SVC_SEARCH_WORD;
    *ret_term = (struct svc_search_term){
        .kind = excluded ? SVC_SEARCH_EXCLUDED : kind,
        .text = {text.ptr + begin, at - begin},
    };
    return quoted && at < text.len ? at + 1 : at;
}

nx_status svc_search_query_parse(const char *text, struct nx_arena *arena,
                                 struct svc_search_query *ret_query)
{
    struct svc_search_query query = {.text = nx_str_from(text)};
    size_t at = skip_blanks(query.text, 0);
    if (at == query.text.len)
        return nx_fail_field(arena, "query", "is required");
    if (nx_utf8_length(query.text) > SVC_SEARCH_MAX_CHARACTERS)
        return nx_fail_field(arena, "query", "must have at most %d characters",
                             SVC_SEARCH_MAX_CHARACTERS);
    for (; at < query.text.len && query.count < SVC_SEARCH_MAX_TERMS;
         at = skip_blanks(query.text, at)) {
        at = read_term(query.text, at, &query.terms[query.count]);
        if (query.terms[query.count].text.len > 0)
            query.count++;
    }
    struct svc_search_term *last = query.count > 0 ? &query.terms[query.count - 1] : NULL;
    if (last && last->kind == SVC_SEARCH_WORD)
        last->kind = SVC_SEARCH_OPEN;
    *ret_query = query;
    return NX_STATUS_OK;
}

static struct nx_str wanted_text(const struct svc_search_term *term)
{
    return term->correction ? nx_str_from(term->correction) : term->text;
}

bool svc_search_query_lines(const struct svc_search_query *query, struct nx_arena *arena,
                            struct svc_search_lines *ret_lines)
{
    size_t size = 1;
    for (unsigned i = 0; i < query->count; i++)
        size += wanted_text(&query->terms[i]).len + 1;
    char *texts = nx_arena_alloc(arena, size);
    char *kinds = nx_arena_alloc(arena, query->count + 1);
    if (!texts || !kinds)
        return false;
    size_t len = 0;
    for (unsigned i = 0; i < query->count; i++) {
        struct nx_str text = wanted_text(&query->terms[i]);
        if (i > 0)
            texts[len++] = '\n';
        for (size_t j = 0; j < text.len; j++)
            texts[len++] = is_blank(text.ptr[j]) ? (char)' ' : text.ptr[j];
        kinds[i] = (char)query->terms[i].kind;
    }
    *ret_lines = (struct svc_search_lines){{texts, len}, {kinds, query->count}};
    return true;
}

/* Append to a text that has room. */
static char *put(char *to, struct nx_str text)
{
    if (text.len > 0)
        memcpy(to, text.ptr, text.len);
    return to + text.len;
}

char *svc_search_query_corrected(const struct svc_search_query *query, struct nx_arena *arena)
{
    size_t size = query->text.len + 1;
    for (unsigned i = 0; i < query->count; i++)
        size += wanted_text(&query->terms[i]).len;
    char *corrected = nx_arena_alloc(arena, size);
    if (!corrected)
        return NULL;
    char *to = corrected;
    const char *from = query->text.ptr;
    for (unsigned i = 0; i < query->count; i++) {
        const struct svc_search_term *term = &query->terms[i];
        to = put(to, (struct nx_str){from, (size_t)(term->text.ptr - from)});
        to = put(to, wanted_text(term));
        from = term->text.ptr + term->text.len;
    }
    to = put(to, (struct nx_str){from, (size_t)(query->text.ptr + query->text.len - from)});
    *to = '\0';
    return corrected;
}
