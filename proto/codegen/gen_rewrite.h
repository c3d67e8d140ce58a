/* The C text of protobuf-c's compiler, with names that compile.
 *
 * That compiler knows the words of C++, but not what the headers of C define: a field `errno` or
 * `linux`, or a message FILE without package. Here such a member or type gets a '_' behind it, in
 * the code alone: what descriptors hold in strings, and their order, stays as in the .proto file.
 * Also changed are trigraphs, of which compilers warn, and default values that are no C (inf, and
 * the least number of 64 bits). */
#ifndef GEN_REWRITE_H
#define GEN_REWRITE_H

#include "nx_buf.h"

/* Append the text of a .pb-c.h or .pb-c.c file, rewritten. */
void gen_rewrite(struct nx_str text, struct nx_buf *out);

#endif
