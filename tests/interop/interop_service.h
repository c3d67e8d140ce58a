/* The implementation of interop.proto: carries out what each request asks for, and counts. */
#ifndef INTEROP_SERVICE_H
#define INTEROP_SERVICE_H

#include "interop.nexus.h"

struct interop;

/* Start an implementation, with the thread that answers calls that were held. NULL: neither memory
 * nor thread. */
struct interop *interop_new(void);

/* When no call is left. Takes NULL. */
void interop_destroy(struct interop *interop);

/* Serve it; before wire_server_start(). */
nx_status interop_serve(struct interop *interop, struct wire_server *server) NX_MUST_USE;

#endif
