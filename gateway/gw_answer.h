/* What an exchange sends back. */
#ifndef GW_ANSWER_H
#define GW_ANSWER_H

#include <stdbool.h>

#include "nx_str.h"

#define GW_MAX_ANSWER_HEADERS 40

struct gw_answer_header {
    const char *name;
    const char *value;
};

struct gw_answer {
    unsigned status; /* of HTTP; 0 while there is no answer */
    struct nx_str content;
    struct gw_answer_header headers[GW_MAX_ANSWER_HEADERS];
    unsigned header_count;
    bool close;     /* the connection, afterwards */
    bool is_stream; /* the content comes piece by piece: gw_exchange_read() */
};

/* Add a header; the value is borrowed until the answer is sent. A NULL value, which stands for no
 * memory, adds none. */
void gw_answer_add(struct gw_answer *answer, const char *name, const char *value);

/* The same, in the place of the header of that name. */
void gw_answer_set(struct gw_answer *answer, const char *name, const char *value);

/* Begin an answer anew: its status, and the headers that every answer has. Unless it is a page, the
 * policy keeps browsers from doing anything with it but hand it to the script that asked. */
void gw_answer_init(struct gw_answer *answer, unsigned status, const char *request_id,
                    const char *cache_control, bool is_page);

#endif
