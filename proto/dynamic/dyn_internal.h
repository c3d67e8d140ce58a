/* What the parts of dyn share. Not for others.
 *
 *   dyn_set.c      names: of files, messages, enums; services
 *   dyn_message.c  fields, and where they lie in a message
 *   dyn_enum.c     values, and what both have in common: ranges of numbers */
#ifndef DYN_INTERNAL_H
#define DYN_INTERNAL_H

#include "dyn.h"

#include "google/protobuf/descriptor.pb-c.h"

/* A message or an enum. */
struct dyn_type {
    const char *full_name;
    const char *package;
    bool is_proto3;
    /* One of the two: what it is made of, NULL when it is linked in. */
    const Google__Protobuf__DescriptorProto *message_proto;
    const Google__Protobuf__EnumDescriptorProto *enum_proto;
    /* One of the two: what is made of it, and filled in later. */
    ProtobufCMessageDescriptor *message;
    ProtobufCEnumDescriptor *enumeration;
};

/* INVALID_ARGUMENT: "a.b.Message.name: message". A NULL name adds nothing. */
nx_status dyn_fail(struct nx_arena *arena, const char *scope, const char *name,
                   const char *message) NX_MUST_USE;

/* Letters, digits and underscores, and no digit first. Takes NULL. */
bool dyn_is_identifier(const char *name);

/* The type that ".a.b.Message" refers to; NULL: the set has none. */
const struct dyn_type *dyn_find(const struct dyn_set *set, const char *reference);

nx_status dyn_enum_fill(const struct dyn_type *type, struct nx_arena *arena) NX_MUST_USE;
nx_status dyn_message_fill(const struct dyn_set *set, const struct dyn_type *type,
                           struct nx_arena *arena) NX_MUST_USE;

/* The runs of consecutive numbers in a sorted list, with the end mark that protobuf-c wants.
 * `number` gives the number of an element. NULL: the arena is full. */
const ProtobufCIntRange *dyn_ranges(const void *elements, unsigned count,
                                    int (*number)(const void *elements, unsigned index),
                                    struct nx_arena *arena, unsigned *ret_count);

#endif
