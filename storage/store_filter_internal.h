/* What the files of the filter language share. */
#ifndef STORE_FILTER_INTERNAL_H
#define STORE_FILTER_INTERNAL_H

#include "store_filter.h"

#define STORE_FILTER_MAX_PATH 9 /* a field and 8 levels of keys below it */

/* --- Tokens: store_filter_lexer.c --- */

enum store_token_kind {
    STORE_TOKEN_END,
    STORE_TOKEN_TEXT,   /* a word: of a field, or a value without quotes */
    STORE_TOKEN_STRING, /* a value between quotes, without them and without escapes */
    STORE_TOKEN_DOT,
    STORE_TOKEN_COMMA,
    STORE_TOKEN_OPEN,
    STORE_TOKEN_CLOSE,
    STORE_TOKEN_MINUS,
    STORE_TOKEN_COMPARATOR,
};

enum store_comparator { STORE_LT, STORE_LE, STORE_GT, STORE_GE, STORE_NE, STORE_EQ, STORE_HAS };

struct store_token {
    enum store_token_kind kind;
    enum store_comparator comparator; /* of COMPARATOR */
    size_t offset;                    /* in bytes */
    struct nx_str text;               /* of TEXT and STRING; with the wildcards */
    bool starts_wild, ends_wild;      /* there is a "*" that is not escaped */
};

struct store_lexer {
    struct nx_str text;
    size_t at;
    struct nx_arena *arena;
};

/* Refuse text for what stands at an offset. */
nx_status store_filter_fail(const struct store_lexer *lexer, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4))) NX_MUST_USE;

/* A beginning of the text, quoted for a message; not longer than a line. */
const char *store_filter_quote(struct nx_arena *arena, struct nx_str text);

/* The next token. As a value, a word may have dots, colons and a minus in it.
 * Fails:   INVALID_ARGUMENT, RESOURCE_EXHAUSTED. */
nx_status store_lexer_next(struct store_lexer *lexer, bool is_value,
                           struct store_token *ret_token) NX_MUST_USE;

/* --- The tree: store_filter_parser.c --- */

enum store_node_kind { STORE_NODE_AND, STORE_NODE_OR, STORE_NODE_NOT, STORE_NODE_COMPARE };

struct store_node {
    enum store_node_kind kind;
    struct store_node *first; /* of AND, OR and NOT: what it joins */
    struct store_node *next;  /* beside it */
    /* Of COMPARE: */
    struct nx_str path[STORE_FILTER_MAX_PATH]; /* of the field, and of keys below it */
    unsigned path_length;
    size_t offset; /* of the field */
    enum store_comparator comparator;
    struct store_token value;
};

/* Result:  *ret_root, NULL for an empty filter.
 * Fails:   INVALID_ARGUMENT, RESOURCE_EXHAUSTED. */
nx_status store_filter_parse(struct store_lexer *lexer, struct store_node **ret_root) NX_MUST_USE;

/* --- Values: store_filter_value.c --- */

/* Whether a word is a number as JSON has them, of at most 100 digits and a small exponent. */
bool store_value_is_number(const struct store_token *value);

/* A whole number that fits; false for any other. */
bool store_value_int8(const struct store_token *value, int64_t *ret_number);

/* A value of an enum field by its name, with or without the prefix; NULL: it has no such. */
const struct store_enum_value *store_value_enum(const struct store_field *field,
                                                struct nx_str name);

/* RFC 3339, to the microsecond; false for anything else. */
bool store_value_time(struct nx_str text, int64_t *ret_unix_us);

/* The ids of a resource name. A collection is "products/" or "products/?/variants/", of which the
 * "?" is an id, too: two ids then. */
bool store_value_name(struct nx_str text, const char *collection, int64_t ret_ids[2]);

/* A pattern of LIKE: the text as it is, and "%" before and behind it where asked. The wildcards of
 * the value itself are taken off first, if it has any. NULL pointer: no memory. */
struct nx_str store_value_pattern(struct nx_arena *arena, const struct store_token *value,
                                  bool is_open_before, bool is_open_behind);

/* {"path[0]":{"path[1]":VALUE}}: VALUE is a number, true, false or null as it stands, when it is a
 * word; a string otherwise. In a list, if asked. NULL pointer: no memory. */
struct nx_str store_value_json(struct nx_arena *arena, const struct nx_str *path, unsigned length,
                               const struct store_token *value, bool in_list);

#endif
