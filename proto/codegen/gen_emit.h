/* Text from templates. */
#ifndef GEN_EMIT_H
#define GEN_EMIT_H

#include "nx_buf.h"

/* What stands for $key$ in a template. */
struct gen_var {
    const char *key;
    const char *value;
};

/* Append a template with its $key$s replaced. `vars` ends with a NULL key; every key that the
 * template uses must be among them. */
void gen_emit(struct nx_buf *out, const struct gen_var *vars, const char *template_text);

/* Append a proto comment as a C comment, indented; nothing when the comment is NULL or empty. */
void gen_emit_comment(struct nx_buf *out, const char *indent, const char *comment);

#endif
