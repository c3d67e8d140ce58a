/* TLS of servers and clients: from PEM files to the core's credentials.
 *
 * A server looks at its files again at a handshake, at most once a second; once they have changed,
 * and the key fits the certificate, new connections get the new ones, and those that are open live
 * on. Files that do not fit, one that is half written say, are said in the log once and leave what
 * was there before. A client reads its files once.
 *
 * TLS 1.2 is the least that the core speaks. No key is ever part of a message. */
#ifndef WIRE_TLS_H
#define WIRE_TLS_H

#include "nx_arena.h"
#include "nx_status.h"

struct wire_tls;
struct wire_client_tls;
struct grpc_server_credentials;
struct grpc_channel_credentials;

/* The files of a server; PEM, at most 1 MiB each. */
struct wire_tls_options {
    const char *cert_file; /* its certificate, then those between it and the root */
    const char *key_file;  /* without a pass phrase */
    const char
        *client_ca_file;     /* roots that clients' certificates lead to; NULL: none is asked for */
    bool is_client_optional; /* a client without a certificate is let in, without identity */
};

/* Read and check the files.
 * Result: the caller gives it to wire_tls_destroy(), after the servers that use it.
 * Fails:  INVALID_ARGUMENT; the message names the file and what is wrong with it. */
nx_status wire_tls_new(const struct wire_tls_options *options, struct nx_arena *arena,
                       struct wire_tls **ret_tls) NX_MUST_USE;
void wire_tls_destroy(struct wire_tls *tls); /* takes NULL */

/* The core's credentials, which the caller releases. Borrows: tls as long as the server lives.
 * Fails: INTERNAL. */
nx_status wire_tls_credentials(struct wire_tls *tls,
                               struct grpc_server_credentials **ret_credentials) NX_MUST_USE;

/* The files of a client; as above. */
struct wire_client_tls_options {
    const char *ca_file;     /* roots that the server's certificate leads to; NULL: the system's */
    const char *cert_file;   /* of its own; NULL: none */
    const char *key_file;    /* with cert_file */
    const char *server_name; /* that the certificate must be for; NULL: the one of the target */
};

/* Read and check the files.
 * Borrows: server_name.  Result: the caller gives it to wire_client_tls_destroy(), after the
 * clients that use it.   Fails: as wire_tls_new(). */
nx_status wire_client_tls_new(const struct wire_client_tls_options *options, struct nx_arena *arena,
                              struct wire_client_tls **ret_tls) NX_MUST_USE;
void wire_client_tls_destroy(struct wire_client_tls *tls); /* takes NULL */

/* For a channel. Borrowed. */
struct grpc_channel_credentials *wire_client_tls_credentials(const struct wire_client_tls *tls);
const char *wire_client_tls_server_name(const struct wire_client_tls *tls); /* or NULL */

#endif
