/* What someone types into a search field; and behind a newline, texts as the database marks them,
 * for a product whose title and description are the query. Texts are valid UTF-8, as requests are.
 */
#include <stdint.h>
#include <stdlib.h>

#include "nx_utf8.h"
#include "svc_search_highlight.h"
#include "svc_search_query.h"
#include "svc_search_spell.h"

#define ARENA_BYTES ((size_t)1 << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_query(const char *text, struct nx_arena *arena)
{
    struct svc_search_query query;
    struct svc_search_lines lines;
    if (svc_search_query_parse(text, arena, &query).code != NX_OK)
        return;
    require(query.count <= SVC_SEARCH_MAX_TERMS);
    require(svc_search_query_lines(&query, arena, &lines));
    require(lines.kinds.len == query.count && nx_utf8_valid(lines.texts));
    size_t newlines = 0;
    for (size_t i = 0; i < lines.texts.len; i++)
        newlines += lines.texts.ptr[i] == '\n';
    require(newlines == (query.count > 0 ? query.count - 1 : 0));
    const char *same = svc_search_query_corrected(&query, arena);
    require(same && strcmp(same, text) == 0);
    for (unsigned i = 0; i < query.count; i++) {
        const struct svc_search_term *term = &query.terms[i];
        require(term->text.len > 0 && term->text.ptr >= text &&
                term->text.ptr + term->text.len <= text + strlen(text));
        struct svc_spell spell = {.given = query.terms[0].text};
        svc_spell_offer(&spell, term->text);
        require(spell.best.len == 0 || (spell.distance >= 0 && spell.distance <= 2));
    }
}

static void check_highlights(char *text, struct nx_str marked, struct nx_arena *arena)
{
    Nexus__Catalog__V1__Product product = NEXUS__CATALOG__V1__PRODUCT__INIT;
    Nexus__Catalog__V1__SearchResult result = NEXUS__CATALOG__V1__SEARCH_RESULT__INIT;
    product.title = text;
    product.description = text;
    product.tags = &text;
    product.n_tags = 1;
    result.product = &product;
    require(svc_highlight(&result, marked, arena));
    for (size_t i = 0; i < result.n_highlights; i++) {
        const char *at = NULL;
        for (size_t j = 0; j < result.highlights[i]->n_pieces; j++) {
            const char *piece = result.highlights[i]->pieces[j]->text;
            require(*piece != '\0' && nx_utf8_valid(nx_str_from(piece)));
            at = j == 0 ? strstr(text, piece) : at;
            require(at != NULL);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nx_str all = {(const char *)data, size};
    if (size > 4096 || !nx_utf8_valid(all) || (size > 0 && memchr(data, '\0', size)))
        return 0;
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    const char *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t len = newline ? (size_t)(newline - all.ptr) : size;
    char *text = arena ? nx_arena_strdup(arena, (struct nx_str){all.ptr, len}) : NULL;
    if (text) {
        check_query(text, arena);
        struct nx_str marked = {all.ptr + len, size - len};
        check_highlights(text, marked, arena);
    }
    nx_arena_destroy(arena);
    return 0;
}
