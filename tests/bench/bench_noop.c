/* The floor of any server on the gRPC C core: bench_noop ADDRESS QUEUES
 *
 * Answers every call with the same 400 bytes, from QUEUES completion queues with a thread each;
 * nothing is read, nothing is asked of a database. */
#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHOD "/nexus.catalog.v1.CatalogService/GetProduct"
#define POSTED_CALLS 64 /* a queue; more cost time in an assertion build of the core */
#define MAX_QUEUES 16

struct noop_call {
    grpc_completion_queue *queue;
    grpc_call *call;
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_byte_buffer *request;
    grpc_byte_buffer *response;
    int cancelled;
    bool answered;
};

static grpc_server *server;
static void *method;
static grpc_slice answer;

static void check(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_noop: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
}

/* Ask the core for one more call. */
static void post(grpc_completion_queue *queue)
{
    struct noop_call *call = calloc(1, sizeof *call);
    check(call != NULL, "memory");
    call->queue = queue;
    grpc_metadata_array_init(&call->metadata);
    grpc_call_error error =
        grpc_server_request_registered_call(server, method, &call->call, &call->deadline,
                                            &call->metadata, &call->request, queue, queue, call);
    check(error == GRPC_CALL_OK, "request");
}

static void reply(struct noop_call *call)
{
    call->answered = true;
    call->response = grpc_raw_byte_buffer_create(&answer, 1);
    grpc_op ops[4];
    memset(ops, 0, sizeof ops);
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = call->response;
    ops[2].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    ops[2].data.send_status_from_server.status = GRPC_STATUS_OK;
    ops[3].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
    ops[3].data.recv_close_on_server.cancelled = &call->cancelled;
    check(grpc_call_start_batch(call->call, ops, 4, call, NULL) == GRPC_CALL_OK, "batch");
}

static void *serve(void *arg)
{
    grpc_completion_queue *queue = arg;
    for (int i = 0; i < POSTED_CALLS; i++)
        post(queue);
    for (;;) {
        grpc_event event =
            grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        if (event.type != GRPC_OP_COMPLETE)
            return NULL;
        struct noop_call *call = event.tag;
        if (!call->answered && event.success) {
            post(queue);
            reply(call);
            continue;
        }
        if (call->answered) {
            grpc_byte_buffer_destroy(call->response);
            grpc_call_unref(call->call);
        }
        if (call->request)
            grpc_byte_buffer_destroy(call->request);
        grpc_metadata_array_destroy(&call->metadata);
        free(call);
    }
}

int main(int argc, char **argv)
{
    unsigned long count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (count < 1 || count > MAX_QUEUES) {
        fprintf(stderr, "usage: %s ADDRESS QUEUES (1 to %d)\n", argv[0], MAX_QUEUES);
        return EXIT_FAILURE;
    }
    static char payload[400] = {0x12, (char)0x8d, 0x03}; /* field 2, 397 bytes */
    memset(payload + 3, 'a', sizeof payload - 3);
    grpc_init();
    answer = grpc_slice_from_static_buffer(payload, sizeof payload);
    server = grpc_server_create(NULL, NULL);
    method = grpc_server_register_method(server, METHOD, NULL,
                                         GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
    grpc_completion_queue *queues[MAX_QUEUES];
    for (unsigned long i = 0; i < count; i++) {
        queues[i] = grpc_completion_queue_create_for_next(NULL);
        grpc_server_register_completion_queue(server, queues[i], NULL);
    }
    grpc_server_credentials *credentials = grpc_insecure_server_credentials_create();
    check(grpc_server_add_http2_port(server, argv[1], credentials) != 0, "listening");
    grpc_server_credentials_release(credentials);
    grpc_server_start(server);
    pthread_t threads[MAX_QUEUES];
    for (unsigned long i = 0; i < count; i++)
        check(pthread_create(&threads[i], NULL, serve, queues[i]) == 0, "thread");
    for (unsigned long i = 0; i < count; i++)
        (void)pthread_join(threads[i], NULL); /* never returns: it is ended by a signal */
    return EXIT_SUCCESS;
}
