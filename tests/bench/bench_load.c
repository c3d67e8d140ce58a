/* A gRPC load driver: bench_load HOST PORT METHOD REQUEST CONNECTIONS STREAMS WARMUP_S SECONDS
 *
 * Keeps CONNECTIONS x STREAMS unary calls under way over HTTP/2 (nghttp2, one thread, epoll) and
 * prints "rate p50_us p99_us errors". HOST may be unix:PATH, whatever PORT then is. REQUEST is
 * `products:N` for {name: "products/<1..N>"} with a random number in each call, `page:N` for
 * {page_size: N}, or `file:PATH` for messages from a file, at random: each with its length before
 * it, in four bytes, the highest first. A call counts when it ended with grpc-status 0 and one
 * whole message; gRPC over HTTP/2 is described in grpc/grpc doc/PROTOCOL-HTTP2.md. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FRAME_PREFIX 5       /* of a gRPC message: compressed flag and length */
#define BUCKET_NS 5000       /* latencies are counted in steps of 5 us ... */
#define BUCKET_COUNT 400000U /* ... up to 2 s */

/* One call under way. */
struct call {
    int64_t start_ns;
    uint8_t own_body[64];
    const uint8_t *body;
    size_t body_size;
    size_t body_sent;
    size_t received;
    bool ok;
};

struct connection {
    int fd;
    nghttp2_session *session;
    struct call *calls; /* one for each stream at a time */
    unsigned writing;   /* whether epoll watches for room to write */
    const uint8_t *unsent;
    size_t unsent_size;
};

static struct {
    const char *authority;
    const char *method;
    uint64_t product_count; /* 0: ask for a page */
    uint64_t page_size;
    uint8_t *frames; /* of a file, or NULL: messages with their gRPC prefixes */
    size_t *frame_at;
    size_t frame_count; /* frame_at has one more, the end */
    unsigned connection_count;
    unsigned stream_count;
    int64_t count_from_ns;
    int64_t end_ns;
    uint64_t random;
    uint64_t answered;
    uint64_t errors;
    uint32_t *latencies; /* BUCKET_COUNT */
} run;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench_load: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* xorshift64*: spread evenly enough for row numbers. */
static uint64_t next_random(void)
{
    run.random ^= run.random >> 12;
    run.random ^= run.random << 25;
    run.random ^= run.random >> 27;
    return run.random * 2685821657736338717U;
}

static void write_request(struct call *call)
{
    uint8_t *message = call->own_body + FRAME_PREFIX;
    size_t size;
    call->body_sent = 0;
    call->received = 0;
    call->ok = false;
    if (run.frames) {
        size_t chosen = next_random() % run.frame_count;
        call->body = run.frames + run.frame_at[chosen];
        call->body_size = run.frame_at[chosen + 1] - run.frame_at[chosen];
        return;
    }
    if (run.product_count > 0) {
        char name[32];
        int length =
            snprintf(name, sizeof name, "products/%" PRIu64, next_random() % run.product_count + 1);
        message[0] = 0x0a; /* field 1, length-delimited */
        message[1] = (uint8_t)length;
        memcpy(message + 2, name, (size_t)length);
        size = (size_t)length + 2;
    } else {
        message[0] = 0x08; /* field 1, varint; sizes below 128 take one byte */
        message[1] = (uint8_t)(run.page_size & 0x7f);
        size = 2;
    }
    memset(call->own_body, 0, FRAME_PREFIX);
    call->own_body[4] = (uint8_t)size;
    call->body = call->own_body;
    call->body_size = FRAME_PREFIX + size;
}

static ssize_t read_body(nghttp2_session *session, int32_t stream_id, uint8_t *buf, size_t length,
                         uint32_t *data_flags, nghttp2_data_source *source, void *user_data)
{
    (void)session;
    (void)stream_id;
    (void)user_data;
    struct call *call = source->ptr;
    size_t left = call->body_size - call->body_sent;
    size_t size = left < length ? left : length;
    memcpy(buf, call->body + call->body_sent, size);
    call->body_sent += size;
    if (call->body_sent == call->body_size)
        *data_flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)size;
}

static nghttp2_nv header(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                        strlen(value), NGHTTP2_NV_FLAG_NONE};
}

static void start_call(struct connection *connection, struct call *call)
{
    write_request(call);
    nghttp2_nv headers[] = {
        header(":method", "POST"),   header(":scheme", "http"),
        header(":path", run.method), header(":authority", run.authority),
        header("te", "trailers"),    header("content-type", "application/grpc"),
    };
    nghttp2_data_provider body = {.source.ptr = call, .read_callback = read_body};
    call->start_ns = now_ns();
    int32_t stream = nghttp2_submit_request(connection->session, NULL, headers,
                                            sizeof headers / sizeof headers[0], &body, call);
    if (stream < 0)
        die(nghttp2_strerror(stream));
}

