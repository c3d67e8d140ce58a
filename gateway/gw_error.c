#include "gw_error.h"

#include "google/protobuf/any.pb-c.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "json_write.h"
#include "nx_utf8.h"
#include "wire_pb.h"
#include "wire_status.h"

#include <string.h>

static const uint16_t http_of_code[] = {
    [NX_OK] = 200,
    [NX_CANCELLED] = 499,
    [NX_UNKNOWN] = 500,
    [NX_INVALID_ARGUMENT] = 400,
    [NX_DEADLINE_EXCEEDED] = 504,
    [NX_NOT_FOUND] = 404,
    [NX_ALREADY_EXISTS] = 409,
    [NX_PERMISSION_DENIED] = 403,
    [NX_RESOURCE_EXHAUSTED] = 429,
    [NX_FAILED_PRECONDITION] = 400,
    [NX_ABORTED] = 409,
    [NX_OUT_OF_RANGE] = 400,
    [NX_UNIMPLEMENTED] = 501,
    [NX_INTERNAL] = 500,
    [NX_UNAVAILABLE] = 503,
    [NX_DATA_LOSS] = 500,
    [NX_UNAUTHENTICATED] = 401,
};

/* What a detail can be. */
static const ProtobufCMessageDescriptor *const detail_types[] = {
    &google__rpc__bad_request__descriptor,
    &google__rpc__error_info__descriptor,
    &google__rpc__retry_info__descriptor,
};

/* The details come from the backend: trusted in good faith, checked nevertheless. */
static const struct wire_pb_limits limits = {.max_depth = 16, .max_fields = 10000};

#define MAX_RETRY_AFTER_S 3600

unsigned gw_error_http_status(enum nx_code code)
{
    unsigned index = (unsigned)code;
    return index < sizeof http_of_code / sizeof *http_of_code ? http_of_code[index] : 500;
}

static const ProtobufCMessageDescriptor *resolve(void *context, struct nx_str full_name)
{
    (void)context;
    for (size_t i = 0; i < sizeof detail_types / sizeof *detail_types; i++) {
        if (nx_str_equal(nx_str_from(detail_types[i]->name), full_name))
            return detail_types[i];
    }
    return NULL;
}

/* The type of a detail, or NULL when it is not known. */
static const ProtobufCMessageDescriptor *type_of(const Google__Protobuf__Any *detail)
{
    const char *slash = strrchr(detail->type_url, '/');
    return slash ? resolve(NULL, nx_str_from(slash + 1)) : NULL;
}

static void note_retry(const Google__Protobuf__Any *detail, struct nx_arena *arena,
                       unsigned *ret_retry_after_s)
{
    struct nx_str bytes = {(const char *)detail->value.data, detail->value.len};
    ProtobufCMessage *message;
    if (type_of(detail) != &google__rpc__retry_info__descriptor ||
        wire_pb_unpack(&google__rpc__retry_info__descriptor, bytes, &limits, arena, &message)
                .code != NX_OK)
        return;
    const Google__Protobuf__Duration *delay = ((Google__Rpc__RetryInfo *)message)->retry_delay;
    if (!delay || delay->seconds < 0)
        return;
    int64_t seconds = delay->seconds < MAX_RETRY_AFTER_S ? delay->seconds : MAX_RETRY_AFTER_S;
    *ret_retry_after_s = (unsigned)seconds + (delay->nanos > 0);
}

/* The reason of an ErrorInfo; NULL when it is none. */
static const char *reason_of(const Google__Protobuf__Any *detail, struct nx_arena *arena)
{
    struct nx_str bytes = {(const char *)detail->value.data, detail->value.len};
    ProtobufCMessage *message;
    if (type_of(detail) != &google__rpc__error_info__descriptor ||
        wire_pb_unpack(&google__rpc__error_info__descriptor, bytes, &limits, arena, &message)
                .code != NX_OK)
        return NULL;
    return ((Google__Rpc__ErrorInfo *)message)->reason;
}

const char *gw_error_reason(nx_status status, struct nx_arena *arena)
{
    ProtobufCMessage *message;
    const char *reason = status.error->reason;
    if (reason || status.error->details.len == 0 ||
        wire_pb_unpack(&google__rpc__status__descriptor, status.error->details, &limits, arena,
                       &message)
                .code != NX_OK)
        return reason ? reason : "";
    const Google__Rpc__Status *unpacked = (const Google__Rpc__Status *)message;
    for (size_t i = 0; !reason && i < unpacked->n_details; i++)
        reason = reason_of(unpacked->details[i], arena);
    return reason ? reason : "";
}

static void write_detail(const Google__Protobuf__Any *detail, const struct pbj_write_options *form,
                         struct nx_arena *arena, struct nx_buf *buf, bool *any_written)
{
    struct pbj_write_options options = form ? *form : (struct pbj_write_options){0};
    options.resolve = resolve;
    options.omit_defaults = true;
    if (!type_of(detail))
        return;
    size_t before = buf->len;
    if (*any_written)
        nx_buf_append_char(buf, ',');
    if (pbj_write(&detail->base, &options, arena, buf).code == NX_OK)
        *any_written = true;
    else
        buf->len = before;
}

static void write_details(nx_status status, const struct pbj_write_options *form,
                          struct nx_arena *arena, struct nx_buf *buf, unsigned *ret_retry_after_s)
{
    struct nx_str packed = wire_status_pack(status, arena);
    ProtobufCMessage *message;
    bool any_written = false;
    if (packed.len == 0 ||
        wire_pb_unpack(&google__rpc__status__descriptor, packed, &limits, arena, &message).code !=
            NX_OK)
        return;
    const Google__Rpc__Status *unpacked = (const Google__Rpc__Status *)message;
    for (size_t i = 0; i < unpacked->n_details; i++) {
        note_retry(unpacked->details[i], arena, ret_retry_after_s);
        write_detail(unpacked->details[i], form, arena, buf, &any_written);
    }
}

void gw_error_write(nx_status status, unsigned http_status, const struct pbj_write_options *form,
                    struct nx_arena *arena, struct nx_buf *buf, unsigned *ret_retry_after_s)
{
    struct nx_str message = nx_str_from(nx_status_message(status));
    if (!nx_utf8_valid(message)) /* of a server that is not ours */
        message = NX_STR("the error has no readable message");
    nx_buf_append_str(buf, NX_STR("{\"error\":{\"code\":"));
    nx_buf_append_u64(buf, http_status);
    nx_buf_append_str(buf, NX_STR(",\"message\":"));
    json_write_string(buf, message);
    nx_buf_append_str(buf, NX_STR(",\"status\":\""));
    nx_buf_append_str(buf, nx_str_from(nx_code_name(status.code)));
    nx_buf_append_str(buf, NX_STR("\",\"details\":["));
    write_details(status, form, arena, buf, ret_retry_after_s);
    nx_buf_append_str(buf, NX_STR("]}}\n"));
}
