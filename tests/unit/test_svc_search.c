/* What of a search needs no database: the query taken apart, misspelt words, highlights. */
#include "svc_search_highlight.h"
#include "svc_search_query.h"
#include "svc_search_spell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct nx_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = nx_arena_new(1 << 20);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    nx_arena_destroy(arena);
    return 0;
}

/* --- Queries --- */

static void test_svc_search_query__takes_terms_apart(void **state)
{
    (void)state;
    static const struct {
        const char *query, *texts, *kinds;
    } rows[] = {
        {"sofa", "sofa", "o"},
        {"  red\tsofa ", "red\nsofa", "wo"},
        {"\"red sofa\"", "red sofa", "p"},
        {"\"red\nsofa\" bed", "red sofa\nbed", "po"},
        {"red -sofa", "red\nsofa", "w-"},
        {"-\"red sofa\" bed", "red sofa\nbed", "-o"},
        {"red \"sofa", "red\nsofa", "wp"},
        {"red\"sofa\"bed", "red\nsofa\nbed", "wpo"},
        {"3-seat", "3-seat", "o"},
        {"--x", "-x", "-"},
        {"- red", "red", "o"},
        {"-", "", ""},
        {"\"\" \"", "", ""},
        {"-\"\"", "", ""},
        {"%_\\':*&|!()<->", "%_\\':*&|!()<->", "o"},
        {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25",
         "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n22\n23\n24",
         "wwwwwwwwwwwwwwwwwwwwwwwo"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct svc_search_query query;
        struct svc_search_lines lines;
        assert_int_equal(svc_search_query_parse(rows[i].query, arena, &query).code, NX_OK);
        assert_true(svc_search_query_lines(&query, arena, &lines));
        if (!nx_str_equal(lines.texts, nx_str_from(rows[i].texts)) ||
            !nx_str_equal(lines.kinds, nx_str_from(rows[i].kinds)))
            fail_msg("%s: \"%.*s\" %.*s", rows[i].query, (int)lines.texts.len, lines.texts.ptr,
                     (int)lines.kinds.len, lines.kinds.ptr);
    }
}

static void test_svc_search_query__empty_and_long_are_refused(void **state)
{
    (void)state;
    struct svc_search_query query;
    char text[2 * 257 + 1] = "";
    for (unsigned i = 0; i < 257; i++)
        strncat(text, "\xc3\xa4", 3);
    assert_int_equal(svc_search_query_parse(text, arena, &query).code, NX_INVALID_ARGUMENT);
    text[strlen(text) - 2] = '\0';
    assert_int_equal(svc_search_query_parse(text, arena, &query).code, NX_OK);
    assert_int_equal(svc_search_query_parse("", arena, &query).code, NX_INVALID_ARGUMENT);
    assert_int_equal(svc_search_query_parse(" \r\n", arena, &query).code, NX_INVALID_ARGUMENT);
}

static void test_svc_search_query__corrections_leave_the_rest(void **state)
{
    (void)state;
    struct svc_search_query query;
    assert_int_equal(svc_search_query_parse(" bily  -\"wall hung\" bokcase ", arena, &query).code,
                     NX_OK);
    assert_string_equal(svc_search_query_corrected(&query, arena),
                        " bily  -\"wall hung\" bokcase ");
    query.terms[0].correction = "billy";
    query.terms[2].correction = "bookcase";
    assert_string_equal(svc_search_query_corrected(&query, arena),
                        " billy  -\"wall hung\" bookcase ");
    struct svc_search_lines lines;
    assert_true(svc_search_query_lines(&query, arena, &lines));
    assert_true(nx_str_equal(lines.texts, NX_STR("billy\nwall hung\nbookcase")));
}

/* --- Misspelt words --- */

static void test_svc_spell__counts_changes(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int distance;
    } rows[] = {
        {"", "", 0},
        {"sofa", "sofa", 0},
        {"sofa", "", 4},
        {"sofa", "soaf", 1},
        {"bokcase", "bookcase", 1},
        {"bookcsae", "bookcase", 1},
        {"kitten", "sitting", 3},
        {"g\xc3\xa5r\xc3\xb8", "garo", 2},
        {"1234567890123456789012345678901234567890", "", 40},
        {"12345678901234567890123456789012345678901", "", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nx_str a = nx_str_from(rows[i].a);
        struct nx_str b = nx_str_from(rows[i].b);
        if (svc_spell_distance(a, b) != rows[i].distance ||
            svc_spell_distance(b, a) != rows[i].distance)
            fail_msg("%s, %s: %d", rows[i].a, rows[i].b, svc_spell_distance(a, b));
    }
}

static void test_svc_spell__chooses_the_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        const char *offers[4];
        const char *best;
    } rows[] = {
        {"bokcase", {"case", "bookcases", "bookcase"}, "bookcase"},
        {"sofe", {"safe", "sofa"}, "safe"},
        {"sofx", {"lofx", "sofas"}, "lofx"},
        {"sofx", {"lofx", "sofa"}, "sofa"},
        {"abc", {"xyz", "axyz"}, ""},
        {"abcd", {"abxy"}, ""},
        {"abcde", {"abcxy"}, "abcxy"},
        {"abcde", {"", "abcdef", "abcd"}, "abcd"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct svc_spell spell = {.given = nx_str_from(rows[i].given)};
        for (size_t j = 0; j < 4 && rows[i].offers[j]; j++)
            svc_spell_offer(&spell, nx_str_from(rows[i].offers[j]));
        if (!nx_str_equal(spell.best, nx_str_from(rows[i].best)))
            fail_msg("%s: %.*s", rows[i].given, (int)spell.best.len, spell.best.ptr);
    }
}

/* --- Highlights: "[" and "]" stand for the marks, "|" for the one between fields --- */

