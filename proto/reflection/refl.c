/* The streams: a question is received, answered from the index, and the next is asked for when the
 * answer has been written. All of a stream happens on the thread of its shard.
 *
 * On the wire v1alpha is v1 under another name, so v1's messages and functions serve both. */
#include "refl.h"

#include "refl_index.h"

#include "grpc/reflection/v1/reflection.nexus.h"

#include <stdlib.h>
#include <string.h>

#define MAX_INDEX_BYTES ((size_t)1 << 30)

/* The kinds of questions and answers. */
#define ASKED(kind) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##kind
#define ANSWERED(kind) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##kind

typedef Grpc__Reflection__V1__ServerReflectionRequest Request;
typedef Grpc__Reflection__V1__ServerReflectionResponse Response;

struct refl {
    struct nx_arena *arena; /* of all that follows */
    struct refl_index index;
    Grpc__Reflection__V1__ListServiceResponse services;
    struct wire_method alpha_method;
    struct wire_service alpha;
};

/* In its call's arena. */
struct stream {
    const struct refl *refl;
    struct wire_call *call;
    bool *is_sent; /* by file */
    /* The files of one answer: room for all. */
    const struct refl_file **files;
    ProtobufCBinaryData *bytes;
    size_t count;
};

/* One answer, with what it may point to. */
struct answer {
    Response response;
    Grpc__Reflection__V1__FileDescriptorResponse files;
    Grpc__Reflection__V1__ExtensionNumberResponse numbers;
    Grpc__Reflection__V1__ErrorResponse error;
};

/* --- Answers --- */

static void answer_error(struct answer *answer, enum nx_code code, const char *message)
{
    grpc__reflection__v1__error_response__init(&answer->error);
    answer->error.error_code = (int32_t)code;
    answer->error.error_message = (char *)message;
    answer->response.message_response_case = ANSWERED(ERROR_RESPONSE);
    answer->response.error_response = &answer->error;
}

static void add_file(struct stream *stream, const struct refl_file *file)
{
    stream->is_sent[file - stream->refl->index.files] = true;
    stream->files[stream->count] = file;
    stream->bytes[stream->count] = file->bytes;
    stream->count++;
}

/* The file, and what it needs and has not been sent. What has been sent was sent with all that it
 * needs. */
static void answer_file(struct stream *stream, const struct refl_file *file, struct answer *answer)
{
    stream->count = 0;
    add_file(stream, file);
    for (size_t i = 0; i < stream->count; i++) {
        const struct refl_file *each = stream->files[i];
        for (size_t j = 0; j < each->import_count; j++) {
            if (!stream->is_sent[each->imports[j] - stream->refl->index.files])
                add_file(stream, each->imports[j]);
        }
    }
    grpc__reflection__v1__file_descriptor_response__init(&answer->files);
    answer->files.n_file_descriptor_proto = stream->count;
    answer->files.file_descriptor_proto = stream->bytes;
    answer->response.message_response_case = ANSWERED(FILE_DESCRIPTOR_RESPONSE);
    answer->response.file_descriptor_response = &answer->files;
}

static void answer_file_by_filename(struct stream *stream, const Request *request,
                                    struct answer *answer)
{
    const struct refl_file *file = refl_index_file(&stream->refl->index, request->file_by_filename);
    if (file)
        answer_file(stream, file, answer);
    else
        answer_error(answer, NX_NOT_FOUND, "there is no file of this name");
}

static void answer_file_containing_symbol(struct stream *stream, const Request *request,
                                          struct answer *answer)
{
    const struct refl_symbol *symbol =
        refl_index_symbol(&stream->refl->index, request->file_containing_symbol);
    if (symbol)
        answer_file(stream, symbol->file, answer);
    else
        answer_error(answer, NX_NOT_FOUND, "there is no symbol of this name");
}

static void answer_file_containing_extension(struct stream *stream, const Request *request,
                                             struct answer *answer)
{
    const Grpc__Reflection__V1__ExtensionRequest *asked = request->file_containing_extension;
    const struct refl_extension *extension =
        refl_index_extension(&stream->refl->index, asked->containing_type, asked->extension_number);
    if (extension)
        answer_file(stream, extension->file, answer);
    else
        answer_error(answer, NX_NOT_FOUND, "there is no such extension");
}

static void answer_extension_numbers(struct stream *stream, const Request *request,
                                     struct answer *answer)
{
    const struct refl_index *index = &stream->refl->index;
    char *type = request->all_extension_numbers_of_type;
    const struct refl_symbol *symbol = refl_index_symbol(index, type);
    if (!symbol || !symbol->is_message) {
        answer_error(answer, NX_NOT_FOUND, "there is no message of this name");
        return;
    }
    grpc__reflection__v1__extension_number_response__init(&answer->numbers);
    size_t count;
    answer->numbers.extension_number = &index->numbers[refl_index_numbers(index, type, &count)];
    answer->numbers.n_extension_number = count;
    answer->numbers.base_type_name = type;
    answer->response.message_response_case = ANSWERED(ALL_EXTENSION_NUMBERS_RESPONSE);
    answer->response.all_extension_numbers_response = &answer->numbers;
}

static void answer_list_services(struct stream *stream, const Request *request,
                                 struct answer *answer)
{
    (void)request;
    answer->response.message_response_case = ANSWERED(LIST_SERVICES_RESPONSE);
    answer->response.list_services_response =
        (Grpc__Reflection__V1__ListServiceResponse *)&stream->refl->services;
}

