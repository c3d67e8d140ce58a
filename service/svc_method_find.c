#include "svc_method.h"

#include "svc_call.h"
#include "svc_slug.h"

/* --- Several by name --- */

struct batch_call {
    struct svc_call call; /* first */
    char *const *names;
    size_t count;
    svc_reply_many reply;
};

static void on_batch(struct store_op *op)
{
    struct batch_call *batch = op->context;
    struct svc_call *call = &batch->call;
    if (op->status.code != NX_OK) {
        svc_call_fail(call, op->status);
        return;
    }
    ProtobufCMessage **found = nx_arena_calloc(call->arena, batch->count, sizeof *found);
    for (size_t i = 0; found && i < batch->count; i++) {
        if (store_is_null(&op->rows, (int)i, 0)) {
            svc_call_fail(call, nx_fail_reason(call->arena, NX_NOT_FOUND, "RESOURCE_NOT_FOUND",
                                               "%s does not exist", batch->names[i]));
            return;
        }
        found[i] = svc_resource_read(call->resource, &op->rows, (int)i, 0, call->arena);
        if (!found[i])
            found = NULL;
    }
    if (found)
        batch->reply(call->wire, found, batch->count);
    else
        svc_call_fail(call, nx_fail_memory());
}

static nx_status read_names(struct batch_call *batch, struct store_key *keys)
{
    struct nx_arena *arena = batch->call.arena;
    for (size_t i = 0; i < batch->count; i++) {
        char *field = nx_arena_printf(arena, "names[%zu]", i);
        if (!field)
            return nx_fail_memory();
        NX_TRY(svc_call_parse_name(&batch->call, field, batch->names[i], &keys[i]));
    }
    return NX_STATUS_OK;
}

static nx_status check_batch(struct batch_call *batch, struct store_key **ret_keys)
{
    struct nx_arena *arena = batch->call.arena;
    if (batch->count == 0)
        return nx_fail_field(arena, "names", "is required");
    if (batch->count > SVC_MAX_BATCH)
        return nx_fail_field(arena, "names", "has %zu elements; at most %d are allowed",
                             batch->count, SVC_MAX_BATCH);
    struct store_key *keys = nx_arena_calloc(arena, batch->count, sizeof *keys);
    if (!keys)
        return nx_fail_memory();
    NX_TRY(read_names(batch, keys));
    *ret_keys = keys;
    return NX_STATUS_OK;
}

void svc_batch_get(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
                   char *const *names, size_t count, svc_reply_many reply)
{
    struct batch_call *batch = svc_call_begin(svc, wire, resource, sizeof *batch);
    struct store_key *keys = NULL;
    if (!batch)
        return;
    struct svc_call *call = &batch->call;
    batch->names = names;
    batch->count = count;
    batch->reply = reply;
    nx_status status = check_batch(batch, &keys);
    if (status.code != NX_OK) {
        svc_call_fail(call, status);
        return;
    }
    svc_call_begin_op(call, STORE_READ, on_batch);
    store_resource_batch_get(call->store, &call->op, resource->statements, keys, count);
}

/* --- One by its slug --- */

/* What a row says of a former slug, in the columns behind those of the resource. */
static struct svc_field redirect_fields[] = {
    {.name = "slug", .kind = SVC_TEXT},
    {.name = "create_time", .kind = SVC_TIME},
};
static struct svc_resource redirect = {
    .singular = "redirect",
    .type = &nexus__catalog__v1__slug_redirect__descriptor,
    .fields = redirect_fields,
    .field_count = sizeof redirect_fields / sizeof *redirect_fields,
};

void svc_lookup_init(void)
{
    svc_resource_init(&redirect);
}

struct lookup_call {
    struct svc_call call; /* first */
    const char *slug;
    svc_reply_lookup reply;
};

static char *text_of(const struct svc_resource *resource, const ProtobufCMessage *message,
                     const char *field)
{
    int index = svc_resource_find(resource, nx_str_from(field));
    return *(char *const *)svc_value_at(message, resource->fields[index].descriptor);
}

static void on_looked_up(struct store_op *op)
{
    struct lookup_call *lookup = op->context;
    struct svc_call *call = &lookup->call;
    const struct svc_resource *resource = call->resource;
    if (op->status.code != NX_OK) {
        svc_call_fail(call, op->status);
        return;
    }
    if (op->rows.count == 0) {
        svc_call_fail(call, nx_fail_reason(call->arena, NX_NOT_FOUND, "RESOURCE_NOT_FOUND",
                                           "no %s has or had the slug \"%s\"", resource->singular,
                                           lookup->slug));
        return;
    }
    int behind = svc_resource_columns(resource);
    ProtobufCMessage *found = svc_resource_read(resource, &op->rows, 0, 0, call->arena);
    ProtobufCMessage *read = svc_resource_read(&redirect, &op->rows, 0, behind, call->arena);
    if (!found || !read) {
        svc_call_fail(call, nx_fail_memory());
        return;
    }
    Nexus__Catalog__V1__SlugRedirect *moved = (Nexus__Catalog__V1__SlugRedirect *)read;
    moved->resource = text_of(resource, found, "name");
    moved->current_slug = text_of(resource, found, "slug");
    lookup->reply(call->wire, found, store_is_null(&op->rows, 0, behind) ? NULL : moved);
}

void svc_lookup(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
                const char *slug, svc_reply_lookup reply)
{
    struct lookup_call *lookup = svc_call_begin(svc, wire, resource, sizeof *lookup);
    if (!lookup)
        return;
    struct svc_call *call = &lookup->call;
    lookup->slug = slug;
    lookup->reply = reply;
    if (!svc_slug_valid(nx_str_from(slug), resource->max_slug)) {
        svc_call_fail(call, nx_fail_field(call->arena, "slug",
                                          "must have 1 to %u letters, digits, hyphens or "
                                          "underscores",
                                          resource->max_slug));
        return;
    }
    svc_call_begin_op(call, STORE_READ, on_looked_up);
    store_resource_lookup(call->store, &call->op, resource->statements, nx_str_from(slug));
}
