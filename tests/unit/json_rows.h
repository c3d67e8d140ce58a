/* JSON texts and what becomes of them, by what they are about: structure, white space, numbers,
 * strings, escapes, encodings, words, depth. RFC 8259 says of most whether they are JSON; where it
 * leaves a choice, the row says what was chosen. */
#ifndef JSON_ROWS_H
#define JSON_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "nx_str.h"

/* How deep rows are read; one is as deep as that, one deeper. */
#define JSON_ROWS_DEPTH 16

struct json_row {
    struct nx_str text;
    bool accepted;  /* by the tokenizer, which gives numbers as they are written */
    bool has_value; /* as a google.protobuf.Value, in whose objects no key is twice */
};

extern const struct json_row json_rows[];
extern const size_t json_row_count;

#endif
