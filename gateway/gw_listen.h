/* Sockets to listen at. */
#ifndef GW_LISTEN_H
#define GW_LISTEN_H

#include "nx_arena.h"
#include "nx_status.h"

/* Open a non-blocking socket that listens at "host:port" or "[host]:port"; port 0 takes a free one.
 * Result: the caller closes it.
 * Fails:  INVALID_ARGUMENT: not an address; UNAVAILABLE: it cannot be listened at. */
nx_status gw_listen(const char *address, struct nx_arena *arena, int *ret_fd,
                    unsigned *ret_port) NX_MUST_USE;

/* Let this process open that many files, as far as the system allows it. */
void gw_listen_reserve_files(unsigned count);

#endif
