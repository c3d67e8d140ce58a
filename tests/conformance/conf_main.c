/* nexus-conformance: protobuf's conformance suite, on this project's codec of binary and JSON.
 *
 * The suite's runner starts this program, writes requests to its stdin and reads an answer to each
 * from its stdout. The end of the input, between two requests, is the end of the run. */
#include <errno.h>
#include <stdlib.h>

#include "conf_answer.h"
#include "conf_frame.h"

#define MAX_FRAME_BYTES ((size_t)256 << 20)
#define ARENA_BYTES ((size_t)1 << 30) /* of one request's messages */
#define TYPES_BYTES ((size_t)1 << 16)

static int fail(const char *reason)
{
    fprintf(stderr, "nexus-conformance: %s\n", reason);
    return EXIT_FAILURE;
}

/* Read a request and answer it. Whether there may be another one; if not, how to exit. */
static bool serve_one(struct pbj_types *types, struct nx_arena *arena, struct nx_buf *request,
                      struct nx_buf *response, int *ret_exit_code)
{
    switch (conf_frame_read(stdin, request)) {
    case CONF_FRAME_WHOLE:
        break;
    case CONF_FRAME_END:
        *ret_exit_code = EXIT_SUCCESS;
        return false;
    case CONF_FRAME_CUT:
        *ret_exit_code = fail("the input ends within a request");
        return false;
    case CONF_FRAME_TOO_LARGE:
        *ret_exit_code = fail("a request is larger than 256 MiB");
        return false;
    case CONF_FRAME_ERROR:
        *ret_exit_code = fail(strerror(errno));
        return false;
    }
    if (conf_answer(types, nx_buf_str(request), arena, response) &&
        conf_frame_write(stdout, nx_buf_str(response)))
        return true;
    *ret_exit_code = fail("an answer cannot be written");
    return false;
}

static int serve(struct pbj_types *types, struct nx_arena *arena)
{
    int exit_code = EXIT_SUCCESS;
    bool more = true;
    while (more) {
        struct nx_buf request;
        struct nx_buf response;
        nx_buf_init(&request, MAX_FRAME_BYTES);
        nx_buf_init(&response, MAX_FRAME_BYTES);
        more = serve_one(types, arena, &request, &response, &exit_code);
        nx_buf_cleanup(&request);
        nx_buf_cleanup(&response);
        nx_arena_reset(arena);
    }
    return exit_code;
}

static int run(void)
{
    struct nx_arena *kept = nx_arena_new(TYPES_BYTES);
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    struct pbj_types types;
    bool ready = kept && arena && conf_types(kept, &types).code == NX_OK;
    int exit_code = ready ? serve(&types, arena) : fail("out of memory");
    nx_arena_destroy(arena);
    nx_arena_destroy(kept);
    return exit_code;
}

static int print_help(void)
{
    puts("nexus-conformance: protobuf's conformance suite, on the codec of Nexus Catalog\n"
         "\n"
         "Run by the suite's runner:\n"
         "  conformance_test_runner --enforce_recommended nexus-conformance\n"
         "\n"
         "It reads ConformanceRequests from stdin and writes a ConformanceResponse for each to\n"
         "stdout, each behind its length in 4 bytes, the least significant first. Messages of\n"
         "proto3 in binary and JSON are read and written; all others are answered `skipped`.\n"
         "\n"
         "Exit codes: 0 when the input ends between two requests, 1 when it ends within one,\n"
         "a request is larger than 256 MiB or an answer cannot be written, 2 for an argument.");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print_help();
    if (argc > 1) {
        (void)fail("it takes no arguments; see --help");
        return 2;
    }
    return run();
}
