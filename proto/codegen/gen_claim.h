/* Words that are taken: a name that is one of them gets a '_' behind it.
 *
 * Taken are the keywords of C, and what its headers and those of POSIX define as macros; for the
 * names of fields also the words of C++, since protobuf-c's compiler avoids those. The macros
 * include those of compilers in GNU mode, where `linux` and `unix` are numbers. */
#ifndef GEN_CLAIM_H
#define GEN_CLAIM_H

#include <stdbool.h>

#include "nx_str.h"

/* Whether a member of a server's struct cannot have this name. */
bool gen_claim_member(struct nx_str word);

/* Whether a member of a message's struct cannot. */
bool gen_claim_field(struct nx_str word);

/* Whether the C name of a type cannot. Only names without package can be taken: without a
 * lower-case letter they are a macro's by custom (FILE, EOF, EINVAL), and then there is complex.h's
 * I and inttypes.h's PRId64. */
bool gen_claim_type(struct nx_str name);

/* Whether a symbol of the linker cannot: those of the C library are taken too. */
bool gen_claim_symbol(struct nx_str name);

#endif
