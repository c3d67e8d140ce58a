#include "svc_method.h"

#include "svc_call.h"
#include "svc_mask.h"
#include "svc_name.h"
#include "svc_request.h"
#include "svc_slug.h"

#include <string.h>

#define MAX_SLUG_ATTEMPTS 4
#define MAX_ID_ATTEMPTS 4
#define MAX_COLUMNS_BYTES ((size_t)4 << 20)

enum write_kind { CREATE, UPDATE, DELETE };

struct write_call {
    struct svc_call call; /* first */
    enum write_kind kind;
    bool validate_only;
    struct store_request request;
    union {
        struct store_create create;
        struct store_update update;
        struct store_delete delete_;
    };
    nx_status refused; /* why, while it is looked up whether it was carried out before */
    bool slug_is_taken;
    int id_attempts; /* at an id that is made */
};

static void on_written(struct store_op *op);

static void submit_write(struct write_call *write)
{
    struct svc_call *call = &write->call;
    const struct store_resource *statements = call->resource->statements;
    svc_call_begin_op(call, STORE_WRITE | (write->validate_only ? STORE_ROLLBACK : 0), on_written);
    switch (write->kind) {
    case CREATE:
        store_resource_create(call->store, &call->op, statements, &write->create);
        break;
    case UPDATE:
        store_resource_update(call->store, &call->op, statements, &write->update);
        break;
    case DELETE:
        store_resource_delete(call->store, &call->op, statements, &write->delete_);
        break;
    }
}

/* --- Refused --- */

/* Say a refusal of the database in terms of the request. */
static nx_status explain(struct write_call *write, const struct store_op *op)
{
    struct svc_call *call = &write->call;
    const char *singular = call->resource->singular;
    if (op->status.code == NX_OK)
        return svc_call_not_found(call,
                                  write->kind == UPDATE ? write->update.id : write->delete_.id);
    if (!op->constraint)
        return op->status;
    struct nx_violation *violation = nx_arena_calloc(call->arena, 1, sizeof *violation);
    if (!violation)
        return nx_fail_memory();
    if (op->status.code != NX_ALREADY_EXISTS) { /* the constraint is the field: catalog.refuse() */
        violation->field = nx_arena_strdup(call->arena, nx_str_from(op->constraint));
        violation->description = nx_status_message(op->status);
    } else if (write->slug_is_taken) {
        violation->field = nx_arena_printf(call->arena, "%s.slug", singular);
        violation->description = "is in use";
    } else {
        violation->field = nx_arena_printf(call->arena, "%s_id", singular);
        violation->description = "is in use";
    }
    if (!violation->field)
        return nx_fail_memory();
    return nx_fail_violations(call->arena, op->status.code, NULL, violation);
}

/* Whether it was refused for the id that was made for it: a client gave the same one just then. */
static bool made_id_is_taken(const struct write_call *write)
{
    return write->kind == CREATE && write->create.id == 0 &&
           write->refused.code == NX_ALREADY_EXISTS && !write->slug_is_taken;
}

static void give_up_or_try_next(struct write_call *write)
{
    int *attempt = NULL; /* of a slug that is derived */
    if (write->kind == CREATE && write->create.derive_slug.len > 0)
        attempt = &write->create.attempt;
    else if (write->kind == UPDATE && write->update.derive_slug.len > 0)
        attempt = &write->update.attempt;
    bool again = attempt && write->slug_is_taken && ++*attempt < MAX_SLUG_ATTEMPTS;
    if (made_id_is_taken(write))
        again = ++write->id_attempts < MAX_ID_ATTEMPTS;
    if (again)
        submit_write(write);
    else
        svc_call_fail(&write->call, write->refused);
}

static void on_replayed(struct store_op *op)
{
    struct write_call *write = op->context;
    struct svc_call *call = &write->call;
    if (op->status.code != NX_OK)
        svc_call_fail(call, op->status);
    else if (op->rows.count == 0)
        give_up_or_try_next(write);
    else if (store_bool(&op->rows, 0, 0))
        svc_call_reply_row(call, 1);
    else
        svc_call_fail(call, nx_fail_field(call->arena, "request_id",
                                          "was used for another request; take a new one"));
}

static void on_written(struct store_op *op)
{
    struct write_call *write = op->context;
    struct svc_call *call = &write->call;
    if (op->status.code == NX_OK && op->rows.count > 0) {
        svc_call_reply_row(call, 0);
        return;
    }
    write->slug_is_taken =
        op->constraint &&
        strcmp(op->constraint, store_slug_constraint(call->resource->statements)) == 0;
    write->refused = explain(write, op);
    bool may_be_done = op->status.code == NX_OK || op->status.code == NX_ALREADY_EXISTS ||
                       op->status.code == NX_ABORTED || op->status.code == NX_FAILED_PRECONDITION ||
                       op->status.code == NX_INVALID_ARGUMENT;
    if (write->request.is_given && may_be_done) {
        svc_call_begin_op(call, STORE_READ, on_replayed);
        store_resource_replay(call->store, &call->op, call->resource->statements, &write->request);
    } else {
        give_up_or_try_next(write);
    }
}

/* --- The methods --- */

static struct write_call *begin(struct svc *svc, struct wire_call *wire,
                                const struct svc_resource *resource, enum write_kind kind)
{
    struct write_call *write = svc_call_begin(svc, wire, resource, sizeof *write);
    if (write)
        write->kind = kind;
    return write;
}

static nx_status identify(struct write_call *write, const struct svc_write_request *request)
{
    write->validate_only = request->validate_only;
    return svc_request_identify(request->method, request->message, request->request_id,
                                write->call.arena, &write->request);
}

