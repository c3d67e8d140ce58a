/* What a connection sends back. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <stdbool.h>

#include "http_request.h"
#include "nx_buf.h"

#define HTTP_MAX_ANSWER_HEADERS 40

struct http_answer {
    unsigned status; /* 0 while there is no answer */
    struct nx_str content;
    struct http_header headers[HTTP_MAX_ANSWER_HEADERS]; /* but those of the framing, and Date */
    unsigned header_count;
    bool close;     /* the connection, afterwards */
    bool is_stream; /* the content comes piece by piece */
};

/* Add a header; the value is borrowed until the answer is sent. A NULL value, which stands for no
 * memory, adds none. */
void http_answer_add(struct http_answer *answer, const char *name, const char *value);

/* The same, in the place of the header of that name. */
void http_answer_set(struct http_answer *answer, const char *name, const char *value);

/* How the content of an answer is framed, and what becomes of the connection. */
struct http_framing {
    bool is_chunked;
    bool has_length;
    bool closes;
    bool says_keep_alive; /* to HTTP/1.0, where it is not a matter of course */
};

/* Append the head of an answer, with the empty line. */
void http_answer_write_head(const struct http_answer *answer, const struct http_framing *framing,
                            struct nx_buf *out);

#endif
