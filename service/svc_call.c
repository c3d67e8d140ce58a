#include "svc_call.h"

#include "svc_name.h"

static void unref_wire(void *wire)
{
    wire_call_unref(wire);
}

/* The caller went away, on the shard's thread: pass word to the loop that has the op. */
static void on_cancelled(void *arg)
{
    struct svc_call *call = arg;
    wire_call_ref(call->wire);
    call->cancel.op = &call->op;
    call->cancel.released = unref_wire;
    call->cancel.arg = call->wire;
    store_cancel(call->store, &call->cancel);
}

void *svc_call_begin(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
                     size_t size)
{
    struct nx_arena *arena = wire_call_arena(wire);
    struct svc_call *call = nx_arena_calloc(arena, 1, size);
    if (!call) {
        wire_call_fail(wire, nx_fail_memory());
        return NULL;
    }
    call->svc = svc;
    call->wire = wire;
    call->arena = arena;
    call->store = svc->stores[wire_call_shard(wire) % svc->shard_count];
    call->resource = resource;
    return call;
}

void svc_call_begin_op(struct svc_call *call, unsigned flags, store_done done)
{
    store_op_init(&call->op, call->arena, wire_call_deadline_ns(call->wire), flags, done, call);
    if (!call->is_watched) {
        call->is_watched = true;
        wire_call_on_cancel(call->wire, on_cancelled, call);
    }
}

void svc_call_reply_row(struct svc_call *call, int first_column)
{
    ProtobufCMessage *message =
        svc_resource_read(call->resource, &call->op.rows, 0, first_column, call->arena);
    if (message)
        wire_call_reply(call->wire, message);
    else
        wire_call_fail(call->wire, nx_fail_memory());
}

void svc_call_fail(struct svc_call *call, nx_status status)
{
    wire_call_fail(call->wire, status);
}

nx_status svc_call_not_found(struct svc_call *call, struct store_key key)
{
    const struct svc_resource *resource = call->resource;
    char *name = svc_name_format_key(call->arena, resource->collection, resource->below, key);
    return nx_fail_reason(call->arena, NX_NOT_FOUND, "RESOURCE_NOT_FOUND", "%s does not exist",
                          name ? name : resource->singular);
}

nx_status svc_call_parse_name(struct svc_call *call, const char *field, const char *name,
                              struct store_key *ret_key)
{
    const struct svc_resource *resource = call->resource;
    if (svc_name_parse_key(name, resource->collection, resource->below, ret_key))
        return NX_STATUS_OK;
    return nx_fail_field(call->arena, field, "is not a name like \"%s42%s%s\"",
                         resource->collection, resource->below ? resource->below : "",
                         resource->below ? "7" : "");
}

nx_status svc_call_parse_parent(struct svc_call *call, const char *parent, int64_t *ret_id)
{
    if (svc_name_parse(parent, call->resource->collection, ret_id))
        return NX_STATUS_OK;
    return nx_fail_field(call->arena, "parent", "is not a name like \"%s42\"",
                         call->resource->collection);
}
