#include "svc_method.h"

#include "json_write.h"
#include "svc_name.h"
#include "svc_request.h"
#include "svc_slug.h"
#include "svc_write_internal.h"

#include <string.h>

#define MAX_ITEMS_BYTES ((size_t)32 << 20)

static const char anonymous[] = "anonymous";

void svc_write_send(struct svc_write *write)
{
    struct svc_call *call = &write->call;
    svc_call_begin_op(call, STORE_WRITE | (write->request.validate_only ? STORE_ROLLBACK : 0),
                      svc_write_on_written);
    store_resource_write(call->store, &call->op, call->resource->statements, &write->write);
}

/* --- Put together --- */

static nx_status check_request(struct svc_write *write)
{
    struct nx_arena *arena = write->call.arena;
    const struct svc_write_request *request = &write->request;
    NX_TRY(svc_request_identify(request->method, request->message, request->request_id, arena,
                                &write->write.request));
    if (!request->is_batch)
        return NX_STATUS_OK;
    if (request->count == 0)
        return nx_fail_field(arena, "requests", "is required");
    if (request->count > SVC_MAX_BATCH)
        return nx_fail_field(arena, "requests", "has %zu elements; at most %d are allowed",
                             request->count, SVC_MAX_BATCH);
    write->ids = nx_arena_calloc(arena, request->count, sizeof *write->ids);
    return write->ids ? NX_STATUS_OK : nx_fail_memory();
}

struct svc_write *svc_write_begin(struct svc *svc, struct wire_call *wire,
                                  const struct svc_resource *resource, enum store_action action,
                                  const struct svc_write_request *request)
{
    struct svc_write *write = svc_call_begin(svc, wire, resource, sizeof *write);
    if (!write)
        return NULL;
    write->request = *request;
    write->write.action = action;
    write->write.method = request->method;
    if (!wire_call_identity(wire, &write->write.principal))
        write->write.principal = nx_str_from(anonymous);
    nx_buf_init(&write->items, MAX_ITEMS_BYTES);
    write->failure = check_request(write);
    return write;
}

static bool has_failed(const struct svc_write *write)
{
    return !write || write->failure.code != NX_OK;
}

/* The field of the item in hand, as the request has it. NULL: no memory. */
static char *field_of_item(struct svc_write *write, const char *body, const char *field)
{
    const char *dot = *body ? "." : "";
    if (write->request.is_batch)
        return nx_arena_printf(write->call.arena, "requests[%zu].%s%s%s", write->count, body, dot,
                               field);
    return nx_arena_printf(write->call.arena, "%s%s%s", body, dot, field);
}

static nx_status fail_item(struct svc_write *write, const char *body, const char *field,
                           const char *description)
{
    char *path = field_of_item(write, body, field);
    return path ? nx_fail_field(write->call.arena, path, "%s", description) : nx_fail_memory();
}

/* Begin the item's object. `body` is the field of the request that holds it, or "". */
static nx_status begin_item(struct svc_write *write, const char *body)
{
    char *at = field_of_item(write, body, "");
    if (!at)
        return nx_fail_memory();
    nx_buf_append_str(&write->items, write->count > 0 ? NX_STR(",{\"at\":") : NX_STR("[{\"at\":"));
    json_write_string(&write->items, nx_str_from(at));
    return NX_STATUS_OK;
}

static void put_number(struct svc_write *write, const char *key, int64_t number)
{
    nx_buf_printf(&write->items, ",\"%s\":%lld", key, (long long)number);
}

static nx_status end_item(struct svc_write *write)
{
    nx_buf_append_char(&write->items, '}');
    write->count++;
    if (!write->items.failed)
        return NX_STATUS_OK;
    return nx_fail(write->call.arena, NX_RESOURCE_EXHAUSTED, "the request is too large");
}

/* The id of one that is written, its field in the request being `body`.`field`: once in a batch. */
static nx_status note_id(struct svc_write *write, const char *body, const char *field, int64_t id)
{
    for (size_t i = 0; write->ids && i < write->count; i++) {
        if (write->ids[i] == id)
            return fail_item(write, body, field, "is in this batch already");
    }
    if (write->ids)
        write->ids[write->count] = id;
    return NX_STATUS_OK;
}

