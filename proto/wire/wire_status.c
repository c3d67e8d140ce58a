#include "wire_status.h"

#include "google/protobuf/any.pb-c.h"
#include "google/protobuf/duration.pb-c.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "wire_pb.h"

#define MAX_DETAILS 3

/* Pack a message into an Any of the status. False: the arena is full. */
static bool add_detail(Google__Rpc__Status *status, const ProtobufCMessage *detail,
                       struct nx_arena *arena)
{
    Google__Protobuf__Any *any = nx_arena_alloc(arena, sizeof *any);
    size_t size = wire_pb_packed_size(detail);
    uint8_t *bytes = nx_arena_alloc(arena, size);
    char *url = nx_arena_printf(arena, "type.googleapis.com/%s", detail->descriptor->name);
    if (!any || !bytes || !url)
        return false;
    google__protobuf__any__init(any);
    wire_pb_pack(detail, bytes, size);
    any->type_url = url;
    any->value = (ProtobufCBinaryData){size, bytes};
    status->details[status->n_details++] = any;
    return true;
}

static bool add_reason(Google__Rpc__Status *status, const struct nx_error *error,
                       struct nx_arena *arena)
{
    if (!error->reason)
        return true;
    Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
    info.reason = (char *)error->reason;
    info.domain = (char *)WIRE_ERROR_DOMAIN;
    return add_detail(status, &info.base, arena);
}

static bool add_violations(Google__Rpc__Status *status, const struct nx_error *error,
                           struct nx_arena *arena)
{
    if (!error->violations)
        return true;
    size_t count = 0;
    for (const struct nx_violation *it = error->violations; it; it = it->next)
        count++;
    Google__Rpc__BadRequest request = GOOGLE__RPC__BAD_REQUEST__INIT;
    Google__Rpc__BadRequest__FieldViolation *rows = nx_arena_calloc(arena, count, sizeof *rows);
    request.field_violations = nx_arena_calloc(arena, count, sizeof *request.field_violations);
    if (!rows || !request.field_violations)
        return false;
    for (const struct nx_violation *it = error->violations; it; it = it->next) {
        Google__Rpc__BadRequest__FieldViolation *row = &rows[request.n_field_violations];
        google__rpc__bad_request__field_violation__init(row);
        row->field = (char *)it->field;
        row->description = (char *)it->description;
        request.field_violations[request.n_field_violations++] = row;
    }
    return add_detail(status, &request.base, arena);
}

static bool add_retry(Google__Rpc__Status *status, const struct nx_error *error,
                      struct nx_arena *arena)
{
    if (error->retry_after_ms == 0)
        return true;
    Google__Protobuf__Duration delay = GOOGLE__PROTOBUF__DURATION__INIT;
    delay.seconds = error->retry_after_ms / 1000;
    delay.nanos = (int32_t)(error->retry_after_ms % 1000) * 1000000;
    Google__Rpc__RetryInfo retry = GOOGLE__RPC__RETRY_INFO__INIT;
    retry.retry_delay = &delay;
    return add_detail(status, &retry.base, arena);
}

struct nx_str wire_status_pack(nx_status status, struct nx_arena *arena)
{
    const struct nx_error *error = status.error;
    struct nx_str none = {NULL, 0};
    if (!error || error->details.len > 0)
        return error ? error->details : none;
    Google__Protobuf__Any *details[MAX_DETAILS];
    Google__Rpc__Status message = GOOGLE__RPC__STATUS__INIT;
    message.code = (int32_t)status.code;
    message.message = (char *)error->message;
    message.details = details;
    if (!add_reason(&message, error, arena) || !add_violations(&message, error, arena) ||
        !add_retry(&message, error, arena) || message.n_details == 0)
        return none;
    size_t size = wire_pb_packed_size(&message.base);
    char *bytes = nx_arena_alloc(arena, size);
    if (!bytes)
        return none;
    wire_pb_pack(&message.base, (uint8_t *)bytes, size);
    return (struct nx_str){bytes, size};
}
