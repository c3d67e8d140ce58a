/* The types and services of a FileDescriptorSet, made at run time: what protoc-gen-c and
 * protoc-gen-nexus would have written for them, without a compiler. Messages have the same layout
 * as generated structs, so that whatever reads descriptors works with both.
 *
 *   - A type of google.protobuf that is linked in (Timestamp, Struct, the wrappers, ...) is the
 *     linked one: code that knows it by its address knows it here too.
 *   - A field's json_name is in its descriptor's `reserved2`, where pbj finds it.
 *   - There is no message_init: a message is made by pbj_new_message(), and not decoded by wire_pb.
 *   - Default values of proto2 are not kept; extensions and options of ours neither.
 *
 * A set is what protoc writes with --include_imports; what comes from elsewhere is checked: names,
 * numbers, references. */
#ifndef DYN_H
#define DYN_H

#include "nx_arena.h"
#include "nx_status.h"
#include "wire.h"

/* A message with more fields, or an enum with more values, is refused. */
#define DYN_MAX_MEMBERS 65536

struct dyn_type;

struct dyn_set {
    const struct wire_service **services; /* without a dispatch; in the order of the files */
    size_t service_count;
    struct dyn_type *types; /* by full name */
    size_t type_count;
};

/* Make the types and services of a serialized FileDescriptorSet.
 * Result:  in the arena; the bytes may be let go after.
 * Fails:   INVALID_ARGUMENT, naming what is wrong: "a.b.Message.field: ..."; RESOURCE_EXHAUSTED. */
nx_status dyn_set_build(struct nx_str serialized, struct nx_arena *arena,
                        struct dyn_set *ret_set) NX_MUST_USE;

/* The message of a full name, "a.b.Message"; NULL: the set has none. */
const ProtobufCMessageDescriptor *dyn_set_message(const struct dyn_set *set,
                                                  struct nx_str full_name);

#endif
