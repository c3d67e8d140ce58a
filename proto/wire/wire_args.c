/* What the options of a server mean to the core. */
#include "wire_internal.h"

#include <limits.h>

static unsigned or_default(unsigned value, unsigned fallback)
{
    return value ? value : fallback;
}

static size_t or_default_size(size_t value, size_t fallback)
{
    return value ? value : fallback;
}

struct wire_server_options wire_args_complete(struct wire_server_options options)
{
    options.shards = or_default(options.shards, 1);
    options.max_in_flight = or_default(options.max_in_flight, 1024);
    options.max_streaming = or_default(options.max_streaming, 256);
    options.send_timeout_ms = or_default(options.send_timeout_ms, 60000);
    options.max_unsent_bytes = or_default_size(options.max_unsent_bytes, (size_t)64 << 20);
    options.max_request_bytes = or_default_size(options.max_request_bytes, (size_t)4 << 20);
    options.max_metadata_bytes = or_default_size(options.max_metadata_bytes, (size_t)8 << 10);
    options.max_call_bytes = or_default_size(options.max_call_bytes, (size_t)64 << 20);
    options.max_depth = or_default(options.max_depth, 100);
    options.max_fields = or_default(options.max_fields, 1000000);
    options.max_streams = or_default(options.max_streams, 100);
    options.unix_mode = or_default(options.unix_mode, 0660);
    options.handshake_timeout_ms = or_default(options.handshake_timeout_ms, 10000);
    options.keepalive_time_ms = or_default(options.keepalive_time_ms, 60000);
    options.keepalive_timeout_ms = or_default(options.keepalive_timeout_ms, 20000);
    options.min_ping_interval_ms = or_default(options.min_ping_interval_ms, 10000);
    options.max_ping_strikes = or_default(options.max_ping_strikes, 2);
    options.max_connection_idle_ms = or_default(options.max_connection_idle_ms, INT_MAX);
    options.max_connection_age_ms = or_default(options.max_connection_age_ms, INT_MAX);
    options.max_connection_age_grace_ms = or_default(options.max_connection_age_grace_ms, INT_MAX);
    return options;
}

/* The core kills a connection, with every call on it, for one call whose metadata is over its own
 * limit. So its limit is far above ours, which answers the one call. */
static int metadata_limit(const struct wire_server_options *options)
{
    const size_t least = (size_t)64 << 10;
    size_t wanted = options->max_metadata_bytes * 8;
    return wanted < least ? (int)least : wanted > INT_MAX ? INT_MAX : (int)wanted;
}

static grpc_arg number(const char *key, unsigned value)
{
    grpc_arg arg = {.type = GRPC_ARG_INTEGER, .key = (char *)key};
    arg.value.integer = value > INT_MAX ? INT_MAX : (int)value;
    return arg;
}

static grpc_resource_quota *new_quota(const struct wire_server_options *options)
{
    grpc_resource_quota *quota = grpc_resource_quota_create("nexus");
    if (options->memory_quota_bytes > 0)
        grpc_resource_quota_resize(quota, options->memory_quota_bytes);
    return quota;
}

grpc_server *wire_args_new_core(const struct wire_server_options *options)
{
    grpc_resource_quota *quota = new_quota(options);
    grpc_arg memory = {.type = GRPC_ARG_POINTER, .key = (char *)GRPC_ARG_RESOURCE_QUOTA};
    memory.value.pointer.p = quota;
    memory.value.pointer.vtable = grpc_resource_quota_arg_vtable();
    grpc_arg args[] = {
        memory,
        number(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (unsigned)options->max_request_bytes),
        number(GRPC_ARG_MAX_METADATA_SIZE, (unsigned)metadata_limit(options)),
        number(GRPC_ARG_MAX_CONCURRENT_STREAMS, options->max_streams),
        number(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, options->handshake_timeout_ms),
        number(GRPC_ARG_KEEPALIVE_TIME_MS, options->keepalive_time_ms),
        number(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, options->keepalive_timeout_ms),
        number(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
        number(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0), /* or keepalive would stop after two */
        number(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
               options->min_ping_interval_ms),
        number(GRPC_ARG_HTTP2_MAX_PING_STRIKES, options->max_ping_strikes),
        number(GRPC_ARG_MAX_CONNECTION_IDLE_MS, options->max_connection_idle_ms),
        number(GRPC_ARG_MAX_CONNECTION_AGE_MS, options->max_connection_age_ms),
        number(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, options->max_connection_age_grace_ms),
        number(GRPC_ARG_ALLOW_REUSEPORT, 0),
        number(GRPC_ARG_ENABLE_CENSUS, 0),
        number(GRPC_ARG_ENABLE_CHANNELZ, 0), /* nobody asks for it */
        /* The core unpacks without any limit (1 MiB has become 1 GiB): wire_inflate.c does it. */
        number(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0),
    };
    grpc_server *core = grpc_server_create(
        &(grpc_channel_args){.num_args = sizeof args / sizeof *args, .args = args}, NULL);
    grpc_resource_quota_unref(quota);
    return core;
}
