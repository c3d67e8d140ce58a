/* Which of some words is meant by a misspelt one. */
#ifndef SVC_SEARCH_SPELL_H
#define SVC_SEARCH_SPELL_H

#include <stdbool.h>

#include "nx_str.h"

#define SVC_SPELL_MAX_CHARACTERS 40 /* of a word; longer ones are never alike */

/* How many letters have to be put in, taken out, replaced, or swapped with their neighbour to make
 * one word of the other; -1 when a word is too long. Both are valid UTF-8. */
int svc_spell_distance(struct nx_str a, struct nx_str b);

/* The best word so far. Begin with one that is zeroed but for `given`. */
struct svc_spell {
    struct nx_str given; /* folded */
    struct nx_str best;  /* borrowed; empty: none is near enough */
    int distance;
};

/* Offer a word: one mistake is forgiven in up to four letters, two in more. Of two that are equally
 * near the one that begins with the same letter is better, then the shorter one, then the first in
 * the order of bytes. */
void svc_spell_offer(struct svc_spell *spell, struct nx_str word);

#endif
