/* A request, as far as its head tells. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nx_arena.h"
#include "nx_str.h"

/* NUL-terminated; the value without the blanks around it. */
struct http_header {
    const char *name;
    const char *value;
};

struct http_request {
    struct nx_arena *arena; /* lives as long as the request */
    const char *method;
    struct nx_str target; /* raw: "/v1/products?pageSize=5" */
    const struct http_header *headers;
    size_t header_count;
    bool is_old;           /* HTTP/1.0 */
    bool keeps_alive;      /* the connection may be used again */
    bool expects_continue; /* the client waits for leave to send the body */
    bool is_chunked;
    bool has_length;
    uint64_t length; /* of the body; UINT64_MAX: beyond that */

    /* What is wrong with the head, and the status of HTTP that says so: what is above may be
     * missing then, but never NULL. NULL: nothing is. */
    const char *fault;
    unsigned fault_status;
};

/* The value of the first header of this name, in any case; NULL when there is none. */
const char *http_request_header(const struct http_request *request, const char *name);

#endif