static void answer_nothing(struct stream *stream, const Request *request, struct answer *answer)
{
    (void)stream;
    (void)request;
    answer_error(answer, NX_INVALID_ARGUMENT, "the request has no question that is known here");
}

/* By the kind of question. */
static void (*const answers[])(struct stream *stream, const Request *request,
                               struct answer *answer) = {
    [ASKED(_NOT_SET)] = answer_nothing,
    [ASKED(FILE_BY_FILENAME)] = answer_file_by_filename,
    [ASKED(FILE_CONTAINING_SYMBOL)] = answer_file_containing_symbol,
    [ASKED(FILE_CONTAINING_EXTENSION)] = answer_file_containing_extension,
    [ASKED(ALL_EXTENSION_NUMBERS_OF_TYPE)] = answer_extension_numbers,
    [ASKED(LIST_SERVICES)] = answer_list_services,
};

/* --- Streams --- */

static void on_request(void *arg, nx_status status, const Request *request);

static void receive_next(void *arg, bool ok)
{
    (void)ok; /* the next request tells */
    struct stream *stream = arg;
    grpc_reflection_v1_server_reflection_receive_server_reflection_info(stream->call, on_request,
                                                                        stream);
}

static void on_request(void *arg, nx_status status, const Request *request)
{
    struct stream *stream = arg;
    if (status.code != NX_OK) {
        wire_call_fail(stream->call, status);
        return;
    }
    if (!request) {
        wire_call_finish(stream->call);
        return;
    }
    struct answer answer;
    grpc__reflection__v1__server_reflection_response__init(&answer.response);
    answer.response.valid_host = request->host;
    answer.response.original_request = (Request *)request;
    answers[request->message_request_case](stream, request, &answer);
    grpc_reflection_v1_server_reflection_send_server_reflection_info(stream->call, &answer.response,
                                                                     receive_next, stream);
}

static void serve_info(void *context, struct wire_call *call)
{
    const struct refl *refl = context;
    struct nx_arena *arena = wire_call_arena(call);
    size_t count = refl->index.file_count;
    struct stream *stream = nx_arena_calloc(arena, 1, sizeof *stream);
    bool *is_sent = nx_arena_calloc(arena, count, sizeof *is_sent);
    const struct refl_file **files = nx_arena_calloc(arena, count, sizeof(struct refl_file *));
    ProtobufCBinaryData *bytes = nx_arena_calloc(arena, count, sizeof *bytes);
    if (!stream || !is_sent || !files || !bytes) {
        wire_call_fail(call, nx_fail_memory());
        return;
    }
    *stream = (struct stream){
        .refl = refl, .call = call, .is_sent = is_sent, .files = files, .bytes = bytes};
    receive_next(stream, true);
}

static const struct grpc_reflection_v1_server_reflection_server methods = {
    .server_reflection_info = serve_info,
};

/* --- Life --- */

static nx_status list_services(struct refl *refl)
{
    typedef Grpc__Reflection__V1__ServiceResponse Service;
    size_t count = refl->index.service_count;
    Service *services = nx_arena_calloc(refl->arena, count, sizeof *services);
    Service **pointers = nx_arena_calloc(refl->arena, count, sizeof(Service *));
    if (!services || !pointers)
        return nx_fail_memory();
    for (size_t i = 0; i < count; i++) {
        grpc__reflection__v1__service_response__init(&services[i]);
        services[i].name = (char *)refl->index.services[i];
        pointers[i] = &services[i];
    }
    grpc__reflection__v1__list_service_response__init(&refl->services);
    refl->services.n_service = count;
    refl->services.service = pointers;
    return NX_STATUS_OK;
}

static nx_status init(struct refl *refl, struct nx_str descriptor_set)
{
    NX_TRY(refl_index_build(descriptor_set, refl->arena, &refl->index));
    NX_TRY(list_services(refl));
    refl->alpha_method = grpc_reflection_v1_server_reflection.methods[0];
    refl->alpha_method.path = "/" REFL_V1ALPHA "/ServerReflectionInfo";
    refl->alpha = (struct wire_service){
        .name = REFL_V1ALPHA,
        .methods = &refl->alpha_method,
        .method_count = 1,
    };
    return NX_STATUS_OK;
}

nx_status refl_new(struct nx_str descriptor_set, struct nx_arena *arena, struct refl **ret_refl)
{
    struct refl *refl = calloc(1, sizeof *refl);
    struct nx_arena *own = nx_arena_new(MAX_INDEX_BYTES);
    if (!refl || !own) {
        nx_arena_destroy(own);
        free(refl);
        return nx_fail_memory();
    }
    refl->arena = own;
    nx_status status = nx_status_copy(arena, init(refl, descriptor_set));
    if (status.code == NX_OK)
        *ret_refl = refl;
    else
        refl_destroy(refl);
    return status;
}

void refl_destroy(struct refl *refl)
{
    if (!refl)
        return;
    nx_arena_destroy(refl->arena);
    free(refl);
}

nx_status refl_serve(struct refl *refl, struct wire_server *server)
{
    NX_TRY(grpc_reflection_v1_server_reflection_serve(server, &methods, refl));
    return wire_server_add(server, &refl->alpha, &methods, refl);
}
