/* What the tests of the transport share: a folder with certificates, servers, calls, and bare
 * connections. Everything is checked: what fails, fails the test. */
#ifndef TRANSPORT_BENCH_H
#define TRANSPORT_BENCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "echo.nexus.h"

#define TIMEOUT_MS 20000

typedef Nexus__Test__V1__EchoMessage Echo;

/* Calls that the servers have answered, by shard. */
extern atomic_uint transport_served[2];

/* Who called last, "-" without an identity. Read it when the call is over. */
extern char transport_peer[128];
extern char transport_identity[128];

/* Group fixtures: a folder with certificates (tests/support/certificates.sh), and its end. */
int make_certificates(void **state);
int remove_certificates(void **state);

/* A file in the folder of this test; valid until eight more were asked for. */
const char *file(const char *name);

/* When to give up, on the monotonic clock. */
int64_t deadline(void);
bool has_ipv6(void);

/* A server of the echo service at one address. */
nx_status try_start(const char *address, struct wire_server_options options, struct nx_arena *arena,
                    struct wire_server **ret_server);
struct wire_server *start(const char *address, struct wire_server_options options);
const char *target_of(const struct wire_server *server); /* valid until the next is asked for */

/* A call of Echo. */
struct outcome {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool done;
    enum nx_code code;
};
struct wire_client *new_client(const char *target, const struct wire_client_tls *tls);
void begin_call(struct wire_client *client, struct outcome *outcome, struct nx_arena *arena);
enum nx_code call_with(struct wire_client *client);

/* One call on a connection of its own. */
enum nx_code call_once(const char *target, const struct wire_client_tls *tls);

/* A bare connection to the first address, which is TCP. */
int connect_bare(const struct wire_server *server);
void say(int fd, const char *bytes, size_t count);

/* Read for at most so long. Returns the number of bytes; 0: closed; -1: there was nothing. */
ssize_t hear(int fd, int timeout_ms);

/* Read until it is closed, in time. Returns how many milliseconds that took. */
int64_t expect_closed(int fd);

#endif
