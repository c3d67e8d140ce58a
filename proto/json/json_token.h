/* A strict pull tokenizer for RFC 8259 JSON.
 *
 * It gives raw numbers (so that 64-bit integers stay exact), checks UTF-8, escapes, surrogate
 * pairs, nesting and structure, and builds nothing. One call, one token. */
#ifndef JSON_TOKEN_H
#define JSON_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "nx_arena.h"
#include "nx_status.h"
#include "nx_str.h"

enum json_kind {
    JSON_END, /* the text is over; only ever after a whole value */
    JSON_OBJECT_BEGIN,
    JSON_OBJECT_END,
    JSON_ARRAY_BEGIN,
    JSON_ARRAY_END,
    JSON_KEY, /* an object's member name; its value comes next */
    JSON_STRING,
    JSON_NUMBER, /* text: as written, "-1.50e3" */
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
};

struct json_token {
    enum json_kind kind;
    struct nx_str text; /* KEY, STRING: unescaped, points into the input or the arena */
    bool decoded;       /* it had escapes: text is in the arena, with a NUL behind it */
    size_t offset;      /* of its first byte in the input */
};

#define JSON_MAX_DEPTH 1000

struct json_reader {
    struct nx_str input;
    size_t offset;
    struct nx_arena *arena;
    uint32_t depth;
    uint32_t max_depth;
    uint8_t state;
    bool skipping;                           /* strings are checked, but left as written */
    uint8_t nesting[JSON_MAX_DEPTH / 8 + 1]; /* a bit per level: object or array */
};

/* Begin to read a text. Borrows both until the last token is used. max_depth <= JSON_MAX_DEPTH. */
void json_reader_init(struct json_reader *reader, struct nx_str input, uint32_t max_depth,
                      struct nx_arena *arena);

/* Read the next token. After an error the reader is not to be used again.
 * Fails:  INVALID_ARGUMENT with the byte offset; RESOURCE_EXHAUSTED. */
nx_status json_reader_next(struct json_reader *reader, struct json_token *ret_token) NX_MUST_USE;

/* Skip the value whose first token has just been read. */
nx_status json_reader_skip(struct json_reader *reader, const struct json_token *first) NX_MUST_USE;

/* Whether the text, as a whole, is a number by the grammar of RFC 8259. */
bool json_is_number(struct nx_str text);

#endif