static struct call *call_of(nghttp2_session *session, int32_t stream_id)
{
    return nghttp2_session_get_stream_user_data(session, stream_id);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                     void *user_data)
{
    (void)flags;
    (void)user_data;
    static const char key[] = "grpc-status";
    struct call *call = call_of(session, frame->hd.stream_id);
    if (call && name_size == sizeof key - 1 && memcmp(name, key, name_size) == 0)
        call->ok = value_size == 1 && value[0] == '0';
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                   size_t size, void *user_data)
{
    (void)flags;
    (void)data;
    (void)user_data;
    struct call *call = call_of(session, stream_id);
    if (call)
        call->received += size;
    return 0;
}

static int on_close(nghttp2_session *session, int32_t stream_id, uint32_t error, void *user_data)
{
    struct call *call = call_of(session, stream_id);
    if (!call)
        return 0;
    int64_t end_ns = now_ns();
    if (end_ns >= run.count_from_ns && end_ns < run.end_ns) {
        size_t least = FRAME_PREFIX + (run.frames ? 0 : 1); /* a search may find nothing */
        if (error == NGHTTP2_NO_ERROR && call->ok && call->received >= least) {
            uint64_t bucket = (uint64_t)(end_ns - call->start_ns) / BUCKET_NS;
            run.latencies[bucket < BUCKET_COUNT ? bucket : BUCKET_COUNT - 1]++;
            run.answered++;
        } else {
            run.errors++;
        }
    }
    start_call(user_data, call);
    return 0;
}

static void flush(struct connection *connection, int epoll)
{
    for (;;) {
        if (connection->unsent_size == 0) {
            ssize_t size = nghttp2_session_mem_send(connection->session, &connection->unsent);
            if (size < 0)
                die(nghttp2_strerror((int)size));
            connection->unsent_size = (size_t)size;
        }
        if (connection->unsent_size == 0)
            break;
        ssize_t sent =
            send(connection->fd, connection->unsent, connection->unsent_size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            die("send");
        if (sent < 0)
            break;
        connection->unsent += sent;
        connection->unsent_size -= (size_t)sent;
    }
    unsigned writing = connection->unsent_size > 0 ? EPOLLOUT : 0;
    if (writing != connection->writing) {
        struct epoll_event event = {.events = EPOLLIN | writing, .data.ptr = connection};
        if (epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event) != 0)
            die("epoll_ctl");
        connection->writing = writing;
    }
}

static void receive(struct connection *connection)
{
    static uint8_t buf[256 * 1024];
    ssize_t size = recv(connection->fd, buf, sizeof buf, 0);
    if (size == 0) {
        errno = ECONNRESET;
        die("the server has closed a connection");
    }
    if (size < 0 && errno != EAGAIN)
        die("recv");
    if (size > 0) {
        ssize_t used = nghttp2_session_mem_recv(connection->session, buf, (size_t)size);
        if (used < 0)
            die(nghttp2_strerror((int)used));
    }
}

/* Messages with their lengths become frames: a byte 0, "not compressed", before each. */
static void read_frames(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        die(path);
    size_t size = (size_t)ftell(file);
    uint8_t *bytes = calloc(1, size + 1);
    rewind(file);
    run.frames = calloc(2, size + 1);
    run.frame_at = calloc(size / 4 + 2, sizeof *run.frame_at);
    if (!bytes || !run.frames || !run.frame_at || fread(bytes, 1, size, file) != size)
        die(path);
    size_t end = 0;
    for (size_t at = 0; at + 4 <= size;) {
        size_t length = 4 + ((size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 |
                             (size_t)bytes[at + 2] << 8 | bytes[at + 3]);
        if (length > size - at)
            break;
        memcpy(run.frames + end + 1, bytes + at, length);
        at += length;
        end += length + 1;
        run.frame_at[++run.frame_count] = end;
    }
    errno = EINVAL;
    if (run.frame_count == 0)
        die(path);
    free(bytes);
    (void)fclose(file);
}

/* Where HOST and PORT are; *ret_size is of the address. */
static const struct sockaddr *resolve(const char *host, const char *port, socklen_t *ret_size)
{
    static struct sockaddr_storage address;
    struct sockaddr_un *local = (struct sockaddr_un *)&address;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    *ret_size = sizeof *local;
    if (strncmp(host, "unix:", 5) == 0) {
        local->sun_family = AF_UNIX;
        snprintf(local->sun_path, sizeof local->sun_path, "%s", host + 5);
        return (const struct sockaddr *)&address;
    }
    if (getaddrinfo(host, port, &hints, &found) != 0)
        die(host);
    memcpy(&address, found->ai_addr, found->ai_addrlen);
    *ret_size = found->ai_addrlen;
    freeaddrinfo(found);
    return (const struct sockaddr *)&address;
}

static void open_connection(struct connection *connection, const struct sockaddr *address,
                            socklen_t address_size, const nghttp2_session_callbacks *callbacks,
                            int epoll)
{
    connection->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 || connect(connection->fd, address, address_size) != 0)
        die("connect");
    int on = 1;
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fcntl(connection->fd, F_SETFL, O_NONBLOCK) != 0)
        die("fcntl");
    connection->calls = calloc(run.stream_count, sizeof *connection->calls);
    if (!connection->calls ||
        nghttp2_session_client_new(&connection->session, callbacks, connection) != 0)
        die("session");
    nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20},
    };
    if (nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, 1) != 0 ||
        nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0, 1 << 26) !=
            0)
        die("settings");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
        die("epoll_ctl");
    for (unsigned i = 0; i < run.stream_count; i++)
        start_call(connection, &connection->calls[i]);
    flush(connection, epoll);
}

