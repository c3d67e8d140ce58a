/* What is where in a FileDescriptorSet: sorted tables, made once; internal to reflection. */
#ifndef REFL_INDEX_H
#define REFL_INDEX_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "nx_status.h"

struct refl_file {
    const char *name;
    ProtobufCBinaryData bytes; /* the serialized FileDescriptorProto, as it was in the set */
    const struct refl_file **imports;
    size_t import_count;
};

struct refl_symbol {
    const char *name; /* full, without a leading dot */
    const struct refl_file *file;
    bool is_message;
};

struct refl_extension {
    const char *extended; /* full name of the message */
    int32_t number;
    const struct refl_file *file;
};

struct refl_index {
    struct refl_file *files; /* by name */
    size_t file_count;
    struct refl_symbol *symbols; /* by name */
    size_t symbol_count;
    struct refl_extension *extensions; /* by message, then by number */
    int32_t *numbers;                  /* of the extensions, in the same order */
    size_t extension_count;
    const char **services; /* full names, in the order of the files */
    size_t service_count;
};

/* Make the index of a serialized set; all of it is in the arena.
 * Fails:   as refl_new(). */
nx_status refl_index_build(struct nx_str descriptor_set, struct nx_arena *arena,
                           struct refl_index *ret_index) NX_MUST_USE;

/* NULL: there is none. */
const struct refl_file *refl_index_file(const struct refl_index *index, const char *name);
const struct refl_symbol *refl_index_symbol(const struct refl_index *index, const char *name);
const struct refl_extension *refl_index_extension(const struct refl_index *index,
                                                  const char *extended, int32_t number);

/* The numbers of a message's extensions: where they are in index->numbers, and how many. */
size_t refl_index_numbers(const struct refl_index *index, const char *extended, size_t *ret_count);

#endif
