/* A message of any type with something in each of its fields. */
#ifndef CORPUS_MESSAGE_H
#define CORPUS_MESSAGE_H

#include <protobuf-c/protobuf-c.h>

#include "nx_arena.h"
#include "nx_str.h"

/* Make a message down to a few levels: two elements in each repeated field, one field of each
 * oneof. The same type gives the same message. Lives in the arena. */
ProtobufCMessage *corpus_message(const ProtobufCMessageDescriptor *type, struct nx_arena *arena);

/* Its bytes, in the arena. */
struct nx_str corpus_pack(const ProtobufCMessage *message, struct nx_arena *arena);

#endif
