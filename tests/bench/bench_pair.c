/* The floor of any client on the gRPC C core: bench_pair ADDRESS METHOD CALLS WARMUP_S SECONDS
 *
 * Keeps CALLS empty unary calls under way over two channels, from one thread, and prints
 * "rate p50_us p99_us errors". With bench_noop it is what a client and a server of the bare core
 * reach together. */
#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHANNELS 2
#define BUCKET_NS 5000       /* latencies are counted in steps of 5 us ... */
#define BUCKET_COUNT 400000U /* ... up to 2 s */

struct pair_call {
    grpc_channel *channel;
    grpc_call *core;
    int64_t start_ns;
    grpc_metadata_array initial, trailing;
    grpc_byte_buffer *response;
    grpc_status_code code;
    grpc_slice message;
};

static struct {
    grpc_completion_queue *queue;
    grpc_slice method;
    grpc_byte_buffer *request;
    int64_t count_from_ns, end_ns;
    uint64_t answered, errors;
    uint32_t *latencies; /* BUCKET_COUNT */
} run;

static void check(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_pair: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void start(struct pair_call *call)
{
    grpc_metadata_array_init(&call->initial);
    grpc_metadata_array_init(&call->trailing);
    call->response = NULL;
    call->start_ns = now_ns();
    call->core =
        grpc_channel_create_call(call->channel, NULL, GRPC_PROPAGATE_DEFAULTS, run.queue,
                                 run.method, NULL, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    grpc_op ops[6] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},  {.op = GRPC_OP_SEND_MESSAGE},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}, {.op = GRPC_OP_RECV_INITIAL_METADATA},
        {.op = GRPC_OP_RECV_MESSAGE},           {.op = GRPC_OP_RECV_STATUS_ON_CLIENT}};
    ops[1].data.send_message.send_message = run.request;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &call->initial;
    ops[4].data.recv_message.recv_message = &call->response;
    ops[5].data.recv_status_on_client.trailing_metadata = &call->trailing;
    ops[5].data.recv_status_on_client.status = &call->code;
    ops[5].data.recv_status_on_client.status_details = &call->message;
    check(grpc_call_start_batch(call->core, ops, 6, call, NULL) == GRPC_CALL_OK, "a batch");
}

static void finish(struct pair_call *call)
{
    int64_t end_ns = now_ns();
    if (end_ns >= run.count_from_ns && end_ns < run.end_ns) {
        if (call->code == GRPC_STATUS_OK && call->response) {
            uint64_t bucket = (uint64_t)(end_ns - call->start_ns) / BUCKET_NS;
            run.latencies[bucket < BUCKET_COUNT ? bucket : BUCKET_COUNT - 1]++;
            run.answered++;
        } else {
            run.errors++;
        }
    }
    grpc_call_unref(call->core);
    grpc_slice_unref(call->message);
    grpc_byte_buffer_destroy(call->response);
    grpc_metadata_array_destroy(&call->initial);
    grpc_metadata_array_destroy(&call->trailing);
}

static uint64_t percentile_us(unsigned percent)
{
    uint64_t left = run.answered * percent / 100;
    uint32_t bucket = 0;
    while (bucket < BUCKET_COUNT - 1 && left >= run.latencies[bucket])
        left -= run.latencies[bucket++];
    return ((uint64_t)bucket * BUCKET_NS + BUCKET_NS / 2) / 1000;
}

static grpc_channel *open_channel(const char *address)
{
    grpc_arg own = {.type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL};
    own.value.integer = 1;
    const grpc_channel_args args = {1, &own};
    grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(address, credentials, &args);
    grpc_channel_credentials_release(credentials);
    return channel;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: %s ADDRESS METHOD CALLS WARMUP_S SECONDS\n", argv[0]);
        return EXIT_FAILURE;
    }
    size_t count = strtoul(argv[3], NULL, 10);
    int64_t seconds = strtol(argv[5], NULL, 10);
    struct pair_call *calls = calloc(count, sizeof *calls);
    run.latencies = calloc(BUCKET_COUNT, sizeof *run.latencies);
    check(count > 0 && seconds > 0 && calls && run.latencies, "the set-up");
    grpc_init();
    run.queue = grpc_completion_queue_create_for_next(NULL);
    run.method = grpc_slice_from_static_string(argv[2]);
    grpc_slice nothing = grpc_empty_slice();
    run.request = grpc_raw_byte_buffer_create(&nothing, 1);
    run.count_from_ns = now_ns() + strtol(argv[4], NULL, 10) * INT64_C(1000000000);
    run.end_ns = run.count_from_ns + seconds * 1000000000;
    grpc_channel *channels[CHANNELS];
    for (size_t i = 0; i < CHANNELS; i++)
        channels[i] = open_channel(argv[1]);
    for (size_t i = 0; i < count; i++) {
        calls[i].channel = channels[i % CHANNELS];
        start(&calls[i]);
    }
    for (size_t open = count; open > 0;) {
        grpc_event event =
            grpc_completion_queue_next(run.queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        check(event.type == GRPC_OP_COMPLETE, "the queue");
        finish(event.tag);
        if (now_ns() < run.end_ns)
            start(event.tag);
        else
            open--;
    }
    printf("%.0f %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", (double)run.answered / (double)seconds,
           percentile_us(50), percentile_us(99), run.errors);
    grpc_completion_queue_shutdown(run.queue);
    while (grpc_completion_queue_next(run.queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL).type !=
           GRPC_QUEUE_SHUTDOWN)
        continue;
    grpc_completion_queue_destroy(run.queue);
    for (size_t i = 0; i < CHANNELS; i++)
        grpc_channel_destroy(channels[i]);
    grpc_byte_buffer_destroy(run.request);
    grpc_shutdown_blocking();
    free(calls);
    free(run.latencies);
    return EXIT_SUCCESS;
}
