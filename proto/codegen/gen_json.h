/* The JSON names that fields have been given by the option json_name.
 *
 * protobuf-c's descriptors have no place for them, but spare ones: `reserved2` of a field. It has
 * the name there, as a string, where it is not the one that follows from the field's own. */
#ifndef GEN_JSON_H
#define GEN_JSON_H

#include <google/protobuf/descriptor.pb-c.h>

#include "nx_buf.h"
#include "nx_status.h"

/* Append the text of the .pb-c.c file that protobuf-c's compiler made of a file, with those names.
 * Fails:   INTERNAL: a field that has one is not in the text. RESOURCE_EXHAUSTED. */
nx_status gen_json_names(const Google__Protobuf__FileDescriptorProto *file, struct nx_str text,
                         struct nx_arena *arena, struct nx_buf *out) NX_MUST_USE;

#endif
