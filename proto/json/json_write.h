/* JSON text, piece by piece. Numbers need the process to keep the "C" locale's LC_NUMERIC. */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include "nx_buf.h"
#include "nx_str.h"

/* Append a quoted, escaped string. The text must be valid UTF-8. */
void json_write_string(struct nx_buf *buf, struct nx_str text);

/* The same without quotes: a part of a string. */
void json_write_part(struct nx_buf *buf, struct nx_str text);

/* Append the shortest decimal form that reads back as the same double; NaN and infinities must
 * not be passed. */
void json_write_double(struct nx_buf *buf, double value);

/* The same for a float: 0.1f is "0.1". */
void json_write_float(struct nx_buf *buf, float value);

#endif
