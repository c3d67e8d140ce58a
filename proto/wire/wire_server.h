/* The server side of gRPC: listening, and the life of a call.
 *
 * A server has one or more shards. A shard is one completion queue and the thread that serves it;
 * a call belongs to one shard from its arrival to its end. The thread of a shard receives,
 * checks, decodes and dispatches; whoever the implementation hands the call to answers it, from
 * any thread, exactly once.
 *
 *   arrive -> check limits -> decode -> dispatch -> reply or fail -> gone
 *                 |               |          |
 *                 +---------------+----------+--> answered with an error, never dispatched
 *
 * Follows the gRPC over HTTP/2 protocol as its C core implements it. */
#ifndef WIRE_SERVER_H
#define WIRE_SERVER_H

#include "wire.h"

struct wire_server;
struct wire_tls;

/* Where to listen: "127.0.0.1:50051", "[::]:0" (IPv4 as well), "localhost:50051" (all addresses of
 * the name), "unix:/run/nexus.sock", "unix-abstract:name". Times are in milliseconds.
 *
 * Plaintext connections are accepted by a thread of the server's own: a client must send HTTP/2's
 * preface in time, or the connection is closed without the core having seen it. Of the files that
 * the process may open a few are kept back (a quarter of them, 32 at most) so that a flood of
 * connections leaves enough to reach the database: beyond that a connection that has not yet
 * spoken gives way, the oldest first, or the new one is closed. With `tls` the core itself listens
 * at TCP addresses, and once it has met EMFILE it does not accept there again until the process is
 * started anew: allow the process as many files as it may ever have connections. Unix sockets are
 * plaintext always; their file mode says who may connect. */
struct wire_server_options {
    const char *const *addresses;
    size_t address_count;
    unsigned shards; /* 0: 1 */
    /* Calls a shard has at once, that are not yet answered; more get RESOURCE_EXHAUSTED. Those that
     * stream are counted apart, so that they cannot keep the others out. */
    unsigned max_in_flight; /* 0: 1024 */
    unsigned max_streaming; /* 0: 256 */
    /* A client that does not read a large answer, or a message of a stream, loses the call: after
     * a time, or when it is the oldest and those of the shard are too many bytes. */
    unsigned send_timeout_ms;  /* 0: 60 s */
    size_t max_unsent_bytes;   /* 0: 64 MiB */
    size_t max_request_bytes;  /* of one message, unpacked; 0: 4 MiB */
    size_t max_metadata_bytes; /* of one call; 0: 8 KiB */
    size_t max_call_bytes;     /* memory of one call; 0: 64 MiB */
    uint32_t max_depth;        /* of nested messages; 0: 100 */
    uint32_t max_fields;       /* of one message with all it holds; 0: 1,000,000 */
    /* Calls of one connection: clients keep what is more to themselves; of those that do not, what
     * is more than twice as many gets RESOURCE_EXHAUSTED. 0: 100 */
    uint32_t max_streams;

    struct wire_tls *tls; /* for TCP addresses; NULL: plaintext */
    unsigned unix_mode;   /* of the files of Unix sockets; 0: 0660 */

    unsigned handshake_timeout_ms; /* until a client has spoken HTTP/2; 0: 10 s */
    unsigned keepalive_time_ms;    /* a connection silent so long is pinged; 0: 60 s */
    unsigned keepalive_timeout_ms; /* and closed when it stays silent; 0: 20 s */
    /* How often clients may ping without data between, and how many pings too early are forgiven
     * before the connection is closed (ENHANCE_YOUR_CALM). 0: 10 s, and 2. */
    unsigned min_ping_interval_ms;
    unsigned max_ping_strikes;
    unsigned max_connection_idle_ms; /* without a call; then it is closed; 0: never */
    /* How long a connection lives until the client is told to make another (GOAWAY), about: a tenth
     * more or less by chance; 0: for ever. */
    unsigned max_connection_age_ms;
    unsigned max_connection_age_grace_ms; /* for the calls it then still has; 0: for ever */
    size_t memory_quota_bytes;            /* the core's buffers for all connections; 0: no limit */
};

/* Make a server that is not yet listening.
 * Borrows: options and what they point to until wire_server_start() has returned; tls until
 *          wire_server_destroy(). */
nx_status wire_server_new(const struct wire_server_options *options,
                          struct wire_server **ret_server) NX_MUST_USE;

/* Serve a service; before wire_server_start(). Generated code wraps this with the types.
 * Borrows: service, implementation and context until wire_server_destroy(). */
nx_status wire_server_add(struct wire_server *server, const struct wire_service *service,
                          const void *implementation, void *context) NX_MUST_USE;

/* Listen and serve. `arena` only holds the error.
 * Fails:   UNAVAILABLE when an address cannot be bound, INVALID_ARGUMENT when it is none; the
 *          message names it. INTERNAL (no thread). Then there is only wire_server_destroy(). */
nx_status wire_server_start(struct wire_server *server, struct nx_arena *arena) NX_MUST_USE;

/* The port bound for the address of this index; for addresses that asked for port 0. Not of Unix
 * sockets. */
int wire_server_port(const struct wire_server *server, size_t address_index);

/* Stop accepting calls, wait for those under way, cancel what is left after grace_ms, and stop
 * the shards. Every call has been answered when this returns. Calling it again does nothing.
 * A call that arrives in the very moment is dropped by the core, which its client may see as
 * CANCELLED; ours makes that UNAVAILABLE. Rarely the core keeps such a call instead, and it is
 * ended half a second after the last of the others. */
