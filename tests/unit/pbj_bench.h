/* What the tests of pbj share: Zoos out of texts, and texts out of messages. */
#ifndef PBJ_BENCH_H
#define PBJ_BENCH_H

#include "pbj.h"
#include "zoo.pb-c.h"

#define PBJ_BENCH_BYTES (1 << 20)
#define ZOO (&nexus__test__v1__zoo__descriptor)

/* Knows a few types that an Any may hold. */
const ProtobufCMessageDescriptor *pbj_bench_resolve(void *context, struct nx_str name);

extern const struct pbj_read_options pbj_bench_reading;
extern const struct pbj_write_options pbj_bench_writing; /* without defaults */

/* Read a Zoo from memory of exactly the text's size. */
nx_status pbj_bench_try(struct nx_str text, struct nx_arena *arena, ProtobufCMessage **ret_zoo);

/* The same, of a text that must be valid. */
ProtobufCMessage *pbj_bench_read(const char *text, struct nx_arena *arena);

void pbj_bench_assert_written(const ProtobufCMessage *message,
                              const struct pbj_write_options *options, struct nx_arena *arena,
                              const char *expected);

#endif
