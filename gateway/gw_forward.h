/* Which headers of a request go on to the service as metadata, and which metadata of its answer
 * come back as headers: those that the configuration names, and no others.
 *
 * What belongs to a connection (RFC 9110, 7.6.1), to the form of a message or to gRPC itself can be
 * named in neither list. */
#ifndef GW_FORWARD_H
#define GW_FORWARD_H

#include "nx_arena.h"
#include "nx_status.h"
#include "wire.h"

#define GW_MAX_FORWARDED_NAMES 32

/* Most headers that come back in one answer, and most bytes of their names and values. */
#define GW_MAX_RETURNED 16
#define GW_MAX_RETURNED_BYTES 4096

struct gw_forward {
    const char *const *sent;     /* lower case, ended by NULL */
    const char *const *returned; /* so, too */
    size_t max_bytes;            /* of the metadata of one call, keys and values */
};

/* Read the configuration: names by commas, in any case.
 * Fails:   INVALID_ARGUMENT (what is no name of metadata, or must not be passed on; too many),
 *          RESOURCE_EXHAUSTED. */
nx_status gw_forward_parse(const char *forward_headers, const char *return_headers,
                           size_t max_bytes, struct nx_arena *arena,
                           struct gw_forward *ret_forward) NX_MUST_USE;

/* Told each header of a request, in their order. */
typedef void (*gw_header_visit)(void *arg, const char *name, const char *value);

/* A request's headers. */
struct gw_header_source {
    void *connection;
    void (*each)(void *connection, gw_header_visit visit, void *arg);
};

/* The metadata of a call in the making. The values are borrowed. */
struct gw_metadata {
    struct wire_metadata *pairs;
    size_t count;
    size_t bytes;
};

enum gw_forwarded {
    GW_FORWARDED,
    GW_FORWARD_UNPRINTABLE, /* a value cannot be metadata */
    GW_FORWARD_TOO_LARGE,   /* all of it together */
    GW_FORWARD_NO_MEMORY,
};

/* What goes on of a request's headers, behind the `own` pairs of the gateway: each header that the
 * list has, as often as it is there, but for what the request's own Connection header names.
 * ret_name, of the header that is to blame, is set where a value is unprintable. */
enum gw_forwarded gw_forward_headers(const struct gw_forward *forward,
                                     const struct gw_header_source *source,
                                     const struct wire_metadata *own, size_t own_count,
                                     struct nx_arena *arena, struct gw_metadata *ret_metadata,
                                     const char **ret_name);

/* A header of an answer, NUL-terminated. */
struct gw_returned_header {
    const char *name;
    const char *value;
};

struct gw_returned {
    struct gw_returned_header headers[GW_MAX_RETURNED];
    unsigned count;
    size_t bytes;
};

/* Take a copy of a pair of metadata if the list has it, its value is printable ASCII and there is
 * room; else leave it. */
void gw_forward_return(const struct gw_forward *forward, struct nx_str key, struct nx_str value,
                       struct nx_arena *arena, struct gw_returned *returned);

#endif
