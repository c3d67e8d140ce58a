/* The words that the sample catalog is made of, the more frequent ones first. */
#ifndef CTL_SEED_WORDS_H
#define CTL_SEED_WORDS_H

struct seed_list {
    const char *const *words;
    unsigned count;
};

/* A category of the small shop: roots first, then those below. */
struct seed_shelf {
    const char *title;
    const char *above; /* title, or NULL for a root */
    unsigned position;
    const char *description;
    struct seed_list nouns; /* what it holds */
    unsigned price;         /* of the cheapest */
};
extern const struct seed_shelf seed_shelves[13];
extern const struct seed_list seed_small_lines;
extern const struct seed_list seed_small_materials;

/* The large shop: roots (the first four are the small one's too), groups below them, and kinds of
 * things below these. */
#define SEED_GROUP_KINDS 6
struct seed_group {
    unsigned root;
    const char *title;
    unsigned price; /* of something in the middle */
    const char *kinds[SEED_GROUP_KINDS];
};
extern const char *const seed_roots[];
extern const unsigned seed_root_count;
extern const struct seed_group seed_groups[];
extern const unsigned seed_group_count;

extern const struct seed_list seed_line_starts, seed_line_ends;   /* names of collections */
extern const struct seed_list seed_brand_starts, seed_brand_ends; /* 500 brands */
extern const struct seed_list seed_materials, seed_colours, seed_styles, seed_looks;
extern const struct seed_list seed_benefits, seed_cares; /* sentences */
extern const struct seed_list seed_occasions;

#endif
