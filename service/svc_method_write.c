#include "svc_method.h"

#include "google/protobuf/empty.pb-c.h"
#include "json_write.h"
#include "svc_call.h"
#include "svc_mask.h"
#include "svc_name.h"
#include "svc_request.h"
#include "svc_slug.h"

#include <string.h>

#define MAX_SLUG_ATTEMPTS 4
#define MAX_ID_ATTEMPTS 4
#define MAX_ITEMS_BYTES ((size_t)32 << 20)

static const char anonymous[] = "anonymous";

struct svc_write {
    struct svc_call call; /* first */
    struct svc_write_request request;
    struct store_write write;
    svc_write_reply reply;

    /* While it is put together. */
    nx_status failure; /* the first */
    struct nx_buf items;
    size_t count;
    int64_t *ids;     /* of a batch, one for each item */
    bool makes_slugs; /* for some item */
    bool makes_ids;

    /* Once it was refused. */
    nx_status refused; /* kept while it is looked up whether it was carried out before */
    bool slug_is_taken;
    bool id_is_taken;
    int id_attempts;
};

static void on_written(struct store_op *op);

static void submit(struct svc_write *write)
{
    struct svc_call *call = &write->call;
    svc_call_begin_op(call, STORE_WRITE | (write->request.validate_only ? STORE_ROLLBACK : 0),
                      on_written);
    store_resource_write(call->store, &call->op, call->resource->statements, &write->write);
}

/* --- Answered --- */

/* Answer with the rows of the op, whose resources begin at this column. */
static void reply_rows(struct svc_write *write, int first_column)
{
    struct svc_call *call = &write->call;
    const struct store_rows *rows = &call->op.rows;
    size_t count = (size_t)rows->count;
    ProtobufCMessage **written = nx_arena_calloc(call->arena, count, sizeof *written);
    for (size_t i = 0; written && i < count; i++) {
        written[i] = svc_resource_read(call->resource, rows, (int)i, first_column, call->arena);
        if (!written[i])
            written = NULL;
    }
    if (!written)
        svc_call_fail(call, nx_fail_memory());
    else if (write->reply)
        write->reply(call->wire, written, count);
    else
        wire_call_reply(call->wire, written[0]);
}

void svc_write_reply_empty(struct wire_call *wire, ProtobufCMessage **written, size_t count)
{
    (void)written;
    (void)count;
    const Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;
    wire_call_reply(wire, &empty.base);
}

/* --- Refused --- */

/* The fields that unique indexes are about. */
static const struct {
    const char *constraint;
    const char *field;
} unique_fields[] = {
    {"product_slug_live", "product.slug"},      {"product_pkey", "product_id"},
    {"category_slug_live", "category.slug"},    {"category_pkey", "category_id"},
    {"variant_sku_live", "variant.sku"},        {"variant_pkey", "variant_id"},
    {"product_image_pkey", "product_image_id"},
};

static const char *unique_field(const char *constraint)
{
    for (size_t i = 0; i < sizeof unique_fields / sizeof *unique_fields; i++) {
        if (strcmp(unique_fields[i].constraint, constraint) == 0)
            return unique_fields[i].field;
    }
    return NULL;
}

/* Say a refusal of the database in terms of the request. */
static nx_status explain(struct svc_write *write, const struct store_op *op)
{
    struct nx_arena *arena = write->call.arena;
    if (!op->constraint || op->status.code == NX_NOT_FOUND)
        return op->status;
    struct nx_violation *violation = nx_arena_calloc(arena, 1, sizeof *violation);
    if (!violation)
        return nx_fail_memory();
    violation->field = unique_field(op->constraint);
    violation->description = "is in use";
    if (!violation->field) { /* the constraint is the field: catalog.refuse() */
        violation->field = nx_arena_strdup(arena, nx_str_from(op->constraint));
        violation->description = nx_status_message(op->status);
    }
    if (!violation->field)
        return nx_fail_memory();
    return nx_fail_violations(arena, op->status.code, NULL, violation);
}

static void give_up_or_try_next(struct svc_write *write)
{
    bool again = false;
    if (write->slug_is_taken && write->makes_slugs)
        again = ++write->write.attempt < MAX_SLUG_ATTEMPTS;
    else if (write->id_is_taken && write->makes_ids) /* a client gave the same one just then */
        again = ++write->id_attempts < MAX_ID_ATTEMPTS;
    if (again)
        submit(write);
    else
        svc_call_fail(&write->call, write->refused);
}

static void on_replayed(struct store_op *op)
{
    struct svc_write *write = op->context;
    struct svc_call *call = &write->call;
    if (op->status.code != NX_OK)
        svc_call_fail(call, op->status);
    else if (op->rows.count == 0)
        give_up_or_try_next(write);
    else if (store_bool(&op->rows, 0, 0))
        reply_rows(write, 1);
    else
        svc_call_fail(call, nx_fail_field(call->arena, "request_id",
                                          "was used for another request; take a new one"));
}

