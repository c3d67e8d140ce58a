/* One document, written as JSON or as YAML by the same calls.
 *
 * Both are laid out for people, two columns a level. The buffer's own failure is the caller's to
 * check, once, at the end. */
#ifndef OAS_WRITE_H
#define OAS_WRITE_H

#include <stdbool.h>

#include "nx_arena.h"
#include "nx_buf.h"
#include "nx_status.h"
#include "nx_str.h"

enum oas_format { OAS_JSON, OAS_YAML };

#define OAS_MAX_LEVELS 64

struct oas_writer {
    struct nx_buf *buf;
    enum oas_format format;
    unsigned depth; /* of open objects and arrays */
    struct {
        bool array;
        bool empty;
        bool in_item; /* YAML: its first line follows a "- " */
    } levels[OAS_MAX_LEVELS];
};

void oas_write_init(struct oas_writer *writer, struct nx_buf *buf, enum oas_format format);

/* Open and close objects and arrays; not deeper than OAS_MAX_LEVELS. Closing the last one ends the
 * document with a line break. */
void oas_write_object(struct oas_writer *writer);
void oas_write_array(struct oas_writer *writer);
void oas_write_end(struct oas_writer *writer);

/* The name of an object's next member. */
void oas_write_key(struct oas_writer *writer, const char *key);

/* Values. A literal is a number, true, false or null as JSON spells it. */
void oas_write_string(struct oas_writer *writer, struct nx_str text);
void oas_write_literal(struct oas_writer *writer, struct nx_str text);

/* A member with its value; left out when the text is "" or NULL. */
void oas_write_member(struct oas_writer *writer, const char *key, const char *text);
void oas_write_flag(struct oas_writer *writer, const char *key, bool value);

/* A reference to "#/components/<section>/<name>"; neither needs escaping. */
void oas_write_ref(struct oas_writer *writer, const char *section, const char *name);

/* A member that opens an object or array. */
void oas_write_object_member(struct oas_writer *writer, const char *key);
void oas_write_array_member(struct oas_writer *writer, const char *key);

/* A value given as JSON text, laid out anew.
 * Fails:  INVALID_ARGUMENT: it is no JSON, or too deep; the writer is then of no more use. */
nx_status oas_write_json(struct oas_writer *writer, struct nx_str json,
                         struct nx_arena *arena) NX_MUST_USE;

#endif
