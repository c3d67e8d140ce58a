#include "gw_listen.h"

#include "nx_log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

/* Take "host:port" or "[host]:port" apart. */
static nx_status split(const char *address, struct nx_arena *arena, const char **ret_host,
                       const char **ret_port)
{
    const char *colon = strrchr(address, ':');
    struct nx_str host = {address, colon ? (size_t)(colon - address) : 0};
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = (struct nx_str){host.ptr + 1, host.len - 2};
    else if (host.len > 0 && memchr(host.ptr, ':', host.len))
        host.len = 0; /* an IPv6 address without brackets */
    if (host.len == 0 || colon[1] == '\0')
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "http.listen: \"%s\" is not host:port or [host]:port", address);
    *ret_host = nx_arena_strdup(arena, host);
    *ret_port = colon + 1;
    return *ret_host ? NX_STATUS_OK : nx_fail_memory();
}

/* What connections inherit. A client that is gone without a word is noticed after a minute and a
 * half, also while it is only waited for; and a small answer, or message of a stream, is not kept
 * back until the client has acknowledged the one before. */
static bool set_options(int fd)
{
    static const struct {
        int level;
        int name;
        int value;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},    {IPPROTO_TCP, TCP_KEEPIDLE, 60},
        {IPPROTO_TCP, TCP_KEEPINTVL, 10}, {IPPROTO_TCP, TCP_KEEPCNT, 3},
        {IPPROTO_TCP, TCP_NODELAY, 1},
    };
    bool is_set = true;
    for (size_t i = 0; is_set && i < sizeof options / sizeof *options; i++)
        is_set = setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                            sizeof options[i].value) == 0;
    return is_set;
}

/* -1, with errno: it did not work. */
static int open_socket(const struct addrinfo *info)
{
    int on = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 && set_options(fd) &&
        bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static unsigned port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name = {.v6 = {.sin6_port = 0}};
    socklen_t len = sizeof name;
    if (getsockname(fd, &name.any, &len) != 0)
        return 0;
    return ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
}

nx_status gw_listen(const char *address, struct nx_arena *arena, int *ret_fd, unsigned *ret_port)
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
        return nx_fail(arena, NX_INVALID_ARGUMENT, "http.listen: \"%s\": %s", address,
                       gai_strerror(error));
    int fd = -1;
    for (const struct addrinfo *it = found; it && fd < 0; it = it->ai_next)
        fd = open_socket(it);
    int reason = errno;
    freeaddrinfo(found);
    if (fd < 0)
        return nx_fail(arena, NX_UNAVAILABLE, "cannot listen at %s: %s", address, strerror(reason));
    *ret_fd = fd;
    *ret_port = port_of(fd);
    return NX_STATUS_OK;
}

void gw_listen_reserve_files(unsigned count)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count)
        return;
    limit.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < count) {
        char wanted[12];
        snprintf(wanted, sizeof wanted, "%u", count);
        nx_log(NX_LOG_WARN, "few_files", "wanted", wanted, "hint",
               "raise the limit of open files, or lower http.max_connections", NULL);
    }
}
