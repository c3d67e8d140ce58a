/* How much is read at once to find the newest of those that have some words, and pass a filter, and
 * how.
 *
 *   many are expected   a walk from the newest product on, which tries each
 *   fewer               a part of the newest ids, by the index: blocks of ids are in it, too
 *   too few             all of them
 *
 * If a part has too few to fill the page, what it has is taken, and the next one, before it, is as
 * long as that lets expect; the third is the rest. */
#include "store_search_part.h"

#include <math.h>
#include <string.h>

#define BLOCK ((int64_t)1 << STORE_SEARCH_BLOCK_BITS)
/* So many ids are in a part at most, but for what its first and its last block have besides; and
 * of those that are hardly expected to suffice so many are tried. */
#define LONGEST_PART (BLOCK * 16)
#define TRIED_PART (BLOCK * 4)
#define LONGEST_WALKED 2000
/* Of fewer that are expected, all are read at once. */
#define LEAST_TRIED 20
/* So many that pass are soon read and sorted. */
#define MOST_COLLECTED 100
/* Nothing is known about how much a filter leaves, but for its facts. */
#define UNKNOWN_SHARE 0.25
/* A part has so many times as many as are wanted, if the estimate is right. */
#define MARGIN 2.5

bool store_search_is_of_names(enum store_search_stage stage)
{
    return stage == STORE_SEARCH_NAMES_RANKED || stage == STORE_SEARCH_NAMES_NEWEST;
}

/* Of what a filter leaves the planner expects the same share among couches as among all; what has
 * passed of the names tells better. */
static double share_of_filter(const struct store_search *search)
{
    double share = (double)search->filtered_estimate / (double)(search->estimate + 1);
    if (search->stage != STORE_SEARCH_REST_NEWEST || search->names_passed < 0)
        return share;
    double passed = (double)(search->names_passed + 1) / (double)(search->names_estimate + 1);
    return passed < share ? passed : share;
}

static double greater(double a, double b)
{
    return a > b ? a : b;
}

/* How many of a stage are expected to pass the filter. */
static double expected(const struct store_search *search)
{
    double found = (double)search->names_estimate;
    double least = search->are_names_many ? STORE_SEARCH_MOST_RANKED : 0;
    if (search->stage == STORE_SEARCH_REST_NEWEST) {
        found = (double)search->estimate - found;
        least = search->are_many && search->names_passed >= 0
                    ? (double)(STORE_SEARCH_MOST_RANKED - search->names_passed)
                    : 0;
    }
    if (search->filter.len == 0)
        return greater(found, least);
    if (search->filtered_estimate > 0)
        return greater(found * share_of_filter(search), least);
    double entries = (double)search->entries + 1;
    for (unsigned i = 0; i < search->facts.count; i++)
        found *= (double)search->facts.all[i].estimate / entries;
    return greater(found * UNKNOWN_SHARE, least);
}

/* How many ids hold what is wanted, as far as known. */
static double length_wanted(const struct store_search *search)
{
    double wanted = MARGIN * (double)search->limit;
    if (search->parts > 1 || (search->parts == 1 && search->met == 0))
        return INFINITY;
    if (search->parts == 1)
        return wanted * (double)search->length / (double)search->met;
    double found = expected(search);
    double length = found > 0 ? wanted * (double)search->newest / found : INFINITY;
    /* How many there are of several words is guessed too low; and of others more may pass than of
     * the names. */
    bool may_be_more =
        found >= LEAST_TRIED || search->are_many || search->stage == STORE_SEARCH_REST_NEWEST;
    return length > (double)LONGEST_PART && may_be_more ? (double)TRIED_PART : length;
}

/* Where none of many names has passed, from the newest on, hardly any of the others will: then all
 * are read at once. */
static bool has_rest(const struct store_search *search)
{
    if (search->stage != STORE_SEARCH_NAMES_NEWEST || search->parts != 1 || search->met > 0 ||
        search->since + search->length <= search->newest)
        return false;
    double tried = (double)search->names_estimate * (double)search->length / (double)search->newest;
    return (double)(search->estimate - search->names_estimate) <= tried * MOST_COLLECTED;
}

void store_search_choose(struct store_search *search)
{
    enum store_search_stage stage = search->stage;
    bool is_newest = stage == STORE_SEARCH_NAMES_NEWEST || stage == STORE_SEARCH_REST_NEWEST;
    search->has_rest = has_rest(search);
    search->since = 0;
    search->walks = false;
    if (!is_newest)
        return;
    int64_t end = search->is_continued ? search->after_id : search->newest + 1;
    double length = length_wanted(search);
    if (search->parts == 0 && length <= LONGEST_WALKED) {
        search->walks = true;
        search->since = end - STORE_SEARCH_LONGEST_WALK;
    } else if (length <= (double)LONGEST_PART) {
        search->since = (end - (int64_t)length) & ~(BLOCK - 1);
    }
    if (search->since < 0)
        search->since = 0;
    search->length = end - search->since;
}

void store_search_skip_part(struct store_search *search, int64_t met)
{
    search->parts++;
    search->met = met;
    search->after_id = search->since;
    search->is_continued = true;
}

size_t store_search_blocks(const struct store_search *search,
                           int64_t ret_blocks[STORE_SEARCH_MOST_BLOCKS])
{
    size_t count = 0;
    if (search->walks || search->since <= 0)
        return 0;
    int64_t end = search->since + search->length;
    for (int64_t at = search->since; at < end && count < STORE_SEARCH_MOST_BLOCKS; at += BLOCK)
        ret_blocks[count++] = at >> STORE_SEARCH_BLOCK_BITS;
    return count;
}

/* In nanoseconds: to go over a place of the index, to read an entry, and to see whether it has a
 * fact. */
#define PLACE_COST 7.0
#define ENTRY_COST 800.0
#define FACT_COST 300.0
/* Of several words more come together than the planner expects. */
#define SEVERAL_WORDS 4.0

bool store_search_uses_index(const struct store_search *search, const struct store_fact *fact)
{
    if (search->walks || search->since > 0 || search->is_tried)
        return false;
    bool of_names = store_search_is_of_names(search->stage);
    double found = (double)(of_names ? search->names_estimate : search->estimate);
    double have = (double)fact->estimate;
    double others = 1 - have / ((double)search->entries + 1);
    if (memchr(search->wanted.ptr, '&', search->wanted.len))
        found *= SEVERAL_WORDS;
    return have * PLACE_COST < found * (ENTRY_COST * greater(others, 0) + FACT_COST);
}
