/* The code of one .proto file: a header and a source with a server skeleton and a client stub for
 * each of its services. Nothing here knows any particular proto. */
#ifndef GEN_FILE_H
#define GEN_FILE_H

#include "google/protobuf/descriptor.pb-c.h"
#include "nx_arena.h"
#include "nx_buf.h"
#include "nx_status.h"

/* Refuse names that are none, so that the rest need not look at them again: of a file that is
 * generated, and of one that it imports.
 * Fails:   INVALID_ARGUMENT. */
nx_status gen_file_check_names(const Google__Protobuf__FileDescriptorProto *file,
                               struct nx_arena *arena) NX_MUST_USE;

/* Refuse what cannot be expressed. The message is "file:line: what and why", fit for protoc. The
 * names must have passed the check above.
 * Fails:   INVALID_ARGUMENT, RESOURCE_EXHAUSTED. */
nx_status gen_file_check(const Google__Protobuf__FileDescriptorProto *file,
                         struct nx_arena *arena) NX_MUST_USE;

/* Append the header's, or the source's, text. The file must have passed the check; a buffer that
 * failed, or a failed arena, is the caller's to find. */
void gen_file_header(const Google__Protobuf__FileDescriptorProto *file, struct nx_arena *arena,
                     struct nx_buf *out);
void gen_file_source(const Google__Protobuf__FileDescriptorProto *file, struct nx_arena *arena,
                     struct nx_buf *out);

#endif
