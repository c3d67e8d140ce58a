/* Where in a .proto file something stands: the path of SourceCodeInfo.Location. */
#ifndef GEN_PLACE_H
#define GEN_PLACE_H

#include "google/protobuf/descriptor.pb-c.h"

/* Field numbers of descriptor.proto that make up a path. */
enum gen_place_step {
    GEN_FILE_MESSAGE = 4,
    GEN_FILE_ENUM = 5,
    GEN_FILE_SERVICE = 6,
    GEN_MESSAGE_FIELD = 2,
    GEN_MESSAGE_NESTED = 3,
    GEN_MESSAGE_ENUM = 4,
    GEN_MESSAGE_ONEOF = 8,
    GEN_ENUM_VALUE = 2,
    GEN_SERVICE_METHOD = 2,
};

/* Deeper than this, the place is that of the last message on the way. */
#define GEN_PLACE_MAX 64

struct gen_place {
    int32_t path[GEN_PLACE_MAX];
    size_t depth;
};

struct gen_place gen_place_top(enum gen_place_step step, size_t index);
struct gen_place gen_place_below(struct gen_place place, enum gen_place_step step, size_t index);

/* Counted from 1; 1 when the file does not say. */
int gen_place_line(const Google__Protobuf__FileDescriptorProto *file,
                   const struct gen_place *place);

#endif
