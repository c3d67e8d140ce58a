/* A body as requests of a call that streams: what the exchange keeps of it. */
#ifndef GW_FEED_H
#define GW_FEED_H

#include "gw_lines.h"
#include "gw_multipart.h"
#include "gw_route.h"

enum gw_feed_form {
    GW_FEED_LINES, /* application/x-ndjson: each line is a message */
    GW_FEED_RAW,   /* the content of a bytes field, in parts, behind a message with the rest */
    GW_FEED_FORM,  /* multipart/form-data: the rest in its fields, and the content in its file */
};

/* As much of a file as is sent at once; a piece that comes may be as long itself. */
#define GW_FEED_CONTENT_BYTES ((size_t)64 << 10)

struct gw_feed {
    enum gw_feed_form form;
    struct nx_arena *arena; /* of one message */
    struct gw_lines lines;
    struct gw_multipart multipart;
    struct nx_buf fields;  /* of the form, behind those of the query, as a query */
    struct nx_buf content; /* of the form's file, not yet sent: it comes in pieces of any size */
    bool in_file;          /* of the form, rather than in another field */
    bool has_begun;        /* the first message is sent */
};

/* What a body of this Content-Type, which may be NULL, becomes for a route; false: the route does
 * not take it. */
bool gw_feed_choose(const struct gw_route *route, const char *content_type,
                    enum gw_feed_form *ret_form);

/* The types that a route takes, as a list for a message. NULL: the arena is full. */
const char *gw_feed_types(const struct gw_route *route, struct nx_arena *arena);

/* Make an empty one ready for a body. False: it is a form without a boundary. */
bool gw_feed_init(struct gw_feed *feed, enum gw_feed_form form, const char *content_type,
                  size_t max_line_bytes, size_t max_fields_bytes);

/* Takes NULL, and one that was never made ready. */
void gw_feed_cleanup(struct gw_feed *feed);

/* Append a field of the form to the query that its fields become: its name, or a part of its value;
 * all that could be a delimiter there is encoded. */
void gw_feed_add_name(struct gw_feed *feed, struct nx_str name);
void gw_feed_add_value(struct gw_feed *feed, struct nx_str part);

#endif