/* What one that exists is known by: its name in the request, at `body`. */
static nx_status read_name(struct svc_write *write, const char *body, const char *name,
                           struct store_key *ret_key)
{
    char *field = field_of_item(write, body, "name");
    if (!field)
        return nx_fail_memory();
    NX_TRY(svc_call_parse_name(&write->call, field, name, ret_key));
    return note_id(write, body, "name", ret_key->id);
}

static void put_key(struct svc_write *write, struct store_key key)
{
    put_number(write, "id", key.id);
    if (write->call.resource->below)
        put_number(write, "parent", key.parent);
}

/* Put the id of one that exists: its name in the request. */
static nx_status put_name(struct svc_write *write, const char *name)
{
    struct store_key key = {0, 0};
    NX_TRY(read_name(write, "", name, &key));
    put_key(write, key);
    return NX_STATUS_OK;
}

/* Put the revision that is expected: 0 for any, and below 0 for one that never is current. */
static void put_expected(struct svc_write *write, int64_t revision)
{
    if (revision != 0)
        put_number(write, "expected", revision);
}

static const char *text_field(const struct svc_resource *resource, const ProtobufCMessage *message,
                              const char *name)
{
    int index = svc_resource_find(resource, nx_str_from(name));
    return *(char *const *)svc_value_at(message, resource->fields[index].descriptor);
}

/* Put the slug to derive from the title, if there is to be one and it is empty. */
static nx_status put_slug(struct svc_write *write, const ProtobufCMessage *body,
                          svc_field_set fields)
{
    const struct svc_resource *resource = write->call.resource;
    int slug = svc_resource_find(resource, NX_STR("slug"));
    if (slug < 0 || !(fields >> slug & 1) || *text_field(resource, body, "slug") != '\0')
        return NX_STATUS_OK;
    struct nx_str derived =
        svc_slug_from_title(write->call.arena, nx_str_from(text_field(resource, body, "title")),
                            resource->max_slug, resource->singular);
    if (!derived.ptr)
        return nx_fail_memory();
    write->makes_slugs = true;
    nx_buf_append_str(&write->items, NX_STR(",\"derive\":"));
    json_write_string(&write->items, derived);
    return NX_STATUS_OK;
}

static nx_status put_columns(struct svc_write *write, const char *at, const ProtobufCMessage *body,
                             svc_field_set fields)
{
    char *prefix = field_of_item(write, at, "");
    if (!prefix)
        return nx_fail_memory();
    nx_buf_append_str(&write->items, NX_STR(",\"columns\":"));
    return svc_resource_write(write->call.resource, body, fields, prefix, write->call.arena,
                              &write->items);
}

void svc_write_require_plain(struct svc_write *write, const char *request_id, bool validate_only)
{
    if (has_failed(write))
        return;
    if (*request_id)
        write->failure = fail_item(write, "", "request_id", "stands once, for the whole batch");
    else if (validate_only)
        write->failure = fail_item(write, "", "validate_only", "stands once, for the whole batch");
}

static nx_status add_create(struct svc_write *write, const char *parent,
                            const ProtobufCMessage *body, int64_t id)
{
    const struct svc_resource *resource = write->call.resource;
    int64_t parent_id = 0;
    if (parent)
        NX_TRY(svc_call_parse_parent(&write->call, parent, &parent_id));
    if (!body)
        return fail_item(write, "", resource->singular, "is required");
    if (id < 0 || id > SVC_MAX_GIVEN_ID) {
        char *field = nx_arena_printf(write->call.arena, "%s_id", resource->singular);
        return fail_item(write, "", field ? field : "",
                         "must be 1 to 999999999999999999, or 0 for any");
    }
    if (id > 0) {
        char *field = nx_arena_printf(write->call.arena, "%s_id", resource->singular);
        NX_TRY(note_id(write, "", field ? field : "", id));
    }
    NX_TRY(begin_item(write, resource->singular));
    if (parent)
        put_number(write, "parent", parent_id);
    if (id > 0)
        put_number(write, "id", id);
    else
        write->makes_ids = true;
    NX_TRY(put_columns(write, resource->singular, body, svc_resource_writable(resource)));
    NX_TRY(put_slug(write, body, svc_resource_writable(resource)));
    return end_item(write);
}

