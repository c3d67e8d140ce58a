/* A server of interop.proto: interop_server ADDRESS... [NAME=NUMBER]...
 *
 * Prints one line with the ports that it listens on, {"ports":[50051]}, and serves until its
 * standard input ends, so that it does not outlive the test that started it. */
#include "interop_options.h"
#include "interop_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ADDRESSES 8
#define GRACE_MS 200

/* Sort the arguments into addresses and options; false: one is neither. */
static bool read_arguments(char **arguments, const char **addresses,
                           struct wire_server_options *server)
{
    const struct interop_option options[] = {
        {"shards", .number = &server->shards},
        {"max_in_flight", .number = &server->max_in_flight},
        {"max_streaming", .number = &server->max_streaming},
        {"send_timeout_ms", .number = &server->send_timeout_ms},
        {"max_unsent_bytes", .size = &server->max_unsent_bytes},
        {"max_request_bytes", .size = &server->max_request_bytes},
        {"max_metadata_bytes", .size = &server->max_metadata_bytes},
        {"max_streams", .number = &server->max_streams},
    };
    server->addresses = addresses;
    for (; *arguments; arguments++) {
        if (interop_option_take(options, sizeof options / sizeof *options, *arguments))
            continue;
        if (strchr(*arguments, '=') || server->address_count == MAX_ADDRESSES)
            return false;
        addresses[server->address_count++] = *arguments;
    }
    return server->address_count > 0;
}

static void print_ports(const struct wire_server *server, size_t count)
{
    printf("{\"ports\":[");
    for (size_t i = 0; i < count; i++)
        printf("%s%d", i ? "," : "", wire_server_port(server, i));
    printf("]}\n");
    fflush(stdout);
}

static void wait_for_end_of_input(void)
{
    char bytes[256];
    while (read(STDIN_FILENO, bytes, sizeof bytes) > 0)
        ;
}

static nx_status run(struct wire_server *server, struct interop *interop, size_t address_count,
                     struct nx_arena *arena)
{
    NX_TRY(interop_serve(interop, server));
    NX_TRY(wire_server_start(server, arena));
    print_ports(server, address_count);
    wait_for_end_of_input();
    wire_server_drain(server, GRACE_MS);
    return NX_STATUS_OK;
}

int main(int argc, char **argv)
{
    const char *addresses[MAX_ADDRESSES];
    struct wire_server_options options = {0};
    if (argc < 2 || !read_arguments(argv + 1, addresses, &options)) {
        fprintf(stderr, "usage: interop_server ADDRESS... [NAME=NUMBER]...\n");
        return EXIT_FAILURE;
    }
    struct nx_arena *arena = nx_arena_new(4096);
    struct interop *interop = interop_new();
    struct wire_server *server = NULL;
    nx_status status = nx_fail_memory();
    if (arena && interop)
        status = wire_server_new(&options, &server);
    if (status.code == NX_OK)
        status = run(server, interop, options.address_count, arena);
    if (status.code != NX_OK)
        fprintf(stderr, "interop_server: %s\n", nx_status_message(status));
    wire_server_destroy(server);
    interop_destroy(interop);
    nx_arena_destroy(arena);
    return status.code == NX_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
