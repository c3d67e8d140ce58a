#include "svc_name.h"

#include <string.h>

#define MAX_DIGITS 20

/* Read a collection and an id; returns what follows, or NULL. */
static const char *parse_step(const char *name, const char *collection, int64_t *ret_id)
{
    size_t prefix = strlen(collection);
    if (strncmp(name, collection, prefix) != 0)
        return NULL;
    const char *digits = name + prefix;
    if (*digits < '1' || *digits > '9')
        return NULL;
    int64_t id = 0;
    for (; *digits >= '0' && *digits <= '9'; digits++) {
        if (id > (INT64_MAX - (*digits - '0')) / 10)
            return NULL;
        id = id * 10 + (*digits - '0');
    }
    *ret_id = id;
    return digits;
}

bool svc_name_parse(const char *name, const char *collection, int64_t *ret_id)
{
    int64_t id;
    const char *end = parse_step(name, collection, &id);
    if (!end || *end != '\0')
        return false;
    *ret_id = id;
    return true;
}

bool svc_name_parse_key(const char *name, const char *collection, const char *below,
                        struct store_key *ret_key)
{
    struct store_key key = {.parent = 0};
    const char *rest = name;
    if (below)
        rest = parse_step(name, collection, &key.parent);
    if (!rest || !svc_name_parse(rest, below ? below : collection, &key.id))
        return false;
    *ret_key = key;
    return true;
}

char *svc_name_format(struct nx_arena *arena, const char *collection, int64_t id)
{
    size_t prefix = strlen(collection);
    char digits[MAX_DIGITS];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + id % 10);
        id /= 10;
    } while (id > 0);
    size_t count = sizeof digits - at;
    char *name = nx_arena_alloc(arena, prefix + count + 1);
    if (!name)
        return NULL;
    memcpy(name, collection, prefix);
    memcpy(name + prefix, digits + at, count);
    name[prefix + count] = '\0';
    return name;
}

char *svc_name_format_key(struct nx_arena *arena, const char *collection, const char *below,
                          struct store_key key)
{
    if (!below)
        return svc_name_format(arena, collection, key.id);
    return nx_arena_printf(arena, "%s%lld%s%lld", collection, (long long)key.parent, below,
                           (long long)key.id);
}
