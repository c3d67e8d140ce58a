/* Fields of serialized protobuf, as they stand in the bytes; for what must be known before
 * protobuf-c unpacks them, or what it does not understand. */
#ifndef GEN_WIRE_H
#define GEN_WIRE_H

#include <stdint.h>

#include "nx_str.h"

struct gen_wire_field {
    uint32_t number;
    struct nx_str body; /* of a length-delimited field; else empty */
};

/* Take the next field off. False: at the end, or at what is no field. */
bool gen_wire_next(struct nx_str *rest, struct gen_wire_field *ret_field);

/* From a length and its bytes, take the length off. False: they are none. */
bool gen_wire_body(struct nx_str *bytes);

/* Whether a CodeGeneratorRequest nests its messages no deeper than protobuf-c, which recurses
 * without limit, can take. Bytes that are none may pass: they will not unpack. */
bool gen_wire_is_shallow(struct nx_str request);

#endif
