/* Metadata of a stranger, through the core: a server that reads every pair and sends each back is
 * sent the input as the headers of a call, over a socket. The call must come to an end.
 *
 * Input: pairs, each as the length of the key (one byte), the key, the length of the value (two
 * bytes, big-endian, cut to MAX_VALUE), the value. */
#include "echo.nexus.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_VALUE 20000
#define MAX_FRAME 16384
#define TIMEOUT_MS 10000

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, GOAWAY = 7, CONTINUATION = 9 };
enum { END_STREAM = 1, END_HEADERS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void serve(void *context, struct wire_call *call,
                  const Nexus__Test__V1__EchoMessage *request)
{
    (void)context;
    struct nx_str key, value, first;
    for (size_t i = 0; wire_call_metadata_at(call, i, &key, &value); i++) {
        char name[256];
        size_t len = key.len < sizeof name ? key.len : sizeof name - 1;
        memcpy(name, key.ptr, len);
        name[len] = '\0';
        /* What is there is found, if a C string can ask for it: the core lets a NUL pass. */
        if (strlen(name) == key.len && !wire_call_metadata(call, name, &first))
            abort();
        nx_status added = i % 2 ? wire_call_add_initial(call, name, value)
                                : wire_call_add_trailing(call, name, value);
        (void)added; /* pairs that are gRPC's own are refused */
    }
    nexus_test_v1_echo_service_reply_echo(call, request);
}

static const struct nexus_test_v1_echo_service_server implementation = {.echo = serve};

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* The port of the one server, started at the first input. */
static uint16_t port(void)
{
    static struct wire_server *server;
    static const char *const address = "127.0.0.1:0";
    if (!server) {
        struct nx_arena *arena = nx_arena_new(4096);
        const struct wire_server_options options = {.addresses = &address, .address_count = 1};
        must(wire_server_new(&options, &server).code == NX_OK);
        must(nexus_test_v1_echo_service_serve(server, &implementation, NULL).code == NX_OK);
        must(wire_server_start(server, arena).code == NX_OK);
        nx_arena_destroy(arena);
    }
    return (uint16_t)wire_server_port(server, 0);
}

/* --- A client that sends what it is told --- */

struct output {
    uint8_t *bytes;
    size_t len;
};

static void put(struct output *output, const void *bytes, size_t len)
{
    if (len > 0)
        memcpy(output->bytes + output->len, bytes, len);
    output->len += len;
}

static void put_frame(struct output *output, int type, int flags, const void *payload, size_t len)
{
    const uint8_t head[9] = {(uint8_t)(len >> 16),
                             (uint8_t)(len >> 8),
                             (uint8_t)len,
                             (uint8_t)type,
                             (uint8_t)flags,
                             0,
                             0,
                             0,
                             type == SETTINGS ? 0 : 1};
    put(output, head, sizeof head);
    put(output, payload, len);
}

/* HPACK: an integer behind a prefix of seven bits, and a string without Huffman coding. */
static void put_string(struct output *output, const void *text, size_t len)
{
    uint8_t digits[8];
    size_t count = 0;
    size_t left = len;
    if (left < 127) {
        digits[count++] = (uint8_t)left;
    } else {
        digits[count++] = 127;
        for (left -= 127; left >= 128; left /= 128)
            digits[count++] = (uint8_t)(left % 128 + 128);
        digits[count++] = (uint8_t)left;
    }
    put(output, digits, count);
    put(output, text, len);
}

static void put_pair(struct output *output, const void *key, size_t key_len, const void *value,
                     size_t value_len)
{
    put(output, "\x10", 1); /* literal, never indexed, with its name */
    put_string(output, key, key_len);
    put_string(output, value, value_len);
}

static void put_headers(struct output *block, const uint8_t *data, size_t size)
{
    static const char *const fixed[][2] = {
        {":method", "POST"},
        {":scheme", "http"},
        {":path", "/nexus.test.v1.EchoService/Echo"},
        {":authority", "localhost"},
        {"te", "trailers"},
        {"content-type", "application/grpc"},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        put_pair(block, fixed[i][0], strlen(fixed[i][0]), fixed[i][1], strlen(fixed[i][1]));
    while (size > 0) {
        size_t key_len = data[0];
        if (key_len + 3 > size)
            return;
        const uint8_t *key = data + 1;
        size_t value_len = ((size_t)key[key_len] << 8 | key[key_len + 1]) % MAX_VALUE;
        const uint8_t *value = key + key_len + 2;
        data += key_len + 3;
        size -= key_len + 3;
        if (value_len > size)
            value_len = size;
        put_pair(block, key, key_len, value, value_len);
        data += value_len;
        size -= value_len;
    }
}

static void send_call(int fd, const uint8_t *data, size_t size)
{
    struct output block = {.bytes = calloc(4, size + 1024)};
    struct output output = {.bytes = calloc(5, size + 2048)};
    must(block.bytes && output.bytes);
    put_headers(&block, data, size);
    put(&output, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    put_frame(&output, SETTINGS, 0, NULL, 0);
    for (size_t at = 0; at == 0 || at < block.len; at += MAX_FRAME) {
        size_t len = block.len - at < MAX_FRAME ? block.len - at : MAX_FRAME;
        put_frame(&output, at == 0 ? HEADERS : CONTINUATION,
                  at + len == block.len ? END_HEADERS : 0, block.bytes + at, len);
    }
    put_frame(&output, DATA, END_STREAM, "\0\0\0\0\0", 5);
    for (size_t at = 0; at < output.len;) {
        ssize_t sent = send(fd, output.bytes + at, output.len - at, MSG_NOSIGNAL);
        if (sent <= 0)
            break; /* it has hung up already */
        at += (size_t)sent;
    }
    free(block.bytes);
    free(output.bytes);
}

/* False: the server has hung up. A server that says nothing is at fault. */
static bool receive(int fd, uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        int ready = poll(&waiting, 1, TIMEOUT_MS);
        if (ready < 0 && errno == EINTR)
            continue; /* the fuzzer's own clock */
        must(ready == 1);
        ssize_t got = recv(fd, bytes + at, len - at, 0);
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

/* Read frames until the call, or the connection, is at its end. */
static void receive_end(int fd)
{
    static uint8_t payload[1 << 24];
    uint8_t head[9];
    while (receive(fd, head, sizeof head)) {
        size_t len = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        if (!receive(fd, payload, len))
            return;
        if ((head[3] == HEADERS && (head[4] & END_STREAM)) || head[3] == RST_STREAM ||
            head[3] == GOAWAY)
            return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(port()),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(fd >= 0);
    must(connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    send_call(fd, data, size);
    receive_end(fd);
    const struct linger at_once = {.l_onoff = 1}; /* or the ports run out */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
    return 0;
}
