#include "gen_messages.h"

#include "gen_json.h"
#include "gen_rewrite.h"

#define MAX_BYTES ((size_t)1 << 30)

typedef Google__Protobuf__Compiler__CodeGeneratorRequest Request;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse Response;
typedef Google__Protobuf__FileDescriptorProto Proto;

static void *allocate(void *arena, size_t size)
{
    return nx_arena_alloc(arena, size);
}

static void keep(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

ProtobufCAllocator gen_messages_allocator(struct nx_arena *arena)
{
    return (ProtobufCAllocator){.alloc = allocate, .free = keep, .allocator_data = arena};
}

/* The request without services and options, sharing all else. */
static nx_status strip(const Request *request, struct nx_arena *arena, Request *ret_request)
{
    size_t count = request->n_proto_file;
    Proto *files = nx_arena_calloc(arena, count, sizeof *files);
    Proto **pointers = nx_arena_calloc(arena, count, sizeof(Proto *));
    if (!files || !pointers)
        return nx_fail_memory();
    for (size_t i = 0; i < count; i++) {
        files[i] = *request->proto_file[i];
        files[i].n_service = 0;
        pointers[i] = &files[i];
    }
    *ret_request = *request;
    ret_request->parameter = NULL;
    ret_request->proto_file = pointers;
    return NX_STATUS_OK;
}

static nx_status run_on(const Request *request, const char *program, gen_run run,
                        struct nx_arena *arena, struct nx_buf *output)
{
    size_t size = google__protobuf__compiler__code_generator_request__get_packed_size(request);
    uint8_t *packed = nx_arena_alloc(arena, size);
    if (!packed)
        return nx_fail_memory();
    google__protobuf__compiler__code_generator_request__pack(request, packed);
    return run(program, (struct nx_str){(const char *)packed, size}, arena, output);
}

/* Whether a .proto file is what a .pb-c.c file was made of: gen_name_base() and the ending. */
static bool is_source(const char *proto, const char *name)
{
    static const char *const endings[] = {"", ".proto", ".protodevel"};
    size_t len = strlen(name);
    if (len < strlen(".pb-c.c") || strcmp(name + len - strlen(".pb-c.c"), ".pb-c.c") != 0)
        return false;
    len -= strlen(".pb-c.c");
    if (strncmp(proto, name, len) != 0)
        return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcmp(proto + len, endings[i]) == 0)
            return true;
    return false;
}

/* The text of a file; of a .pb-c.c file also with the JSON names of its fields. */
static nx_status rewrite_text(const Request *request, const char *name, struct nx_str text,
                              struct nx_arena *arena, struct nx_buf *out)
{
    const Proto *source = NULL;
    for (size_t i = 0; i < request->n_proto_file && !source; i++)
        if (is_source(request->proto_file[i]->name, name))
            source = request->proto_file[i];
    if (!source) {
        gen_rewrite(text, out);
        return NX_STATUS_OK;
    }
    struct nx_buf named;
    nx_buf_init(&named, MAX_BYTES);
    nx_status status = gen_json_names(source, text, arena, &named);
    if (named.failed && status.code == NX_OK)
        status = nx_fail_memory();
    if (status.code == NX_OK)
        gen_rewrite(nx_buf_str(&named), out);
    nx_buf_cleanup(&named);
    return status;
}

static nx_status rewrite(const Request *request, Response *response, const char *program,
                         struct nx_arena *arena)
{
    for (size_t i = 0; i < response->n_file; i++) {
        Google__Protobuf__Compiler__CodeGeneratorResponse__File *file = response->file[i];
        if (!file->name || !file->content)
            return nx_fail(arena, NX_INTERNAL, "%s answered with a file without name or content",
                           program);
        struct nx_buf text;
        nx_buf_init(&text, MAX_BYTES);
        nx_status status =
            rewrite_text(request, file->name, nx_str_from(file->content), arena, &text);
        file->content = text.failed ? NULL : nx_arena_strdup(arena, nx_buf_str(&text));
        nx_buf_cleanup(&text);
        NX_TRY(status);
        if (!file->content)
            return nx_fail_memory();
    }
    return NX_STATUS_OK;
}

nx_status gen_messages(const Request *request, const char *program, gen_run run,
                       struct nx_arena *arena, Response **ret_response)
{
    Request stripped;
    struct nx_buf output;
    NX_TRY(strip(request, arena, &stripped));
    nx_buf_init(&output, MAX_BYTES);
    nx_status status = run_on(&stripped, program, run, arena, &output);
    ProtobufCAllocator allocator = gen_messages_allocator(arena);
    Response *response = NULL;
    if (status.code == NX_OK)
        response = google__protobuf__compiler__code_generator_response__unpack(
            &allocator, output.len, (const uint8_t *)(output.ptr ? output.ptr : ""));
    nx_buf_cleanup(&output);
    NX_TRY(status);
    if (!response)
        return nx_fail(arena, NX_INTERNAL, "%s did not answer as a protoc plugin", program);
    if (response->error && *response->error)
        return nx_fail(arena, NX_INTERNAL, "%s: %s", program, response->error);
    NX_TRY(rewrite(request, response, program, arena));
    *ret_response = response;
    return NX_STATUS_OK;
}
