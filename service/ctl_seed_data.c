#include "ctl_seed_data.h"

#include "ctl_seed_words.h"

#include <stdio.h>
#include <string.h>

#define SMALL_CATEGORIES 13
#define SMALL_ROOTS 4
#define GROUP_KINDS SEED_GROUP_KINDS

/* --- Texts --- */

/* As part of a slug: small letters, "-" for what is not one. */
static void put_slug(struct nx_buf *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        char c = *at;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c == '\xc3') /* the accents of the small shop: é */
            nx_buf_append_char(out, 'e');
        if (c == '\'' || (c & 0x80))
            continue;
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool is_double = !is_plain && out->len > 0 && out->ptr[out->len - 1] == '-';
        if (!is_double)
            nx_buf_append_char(out, is_plain ? c : '-');
    }
}

static void put_lower(struct nx_buf *out, const char *text)
{
    for (const char *at = text; *at; at++)
        nx_buf_append_char(out, *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at);
}

static void put(struct nx_buf *out, const char *text)
{
    nx_buf_append_str(out, nx_str_from(text));
}

/* --- Chance that is the same every time --- */

/* splitmix64. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

struct chance {
    uint64_t state;
};

static uint64_t draw(struct chance *chance)
{
    chance->state += 1;
    return mix(chance->state);
}

/* 0 to count - 1, each as likely. */
static unsigned even(struct chance *chance, unsigned count)
{
    return (unsigned)(draw(chance) % count);
}

/* 0 to count - 1, small ones more likely: the first of 500 comes every 22nd time. */
static unsigned uneven(struct chance *chance, unsigned count)
{
    uint64_t x = draw(chance) >> 32;
    return (unsigned)((x * x >> 32) * count >> 32);
}

static const char *pick(const struct seed_list *list, unsigned index)
{
    return list->words[index % list->count];
}

static const char *pick_even(struct chance *chance, const struct seed_list *list)
{
    return pick(list, even(chance, list->count));
}

static const char *pick_uneven(struct chance *chance, const struct seed_list *list)
{
    return pick(list, uneven(chance, list->count));
}

/* One of the names that two lists make. */
static void name(struct chance *chance, const struct seed_list *starts,
                 const struct seed_list *ends, char ret_name[24])
{
    unsigned index = uneven(chance, starts->count * ends->count);
    snprintf(ret_name, 24, "%s%s", pick(starts, index), pick(ends, index / starts->count));
}

/* --- Categories: the small shop's, then roots, groups and kinds of the large one --- */

static unsigned first_group(void)
{
    return SMALL_CATEGORIES + seed_root_count - SMALL_ROOTS;
}

static unsigned first_kind(void)
{
    return first_group() + seed_group_count;
}

unsigned seed_category_count(int64_t product_count)
{
    return product_count <= SEED_SMALL_COUNT ? SMALL_CATEGORIES
                                             : first_kind() + seed_group_count * GROUP_KINDS;
}

/* A category, put together for its slug or its JSON. */
struct category {
    unsigned depth;
    const char *title;
    const char *under; /* title of the category above, or NULL */
    const char *root;  /* and of the one above that, or NULL */
    const char *description;
    unsigned position;
};

static struct category category_at(unsigned index)
{
    if (index < SMALL_CATEGORIES) {
        const struct seed_shelf *shelf = &seed_shelves[index];
        return (struct category){shelf->above ? 1 : 0, shelf->title,   NULL, NULL,
                                 shelf->description,   shelf->position};
    }
    if (index < first_group()) {
        unsigned root = index - SMALL_CATEGORIES + SMALL_ROOTS;
        return (struct category){0, seed_roots[root], NULL, NULL, "", root + 1};
    }
    unsigned kind = index < first_kind() ? 0 : index - first_kind();
    unsigned group = index < first_kind() ? index - first_group() : kind / GROUP_KINDS;
    const struct seed_group *of = &seed_groups[group];
    if (index < first_kind())
        return (struct category){1, of->title, seed_roots[of->root], NULL, "", 100 + group};
    return (struct category){2,  of->kinds[kind % GROUP_KINDS], of->title, seed_roots[of->root],
                             "", kind % GROUP_KINDS + 1};
}

static void put_category_slug(struct nx_buf *out, const char *root, const char *under,
                              const char *title)
{
    put(out, "sample-");
    if (root)
        put_slug(out, root);
    if (root)
        nx_buf_append_char(out, '-');
    if (under)
        put_slug(out, under);
    if (under)
        nx_buf_append_char(out, '-');
    put_slug(out, title);
}

void seed_category_slug(unsigned index, struct nx_buf *out)
{
    struct category category = category_at(index);
    put_category_slug(out, category.root, category.under, category.title);
}

