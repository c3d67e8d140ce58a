/* The same as bench_noop, through the generated skeleton: bench_skeleton ADDRESS SHARDS
 *
 * What our binding adds to the gRPC core: the call's arena, decoding the request, dispatch, packing
 * the answer, which has as many bytes as that of bench_noop. */
#include "nexus/catalog/v1/catalog_service.nexus.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char title[398];

static void get_product(void *context, struct wire_call *call,
                        const Nexus__Catalog__V1__GetProductRequest *request)
{
    (void)context;
    (void)request;
    Nexus__Catalog__V1__Product product = NEXUS__CATALOG__V1__PRODUCT__INIT;
    product.title = title;
    nexus_catalog_v1_catalog_service_reply_get_product(call, &product);
}

static const struct nexus_catalog_v1_catalog_service_server implementation = {
    .get_product = get_product,
};

static nx_status serve(const char *address, unsigned shards, struct wire_server **ret_server,
                       struct nx_arena *arena)
{
    const struct wire_server_options options = {
        .addresses = &address, .address_count = 1, .shards = shards};
    NX_TRY(wire_server_new(&options, ret_server));
    NX_TRY(nexus_catalog_v1_catalog_service_serve(*ret_server, &implementation, NULL));
    return wire_server_start(*ret_server, arena);
}

int main(int argc, char **argv)
{
    unsigned long shards = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (shards < 1 || shards > 16) {
        fprintf(stderr, "usage: %s ADDRESS SHARDS (1 to 16)\n", argv[0]);
        return EXIT_FAILURE;
    }
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    memset(title, 'a', sizeof title - 1);
    struct wire_server *server = NULL;
    struct nx_arena *arena = nx_arena_new(65536);
    nx_status status = serve(argv[1], (unsigned)shards, &server, arena);
    if (status.code != NX_OK) {
        fprintf(stderr, "bench_skeleton: %s\n", nx_status_message(status));
        return EXIT_FAILURE;
    }
    int signal_number;
    sigwait(&stop, &signal_number);
    wire_server_destroy(server);
    nx_arena_destroy(arena);
    return EXIT_SUCCESS;
}
