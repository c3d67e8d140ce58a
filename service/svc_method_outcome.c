#include "svc_method.h"

#include "google/protobuf/empty.pb-c.h"
#include "svc_write_internal.h"

#include <string.h>

#define MAX_SLUG_ATTEMPTS 4
#define MAX_ID_ATTEMPTS 4
/* Every time that one of several writers has to try again, another one is done. */
#define MAX_MERGE_ATTEMPTS 32

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
    {"product_image_pkey", "product_image_id"}, {"request_pkey", "request_id"},
};

static const char *unique_field(const char *constraint)
{
    for (size_t i = 0; i < sizeof unique_fields / sizeof *unique_fields; i++) {
        if (strcmp(unique_fields[i].constraint, constraint) == 0)
            return unique_fields[i].field;
    }
    return NULL;
}

/* What to blame for a unique index, in a request that may not have its field. */
static const char *blame(const struct svc_write *write, const char *field,
                         const char **ret_description)
{
    *ret_description = "is in use";
    if (write->write.action == STORE_UNDELETE) {
        bool is_sku = strcmp(field, "variant.sku") == 0;
        *ret_description = is_sku ? "cannot come back: the SKU of one of its variants is in use"
                                  : "cannot come back: its slug is in use";
        return "name";
    }
    if (write->request.is_batch) {
        *ret_description = "one of them has what is in use, and must be unique";
        return "requests";
    }
    return field;
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
    if (violation->field) {
        violation->field = blame(write, violation->field, &violation->description);
    } else { /* the constraint is the field: catalog.refuse() */
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
        svc_write_send(write);
    else if (write->refused.code == NX_ABORTED && write->has_parts && !write->has_etag &&
             ++write->merge_attempts < MAX_MERGE_ATTEMPTS) /* changed since we have read it */
        svc_write_read_current(write);
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
           code == NX_INVALID_ARGUMENT || code == NX_NOT_FOUND || code == NX_OUT_OF_RANGE;
}

/* It was refused, for write->refused. */
void svc_write_on_refused(struct svc_write *write)
{
    struct svc_call *call = &write->call;
    if (write->write.request.is_given && may_be_done(write->refused.code)) {
        svc_call_begin_op(call, STORE_READ, on_replayed);
        store_resource_replay(call->store, &call->op, call->resource->statements,
                              &write->write.request);
    } else {
        give_up_or_try_next(write);
    }
}

void svc_write_on_written(struct store_op *op)
{
    struct svc_write *write = op->context;
    struct svc_call *call = &write->call;
    if (op->status.code == NX_OK) {
        reply_rows(write, 0);
        return;
    }
    const char *slug = store_slug_constraint(call->resource->statements);
    const char *constraint = op->constraint ? op->constraint : "";
    size_t len = strlen(constraint);
    write->slug_is_taken = slug && strcmp(constraint, slug) == 0;
    write->id_is_taken = len > 5 && strcmp(constraint + len - 5, "_pkey") == 0;
    write->refused = explain(write, op);
    svc_write_on_refused(write);
}