void wire_server_drain(struct wire_server *server, unsigned grace_ms);

/* Drain without grace if that was not done, and free. Takes NULL. */
void wire_server_destroy(struct wire_server *server);

/* --- A call --- */

/* Memory that lives as long as the call: until it is answered and its last callback has returned.
 * One thread at a time: whoever owns the call. */
struct nx_arena *wire_call_arena(struct wire_call *call);

/* Which shard received the call: 0 up to the number of shards. */
unsigned wire_call_shard(const struct wire_call *call);

/* When the caller stops waiting, on the monotonic clock; NX_DEADLINE_NEVER when never. */
int64_t wire_call_deadline_ns(const struct wire_call *call);

/* The first value of a metadata key (lower case); ret_value is untouched when it is absent.
 * Valid as long as the call. */
bool wire_call_metadata(const struct wire_call *call, const char *key, struct nx_str *ret_value);

/* The pairs of metadata in the order in which they came, by index; false beyond the last.
 * Valid as long as the call. */
bool wire_call_metadata_at(const struct wire_call *call, size_t index, struct nx_str *ret_key,
                           struct nx_str *ret_value);

/* Where the call comes from: "192.0.2.1:50000", "[2001:db8::1]:50000", or "unix:"; "" when memory
 * is out, or the connection is already gone. For logs: it decides nothing. Valid as long as the
 * call. */
struct nx_str wire_call_peer(struct wire_call *call);

/* Who the client is by its verified certificate (mTLS): its first URI, else its first DNS name,
 * else its common name. False, and ret untouched: it showed none. Valid as long as the call. */
bool wire_call_identity(struct wire_call *call, struct nx_str *ret_identity);

/* Send a pair with the first message, or at the latest with the status (initial), or with the
 * status (trailing). Copies both. Before the first message, or before the answer.
 * Fails:   INVALID_ARGUMENT for what cannot be metadata, RESOURCE_EXHAUSTED. */
nx_status wire_call_add_initial(struct wire_call *call, const char *key,
                                struct nx_str value) NX_MUST_USE;
nx_status wire_call_add_trailing(struct wire_call *call, const char *key,
                                 struct nx_str value) NX_MUST_USE;

/* Be told, at most once, when the caller goes away before the answer.
 * Set it before handing the call on. The function runs on the shard's thread and passes word to the
 * owner; it answers only where it can make sure that nobody else does. Pair it with
 * wire_call_ref() where the owner may be done first. */
void wire_call_on_cancel(struct wire_call *call, void (*cancelled)(void *arg), void *arg);

/* Whether the caller has gone. Thread: any. */
bool wire_call_is_cancelled(const struct wire_call *call);

/* Answer with the one response, and give the call up: it is not to be used after, unless a
 * reference is held. Not where responses stream.
 * Borrows: response until return.   Thread: any. */
void wire_call_reply(struct wire_call *call, const ProtobufCMessage *response);

/* Answer with an error, details included, and give the call up. The status must not be OK.
 * Borrows: the status until return. Thread: any. */
void wire_call_fail(struct wire_call *call, nx_status status);

/* What generated skeletons answer for an RPC that the implementation left NULL. */
void wire_call_fail_unimplemented(struct wire_call *call);

/* Keep the call's memory until the matching wire_call_unref(). Thread: any. */
void wire_call_ref(struct wire_call *call);
void wire_call_unref(struct wire_call *call);

/* --- A call that streams ---
 *
 * One receive and one send can be under way at a time; the next is asked for when its callback has
 * come, which is all there is to flow control: what is not asked for waits in the client, and a
 * client that does not read holds up no more than one message. Callbacks run on the shard's thread,
 * never inline, and none begins after the call has been answered.
 *
 * A stream is answered exactly once like any call, also when its client has gone. */

/* Be given the next request. The message lives until the next one is asked for or the call is
 * answered; it is NULL, with an OK status, when the client has sent its last.
 * The status is otherwise CANCELLED (the client has gone) or says what is wrong with the message:
 * answer with it. A client that goes may end its half first, as that of Node does: that it has sent
 * its last does not mean that it waits for the answer. */
typedef void (*wire_received)(void *arg, nx_status status, const ProtobufCMessage *message);
void wire_call_receive(struct wire_call *call, wire_received received, void *arg);

/* What generated skeletons call: the same, for a typed function that only `adapt` can call. */
typedef void (*wire_received_adapt)(wire_typed received, void *arg, nx_status status,
                                    const ProtobufCMessage *message);
void wire_call_receive_typed(struct wire_call *call, wire_received_adapt adapt, wire_typed received,
                             void *arg);

/* Send one of many responses. `sent` may be NULL where nothing more is sent before the answer.
 * Borrows: message until return.   Thread: any, one at a time. Where another thread may answer the
 * call meanwhile, `sent` may still begin just after that. */
void wire_call_send(struct wire_call *call, const ProtobufCMessage *message, wire_sent sent,
                    void *arg);

/* Let the client know, before the first response, that the call was accepted: send the initial
 * metadata now. */
void wire_call_send_initial(struct wire_call *call);

/* Answer a call whose responses stream with OK, after what has been sent, and give it up.
 * Thread: any. */
void wire_call_finish(struct wire_call *call);

#endif
