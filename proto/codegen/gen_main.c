/* protoc-gen-nexus: a protoc plugin that writes gRPC server skeletons and client stubs in C, and
 * the messages that they use.
 *
 * protoc writes a CodeGeneratorRequest to stdin and reads a CodeGeneratorResponse from stdout. A
 * .proto file that cannot be expressed is told of in the response; a request that cannot be read,
 * on stderr with exit code 1. */
#include "gen_child.h"
#include "gen_plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES ((size_t)1 << 30)
#define READ_BYTES 65536

static bool read_all(FILE *from, struct nx_buf *ret_bytes)
{
    for (;;) {
        char *to = nx_buf_reserve(ret_bytes, READ_BYTES);
        if (!to)
            return false;
        size_t got = fread(to, 1, READ_BYTES, from);
        ret_bytes->len += got;
        if (got == 0)
            return !ferror(from);
    }
}

static int run(struct nx_arena *arena, struct nx_buf *request, struct nx_buf *response)
{
    if (!read_all(stdin, request)) {
        fprintf(stderr, "protoc-gen-nexus: cannot read the request: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    nx_status status = gen_plugin_answer(nx_buf_str(request), gen_child_run, arena, response);
    if (status.code != NX_OK) {
        fprintf(stderr,
                "protoc-gen-nexus: stdin: %s; this program is run by protoc, as --nexus_out=DIR\n",
                nx_status_message(status));
        return EXIT_FAILURE;
    }
    bool written =
        fwrite(response->ptr, 1, response->len, stdout) == response->len && fflush(stdout) == 0;
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int print_help(void)
{
    puts("protoc-gen-nexus: C for gRPC: messages, server skeletons and client stubs\n"
         "\n"
         "Run by protoc:\n"
         "  protoc --plugin=protoc-gen-nexus=PATH --nexus_out=messages:OUT FILE.proto\n"
         "\n"
         "For each FILE.proto it writes FILE.nexus.{h,c}, the services, and with the option\n"
         "`messages` also FILE.pb-c.{h,c}, made by protobuf-c's compiler and rewritten where a\n"
         "name would not compile. That compiler is protoc-gen-c in PATH, or with\n"
         "`messages=PROGRAM` that one. Without the option, protoc --c_out=OUT makes them.\n"
         "With `no_stubs` it writes no FILE.nexus.{h,c}. Options have commas between them.");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return print_help();
    struct nx_arena *arena = nx_arena_new(MAX_BYTES);
    if (!arena)
        return EXIT_FAILURE;
    struct nx_buf request, response;
    nx_buf_init(&request, MAX_BYTES);
    nx_buf_init(&response, MAX_BYTES);
    int exit_code = run(arena, &request, &response);
    nx_buf_cleanup(&request);
    nx_buf_cleanup(&response);
    nx_arena_destroy(arena);
    return exit_code;
}