static void put_above(struct nx_buf *out, unsigned index, const struct category *category)
{
    const char *shelf = index < SMALL_CATEGORIES ? seed_shelves[index].above : NULL;
    if (!shelf && !category->under) {
        put(out, "null");
        return;
    }
    nx_buf_append_char(out, '"');
    put_category_slug(out, NULL, category->root, shelf ? shelf : category->under);
    nx_buf_append_char(out, '"');
}

bool seed_categories_json(unsigned depth, int64_t product_count, struct nx_buf *out)
{
    const char *before = "[";
    for (unsigned i = 0; i < seed_category_count(product_count); i++) {
        struct category category = category_at(i);
        if (category.depth != depth)
            continue;
        put(out, before);
        before = ", ";
        put(out, "{\"slug\": \"");
        seed_category_slug(i, out);
        nx_buf_printf(out, "\", \"title\": \"%s\", \"position\": %u, \"description\": \"%s\", ",
                      category.title, category.position, category.description);
        put(out, "\"above\": ");
        put_above(out, i, &category);
        nx_buf_append_char(out, '}');
    }
    nx_buf_append_char(out, ']');
    return before[0] == ',';
}

/* --- The small shop --- */

static void put_small(int64_t number, const int64_t *category_ids, const char *now,
                      struct nx_buf *out)
{
    unsigned n = (unsigned)number;
    unsigned index = SMALL_ROOTS + n % (SMALL_CATEGORIES - SMALL_ROOTS);
    const struct seed_shelf *shelf = &seed_shelves[index];
    const char *line = pick(&seed_small_lines, n / 3);
    const char *material = pick(&seed_small_materials, n / 7);
    const char *noun = pick(&shelf->nouns, n / 9);
    nx_buf_printf(out, "%s %s %s\tsample-%u-", line, material, noun, n);
    put_slug(out, line);
    nx_buf_append_char(out, '-');
    put_slug(out, material);
    nx_buf_append_char(out, '-');
    put_slug(out, noun);
    put(out, "\tA ");
    put_lower(out, noun);
    put(out, " in ");
    put_lower(out, material);
    nx_buf_printf(out, ", from the %s line.\tEUR\t%u.95\t%lld\t{}\t%s\t{", line,
                  shelf->price + n * 37 % 400, (long long)category_ids[index], line);
    put_lower(out, material);
    put(out, ",\"");
    put_lower(out, noun);
    put(out, "\"}\t{\"material\": \"");
    put_lower(out, material);
    nx_buf_printf(out, "\", \"width_cm\": %u, \"assembly\": %s}\t%u\t%s\t2\t%s\t%s\n",
                  20 + n * 7 % 180, n % 3 == 0 ? "true" : "false", n * 13 % 120,
                  n % 5 == 0 ? "t" : "f", now, now);
}

/* --- The large one --- */

/* What is drawn for one product. */
struct drawn {
    const struct seed_group *group;
    unsigned kind; /* index of its category */
    const char *noun, *material, *colour, *style, *look;
    char line[24], brand[24];
    unsigned width, depth, height;
};

static struct drawn draw_product(struct chance *chance)
{
    struct drawn drawn = {0};
    /* Spread over the groups: neighbours in rank are not neighbours in the tree. */
    unsigned rank = uneven(chance, seed_group_count * GROUP_KINDS);
    unsigned kind = rank * 131 % (seed_group_count * GROUP_KINDS);
    drawn.kind = first_kind() + kind;
    drawn.group = &seed_groups[kind / GROUP_KINDS];
    drawn.noun = drawn.group->kinds[kind % GROUP_KINDS];
    drawn.material = pick_uneven(chance, &seed_materials);
    drawn.colour = pick_uneven(chance, &seed_colours);
    drawn.style = pick_uneven(chance, &seed_styles);
    drawn.look = pick_uneven(chance, &seed_looks);
    name(chance, &seed_line_starts, &seed_line_ends, drawn.line);
    name(chance, &seed_brand_starts, &seed_brand_ends, drawn.brand);
    drawn.width = 10 + uneven(chance, 240);
    drawn.depth = 10 + uneven(chance, 120);
    drawn.height = 5 + uneven(chance, 220);
    return drawn;
}

static void put_title_and_slug(int64_t number, const struct drawn *drawn, struct nx_buf *out)
{
    nx_buf_printf(out, "%s ", drawn->line);
    if (number % 3 == 0) {
        put_lower(out, drawn->look);
        nx_buf_append_char(out, ' ');
    }
    put_lower(out, drawn->noun);
    nx_buf_printf(out, ", %s", drawn->colour);
    if (number % 2 == 0)
        nx_buf_printf(out, ", %s", drawn->material);
    if (number % 5 == 0)
        nx_buf_printf(out, ", %ux%u cm", drawn->width, drawn->depth);
    nx_buf_printf(out, "\tsample-%lld-", (long long)number);
    put_slug(out, drawn->line);
    nx_buf_append_char(out, '-');
    put_slug(out, drawn->noun);
    nx_buf_append_char(out, '-');
    put_slug(out, drawn->colour);
}