void svc_write_create(struct svc_write *write, const ProtobufCMessage *body, int64_t id)
{
    if (!has_failed(write))
        write->failure = add_create(write, NULL, body, id);
}

void svc_write_create_below(struct svc_write *write, const char *parent,
                            const ProtobufCMessage *body, int64_t id)
{
    if (!has_failed(write))
        write->failure = add_create(write, parent, body, id);
}

static nx_status add_update(struct svc_write *write, const char *at, const ProtobufCMessage *body,
                            const struct svc_mask *mask)
{
    const struct svc_resource *resource = write->call.resource;
    size_t most = write->request.is_batch ? write->request.count : 1;
    if (!write->updates)
        write->updates = nx_arena_calloc(write->call.arena, most, sizeof *write->updates);
    if (!write->updates)
        return nx_fail_memory();
    struct svc_update *update = &write->updates[write->count];
    *update = (struct svc_update){.at = at, .body = body, .mask = *mask};
    NX_TRY(read_name(write, at, text_field(resource, body, "name"), &update->key));
    write->has_parts |= mask->part_count > 0;
    write->has_etag |= *text_field(resource, body, "etag") != '\0';
    write->count++;
    return NX_STATUS_OK;
}

static nx_status add_masked_update(struct svc_write *write, const ProtobufCMessage *body,
                                   const Google__Protobuf__FieldMask *mask)
{
    const struct svc_resource *resource = write->call.resource;
    struct svc_mask read;
    char *at = field_of_item(write, "", "update_mask");
    if (!at)
        return nx_fail_memory();
    if (!body)
        return fail_item(write, "", resource->singular, "is required");
    NX_TRY(svc_mask_read(resource, mask, body, at, write->call.arena, &read));
    return add_update(write, resource->singular, body, &read);
}

void svc_write_update(struct svc_write *write, const ProtobufCMessage *body,
                      const Google__Protobuf__FieldMask *mask)
{
    if (!has_failed(write))
        write->failure = add_masked_update(write, body, mask);
}

void svc_write_update_fields(struct svc_write *write, const ProtobufCMessage *body,
                             svc_field_set fields)
{
    const struct svc_mask mask = {.fields = fields};
    if (!has_failed(write))
        write->failure = add_update(write, "", body, &mask);
}

static nx_status add_delete(struct svc_write *write, const char *name, const char *etag, bool force)
{
    NX_TRY(begin_item(write, ""));
    NX_TRY(put_name(write, name));
    put_expected(write, svc_etag_parse(etag));
    put_number(write, "purge_days", write->call.svc->purge_after_days);
    nx_buf_append_str(&write->items,
                      force ? NX_STR(",\"force\":true") : NX_STR(",\"force\":false"));
    return end_item(write);
}

void svc_write_delete(struct svc_write *write, const char *name, const char *etag, bool force)
{
    if (!has_failed(write))
        write->failure = add_delete(write, name, etag, force);
}

static nx_status add_undelete(struct svc_write *write, const char *name, const char *etag)
{
    NX_TRY(begin_item(write, ""));
    NX_TRY(put_name(write, name));
    put_expected(write, svc_etag_parse(etag));
    return end_item(write);
}

void svc_write_undelete(struct svc_write *write, const char *name, const char *etag)
{
    if (!has_failed(write))
        write->failure = add_undelete(write, name, etag);
}

static nx_status add_adjust(struct svc_write *write, const char *name, int64_t delta)
{
    if (delta == 0)
        return fail_item(write, "", "delta", "must not be 0");
    NX_TRY(begin_item(write, ""));
    NX_TRY(put_name(write, name));
    put_number(write, "delta", delta);
    return end_item(write);
}

void svc_write_adjust(struct svc_write *write, const char *name, int64_t delta)
{
    if (!has_failed(write))
        write->failure = add_adjust(write, name, delta);
}

/* --- Updates, put together once it is known what they change --- */

