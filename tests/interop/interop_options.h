/* Options of the interop programs: NAME=NUMBER arguments into the fields of a struct. */
#ifndef INTEROP_OPTIONS_H
#define INTEROP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the number of one name goes; the pointer that is not NULL. */
struct interop_option {
    const char *name;
    unsigned *number;
    size_t *size;
    bool *flag;
};

/* Take one argument. False: it is no NAME=NUMBER of these. */
bool interop_option_take(const struct interop_option *options, size_t count, const char *argument);

/* The number that a text is; false if it is none. */
bool interop_number(const char *text, uint32_t *ret_number);

#endif
