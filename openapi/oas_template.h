/* Path templates of google/api/http.proto, taken apart:
 *
 *   Template = "/" Segments [ ":" LITERAL ]
 *   Segments = Segment { "/" Segment }
 *   Segment  = "*" | "**" | LITERAL | "{" FieldPath [ "=" Segments ] "}"
 *
 * A literal is made of RFC 3986's unreserved characters. "**" stands only at the end. */
#ifndef OAS_TEMPLATE_H
#define OAS_TEMPLATE_H

#include <stddef.h>

#include "nx_arena.h"
#include "nx_status.h"
#include "nx_str.h"

enum oas_piece_kind {
    OAS_LITERAL,
    OAS_ONE,  /* "*": one segment of a path, not empty */
    OAS_REST, /* "**": all that is left */
};

/* One segment. */
struct oas_piece {
    enum oas_piece_kind kind;
    struct nx_str text; /* of a literal */
    int variable;       /* the index of the variable it is a part of, or -1 */
};

struct oas_variable {
    const char *field_path; /* "product.name" */
    const char *pattern;    /* what follows "=": "products/" and an asterisk; "*" when absent */
};

struct oas_template {
    struct oas_piece *pieces;
    size_t piece_count;
    struct oas_variable *variables;
    size_t variable_count;
    struct nx_str verb; /* behind the colon; empty for none */
};

#define OAS_MAX_TEMPLATE_BYTES 1024

/* Take a template apart.
 * Borrows: the text, as long as the result.   Result: in the arena.
 * Fails:   INVALID_ARGUMENT with the offset of what is wrong; RESOURCE_EXHAUSTED. */
nx_status oas_template_parse(const char *text, struct nx_arena *arena,
                             struct oas_template *ret_template) NX_MUST_USE;

#endif
