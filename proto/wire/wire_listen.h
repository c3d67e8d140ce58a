/* Listening for plaintext connections: our own sockets, and one thread that accepts.
 *
 *   accepted   the thread took it from the socket
 *   waiting    until HTTP/2's preface has arrived; closed when it is late, or something else, or
 *              when 1024 others have come since
 *   handed on  grpc_server_add_channel_from_fd(): the connection is the core's
 *
 * The core's own listener is not used for these: it never accepts again once the process was out
 * of files, and it takes whatever connects. */
#ifndef WIRE_LISTEN_H
#define WIRE_LISTEN_H

#include <sys/types.h>
#include <sys/un.h>

#include "wire_internal.h"

struct wire_listener;

/* Make a listener that has no address yet.
 * Borrows: core and options until wire_listener_destroy(). */
nx_status wire_listener_new(grpc_server *core, const struct wire_server_options *options,
                            struct wire_listener **ret_listener) NX_MUST_USE;

/* Listen at an address; before wire_listener_start().
 * Fails: INVALID_ARGUMENT, UNAVAILABLE; the message names the address. */
nx_status wire_listener_add(struct wire_listener *listener, const char *address,
                            struct nx_arena *arena, int *ret_port) NX_MUST_USE;

/* Begin to accept; after grpc_server_start(). Does nothing without an address.
 * Fails: INTERNAL (no thread). */
nx_status wire_listener_start(struct wire_listener *listener) NX_MUST_USE;

/* Accept no more, close what is not yet the core's, and remove the files of Unix sockets. Before
 * the core is shut down. Calling it again does nothing. Takes NULL. */
void wire_listener_stop(struct wire_listener *listener);

/* Stop and free. Takes NULL. */
void wire_listener_destroy(struct wire_listener *listener);

/* --- Sockets --- */

/* A socket that listens. */
struct wire_socket {
    int fd;
    int port;                                               /* 0: not TCP */
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* of a file of its own, or "" */
    dev_t device;                                           /* that file, to remove no other */
    ino_t inode;
};

#define WIRE_SOCKETS_PER_ADDRESS 8

struct wire_socket_options {
    unsigned unix_mode;
    unsigned user_timeout_ms; /* how long what was sent may stay unacknowledged */
};

/* Open all sockets of one address, at most WIRE_SOCKETS_PER_ADDRESS.
 * Result: the caller gives each to wire_socket_close().
 * Fails:  as wire_listener_add(); nothing is left open then. */
nx_status wire_socket_open(const char *address, const struct wire_socket_options *options,
                           struct nx_arena *arena, struct wire_socket *ret_sockets,
                           size_t *ret_count) NX_MUST_USE;

/* Close it, and remove its file if it is still there. */
void wire_socket_close(struct wire_socket *socket);

#endif
