/* The head of a request: request line and headers, just as RFC 9112 has them, byte for byte.
 *
 * A proxy in front that reads a head otherwise would let one request hide in another, so what the
 * RFC leaves to the recipient (bare LF, continued lines, blanks before a colon, ...) is refused. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "http_request.h"

#define HTTP_MAX_HEADERS 512

/* Look for the end of a head: an empty line, whatever its line ends are.
 * scanned: where to go on looking, 0 at first, and kept between calls while text is appended.
 * Returns: the length of the head with the empty line; 0: it has not come yet. */
size_t http_head_find(const char *text, size_t len, size_t *scanned);

/* What is wrong with as much of a head as there is, without waiting for the rest of it; NULL:
 * nothing, so far. */
const char *http_head_foresee(const char *text, size_t len, unsigned *ret_status);

/* Take a whole head apart, in place: what is between its parts is overwritten.
 * Borrows: text, as long as the request is used.
 * Result:  a fault, when it is none; RESOURCE_EXHAUSTED is one, too. */
void http_head_parse(char *text, size_t len, struct nx_arena *arena,
                     struct http_request *ret_request);

/* A request of which no more is known than what is wrong. */
void http_head_refuse(struct nx_arena *arena, unsigned status, const char *fault,
                      struct http_request *ret_request);

#endif
