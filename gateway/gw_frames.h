/* A stream of messages as text, in the form that a client asks for with Accept. It knows no stream
 * and no connection: the pieces go into a buffer, one after the other.
 *
 *   array    [{...},{...}]      application/json; an error has no place in it
 *   lines    {...}\n            application/x-ndjson; the last may be {"error": ...}
 *   events   data: {...}\n\n    text/event-stream of the HTML standard, with ids; the last may be
 * of the type "error" */
#ifndef GW_FRAMES_H
#define GW_FRAMES_H

#include <stdbool.h>

#include "nx_buf.h"

enum gw_form { GW_ARRAY, GW_LINES, GW_EVENTS };

/* The form that an Accept header, which may be NULL, likes best: by q, then by the most exact
 * range (RFC 9110, 12.5.1), then in the order above. False: it takes none. */
bool gw_frames_choose(const char *accept, enum gw_form *ret_form);

/* The Content-Type. */
const char *gw_frames_type(enum gw_form form);

/* All forms, as a sentence names them. */
#define GW_FRAMES_TYPES "application/json, application/x-ndjson and text/event-stream"

/* Before the JSON of a message, and behind it. `first`: of the stream. `id`: of an event, unless it
 * is empty or is no one line. */
void gw_frames_begin(enum gw_form form, bool first, struct nx_str id, struct nx_buf *buf);
void gw_frames_end(enum gw_form form, struct nx_buf *buf);

/* Instead of a message, one line of JSON that says why the stream ends. False: the form has no
 * place for it, and only a connection that breaks off can tell. */
bool gw_frames_error(enum gw_form form, struct nx_str json, struct nx_buf *buf);

/* Behind the last message. `empty`: there was none. */
void gw_frames_finish(enum gw_form form, bool empty, struct nx_buf *buf);

/* What shows that the stream lives, where the form has a place for that. */
void gw_frames_beat(enum gw_form form, struct nx_buf *buf);

#endif