static bool may_be_done(enum nx_code code)
{
    return code == NX_ALREADY_EXISTS || code == NX_ABORTED || code == NX_FAILED_PRECONDITION ||
           code == NX_INVALID_ARGUMENT || code == NX_NOT_FOUND;
}

static void on_written(struct store_op *op)
{
    struct svc_write *write = op->context;
    struct svc_call *call = &write->call;
    if (op->status.code == NX_OK) {
        reply_rows(write, 0);
        return;
    }
    const struct store_resource *statements = call->resource->statements;
    const char *slug = store_slug_constraint(statements);
    const char *constraint = op->constraint ? op->constraint : "";
    size_t len = strlen(constraint);
    write->slug_is_taken = slug && strcmp(constraint, slug) == 0;
    write->id_is_taken = len > 5 && strcmp(constraint + len - 5, "_pkey") == 0;
    write->refused = explain(write, op);
    if (write->write.request.is_given && may_be_done(op->status.code)) {
        svc_call_begin_op(call, STORE_READ, on_replayed);
        store_resource_replay(call->store, &call->op, statements, &write->write.request);
    } else {
        give_up_or_try_next(write);
    }
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
    nx_buf_append_char(&write->items, '[');
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
    nx_buf_append_str(&write->items, write->count > 0 ? NX_STR(",{\"at\":") : NX_STR("{\"at\":"));
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

/* Put the id of one that exists: its name in the request, at `body`. */
static nx_status put_name(struct svc_write *write, const char *body, const char *name)
{
    char *field = field_of_item(write, body, "name");
    struct store_key key;
    if (!field)
        return nx_fail_memory();
    NX_TRY(svc_call_parse_name(&write->call, field, name, &key));
    for (size_t i = 0; write->ids && i < write->count; i++) {
        if (write->ids[i] == key.id)
            return fail_item(write, body, "name", "is in this batch already");
    }
    if (write->ids)
        write->ids[write->count] = key.id;
    put_number(write, "id", key.id);
    if (write->call.resource->below)
        put_number(write, "parent", key.parent);
    return NX_STATUS_OK;
}

/* Put what an etag stands for; one that is not ours is never current. */
static void put_etag(struct svc_write *write, const char *etag)
{
    int64_t revision = svc_etag_parse(etag);
    if (revision != 0)
        put_number(write, "expected", revision < 0 ? INT64_MAX : revision);
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
                            svc_field_set fields)
{
    const struct svc_resource *resource = write->call.resource;
    NX_TRY(begin_item(write, at));
    NX_TRY(put_name(write, at, text_field(resource, body, "name")));
    put_etag(write, text_field(resource, body, "etag"));
    NX_TRY(put_columns(write, at, body, fields));
    NX_TRY(put_slug(write, body, fields));
    return end_item(write);
}

static nx_status add_masked_update(struct svc_write *write, const ProtobufCMessage *body,
                                   const Google__Protobuf__FieldMask *mask)
{
    const struct svc_resource *resource = write->call.resource;
    svc_field_set fields;
    if (!body)
        return fail_item(write, "", resource->singular, "is required");
    NX_TRY(svc_mask_read(resource, mask, body, write->call.arena, &fields));
    return add_update(write, resource->singular, body, fields);
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
    if (!has_failed(write))
        write->failure = add_update(write, "", body, fields);
}

static nx_status add_delete(struct svc_write *write, const char *name, const char *etag, bool force)
{
    NX_TRY(begin_item(write, ""));
    NX_TRY(put_name(write, "", name));
    put_etag(write, etag);
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
    NX_TRY(put_name(write, "", name));
    put_etag(write, etag);
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
    NX_TRY(put_name(write, "", name));
    put_number(write, "delta", delta);
    return end_item(write);
}

void svc_write_adjust(struct svc_write *write, const char *name, int64_t delta)
{
    if (!has_failed(write))
        write->failure = add_adjust(write, name, delta);
}

static nx_status finish_items(struct svc_write *write)
{
    NX_TRY(write->failure);
    nx_buf_append_char(&write->items, ']');
    char *items = nx_arena_strdup(write->call.arena, nx_buf_str(&write->items));
    if (!items)
        return nx_fail_memory();
    write->write.items = (struct nx_str){items, write->items.len};
    return NX_STATUS_OK;
}

void svc_write_submit(struct svc_write *write, svc_write_reply reply)
{
    if (!write)
        return;
    write->reply = reply;
    nx_status status = finish_items(write);
    nx_buf_cleanup(&write->items);
    if (status.code == NX_OK)
        submit(write);
    else
        svc_call_fail(&write->call, status);
}
