/* Texts for the tests of pbj: what is valid, what is not, and why. */
#ifndef PBJ_ROWS_H
#define PBJ_ROWS_H

#include <stddef.h>

#include "nx_str.h"

#define ANIMAL_URL "\"type.googleapis.com/nexus.test.v1.Animal\""
#define DURATION_URL "\"type.googleapis.com/google.protobuf.Duration\""

/* What is read as a Zoo, and how it is written again without defaults. */
struct pbj_valid_row {
    const char *text;
    const char *written; /* NULL: just so */
};

/* What is refused, and the violation. */
struct pbj_invalid_row {
    struct nx_str text;
    const char *field;
    const char *reason; /* a part of the description */
};

extern const struct pbj_valid_row pbj_valid_rows[];
extern const size_t pbj_valid_row_count;
extern const struct pbj_invalid_row pbj_invalid_rows[];
extern const size_t pbj_invalid_row_count;

#endif