static nx_status put_update(struct svc_write *write, const struct svc_update *update,
                            const ProtobufCMessage *body, svc_field_set fields, int64_t expected)
{
    NX_TRY(begin_item(write, update->at));
    put_key(write, update->key);
    put_expected(write, expected);
    NX_TRY(put_columns(write, update->at, body, fields));
    NX_TRY(put_slug(write, body, fields));
    return end_item(write);
}

/* Put an update of parts: of what the row has, which must still be so when it is written. One that
 * is not there, or not what the client expects, is refused then, in due form. */
static nx_status put_merged(struct svc_write *write, const struct svc_update *update,
                            const struct store_rows *rows, int row)
{
    const struct svc_resource *resource = write->call.resource;
    struct nx_arena *arena = write->call.arena;
    int64_t expected = svc_etag_parse(text_field(resource, update->body, "etag"));
    if (store_is_null(rows, row, 0))
        return put_update(write, update, update->body, update->mask.fields, -1);
    ProtobufCMessage *current = svc_resource_read(resource, rows, row, 0, arena);
    if (!current)
        return nx_fail_memory();
    int64_t revision = svc_etag_parse(text_field(resource, current, "etag"));
    if (expected != 0 && expected != revision)
        return put_update(write, update, update->body, update->mask.fields, -1);
    ProtobufCMessage *body = svc_mask_merge(resource, &update->mask, update->body, current, arena);
    return body ? put_update(write, update, body, svc_mask_fields(&update->mask), revision)
                : nx_fail_memory();
}

/* Put all updates; `rows` are those of the updates of parts, in their order. */
static nx_status put_updates(struct svc_write *write, const struct store_rows *rows)
{
    size_t count = write->count;
    int row = 0;
    write->count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct svc_update *update = &write->updates[i];
        const char *etag = text_field(write->call.resource, update->body, "etag");
        if (update->mask.part_count > 0)
            NX_TRY(put_merged(write, update, rows, row++));
        else
            NX_TRY(
                put_update(write, update, update->body, update->mask.fields, svc_etag_parse(etag)));
    }
    return NX_STATUS_OK;
}

static nx_status finish_items(struct svc_write *write)
{
    nx_buf_append_char(&write->items, ']');
    char *items = nx_arena_strdup(write->call.arena, nx_buf_str(&write->items));
    if (!items)
        return nx_fail_memory();
    write->write.items = (struct nx_str){items, write->items.len};
    return NX_STATUS_OK;
}

static void on_current(struct store_op *op)
{
    struct svc_write *write = op->context;
    if (op->status.code != NX_OK) {
        svc_call_fail(&write->call, op->status);
        return;
    }
    nx_buf_init(&write->items, MAX_ITEMS_BYTES);
    nx_status status = put_updates(write, &op->rows);
    if (status.code == NX_OK)
        status = finish_items(write);
    nx_buf_cleanup(&write->items);
    write->refused = status;
    write->slug_is_taken = write->id_is_taken = false;
    if (status.code == NX_OK)
        svc_write_send(write);
    else
        svc_write_on_refused(write);
}

/* Read the resources of which parts are changed. */
void svc_write_read_current(struct svc_write *write)
{
    struct svc_call *call = &write->call;
    size_t count = 0;
    struct store_key *keys = nx_arena_calloc(call->arena, write->count, sizeof *keys);
    for (size_t i = 0; keys && i < write->count; i++) {
        if (write->updates[i].mask.part_count > 0)
            keys[count++] = write->updates[i].key;
    }
    if (!keys) {
        svc_call_fail(call, nx_fail_memory());
        return;
    }
    svc_call_begin_op(call, STORE_READ, on_current);
    store_resource_batch_get(call->store, &call->op, call->resource->statements, keys, count);
}

static nx_status finish(struct svc_write *write)
{
    NX_TRY(write->failure);
    if (write->has_parts)
        return NX_STATUS_OK;
    if (write->updates)
        NX_TRY(put_updates(write, NULL));
    return finish_items(write);
}

void svc_write_submit(struct svc_write *write, svc_reply_many reply)
{
    if (!write)
        return;
    write->reply = reply;
    nx_status status = finish(write);
    nx_buf_cleanup(&write->items);
    if (status.code != NX_OK)
        svc_call_fail(&write->call, status);
    else if (write->has_parts)
        svc_write_read_current(write);
    else
        svc_write_send(write);
}
