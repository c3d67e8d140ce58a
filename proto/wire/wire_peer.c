#include "wire_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

union socket_name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
};

/* An IPv4 client of a socket for both is told as what it is. */
static const char *format(const union socket_name *name, struct nx_arena *arena)
{
    char text[INET6_ADDRSTRLEN];
    if (name->any.sa_family == AF_UNIX)
        return "unix:";
    if (name->any.sa_family == AF_INET)
        return nx_arena_printf(arena, "%s:%d",
                               inet_ntop(AF_INET, &name->v4.sin_addr, text, sizeof text),
                               ntohs(name->v4.sin_port));
    if (name->any.sa_family != AF_INET6)
        return NULL;
    int port = ntohs(name->v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&name->v6.sin6_addr))
        return nx_arena_printf(
            arena, "%s:%d", inet_ntop(AF_INET, &name->v6.sin6_addr.s6_addr[12], text, sizeof text),
            port);
    return nx_arena_printf(arena, "[%s]:%d",
                           inet_ntop(AF_INET6, &name->v6.sin6_addr, text, sizeof text), port);
}

/* Of a connection that we handed to the core, which calls it after its file: "fd:17". */
static const char *of_file(const char *number, struct nx_arena *arena)
{
    union socket_name name = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t len = sizeof name;
    char *end;
    errno = 0;
    long fd = strtol(number, &end, 10);
    if (errno != 0 || *end != '\0' || fd < 0 || fd > INT32_MAX ||
        getpeername((int)fd, &name.any, &len) != 0)
        return NULL;
    return format(&name, arena);
}

/* Of a connection that the core accepted: "ipv4:192.0.2.1:50000", "ipv6:%5B2001:db8::1%5D:50000".
 */
static const char *of_uri(const char *uri, struct nx_arena *arena)
{
    size_t length = strlen(uri);
    char *text = nx_arena_alloc(arena, length + 1);
    if (!text)
        return NULL;
    char *to = text;
    for (const char *from = uri; *from; to++) {
        bool is_bracket = strncmp(from, "%5B", 3) == 0 || strncmp(from, "%5D", 3) == 0;
        *to = !is_bracket ? *from : from[2] == 'B' ? '[' : ']';
        from += is_bracket ? 3 : 1;
    }
    *to = '\0';
    return text;
}

struct nx_str wire_peer_address(grpc_call *call, struct nx_arena *arena)
{
    char *peer = grpc_call_get_peer(call);
    const char *address = NULL;
    if (strncmp(peer, "fd:", 3) == 0)
        address = of_file(peer + 3, arena);
    else if (strncmp(peer, "ipv4:", 5) == 0 || strncmp(peer, "ipv6:", 5) == 0)
        address = of_uri(peer + 5, arena);
    gpr_free(peer);
    return nx_str_from(address ? address : "");
}

/* The first value of a property of the peer. */
static bool find_property(const grpc_auth_context *context, const char *name,
                          struct nx_arena *arena, struct nx_str *ret_value)
{
    grpc_auth_property_iterator each = grpc_auth_context_find_properties_by_name(context, name);
    const grpc_auth_property *property = grpc_auth_property_iterator_next(&each);
    if (!property || property->value_length == 0)
        return false;
    struct nx_str value = {property->value, property->value_length};
    const char *copy = nx_arena_strdup(arena, value);
    if (!copy)
        return false;
    *ret_value = (struct nx_str){copy, value.len};
    return true;
}

bool wire_peer_identity(grpc_call *call, struct nx_arena *arena, struct nx_str *ret_identity)
{
    static const char *const properties[] = {
        GRPC_PEER_URI_PROPERTY_NAME,
        GRPC_PEER_DNS_PROPERTY_NAME,
        GRPC_X509_CN_PROPERTY_NAME,
    };
    grpc_auth_context *context = grpc_call_auth_context(call);
    bool is_found = false;
    if (context && grpc_auth_context_peer_is_authenticated(context)) {
        for (size_t i = 0; i < sizeof properties / sizeof *properties && !is_found; i++)
            is_found = find_property(context, properties[i], arena, ret_identity);
    }
    grpc_auth_context_release(context);
    return is_found;
}