static uint64_t percentile_us(unsigned percent)
{
    uint64_t left = run.answered * percent / 100;
    uint32_t bucket = 0;
    while (bucket < BUCKET_COUNT - 1 && left >= run.latencies[bucket])
        left -= run.latencies[bucket++];
    return ((uint64_t)bucket * BUCKET_NS + BUCKET_NS / 2) / 1000;
}

static uint64_t number(const char *text)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value == 0) {
        errno = EINVAL;
        die(text);
    }
    return value;
}

/* Arguments 3 to 8; returns the seconds that are measured. */
static uint64_t read_arguments(char **argv)
{
    run.method = argv[3];
    if (strncmp(argv[4], "products:", 9) == 0)
        run.product_count = number(argv[4] + 9);
    else if (strncmp(argv[4], "page:", 5) == 0)
        run.page_size = number(argv[4] + 5);
    else if (strncmp(argv[4], "file:", 5) == 0)
        read_frames(argv[4] + 5);
    else
        die(argv[4]);
    run.connection_count = (unsigned)number(argv[5]);
    run.stream_count = (unsigned)number(argv[6]);
    uint64_t seconds = number(argv[8]);
    run.count_from_ns = now_ns() + (int64_t)number(argv[7]) * 1000000000;
    run.end_ns = run.count_from_ns + (int64_t)seconds * 1000000000;
    run.random = (uint64_t)run.count_from_ns | 1;
    return seconds;
}

static void serve(int epoll)
{
    while (now_ns() < run.end_ns) {
        struct epoll_event events[64];
        int count = epoll_wait(epoll, events, 64, 100);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (events[i].events & ~(unsigned)EPOLLOUT)
                receive(connection);
            flush(connection, epoll);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 9) {
        fprintf(stderr,
                "usage: %s HOST PORT METHOD products:N|page:N|file:PATH CONNECTIONS STREAMS "
                "WARMUP_S SECONDS\n",
                argv[0]);
        return EXIT_FAILURE;
    }
    uint64_t seconds = read_arguments(argv);
    socklen_t address_size;
    const struct sockaddr *address = resolve(argv[1], argv[2], &address_size);
    run.authority = strchr(argv[1], '/') ? "localhost" : argv[1];
    run.latencies = calloc(BUCKET_COUNT, sizeof *run.latencies);
    struct connection *connections = calloc(run.connection_count, sizeof *connections);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    nghttp2_session_callbacks *callbacks;
    if (!run.latencies || !connections || epoll < 0 ||
        nghttp2_session_callbacks_new(&callbacks) != 0)
        die("set up");
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    for (unsigned i = 0; i < run.connection_count; i++)
        open_connection(&connections[i], address, address_size, callbacks, epoll);
    serve(epoll);
    printf("%.0f %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", (double)run.answered / (double)seconds,
           percentile_us(50), percentile_us(99), run.errors);
    for (unsigned i = 0; i < run.connection_count; i++) {
        nghttp2_session_del(connections[i].session);
        (void)close(connections[i].fd);
        free(connections[i].calls);
    }
    nghttp2_session_callbacks_del(callbacks);
    free(connections);
    free(run.latencies);
    free(run.frames);
    free(run.frame_at);
    return EXIT_SUCCESS;
}