/* The columns of a body, in the arena. */
static nx_status make_columns(struct write_call *write, const ProtobufCMessage *body,
                              svc_field_set fields, struct nx_str *ret_columns)
{
    struct nx_arena *arena = write->call.arena;
    struct nx_buf buf;
    nx_buf_init(&buf, MAX_COLUMNS_BYTES);
    nx_status status = svc_resource_write(write->call.resource, body, fields, arena, &buf);
    char *copy = status.code == NX_OK ? nx_arena_strdup(arena, nx_buf_str(&buf)) : NULL;
    *ret_columns = (struct nx_str){copy, copy ? buf.len : 0};
    nx_buf_cleanup(&buf);
    if (status.code == NX_OK && !copy)
        return nx_fail_memory();
    return status;
}

static const char *text_field(const struct svc_resource *resource, const ProtobufCMessage *message,
                              const char *name)
{
    int index = svc_resource_find(resource, nx_str_from(name));
    return *(char *const *)svc_value_at(message, resource->fields[index].descriptor);
}

static nx_status require_body(struct svc_call *call, const ProtobufCMessage *body)
{
    if (body)
        return NX_STATUS_OK;
    return nx_fail_field(call->arena, call->resource->singular, "is required");
}

/* The slug to derive from the title, if it is to be written and empty. */
static nx_status derive_slug(struct svc_call *call, const ProtobufCMessage *body,
                             svc_field_set fields, struct nx_str *ret_slug)
{
    const struct svc_resource *resource = call->resource;
    int slug = svc_resource_find(resource, NX_STR("slug"));
    if (!(fields >> slug & 1) || *text_field(resource, body, "slug") != '\0')
        return NX_STATUS_OK;
    *ret_slug = svc_slug_from_title(call->arena, nx_str_from(text_field(resource, body, "title")),
                                    resource->max_slug, resource->singular);
    return ret_slug->ptr ? NX_STATUS_OK : nx_fail_memory();
}

static nx_status check_create(struct write_call *write, const ProtobufCMessage *body, int64_t id,
                              const struct svc_write_request *request)
{
    struct svc_call *call = &write->call;
    const struct svc_resource *resource = call->resource;
    NX_TRY(identify(write, request));
    NX_TRY(require_body(call, body));
    if (id < 0 || id > SVC_MAX_GIVEN_ID) {
        char *field = nx_arena_printf(call->arena, "%s_id", resource->singular);
        return nx_fail_field(call->arena, field ? field : "", "must be 1 to %lld, or 0 for any",
                             (long long)SVC_MAX_GIVEN_ID);
    }
    NX_TRY(make_columns(write, body, svc_resource_writable(resource), &write->create.columns));
    write->create.id = id;
    write->create.request = write->request;
    return derive_slug(call, body, svc_resource_writable(resource), &write->create.derive_slug);
}

/* Submit what has passed the checks, or answer what has not. */
static void submit_or_fail(struct write_call *write, nx_status checked)
{
    if (checked.code == NX_OK)
        submit_write(write);
    else
        svc_call_fail(&write->call, checked);
}

void svc_create(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
                const ProtobufCMessage *body, int64_t id, const struct svc_write_request *request)
{
    struct write_call *write = begin(svc, wire, resource, CREATE);
    if (write)
        submit_or_fail(write, check_create(write, body, id, request));
}

/* An etag that a client sent; one that is not ours is never current. */
static int64_t expected_revision(const char *etag)
{
    int64_t revision = svc_etag_parse(etag);
    return revision < 0 ? INT64_MAX : revision;
}

static nx_status check_update(struct write_call *write, const ProtobufCMessage *body,
                              const Google__Protobuf__FieldMask *mask,
                              const struct svc_write_request *request)
{
    struct svc_call *call = &write->call;
    const struct svc_resource *resource = call->resource;
    NX_TRY(identify(write, request));
    NX_TRY(require_body(call, body));
    char *name_field = nx_arena_printf(call->arena, "%s.name", resource->singular);
    if (!name_field)
        return nx_fail_memory();
    NX_TRY(svc_call_parse_name(call, name_field, text_field(resource, body, "name"),
                               &write->update.id));
    svc_field_set fields;
    NX_TRY(svc_mask_read(resource, mask, body, call->arena, &fields));
    NX_TRY(make_columns(write, body, fields, &write->update.columns));
    write->update.expected_revision = expected_revision(text_field(resource, body, "etag"));
    write->update.request = write->request;
    return derive_slug(call, body, fields, &write->update.derive_slug);
}

void svc_update(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
                const ProtobufCMessage *body, const Google__Protobuf__FieldMask *mask,
                const struct svc_write_request *request)
{
    struct write_call *write = begin(svc, wire, resource, UPDATE);
    if (write)
        submit_or_fail(write, check_update(write, body, mask, request));
}

static nx_status check_delete(struct write_call *write, const struct svc_delete_request *what,
                              const struct svc_write_request *request)
{
    struct svc_call *call = &write->call;
    NX_TRY(identify(write, request));
    NX_TRY(svc_call_parse_name(call, "name", what->name, &write->delete_.id));
    write->delete_.expected_revision = expected_revision(what->etag);
    write->delete_.purge_after_days = call->svc->purge_after_days;
    write->delete_.force = what->force;
    write->delete_.request = write->request;
    return NX_STATUS_OK;
}

void svc_delete(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
                const struct svc_delete_request *what, const struct svc_write_request *request)
{
    struct write_call *write = begin(svc, wire, resource, DELETE);
    if (write)
        submit_or_fail(write, check_delete(write, what, request));
}
