/* Messages made by chance, as bytes: every kind of field, with the values that are hard to carry,
 * in any order, some of them twice. */
#ifndef ZOO_BY_CHANCE_H
#define ZOO_BY_CHANCE_H

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "nx_buf.h"

/* The same state makes the same messages. */
struct chance {
    uint64_t state;
};

/* A number below the limit. */
uint32_t chance_below(struct chance *chance, uint32_t limit);

/* Append a message of a type that has a JSON form, with other messages in it at most so deep. The
 * well-known types have values that JSON has a form for; an Any is empty, or holds an Animal, a
 * Duration or a Value. */
void zoo_by_chance(struct chance *chance, const ProtobufCMessageDescriptor *type, unsigned depth,
                   struct nx_buf *buf);

#endif
