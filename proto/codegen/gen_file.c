#include "gen_file.h"

#include "gen_emit.h"
#include "gen_method.h"
#include "gen_name.h"

#include <string.h>

enum { FILE_SERVICE = 6, SERVICE_METHOD = 2 };

static const char server_open[] =
    "\n"
    "/* --- $full_name$, server --- */\n"
    "\n"
    "/* One function per RPC; NULL answers UNIMPLEMENTED. Each is called on the thread of the "
    "call's\n"
    " * shard, with a request that lives as long as the call where requests do not stream, and "
    "has\n"
    " * the call answered exactly once, from any thread: with the RPC's reply function,\n"
    " * wire_call_finish() where responses stream, or wire_call_fail(). */\n"
    "struct $symbol$_server {\n";

static const char server_close[] =
    "};\n"
    "\n"
    "/* The method table, in the order of the .proto file. */\n"
    "extern const struct wire_service $symbol$;\n"
    "\n"
    "/* Serve with this implementation; before wire_server_start(). Borrows both until the server "
    "is\n"
    " * destroyed. */\n"
    "static inline NX_MUST_USE nx_status $symbol$_serve(struct wire_server *server,\n"
    "    const struct $symbol$_server *implementation, void *context)\n"
    "{\n"
    "    return wire_server_add(server, &$symbol$, implementation, context);\n"
    "}\n";

static const char table_row[] = "    {\n"
                                "        .name = \"$method$\",\n"
                                "        .path = \"/$full_name$/$method$\",\n"
                                "        .kind = $kind$,\n"
                                "        .request = &$request_descriptor$,\n"
                                "        .response = &$response_descriptor$,\n"
                                "        .dispatch = $symbol$_$member$_dispatch,\n"
                                "    },\n";

static const char table_close[] =
    "};\n"
    "\n"
    "const struct wire_service $symbol$ = {\n"
    "    .name = \"$full_name$\",\n"
    "    .methods = $symbol$_methods,\n"
    "    .method_count = sizeof $symbol$_methods / sizeof *$symbol$_methods,\n"
    "};\n";

/* A service of a file under generation. */
struct subject {
    const Google__Protobuf__FileDescriptorProto *file;
    struct nx_arena *arena;
    size_t service;
    const char *full_name;
    const char *symbol;
};

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static struct subject subject_of(const Google__Protobuf__FileDescriptorProto *file, size_t service,
                                 struct nx_arena *arena)
{
    const char *package = or_empty(file->package);
    const char *full_name = nx_arena_printf(arena, "%s%s%s", package, *package ? "." : "",
                                            file->service[service]->name);
    return (struct subject){
        .file = file,
        .arena = arena,
        .service = service,
        .full_name = or_empty(full_name),
        .symbol = or_empty(gen_name_symbol(arena, or_empty(full_name))),
    };
}

static const char *comment_at(const struct subject *subject, const int32_t *path, size_t depth)
{
    const Google__Protobuf__SourceCodeInfo *info = subject->file->source_code_info;
    for (size_t i = 0; info && i < info->n_location; i++) {
        if (info->location[i]->n_path == depth &&
            memcmp(info->location[i]->path, path, depth * sizeof *path) == 0)
            return info->location[i]->leading_comments;
    }
    return NULL;
}

static void emit_for_service(const struct subject *subject, const char *template_text,
                             struct nx_buf *out)
{
    const struct gen_var vars[] = {
        {"full_name", subject->full_name}, {"symbol", subject->symbol}, {NULL, NULL}};
    gen_emit(out, vars, template_text);
}

static const struct gen_method_templates *templates_of(const struct subject *subject, size_t index)
{
    const Google__Protobuf__MethodDescriptorProto *method =
        subject->file->service[subject->service]->method[index];
    return gen_method_templates(method->client_streaming != 0, method->server_streaming != 0);
}

