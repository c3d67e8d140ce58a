#include "interop_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool interop_number(const char *text, uint32_t *ret_number)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || end == text || *end || value > UINT32_MAX)
        return false;
    *ret_number = (uint32_t)value;
    return true;
}

bool interop_option_take(const struct interop_option *options, size_t count, const char *argument)
{
    const char *equals = strchr(argument, '=');
    uint32_t number;
    if (!equals || !interop_number(equals + 1, &number))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct interop_option *option = &options[i];
        size_t length = (size_t)(equals - argument);
        if (strlen(option->name) != length || memcmp(option->name, argument, length) != 0)
            continue;
        if (option->number)
            *option->number = number;
        else if (option->size)
            *option->size = number;
        else
            *option->flag = number != 0;
        return true;
    }
    return false;
}
