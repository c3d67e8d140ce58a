/* YAML read by a libcyaml schema, with the line of whatever is wrong.
 *
 * libcyaml fills structs from a table, but names the line before an unknown key, no line at all for
 * a syntax error, and cannot say later where a value stood. So the text is first read with libyaml,
 * which libcyaml itself is built on: once as events, to refuse what is not wanted in any file
 * (aliases, NULs, a second document), and once as a tree, which is compared with the same schema
 * and kept for cfg_yaml_line(). */
#ifndef CFG_YAML_H
#define CFG_YAML_H

#include <cyaml/cyaml.h>
#include <stddef.h>

#include "nx_arena.h"
#include "nx_status.h"
#include "nx_str.h"

struct cfg_yaml;

/* Read a text. `name` stands for the file in messages.
 * Borrows: name, the schema and the arena until cfg_yaml_destroy().
 * Result:  the value is in the arena; the handle is freed with cfg_yaml_destroy().
 * Fails:   INVALID_ARGUMENT, with a message that begins with "name:line: "; RESOURCE_EXHAUSTED. */
nx_status cfg_yaml_load(struct nx_str text, const char *name, const cyaml_schema_value_t *schema,
                        struct nx_arena *arena, struct cfg_yaml **ret_yaml) NX_MUST_USE;

/* Takes NULL. */
void cfg_yaml_destroy(struct cfg_yaml *yaml);

/* What the schema made of the text: a pointer to its top-level struct, NULL for an empty text. */
void *cfg_yaml_value(const struct cfg_yaml *yaml);

/* Positions in the text. A position that is not there is 0, and leads to 0. */
int cfg_yaml_root(const struct cfg_yaml *yaml);
int cfg_yaml_member(const struct cfg_yaml *yaml, int position, const char *key);
int cfg_yaml_item(const struct cfg_yaml *yaml, int position, size_t index);

/* The line of a position, from 1; 0 for none. */
unsigned cfg_yaml_line(const struct cfg_yaml *yaml, int position);

#endif
