/* UTF-8, strictly: RFC 3629 (no overlong forms, no surrogates, nothing over U+10FFFF). */
#ifndef NX_UTF8_H
#define NX_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nx_str.h"

/* Whether all of the text is valid. */
bool nx_utf8_valid(struct nx_str text);

/* Number of code points of a valid text. */
size_t nx_utf8_length(struct nx_str text);

/* Decode the code point at *ret_offset and move the offset past it.
 * Returns -1, and leaves the offset, at an invalid or cut sequence and at the end. */
int32_t nx_utf8_next(struct nx_str text, size_t *ret_offset);

/* Write a code point (not a surrogate, at most U+10FFFF) and return its 1 to 4 bytes' count. */
size_t nx_utf8_encode(char ret_bytes[4], uint32_t code_point);

#endif
