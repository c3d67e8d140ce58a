#include "gen_plugin.h"

#include "gen_file.h"
#include "gen_messages.h"
#include "gen_name.h"
#include "gen_unique.h"
#include "gen_wire.h"

#include <string.h>

#define MAX_BYTES ((size_t)1 << 30)

/* protobuf-c's compiler, as Debian's protobuf-c-compiler has it. */
#define DEFAULT_PROGRAM "protoc-gen-c"

typedef Google__Protobuf__Compiler__CodeGeneratorRequest Request;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse Response;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse__File File;
typedef Google__Protobuf__FileDescriptorProto Proto;

/* What --nexus_opt can say. */
struct options {
    const char *messages; /* the program that makes C messages; NULL: they are made elsewhere */
    bool no_stubs;
};

static nx_status parse_option(struct nx_str option, struct nx_arena *arena, struct options *options)
{
    const struct nx_str with_program = NX_STR("messages=");
    if (nx_str_equal(option, NX_STR("no_stubs"))) {
        options->no_stubs = true;
    } else if (nx_str_equal(option, NX_STR("messages"))) {
        options->messages = DEFAULT_PROGRAM;
    } else if (nx_str_starts_with(option, with_program) && option.len > with_program.len) {
        options->messages = nx_arena_strdup(
            arena, (struct nx_str){option.ptr + with_program.len, option.len - with_program.len});
        return options->messages ? NX_STATUS_OK : nx_fail_memory();
    } else {
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "unknown option \"%.*s\"; there is messages, messages=PROGRAM and no_stubs",
                       (int)option.len, option.ptr);
    }
    return NX_STATUS_OK;
}

/* Options have commas between them, as protoc joins them; an empty one says nothing. */
static nx_status parse_options(const char *text, struct nx_arena *arena, struct options *options)
{
    while (text && *text) {
        size_t len = strcspn(text, ",");
        if (len > 0)
            NX_TRY(parse_option((struct nx_str){text, len}, arena, options));
        text += len + (text[len] == ',');
    }
    return NX_STATUS_OK;
}

static const Proto *find_file(const Request *request, const char *name)
{
    for (size_t i = 0; i < request->n_proto_file; i++) {
        if (strcmp(request->proto_file[i]->name, name) == 0)
            return request->proto_file[i];
    }
    return NULL;
}

typedef void (*file_writer)(const Proto *file, struct nx_arena *arena, struct nx_buf *out);

static nx_status add_output(const Proto *file, file_writer write, const char *ending,
                            struct nx_arena *arena, Response *response)
{
    struct nx_buf text;
    nx_buf_init(&text, MAX_BYTES);
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

static nx_status check(const Request *request, struct nx_arena *arena)
{
    for (size_t i = 0; i < request->n_proto_file; i++)
        NX_TRY(gen_file_check_names(request->proto_file[i], arena));
    for (size_t i = 0; i < request->n_file_to_generate; i++) {
        const char *name = request->file_to_generate[i];
        const Proto *file = find_file(request, name);
        if (!file)
            return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: not among the files of the request",
                           name);
        NX_TRY(gen_file_check(file, arena));
    }
    return gen_unique_check(request, arena);
}

static nx_status add_stubs(const Request *request, struct nx_arena *arena, Response *response)
{
    for (size_t i = 0; i < request->n_file_to_generate; i++) {
        const Proto *file = find_file(request, request->file_to_generate[i]);
        NX_TRY(add_output(file, gen_file_header, ".nexus.h", arena, response));
        NX_TRY(add_output(file, gen_file_source, ".nexus.c", arena, response));
    }
    return NX_STATUS_OK;
}

static nx_status generate(const Request *request, gen_run run, struct nx_arena *arena,
                          Response *response)
{
    struct options options = {.messages = NULL};
    Response none = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT, *messages = &none;
    NX_TRY(parse_options(request->parameter, arena, &options));
    NX_TRY(check(request, arena));
    if (options.messages)
        NX_TRY(gen_messages(request, options.messages, run, arena, &messages));
    size_t count = messages->n_file + 2 * request->n_file_to_generate;
    response->file = nx_arena_calloc(arena, count, sizeof(File *));
    if (!response->file)
        return nx_fail_memory();
    for (size_t i = 0; i < messages->n_file; i++)
        response->file[response->n_file++] = messages->file[i];
    if (!options.no_stubs)
        NX_TRY(add_stubs(request, arena, response));
    return nx_arena_exhausted(arena) ? nx_fail_memory() : NX_STATUS_OK;
}

static nx_status pack(const Response *response, struct nx_buf *ret_response)
{
    size_t size = google__protobuf__compiler__code_generator_response__get_packed_size(response);
    char *to = nx_buf_reserve(ret_response, size);
    if (!to)
        return nx_fail_memory();
    ret_response->len +=
        google__protobuf__compiler__code_generator_response__pack(response, (uint8_t *)to);
    return NX_STATUS_OK;
}

nx_status gen_plugin_answer(struct nx_str request, gen_run run, struct nx_arena *arena,
                            struct nx_buf *ret_response)
{
    ProtobufCAllocator allocator = gen_messages_allocator(arena);
    if (!gen_wire_is_shallow(request))
        return nx_fail(arena, NX_INVALID_ARGUMENT, "messages are nested too deep");
    Request *parsed = google__protobuf__compiler__code_generator_request__unpack(
        &allocator, request.len, (const uint8_t *)request.ptr);
    if (!parsed)
        return nx_arena_exhausted(arena)
                   ? nx_fail_memory()
                   : nx_fail(arena, NX_INVALID_ARGUMENT, "not a CodeGeneratorRequest");
    Response response = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT;
    /* Said so that protoc hands such files over, and the refusal can name the field and a way out.
     */
    response.has_supported_features = true;
    response.supported_features =
        GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__FEATURE__FEATURE_PROTO3_OPTIONAL;
    nx_status status = generate(parsed, run, arena, &response);
    if (status.code != NX_OK) {
        response.error = (char *)nx_status_message(status);
        response.n_file = 0;
    }
    return pack(&response, ret_response);
}
