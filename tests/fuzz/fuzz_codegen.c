/* A CodeGeneratorRequest from a stranger, through the whole plugin but for the compiler of
 * messages, in whose place the request's own bytes are answered. A refusal has no files, and what
 * is generated stays within its folder. */
#include "gen_messages.h"
#include "gen_plugin.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)256 << 20)
#define MAX_OUTPUT ((size_t)64 << 20)

typedef Google__Protobuf__Compiler__CodeGeneratorResponse Response;

static struct nx_str input;

/* Answers with one file that has the input as its text, or with the input itself. */
static nx_status run(const char *program, struct nx_str request, struct nx_arena *arena,
                     struct nx_buf *output)
{
    (void)request;
    char *text = nx_arena_strdup(arena, input);
    if (!text)
        return nx_fail_memory();
    Google__Protobuf__Compiler__CodeGeneratorResponse__File file =
        GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__FILE__INIT;
    Google__Protobuf__Compiler__CodeGeneratorResponse__File *files[] = {&file};
    Response response = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT;
    file.name = (char *)"a.pb-c.c";
    file.content = text;
    response.file = files;
    response.n_file = 1;
    char *to = nx_buf_reserve(output, input.len + 64);
    if (!to)
        return nx_fail_memory();
    if (strcmp(program, "protoc-gen-c") == 0)
        output->len +=
            google__protobuf__compiler__code_generator_response__pack(&response, (uint8_t *)to);
    else
        nx_buf_append_str(output, input);
    return NX_STATUS_OK;
}

static void check_response(const struct nx_buf *bytes, struct nx_arena *arena)
{
    ProtobufCAllocator allocator = gen_messages_allocator(arena);
    const Response *response = google__protobuf__compiler__code_generator_response__unpack(
        &allocator, bytes->len, (const uint8_t *)bytes->ptr);
    if (!response) {
        if (!nx_arena_exhausted(arena))
            abort();
        return;
    }
    if (response->error && response->n_file > 0)
        abort();
    for (size_t i = 0; i < response->n_file; i++) {
        const char *name = response->file[i]->name;
        if (strstr(name, ".nexus.") && (*name == '/' || strstr(name, "../")))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    struct nx_buf response;
    if (!arena)
        return 0;
    nx_buf_init(&response, MAX_OUTPUT);
    input = (struct nx_str){(const char *)data, size};
    if (gen_plugin_answer(input, run, arena, &response).code == NX_OK)
        check_response(&response, arena);
    nx_buf_cleanup(&response);
    nx_arena_destroy(arena);
    return 0;
}