static void put_description(struct chance *chance, const struct drawn *drawn, struct nx_buf *out)
{
    bool is_vowel = strchr("aeiou", drawn->look[0]) != NULL;
    nx_buf_printf(out, "\t%s %s ", is_vowel ? "An" : "A", drawn->look);
    put_lower(out, drawn->noun);
    nx_buf_printf(out, " in %s, %s and made of %s. ", drawn->style, drawn->colour, drawn->material);
    put(out, pick_uneven(chance, &seed_benefits));
    nx_buf_append_char(out, ' ');
    put(out, pick_even(chance, &seed_benefits));
    nx_buf_append_char(out, ' ');
    put(out, pick_uneven(chance, &seed_cares));
}

static void put_price(struct chance *chance, const struct drawn *drawn, struct nx_buf *out)
{
    static const char *const cents[] = {"99", "95", "00", "90", "50"};
    unsigned percent = 40 + uneven(chance, 360);
    unsigned whole = drawn->group->price * percent / 100;
    const char *currency = even(chance, 20) == 0 ? "USD" : "EUR";
    if (even(chance, 200) == 0)
        put(out, "\t\\N\t\\N");
    else
        nx_buf_printf(out, "\t%s\t%u.%s", currency, whole,
                      cents[uneven(chance, sizeof cents / sizeof *cents)]);
}

static void put_filing(struct chance *chance, const struct drawn *drawn,
                       const int64_t *category_ids, struct nx_buf *out)
{
    nx_buf_printf(out, "\t%lld\t{", (long long)category_ids[drawn->kind]);
    if (even(chance, 12) == 0) {
        unsigned group = uneven(chance, seed_group_count);
        nx_buf_append_i64(out, category_ids[first_group() + group]);
    }
    nx_buf_printf(out, "}\t%s\t{", drawn->brand);
    nx_buf_printf(out, "\"%s\",\"%s\",\"%s\"", drawn->material, drawn->colour, drawn->style);
    if (even(chance, 3) == 0)
        nx_buf_printf(out, ",\"%s\"", pick_uneven(chance, &seed_occasions));
    put(out, "}");
}

static void put_attributes(struct chance *chance, const struct drawn *drawn, struct nx_buf *out)
{
    nx_buf_printf(out, "\t{\"material\": \"%s\", \"colour\": \"%s\", \"style\": \"%s\", ",
                  drawn->material, drawn->colour, drawn->style);
    nx_buf_printf(out, "\"width_cm\": %u, \"depth_cm\": %u, \"height_cm\": %u, ", drawn->width,
                  drawn->depth, drawn->height);
    nx_buf_printf(out, "\"weight_kg\": %u.%u, \"assembly\": %s, \"warranty_years\": %u}",
                  1 + uneven(chance, 60), even(chance, 10), even(chance, 2) ? "true" : "false",
                  2 + uneven(chance, 24));
}

/* Times within four years, so that the order of creation is not the order of numbers. */
static void put_stock_and_times(struct chance *chance, struct nx_buf *out)
{
    static const unsigned states[] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 3};
    unsigned stock = even(chance, 10) == 0 ? 0 : uneven(chance, 500);
    nx_buf_printf(out, "\t%u\t%s\t%u", stock, even(chance, 5) == 0 ? "t" : "f",
                  states[even(chance, sizeof states / sizeof *states)]);
    unsigned day = even(chance, 28);
    unsigned month = even(chance, 12);
    unsigned year = 2021 + even(chance, 4);
    uint64_t time = draw(chance);
    unsigned hour = (unsigned)(time % 24);
    unsigned minute = (unsigned)(time / 24 % 60);
    unsigned micros = (unsigned)(time / 1440 % 60000000);
    for (unsigned years_later = 0; years_later < 2; years_later++)
        nx_buf_printf(out, "\t%u-%02u-%02uT%02u:%02u:%02u.%06uZ", year + years_later, month + 1,
                      day + 1, hour, minute, micros / 1000000, micros % 1000000);
    nx_buf_append_char(out, '\n');
}

static void put_large(int64_t number, const int64_t *category_ids, struct nx_buf *out)
{
    struct chance chance = {mix((uint64_t)number) << 8};
    struct drawn drawn = draw_product(&chance);
    put_title_and_slug(number, &drawn, out);
    put_description(&chance, &drawn, out);
    put_price(&chance, &drawn, out);
    put_filing(&chance, &drawn, category_ids, out);
    put_attributes(&chance, &drawn, out);
    put_stock_and_times(&chance, out);
}

void seed_product_row(int64_t number, const int64_t *category_ids, const char *now,
                      struct nx_buf *out)
{
    if (number <= SEED_SMALL_COUNT)
        put_small(number, category_ids, now, out);
    else
        put_large(number, category_ids, out);
}