static void emit_for_method(const struct subject *subject, size_t index, const char *template_text,
                            struct nx_buf *out)
{
    const Google__Protobuf__MethodDescriptorProto *method =
        subject->file->service[subject->service]->method[index];
    struct nx_arena *arena = subject->arena;
    const struct gen_var vars[] = {
        {"full_name", subject->full_name},
        {"symbol", subject->symbol},
        {"method", method->name},
        {"member", or_empty(gen_name_member(arena, method->name))},
        {"index", or_empty(nx_arena_printf(arena, "%zu", index))},
        {"kind", templates_of(subject, index)->kind},
        {"request", or_empty(gen_name_type(arena, method->input_type))},
        {"response", or_empty(gen_name_type(arena, method->output_type))},
        {"request_descriptor", or_empty(gen_name_descriptor(arena, method->input_type))},
        {"response_descriptor", or_empty(gen_name_descriptor(arena, method->output_type))},
        {NULL, NULL},
    };
    gen_emit(out, vars, template_text);
}

static void emit_server_header(const struct subject *subject, struct nx_buf *out)
{
    emit_for_service(subject, server_open, out);
    size_t count = subject->file->service[subject->service]->n_method;
    for (size_t i = 0; i < count; i++) {
        int32_t path[] = {FILE_SERVICE, (int32_t)subject->service, SERVICE_METHOD, (int32_t)i};
        gen_emit_comment(out, "    ", comment_at(subject, path, 4));
        emit_for_method(subject, i, templates_of(subject, i)->server_member, out);
    }
    if (count == 0)
        nx_buf_append_str(out, NX_STR("    char no_methods;\n"));
    emit_for_service(subject, server_close, out);
    for (size_t i = 0; i < count; i++)
        emit_for_method(subject, i, templates_of(subject, i)->server_header, out);
}

static void emit_client_header(const struct subject *subject, struct nx_buf *out)
{
    emit_for_service(subject, "\n/* --- $full_name$, client --- */\n", out);
    for (size_t i = 0; i < subject->file->service[subject->service]->n_method; i++)
        emit_for_method(subject, i, templates_of(subject, i)->client_header, out);
}

static void emit_source(const struct subject *subject, struct nx_buf *out)
{
    size_t count = subject->file->service[subject->service]->n_method;
    for (size_t i = 0; i < count; i++) {
        const struct gen_method_templates *templates = templates_of(subject, i);
        emit_for_method(subject, i, templates->dispatch, out);
        emit_for_method(subject, i, templates->server_source, out);
        emit_for_method(subject, i, templates->client_source, out);
    }
    if (count == 0) {
        emit_for_service(
            subject, "\nconst struct wire_service $symbol$ = {.name = \"$full_name$\"};\n", out);
        return;
    }
    emit_for_service(subject, "\nstatic const struct wire_method $symbol$_methods[] = {\n", out);
    for (size_t i = 0; i < count; i++)
        emit_for_method(subject, i, table_row, out);
    emit_for_service(subject, table_close, out);
}

static void emit_banner(const Google__Protobuf__FileDescriptorProto *file, struct nx_buf *out)
{
    nx_buf_printf(out, "/* Generated by protoc-gen-nexus from %s. Do not edit. */\n", file->name);
}

void gen_file_header(const Google__Protobuf__FileDescriptorProto *file, struct nx_arena *arena,
                     struct nx_buf *out)
{
    const struct gen_var vars[] = {{"guard", or_empty(gen_name_guard(arena, file->name))},
                                   {"base", or_empty(gen_name_base(arena, file->name))},
                                   {NULL, NULL}};
    emit_banner(file, out);
    gen_emit(out, vars,
             "#ifndef NEXUS_GENERATED_$guard$\n"
             "#define NEXUS_GENERATED_$guard$\n"
             "\n"
             "#include \"$base$.pb-c.h\"\n"
             "#include \"wire_client.h\"\n"
             "#include \"wire_server.h\"\n");
    for (size_t i = 0; i < file->n_service; i++) {
        struct subject subject = subject_of(file, i, arena);
        emit_server_header(&subject, out);
        emit_client_header(&subject, out);
    }
    nx_buf_append_str(out, NX_STR("\n#endif\n"));
}

void gen_file_source(const Google__Protobuf__FileDescriptorProto *file, struct nx_arena *arena,
                     struct nx_buf *out)
{
    emit_banner(file, out);
    nx_buf_printf(out, "#include \"%s.nexus.h\"\n", or_empty(gen_name_base(arena, file->name)));
    for (size_t i = 0; i < file->n_service; i++) {
        struct subject subject = subject_of(file, i, arena);
        emit_source(&subject, out);
    }
}
