#include "svc_search_spell.h"

#include <stdint.h>

#include "nx_utf8.h"

#define SHORT_WORD 4

struct letters {
    int32_t at[SVC_SPELL_MAX_CHARACTERS];
    int count;
};

static bool read_letters(struct nx_str word, struct letters *ret_letters)
{
    size_t offset = 0;
    int32_t letter;
    ret_letters->count = 0;
    while ((letter = nx_utf8_next(word, &offset)) >= 0) {
        if (ret_letters->count == SVC_SPELL_MAX_CHARACTERS)
            return false;
        ret_letters->at[ret_letters->count++] = letter;
    }
    return true;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: three rows of its table are enough. */
int svc_spell_distance(struct nx_str a, struct nx_str b)
{
    struct letters from;
    struct letters to;
    int rows[3][SVC_SPELL_MAX_CHARACTERS + 1];
    if (!read_letters(a, &from) || !read_letters(b, &to))
        return -1;
    for (int j = 0; j <= to.count; j++)
        rows[0][j] = j;
    for (int i = 1; i <= from.count; i++) {
        int *row = rows[i % 3];
        const int *above = rows[(i + 2) % 3];
        const int *above_that = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= to.count; j++) {
            int replaced = above[j - 1] + (from.at[i - 1] != to.at[j - 1]);
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && from.at[i - 1] == to.at[j - 2] && from.at[i - 2] == to.at[j - 1])
                row[j] = least(row[j], above_that[j - 2] + 1);
        }
    }
    return rows[from.count % 3][to.count];
}

/* Whether a word is to be preferred to one that is as near. */
static bool is_better(const struct svc_spell *spell, struct nx_str word)
{
    bool begins = word.ptr[0] == spell->given.ptr[0];
    bool best_begins = spell->best.ptr[0] == spell->given.ptr[0];
    if (begins != best_begins)
        return begins;
    if (word.len != spell->best.len)
        return word.len < spell->best.len;
    return memcmp(word.ptr, spell->best.ptr, word.len) < 0;
}

void svc_spell_offer(struct svc_spell *spell, struct nx_str word)
{
    if (word.len == 0 || spell->given.len == 0)
        return;
    int most = nx_utf8_length(spell->given) <= SHORT_WORD ? 1 : 2;
    int distance = svc_spell_distance(spell->given, word);
    if (distance < 0 || distance > most)
        return;
    if (spell->best.len > 0 && distance > spell->distance)
        return;
    if (spell->best.len > 0 && distance == spell->distance && !is_better(spell, word))
        return;
    spell->best = word;
    spell->distance = distance;
}
