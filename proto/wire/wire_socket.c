/* From an address to sockets that listen. */
#include "wire_listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096
#define SOCKET_KIND (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

static nx_status cannot_listen(struct nx_arena *arena, const char *address, const char *why)
{
    return nx_fail(arena, NX_UNAVAILABLE, "cannot listen for gRPC at %s: %s", address, why);
}

static nx_status not_an_address(struct nx_arena *arena, const char *address, const char *why)
{
    return nx_fail(arena, NX_INVALID_ARGUMENT, "cannot listen for gRPC at %s: %s", address, why);
}

/* Close and keep errno. Returns -1. */
static int give_up(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static bool set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* --- TCP --- */

/* Take "host:port" or "[host]:port" apart; the port is a number. */
static nx_status split(const char *address, struct nx_arena *arena, const char **ret_host,
                       const char **ret_port)
{
    const char *colon = strrchr(address, ':');
    struct nx_str host = {address, colon ? (size_t)(colon - address) : 0};
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = (struct nx_str){host.ptr + 1, host.len - 2};
    else if (host.len > 0 && memchr(host.ptr, ':', host.len))
        host.len = 0; /* an IPv6 address without brackets */
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (host.len == 0 || digits == 0 || digits > 5 || colon[1 + digits] != '\0' ||
        strtoul(colon + 1, NULL, 10) > UINT16_MAX)
        return not_an_address(arena, address, "it is not host:port or [host]:port");
    *ret_host = nx_arena_strdup(arena, host);
    *ret_port = colon + 1;
    return *ret_host ? NX_STATUS_OK : nx_fail_memory();
}

union tcp_name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static in_port_t *port_of(union tcp_name *name)
{
    return name->any.sa_family == AF_INET6 ? &name->v6.sin6_port : &name->v4.sin_port;
}

/* Accepted sockets inherit the options. -1, with errno: it did not work. */
static int open_tcp(union tcp_name *name, socklen_t len, unsigned user_timeout_ms)
{
    int fd = socket(name->any.sa_family, SOCKET_KIND, 0);
    if (fd < 0)
        return -1;
    bool is_set = set(fd, SOL_SOCKET, SO_REUSEADDR, 1) && set(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
                  set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)user_timeout_ms) &&
                  (name->any.sa_family != AF_INET6 || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0));
    if (is_set && bind(fd, &name->any, len) == 0 && listen(fd, BACKLOG) == 0 &&
        getsockname(fd, &name->any, &len) == 0)
        return fd;
    return give_up(fd);
}

