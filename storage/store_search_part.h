/* What the files of search share: which part of the products is read, and what by an index. */
#ifndef STORE_SEARCH_PART_H
#define STORE_SEARCH_PART_H

#include "store_search.h"

/* A walk tries so many products at most. */
#define STORE_SEARCH_LONGEST_WALK 6000

/* Products are in blocks by their ids, which the indexes of entries have: of so many bits. */
#define STORE_SEARCH_BLOCK_BITS 14
#define STORE_SEARCH_MOST_BLOCKS 18

/* The blocks of the part that is to be read by an index. Returns how many; 0: all are read. */
size_t store_search_blocks(const struct store_search *search,
                           int64_t ret_blocks[STORE_SEARCH_MOST_BLOCKS]);

/* Whether entries that have a fact are better found by the index, too, than seen of each row. */
bool store_search_uses_index(const struct store_search *search, const struct store_fact *fact);

#endif
