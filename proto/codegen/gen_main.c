/* protoc-gen-nexus: a protoc plugin that writes gRPC server skeletons and client stubs in C.
 *
 * protoc writes a CodeGeneratorRequest to stdin and reads a CodeGeneratorResponse from stdout
 * (google/protobuf/compiler/plugin.proto). A .proto file that cannot be expressed is told of in the
 * response's `error`; a request that cannot be read, on stderr with exit code 1. */
#include "gen_file.h"
#include "gen_name.h"

#include "google/protobuf/compiler/plugin.pb-c.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REQUEST_BYTES ((size_t)1 << 30)
#define READ_BYTES 65536

typedef Google__Protobuf__Compiler__CodeGeneratorRequest Request;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse Response;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse__File File;

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

static const Google__Protobuf__FileDescriptorProto *find_file(const Request *request,
                                                              const char *name)
{
    for (size_t i = 0; i < request->n_proto_file; i++) {
        if (strcmp(request->proto_file[i]->name, name) == 0)
            return request->proto_file[i];
    }
    return NULL;
}

typedef void (*file_writer)(const Google__Protobuf__FileDescriptorProto *file,
                            struct nx_arena *arena, struct nx_buf *out);

static nx_status add_output(const Google__Protobuf__FileDescriptorProto *file, file_writer write,
                            const char *ending, struct nx_arena *arena, Response *response)
{
    struct nx_buf text;
    nx_buf_init(&text, MAX_REQUEST_BYTES);
    write(file, arena, &text);
    File *output = nx_arena_alloc(arena, sizeof *output);
    char *base = gen_name_base(arena, file->name);
    char *content = text.failed ? NULL : nx_arena_strdup(arena, nx_buf_str(&text));
    nx_buf_cleanup(&text);
    if (!output || !base || !content)
        return nx_fail_memory();
    google__protobuf__compiler__code_generator_response__file__init(output);
    output->name = nx_arena_printf(arena, "%s%s", base, ending);
    output->content = content;
    response->file[response->n_file++] = output;
    return output->name ? NX_STATUS_OK : nx_fail_memory();
}

static nx_status answer(const Request *request, struct nx_arena *arena, Response *response)
{
    if (request->parameter && *request->parameter)
        return nx_fail(arena, NX_INVALID_ARGUMENT, "unknown option \"%s\": there are none",
                       request->parameter);
    response->file = nx_arena_calloc(arena, request->n_file_to_generate, 2 * sizeof(File *));
    if (!response->file)
        return nx_fail_memory();
    for (size_t i = 0; i < request->n_file_to_generate; i++) {
        const Google__Protobuf__FileDescriptorProto *file =
            find_file(request, request->file_to_generate[i]);
        if (!file)
            return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: not among the files of the request",
                           request->file_to_generate[i]);
        NX_TRY(gen_file_check(file, arena));
        NX_TRY(add_output(file, gen_file_header, ".nexus.h", arena, response));
        NX_TRY(add_output(file, gen_file_source, ".nexus.c", arena, response));
    }
    return nx_arena_exhausted(arena) ? nx_fail_memory() : NX_STATUS_OK;
}

static bool write_response(const Response *response, struct nx_buf *bytes)
{
    size_t size = google__protobuf__compiler__code_generator_response__get_packed_size(response);
    bytes->len = 0;
    char *to = nx_buf_reserve(bytes, size);
    if (!to)
        return false;
    google__protobuf__compiler__code_generator_response__pack(response, (uint8_t *)to);
    return fwrite(to, 1, size, stdout) == size && fflush(stdout) == 0;
}

static int run(struct nx_buf *bytes, struct nx_arena *arena)
{
    if (!read_all(stdin, bytes)) {
        fprintf(stderr, "protoc-gen-nexus: cannot read the request: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    Request *request = google__protobuf__compiler__code_generator_request__unpack(
        NULL, bytes->len, (const uint8_t *)bytes->ptr);
    if (!request) {
        fprintf(stderr, "protoc-gen-nexus: stdin is not a CodeGeneratorRequest; "
                        "this program is run by protoc, as --nexus_out=DIR\n");
        return EXIT_FAILURE;
    }
    Response response = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT;
    /* Said so that protoc hands such files over, and the refusal can name the field and a way out.
     */
    response.has_supported_features = true;
    response.supported_features =
        GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__FEATURE__FEATURE_PROTO3_OPTIONAL;
    nx_status status = answer(request, arena, &response);
    if (status.code != NX_OK) {
        response.error = (char *)nx_status_message(status);
        response.n_file = 0;
    }
    bool written = write_response(&response, bytes);
    google__protobuf__compiler__code_generator_request__free_unpacked(request, NULL);
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int print_help(void)
{
    puts("protoc-gen-nexus: gRPC server skeletons and client stubs in C, for protobuf-c messages\n"
         "\n"
         "Run by protoc, after its C message compiler:\n"
         "  protoc --c_out=OUT --plugin=protoc-gen-nexus=PATH --nexus_out=OUT FILE.proto\n"
         "\n"
         "For each FILE.proto it writes FILE.nexus.h and FILE.nexus.c. There are no options.");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return print_help();
    struct nx_arena *arena = nx_arena_new(MAX_REQUEST_BYTES);
    if (!arena)
        return EXIT_FAILURE;
    struct nx_buf bytes;
    nx_buf_init(&bytes, MAX_REQUEST_BYTES);
    int exit_code = run(&bytes, arena);
    nx_buf_cleanup(&bytes);
    nx_arena_destroy(arena);
    return exit_code;
}