/* Whether an address of a name may be left out when the name has others. */
static bool is_not_here(int error)
{
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

static void close_all(struct wire_socket *sockets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        wire_socket_close(&sockets[i]);
}

/* Listen at every address that a name was found to have. Returns 0 or an errno. */
static int open_found(const struct addrinfo *found, unsigned user_timeout_ms,
                      struct wire_socket *ret_sockets, size_t *ret_count)
{
    size_t count = 0;
    int left_out = 0;
    for (const struct addrinfo *it = found; it && count < WIRE_SOCKETS_PER_ADDRESS;
         it = it->ai_next) {
        union tcp_name name = {.v4 = {.sin_family = AF_UNSPEC}};
        if (it->ai_addrlen > sizeof name)
            continue;
        memcpy(&name, it->ai_addr, it->ai_addrlen);
        if (count > 0) /* port 0: all take the one that the first got */
            *port_of(&name) = htons((uint16_t)ret_sockets[0].port);
        int fd = open_tcp(&name, it->ai_addrlen, user_timeout_ms);
        if (fd >= 0) {
            ret_sockets[count++] = (struct wire_socket){.fd = fd, .port = ntohs(*port_of(&name))};
        } else if (is_not_here(errno)) {
            left_out = errno;
        } else {
            int error = errno;
            close_all(ret_sockets, count);
            return error;
        }
    }
    *ret_count = count;
    return count > 0 ? 0 : left_out;
}

static nx_status open_host(const char *address, const struct wire_socket_options *options,
                           struct nx_arena *arena, struct wire_socket *ret_sockets,
                           size_t *ret_count)
{
    const char *host = NULL;
    const char *port = NULL;
    NX_TRY(split(address, arena, &host, &port));
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    int error = getaddrinfo(host, port, &hints, &found);
    if (error != 0)
        return cannot_listen(arena, address, gai_strerror(error));
    error = open_found(found, options->user_timeout_ms, ret_sockets, ret_count);
    freeaddrinfo(found);
    return error == 0 ? NX_STATUS_OK : cannot_listen(arena, address, strerror(error));
}

/* --- Unix --- */

struct unix_name {
    struct sockaddr_un at;
    socklen_t len;
};

/* Whether the file of the name is a socket that nobody listens at any more. */
static bool is_stale(const struct unix_name *name)
{
    struct stat file;
    if (lstat(name->at.sun_path, &file) != 0 || !S_ISSOCK(file.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCKET_KIND, 0);
    if (fd < 0)
        return false;
    bool is_refused =
        connect(fd, (const struct sockaddr *)&name->at, name->len) != 0 && errno == ECONNREFUSED;
    close(fd);
    return is_refused;
}

static bool bind_unix(int fd, const struct unix_name *name)
{
    if (bind(fd, (const struct sockaddr *)&name->at, name->len) == 0)
        return true;
    if (errno != EADDRINUSE || name->at.sun_path[0] == '\0' || !is_stale(name))
        return false;
    return unlink(name->at.sun_path) == 0 &&
           bind(fd, (const struct sockaddr *)&name->at, name->len) == 0;
}

/* The mode is set before anyone can connect. */
static bool protect(const struct unix_name *name, unsigned mode, struct wire_socket *socket)
{
    if (name->at.sun_path[0] == '\0')
        return true;
    struct stat file;
    if (chmod(name->at.sun_path, mode) != 0 || lstat(name->at.sun_path, &file) != 0)
        return false;
    memcpy(socket->path, name->at.sun_path, sizeof socket->path);
    socket->device = file.st_dev;
    socket->inode = file.st_ino;
    return true;
}

static nx_status open_unix(const char *address, struct nx_str path, bool is_abstract,
                           const struct wire_socket_options *options, struct nx_arena *arena,
                           struct wire_socket *ret_socket)
{
    struct unix_name name = {.at = {.sun_family = AF_UNIX}};
    if (path.len == 0 || path.len + 1 > sizeof name.at.sun_path)
        return not_an_address(arena, address, "its path must have 1 to 107 bytes");
    memcpy(name.at.sun_path + (is_abstract ? 1 : 0), path.ptr, path.len);
    name.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + 1);
    struct wire_socket opened = {.fd = socket(AF_UNIX, SOCKET_KIND, 0)};
    if (opened.fd < 0)
        return cannot_listen(arena, address, strerror(errno));
    if (!bind_unix(opened.fd, &name) || !protect(&name, options->unix_mode, &opened) ||
        listen(opened.fd, BACKLOG) != 0) {
        int error = errno;
        wire_socket_close(&opened);
        return cannot_listen(arena, address, strerror(error));
    }
    *ret_socket = opened;
    return NX_STATUS_OK;
}

/* --- Both --- */

nx_status wire_socket_open(const char *address, const struct wire_socket_options *options,
                           struct nx_arena *arena, struct wire_socket *ret_sockets,
                           size_t *ret_count)
{
    /* The longer prefix first: "unix://" has the path behind it, as "unix:" has. */
    static const struct {
        struct nx_str text;
        bool is_abstract;
    } prefixes[] = {
        {{"unix-abstract:", 14}, true},
        {{"unix://", 7}, false},
        {{"unix:", 5}, false},
    };
    struct nx_str text = nx_str_from(address);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (!nx_str_starts_with(text, prefixes[i].text))
            continue;
        struct nx_str path = {text.ptr + prefixes[i].text.len, text.len - prefixes[i].text.len};
        NX_TRY(open_unix(address, path, prefixes[i].is_abstract, options, arena, ret_sockets));
        *ret_count = 1;
        return NX_STATUS_OK;
    }
    return open_host(address, options, arena, ret_sockets, ret_count);
}

void wire_socket_close(struct wire_socket *socket)
{
    struct stat file;
    if (socket->path[0] != '\0' && lstat(socket->path, &file) == 0 &&
        file.st_dev == socket->device && file.st_ino == socket->inode)
        unlink(socket->path);
    close(socket->fd);
    socket->fd = -1;
}