#define BEGIN "\xee\x80\x80"
#define END "\xee\x80\x81"
#define NEXT "\xee\x80\x82"

/* The pieces of a field as one text, with brackets around what was found. */
static const char *show(const Nexus__Catalog__V1__SearchResult *result, const char *field)
{
    const char *shown = "";
    for (size_t i = 0; i < result->n_highlights; i++) {
        const Nexus__Catalog__V1__Highlight *highlight = result->highlights[i];
        if (strcmp(highlight->field, field) != 0)
            continue;
        for (size_t j = 0; j < highlight->n_pieces; j++)
            shown = nx_arena_printf(arena, highlight->pieces[j]->is_match ? "%s[%s]" : "%s%s",
                                    shown, highlight->pieces[j]->text);
    }
    return shown;
}

static Nexus__Catalog__V1__SearchResult *result_of(char *title, char *description)
{
    Nexus__Catalog__V1__Product *product = nx_arena_alloc(arena, sizeof *product);
    Nexus__Catalog__V1__SearchResult *result = nx_arena_alloc(arena, sizeof *result);
    assert_non_null(product);
    assert_non_null(result);
    nexus__catalog__v1__product__init(product);
    nexus__catalog__v1__search_result__init(result);
    product->title = title;
    product->description = description;
    result->product = product;
    return result;
}

static void test_svc_highlight__marks_are_carried_over(void **state)
{
    (void)state;
    static const struct {
        const char *text, *marked, *shown;
    } rows[] = {
        {"Red Sofa, blue", "red " BEGIN "sofa" END ", blue", "Red [Sofa], blue"},
        {"SOFA", BEGIN "sofa" END, "[SOFA]"},
        {"sofa", "sofa", ""},
        {"Chef's Knife", BEGIN "chefs" END " knife", "[Chef's] Knife"},
        {"Fja\xcc\x88ll B", BEGIN "fjall" END " b", "[Fja\xcc\x88ll] B"},
        {"B\xc3\xa4nk b\xc3\xa4nk", "bank " BEGIN "bank" END, "B\xc3\xa4nk [b\xc3\xa4nk]"},
        {"3-seat", BEGIN "3" END " " BEGIN "seat" END, "[3]-[seat]"},
        {"<b>" BEGIN "x</b>", " b> " BEGIN "x" END " /b>", "<b>" BEGIN "[x]</b>"},
        /* What does not fit ends where the text does. */
        {"ab", "ab" BEGIN "c" END, ""},
        {"ab", BEGIN "abcdef" END, "[ab]"},
        {"ab", END BEGIN BEGIN "a" END END, "[a]b"},
        {"ab", BEGIN "a", ""},
        {"", BEGIN "a" END, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Nexus__Catalog__V1__SearchResult *result = result_of((char *)rows[i].text, "");
        const char *marked = nx_arena_printf(arena, "%s" NEXT NEXT NEXT, rows[i].marked);
        assert_true(svc_highlight(result, nx_str_from(marked), arena));
        assert_string_equal(show(result, "title"), rows[i].shown);
    }
}

static void test_svc_highlight__fields_are_kept_apart(void **state)
{
    (void)state;
    Nexus__Catalog__V1__SearchResult *result = result_of("One", "Two three");
    char *tags[] = {"four", "five"};
    result->product->tags = tags;
    result->product->n_tags = 2;
    struct nx_str marked =
        NX_STR("one" NEXT NEXT "four, " BEGIN "five" END NEXT "two " BEGIN "three" END);
    assert_true(svc_highlight(result, marked, arena));
    assert_int_equal(result->n_highlights, 2);
    assert_string_equal(show(result, "tags"), "four, [five]");
    assert_string_equal(show(result, "description"), "Two [three]");
}

static void test_svc_highlight__long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    for (size_t before = 0; before < 400; before += 7) {
        const char *text = "";
        const char *marked = NEXT NEXT NEXT;
        for (size_t i = 0; i < before; i++) {
            text = nx_arena_printf(arena, "%s%s", text, i % 9 ? "\xc3\xa4" : " ");
            marked = nx_arena_printf(arena, "%s%s", marked, i % 9 ? "a" : " ");
        }
        text = nx_arena_printf(arena, "%ssofa%0300d\xc3\xa4\xc3\xa4", text, 7);
        marked = nx_arena_printf(arena, "%s" BEGIN "sofa" END "%0300daa", marked, 7);
        Nexus__Catalog__V1__SearchResult *result = result_of("", (char *)text);
        assert_true(svc_highlight(result, nx_str_from(marked), arena));
        assert_int_equal(result->n_highlights, 1);
        const Nexus__Catalog__V1__Highlight *highlight = result->highlights[0];
        const char *joined = "";
        for (size_t i = 0; i < highlight->n_pieces; i++)
            joined = nx_arena_printf(arena, "%s%s", joined, highlight->pieces[i]->text);
        assert_non_null(strstr(text, joined));
        assert_non_null(strstr(joined, "sofa"));
        assert_in_range(strlen(joined), 4, 320);
        assert_int_not_equal((unsigned char)joined[0] & 0xC0, 0x80);
        nx_arena_reset(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_svc_search_query__takes_terms_apart, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_svc_search_query__empty_and_long_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_svc_search_query__corrections_leave_the_rest, set_up,
                                        tear_down),
        cmocka_unit_test(test_svc_spell__counts_changes),
        cmocka_unit_test(test_svc_spell__chooses_the_nearest),
        cmocka_unit_test_setup_teardown(test_svc_highlight__marks_are_carried_over, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_svc_highlight__fields_are_kept_apart, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_svc_highlight__long_texts_are_cut_between_characters,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests_name("svc_search", tests, NULL, NULL);
}
