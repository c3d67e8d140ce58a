#include "svc_slug.h"

#include "nx_utf8.h"

#include <string.h>

/* The ASCII form of the letters of Latin-1 Supplement and Latin Extended-A, U+00C0 to U+017F, by
 * Unicode's decompositions, and by custom for those that have none. Two letters where custom wants
 * them; NULL for what is no letter. */
static const char *const latin[0x180 - 0xC0] = {
    "a", "a", "a",  "a",  "a", "a", "ae", "c",  "e", "e", "e", "e", "i", "i", "i",  "i",  /* C0 */
    "d", "n", "o",  "o",  "o", "o", "o",  NULL, "o", "u", "u", "u", "u", "y", "th", "ss", /* D0 */
    "a", "a", "a",  "a",  "a", "a", "ae", "c",  "e", "e", "e", "e", "i", "i", "i",  "i",  /* E0 */
    "d", "n", "o",  "o",  "o", "o", "o",  NULL, "o", "u", "u", "u", "u", "y", "th", "y",  /* F0 */
    "a", "a", "a",  "a",  "a", "a", "c",  "c",  "c", "c", "c", "c", "c", "c", "d",  "d",  /* 100 */
    "d", "d", "e",  "e",  "e", "e", "e",  "e",  "e", "e", "e", "e", "g", "g", "g",  "g",  /* 110 */
    "g", "g", "g",  "g",  "h", "h", "h",  "h",  "i", "i", "i", "i", "i", "i", "i",  "i",  /* 120 */
    "i", "i", "ij", "ij", "j", "j", "k",  "k",  "k", "l", "l", "l", "l", "l", "l",  "l",  /* 130 */
    "l", "l", "l",  "n",  "n", "n", "n",  "n",  "n", "n", "n", "n", "o", "o", "o",  "o",  /* 140 */
    "o", "o", "oe", "oe", "r", "r", "r",  "r",  "r", "r", "s", "s", "s", "s", "s",  "s",  /* 150 */
    "s", "s", "t",  "t",  "t", "t", "t",  "t",  "u", "u", "u", "u", "u", "u", "u",  "u",  /* 160 */
    "u", "u", "u",  "u",  "w", "w", "y",  "y",  "y", "z", "z", "z", "z", "z", "z",  "s",  /* 170 */
};

bool svc_slug_valid(struct nx_str slug, size_t max_length)
{
    if (slug.len == 0 || slug.len > max_length)
        return false;
    for (size_t i = 0; i < slug.len; i++) {
        char c = slug.ptr[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
        if (!ok)
            return false;
    }
    return true;
}

/* What stands for a code point in a slug; "" for what separates words. */
static const char *letters_of(int32_t code, char one[2])
{
    if (code >= 'A' && code <= 'Z')
        code += 'a' - 'A';
    if ((code >= 'a' && code <= 'z') || (code >= '0' && code <= '9')) {
        one[0] = (char)code;
        one[1] = '\0';
        return one;
    }
    const char *letters = code >= 0xC0 && code < 0x180 ? latin[code - 0xC0] : NULL;
    return letters ? letters : "";
}

struct nx_str svc_slug_from_title(struct nx_arena *arena, struct nx_str title, size_t max_length,
                                  const char *fallback)
{
    char *slug = nx_arena_alloc(arena, max_length + 1);
    if (!slug)
        return (struct nx_str){NULL, 0};
    size_t len = 0;
    bool gap = false;
    size_t offset = 0;
    for (int32_t code = nx_utf8_next(title, &offset); code >= 0;
         code = nx_utf8_next(title, &offset)) {
        char one[2];
        const char *letters = letters_of(code, one);
        size_t count = strlen(letters);
        if (count == 0) {
            gap = len > 0;
            continue;
        }
        if (len + gap + count > max_length)
            break;
        if (gap)
            slug[len++] = '-';
        memcpy(slug + len, letters, count);
        len += count;
        gap = false;
    }
    slug[len] = '\0';
    return len > 0 ? (struct nx_str){slug, len} : nx_str_from(fallback);
}
