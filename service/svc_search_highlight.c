#include "svc_search_highlight.h"

#include "nx_utf8.h"

/* Marks in folded texts; they cannot be in the text itself. */
#define MARK_BEGIN 0xE000
#define MARK_END 0xE001
#define MARK_FIELD 0xE002

#define FIRST_COMBINING_MARK 0x0300
#define LAST_COMBINING_MARK 0x036F
#define TYPOGRAPHIC_APOSTROPHE 0x2019

/* A text longer than this is shown in part: so much around the first word found. */
#define WHOLE_BYTES 320
#define BEFORE_BYTES 60
#define AFTER_BYTES 200

#define MAX_FIELDS 4

/* What is found in one field: bytes of its text. */
struct match {
    size_t begin, end;
};

struct matches {
    struct match *list;
    size_t count, capacity;
};

typedef Nexus__Catalog__V1__Highlight Highlight;
typedef Nexus__Catalog__V1__Highlight__Piece Piece;

/* Whether folding leaves a character out. */
static bool is_left_out(int32_t c)
{
    return c == '\'' || c == TYPOGRAPHIC_APOSTROPHE ||
           (c >= FIRST_COMBINING_MARK && c <= LAST_COMBINING_MARK);
}

/* Behind the next character that is kept, and those behind it that are not. */
static size_t next_kept(struct nx_str text, size_t at)
{
    bool passed = false;
    for (;;) {
        size_t next = at;
        int32_t c = nx_utf8_next(text, &next);
        if (c < 0 || (passed && !is_left_out(c)))
            return at;
        passed = passed || !is_left_out(c);
        at = next;
    }
}

/* Carry the marks of one field over to its text, from *ret_at in the marked texts on. */
static void find_matches(struct nx_str text, struct nx_str marked, size_t *ret_at,
                         struct matches *matches)
{
    size_t place = 0;
    bool inside = false;
    int32_t c;
    while ((c = nx_utf8_next(marked, ret_at)) >= 0 && c != MARK_FIELD) {
        if (c == MARK_BEGIN && matches->count < matches->capacity) {
            matches->list[matches->count] = (struct match){place, place};
            inside = true;
        } else if (c == MARK_END && inside) {
            inside = false;
            matches->list[matches->count].end = place;
            matches->count += place > matches->list[matches->count].begin;
        } else if (c != MARK_BEGIN && c != MARK_END) {
            place = next_kept(text, place);
        }
    }
}

/* --- Pieces --- */

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* The part of a long text to show, from blank to blank if there are some near. */
static struct match part_to_show(struct nx_str text, const struct match *first)
{
    struct match part = {0, text.len};
    if (text.len <= WHOLE_BYTES)
        return part;
    if (first->begin > BEFORE_BYTES) {
        part.begin = first->begin - BEFORE_BYTES;
        while (part.begin < first->begin && text.ptr[part.begin - 1] != ' ')
            part.begin++;
        while (is_continuation(text.ptr[part.begin]))
            part.begin++;
    }
    if (text.len - first->end > AFTER_BYTES) {
        part.end = first->end + AFTER_BYTES;
        while (part.end > first->end && text.ptr[part.end] != ' ')
            part.end--;
        while (part.end < text.len && is_continuation(text.ptr[part.end]))
            part.end++;
    }
    return part;
}

static bool add_piece(Highlight *highlight, struct nx_str text, bool is_match,
                      struct nx_arena *arena)
{
    if (text.len == 0)
        return true;
    Piece *piece = nx_arena_alloc(arena, sizeof *piece);
    if (!piece)
        return false;
    nexus__catalog__v1__highlight__piece__init(piece);
    piece->text = nx_arena_strdup(arena, text);
    piece->is_match = is_match;
    highlight->pieces[highlight->n_pieces++] = piece;
    return piece->text != NULL;
}

static Highlight *make_highlight(const char *field, struct nx_str text,
                                 const struct matches *matches, struct nx_arena *arena)
{
    struct match part = part_to_show(text, &matches->list[0]);
    Highlight *highlight = nx_arena_alloc(arena, sizeof *highlight);
    if (!highlight)
        return NULL;
    nexus__catalog__v1__highlight__init(highlight);
    highlight->field = (char *)field;
    highlight->pieces = nx_arena_calloc(arena, 2 * matches->count + 1, sizeof(Piece *));
    if (!highlight->pieces)
        return NULL;
    size_t at = part.begin;
    for (size_t i = 0; i < matches->count && matches->list[i].end <= part.end; i++) {
        struct match match = matches->list[i];
        if (!add_piece(highlight, (struct nx_str){text.ptr + at, match.begin - at}, false, arena) ||
            !add_piece(highlight, (struct nx_str){text.ptr + match.begin, match.end - match.begin},
                       true, arena))
            return NULL;
        at = match.end;
    }
    if (!add_piece(highlight, (struct nx_str){text.ptr + at, part.end - at}, false, arena))
        return NULL;
    return highlight;
}

/* The tags as one text, as the database has joined them. */
static char *join_tags(const Nexus__Catalog__V1__Product *product, struct nx_arena *arena)
{
    char *joined = nx_arena_strdup(arena, NX_STR(""));
    for (size_t i = 0; joined && i < product->n_tags; i++)
        joined = nx_arena_printf(arena, "%s%s%s", joined, i > 0 ? ", " : "", product->tags[i]);
    return joined;
}

bool svc_highlight(Nexus__Catalog__V1__SearchResult *result, struct nx_str marked,
                   struct nx_arena *arena)
{
    const Nexus__Catalog__V1__Product *product = result->product;
    const char *tags = join_tags(product, arena);
    const struct {
        const char *name;
        const char *text;
    } fields[MAX_FIELDS] = {
        {"title", product->title},
        {"brand", product->brand},
        {"tags", tags},
        {"description", product->description},
    };
    struct matches matches = {.capacity = marked.len / 7 + 1}; /* two marks of three bytes each */
    matches.list = nx_arena_calloc(arena, matches.capacity, sizeof *matches.list);
    result->highlights = nx_arena_calloc(arena, MAX_FIELDS, sizeof(Highlight *));
    if (!tags || !matches.list || !result->highlights)
        return false;
    size_t at = 0;
    for (size_t i = 0; i < MAX_FIELDS; i++) {
        struct nx_str text = nx_str_from(fields[i].text);
        matches.count = 0;
        find_matches(text, marked, &at, &matches);
        if (matches.count == 0)
            continue;
        Highlight *highlight = make_highlight(fields[i].name, text, &matches, arena);
        if (!highlight)
            return false;
        result->highlights[result->n_highlights++] = highlight;
    }
    return true;
}
