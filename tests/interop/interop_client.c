/* A client of interop.proto: interop_client TARGET [NAME=NUMBER]...
 *
 * Does what its standard input tells it, and tells what becomes of it (interop_commands.h). At the
 * end of its input it ends the calls that are under way, and itself. */
#include "interop_commands.h"
#include "interop_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_options(char **arguments, struct wire_client_options *client)
{
    const struct interop_option options[] = {
        {"channels", .number = &client->channels},
        {"threads", .number = &client->threads},
        {"max_response_bytes", .size = &client->max_response_bytes},
        {"max_metadata_bytes", .size = &client->max_metadata_bytes},
        {"round_robin", .flag = &client->round_robin},
        {"keepalive_time_ms", .number = &client->keepalive_time_ms},
        {"keepalive_timeout_ms", .number = &client->keepalive_timeout_ms},
    };
    for (; *arguments; arguments++) {
        if (!interop_option_take(options, sizeof options / sizeof *options, *arguments))
            return false;
    }
    return true;
}

/* False: a line could not be carried out. */
static bool follow(struct interop_commands *commands)
{
    char *line = NULL;
    size_t room = 0;
    bool done = true;
    while (done && getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        done = interop_command(commands, line);
        if (!done)
            fprintf(stderr, "interop_client: cannot do: %.80s\n", line);
    }
    free(line);
    return done;
}

int main(int argc, char **argv)
{
    struct wire_client_options options = {.target = argc > 1 ? argv[1] : NULL};
    if (argc < 2 || !read_options(argv + 2, &options)) {
        fprintf(stderr, "usage: interop_client TARGET [NAME=NUMBER]...\n");
        return EXIT_FAILURE;
    }
    struct wire_client *client = NULL;
    nx_status status = wire_client_new(&options, &client);
    if (status.code != NX_OK) {
        fprintf(stderr, "interop_client: %s\n", nx_status_message(status));
        return EXIT_FAILURE;
    }
    struct interop_commands *commands = interop_commands_new(client);
    bool done = commands && follow(commands);
    if (commands)
        interop_commands_release(commands);
    wire_client_destroy(client);
    interop_commands_destroy(commands);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
