/* Which part of the products a search reads next, newest first, and what of a filter it finds by
 * the index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_search_part.h"

static struct store_search search_of(enum store_search_stage stage, int64_t found)
{
    return (struct store_search){
        .wanted = NX_STR("'red'"),
        .filter = NX_STR("inventory > 0"),
        .stage = stage,
        .estimate = found,
        .names_estimate = stage == STORE_SEARCH_REST_NEWEST ? 0 : found,
        .filtered_estimate = found,
        .names_passed = -1,
        .newest = 1000000,
        .entries = 1000000,
        .limit = 26,
    };
}

static void test_store_search__without_a_filter_all_pass(void **state)
{
    (void)state;
    struct store_search search = search_of(STORE_SEARCH_NAMES_NEWEST, 5000);
    search.filtered_estimate = 30;
    store_search_choose(&search);
    assert_int_equal(search.since, 57 << STORE_SEARCH_BLOCK_BITS); /* nearly none */
    search.filter = NX_STR("");
    store_search_choose(&search);
    assert_int_equal(search.since, 60 << STORE_SEARCH_BLOCK_BITS);
}

static void test_store_search__what_is_ranked_is_read_at_once(void **state)
{
    (void)state;
    struct store_search search = search_of(STORE_SEARCH_RANKED, 500000);
    store_search_choose(&search);
    assert_false(search.walks);
    assert_int_equal(search.since, 0);
}

static void test_store_search__the_more_there_are_the_less_is_read(void **state)
{
    (void)state;
    struct store_search search = search_of(STORE_SEARCH_NAMES_NEWEST, 500000);
    store_search_choose(&search);
    assert_true(search.walks);
    assert_int_equal(search.since, 1000001 - STORE_SEARCH_LONGEST_WALK);

    search = search_of(STORE_SEARCH_REST_NEWEST, 5000);
    int64_t blocks[STORE_SEARCH_MOST_BLOCKS];
    store_search_choose(&search);
    assert_false(search.walks);
    assert_int_equal(search.since, 60 << STORE_SEARCH_BLOCK_BITS);
    assert_int_equal(store_search_blocks(&search, blocks), 2);
    assert_int_equal(blocks[0], 60);
    assert_int_equal(blocks[1], 61);

    search = search_of(STORE_SEARCH_REST_NEWEST, 5000);
    search.names_estimate = 1000;
    search.names_passed = 0; /* which says little about the others */
    store_search_choose(&search);
    assert_int_equal(search.since, 57 << STORE_SEARCH_BLOCK_BITS);

    search = search_of(STORE_SEARCH_NAMES_NEWEST, 10);
    store_search_choose(&search);
    assert_false(search.walks);
    assert_int_equal(search.since, 0);
    assert_int_equal(store_search_blocks(&search, blocks), 0);
}

/* Whatever is found, the parts are one behind the other, and the third is the last. */
static void test_store_search__parts_cover_all(void **state)
{
    (void)state;
    static const int64_t all[] = {0, 1, 20, 100, 1000, 10000, 100000, 1000000};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (int64_t met = 0; met < 26; met++) {
            struct store_search search = search_of(STORE_SEARCH_NAMES_NEWEST, all[i]);
            int64_t end = search.newest + 1;
            store_search_choose(&search);
            while (search.since > 0) {
                int64_t blocks[STORE_SEARCH_MOST_BLOCKS];
                size_t count = store_search_blocks(&search, blocks);
                assert_true(search.since < end && search.parts < 2);
                assert_int_equal(search.since + search.length, end);
                if (!search.walks) {
                    assert_int_equal(blocks[0] << STORE_SEARCH_BLOCK_BITS, search.since);
                    assert_int_equal(blocks[count - 1], (end - 1) >> STORE_SEARCH_BLOCK_BITS);
                }
                end = search.since;
                store_search_skip_part(&search, met);
                store_search_choose(&search);
            }
            assert_false(search.walks && search.parts > 0);
        }
    }
}

static void test_store_search__of_many_names_without_one_that_passes_all_is_read(void **state)
{
    (void)state;
    struct store_search search = search_of(STORE_SEARCH_NAMES_NEWEST, 5000);
    search.estimate = 20000;
    store_search_choose(&search);
    assert_false(search.has_rest);
    struct store_search next = search;
    store_search_skip_part(&next, 0);
    store_search_choose(&next);
    assert_true(next.has_rest);
    assert_int_equal(next.since, 0);

    next = search;
    store_search_skip_part(&next, 1); /* some pass */
    store_search_choose(&next);
    assert_false(next.has_rest);

    next = search_of(STORE_SEARCH_NAMES_NEWEST, 5000); /* of a page that is not the first */
    next.is_continued = true;
    next.after_id = 900000;
    store_search_choose(&next);
    store_search_skip_part(&next, 0);
    store_search_choose(&next);
    assert_false(next.has_rest);

    next = search_of(STORE_SEARCH_NAMES_NEWEST, 100); /* very many others */
    next.estimate = 200000;
    next.are_many = true;
    store_search_choose(&next);
    assert_true(next.since > 0);
    store_search_skip_part(&next, 0);
    store_search_choose(&next);
    assert_false(next.has_rest);
}

static void test_store_search__the_index_has_what_few_have(void **state)
{
    (void)state;
    struct store_search search = search_of(STORE_SEARCH_RANKED, 1500);
    const struct store_fact rare = {.estimate = 5000};
    const struct store_fact frequent = {.estimate = 900000};
    assert_true(store_search_uses_index(&search, &rare));
    assert_false(store_search_uses_index(&search, &frequent));
    search.estimate = 10; /* the words alone leave hardly any */
    assert_false(store_search_uses_index(&search, &rare));
    search.since = 900000;
    search.estimate = 1500;
    assert_false(store_search_uses_index(&search, &rare));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_search__without_a_filter_all_pass),
        cmocka_unit_test(test_store_search__what_is_ranked_is_read_at_once),
        cmocka_unit_test(test_store_search__the_more_there_are_the_less_is_read),
        cmocka_unit_test(test_store_search__parts_cover_all),
        cmocka_unit_test(test_store_search__of_many_names_without_one_that_passes_all_is_read),
        cmocka_unit_test(test_store_search__the_index_has_what_few_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
