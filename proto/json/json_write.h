/* JSON text, piece by piece. */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include "nx_buf.h"
#include "nx_str.h"

/* Append a quoted, escaped string. The text must be valid UTF-8. */
void json_write_string(struct nx_buf *buf, struct nx_str text);

/* Append the shortest decimal form that reads back as the same double; NaN and infinities must
 * not be passed. */
void json_write_double(struct nx_buf *buf, double value);

#endif
