#include "gen_messages.h"

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

static nx_status rewrite(Response *response, const char *program, struct nx_arena *arena)
{
    for (size_t i = 0; i < response->n_file; i++) {
        Google__Protobuf__Compiler__CodeGeneratorResponse__File *file = response->file[i];
        if (!file->name || !file->content)
            return nx_fail(arena, NX_INTERNAL, "%s answered with a file without name or content",
                           program);
        struct nx_buf text;
        nx_buf_init(&text, MAX_BYTES);
        gen_rewrite(nx_str_from(file->content), &text);
        file->content = text.failed ? NULL : nx_arena_strdup(arena, nx_buf_str(&text));
        nx_buf_cleanup(&text);
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
    NX_TRY(rewrite(response, program, arena));
    *ret_response = response;
    return NX_STATUS_OK;
}
