#include "svc_name.h"

#include <string.h>

#define MAX_DIGITS 20

bool svc_name_parse(const char *name, const char *collection, int64_t *ret_id)
{
    size_t prefix = strlen(collection);
    if (strncmp(name, collection, prefix) != 0)
        return false;
    const char *digits = name + prefix;
    if (*digits < '1' || *digits > '9')
        return false;
    int64_t id = 0;
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9')
            return false;
        if (id > (INT64_MAX - (*digits - '0')) / 10)
            return false;
        id = id * 10 + (*digits - '0');
    }
    *ret_id = id;
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
