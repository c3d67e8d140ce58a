/* google.protobuf.Any: an object with "@type" and, beside it, the members of the message; or, when
 * that is a well-known type with a form of its own, one member "value".
 *
 * "@type" need not be the first member. It is searched for by reading ahead and starting over; what
 * is read ahead in all is capped, or else Anys within Anys would take quadratic time. */
#include <google/protobuf/any.pb-c.h>

#include "json_write.h"
#include "pbj_internal.h"
#include "wire_pb.h"

/* Of the message in an Any. What is read from JSON of the usual depth can be written again: a
 * Struct in a Struct is one level there, and three in bytes. */
static const struct wire_pb_limits limits = {.max_depth = 301, .max_fields = 1000000};

static const ProtobufCMessageDescriptor *resolve(pbj_resolve function, void *context,
                                                 const char *url)
{
    const char *slash = strrchr(url, '/');
    if (!function || !slash)
        return NULL;
    return function(context, nx_str_from(slash + 1));
}

static bool is_type_key(const struct json_token *key)
{
    return nx_str_equal(key->text, NX_STR("@type"));
}

/* Read up to the value of "@type"; NULL when the object is empty. */
static nx_status find_type(struct pbj_in *in, char **ret_url)
{
    struct json_token token;
    for (bool empty = true;; empty = false) {
        NX_TRY(pbj_next(in, &token));
        if (token.kind == JSON_OBJECT_END && empty) {
            *ret_url = NULL;
            return NX_STATUS_OK;
        }
        if (token.kind == JSON_OBJECT_END)
            return pbj_fail(in, "has no \"@type\"");
        bool found = is_type_key(&token);
        NX_TRY(pbj_next(in, &token));
        if (found)
            return pbj_read_string(in, &token, ret_url);
        NX_TRY(pbj_skip(in, &token));
    }
}

/* As find_type(), and go back to where the object's members begin. */
static nx_status peek_type(struct pbj_in *in, char **ret_url)
{
    const struct json_reader start = in->json;
    NX_TRY(find_type(in, ret_url));
    size_t ahead = in->json.offset - start.offset;
    if (ahead > in->lookahead_left)
        return pbj_fail(in, "must have \"@type\" as its first member: it is nested too deep");
    in->lookahead_left -= ahead;
    in->json = start;
    return NX_STATUS_OK;
}

static nx_status read_inner(struct pbj_in *in, const ProtobufCMessageDescriptor *type,
                            ProtobufCMessage **ret_message)
{
    if (*ret_message)
        return pbj_fail(in, "is given twice");
    struct json_token token;
    NX_TRY(pbj_next(in, &token));
    return pbj_read_message(in, type, &token, ret_message);
}

/* Read the members "@type" and "value", up to the object's end. */
static nx_status read_special(struct pbj_in *in, const ProtobufCMessageDescriptor *type,
                              ProtobufCMessage **ret_message)
{
    struct pbj_path here = {.parent = in->path, .step = PBJ_FIELD, .field = "value"};
    bool typed = false;
    ProtobufCMessage *message = NULL;
    for (;;) {
        struct json_token token;
        NX_TRY(pbj_next(in, &token));
        if (token.kind == JSON_OBJECT_END)
            break;
        if (!typed && is_type_key(&token)) {
            typed = true;
            NX_TRY(pbj_next(in, &token));
        } else if (nx_str_equal(token.text, NX_STR("value"))) {
            in->path = &here;
            nx_status status = read_inner(in, type, &message);
            in->path = here.parent;
            NX_TRY(status);
        } else {
            NX_TRY(pbj_read_unknown(in, type, &token));
        }
    }
    if (!message)
        return pbj_fail(in, "has no \"value\", which its type needs");
    *ret_message = message;
    return NX_STATUS_OK;
}

static nx_status pack(struct pbj_in *in, const ProtobufCMessage *message,
                      ProtobufCBinaryData *ret_bytes)
{
    size_t len = wire_pb_packed_size(message);
    uint8_t *bytes = nx_arena_alloc(in->arena, len);
    if (!bytes)
        return nx_fail_memory();
    (void)wire_pb_pack(message, bytes, len);
    *ret_bytes = (ProtobufCBinaryData){len, bytes};
    return NX_STATUS_OK;
}

nx_status pbj_read_any(struct pbj_in *in, const struct json_token *token, ProtobufCMessage *message)
{
    if (token->kind != JSON_OBJECT_BEGIN)
        return pbj_fail_kind(in, token, "an object");
    char *url = NULL;
    NX_TRY(peek_type(in, &url));
    if (!url) {
        struct json_token end;
        return pbj_next(in, &end);
    }
    const ProtobufCMessageDescriptor *type =
        resolve(in->options->resolve, in->options->resolve_context, url);
    if (!type) {
        struct nx_str shown = pbj_clip(nx_str_from(url));
        return pbj_fail(in, "\"%.*s\" is not a type that is known here", (int)shown.len, shown.ptr);
    }
    ProtobufCMessage *inner = NULL;
    if (pbj_wellknown_of(type) != PBJ_PLAIN) {
        NX_TRY(read_special(in, type, &inner));
    } else {
        inner = pbj_new_message(in->arena, type);
        if (!inner)
            return nx_fail_memory();
        NX_TRY(pbj_read_members(in, inner, true));
    }
    Google__Protobuf__Any *any = (Google__Protobuf__Any *)message;
    any->type_url = url;
    return pack(in, inner, &any->value);
}

/* ---- Writing ---- */

static nx_status unpack(struct pbj_out *out, const ProtobufCMessageDescriptor *type,
                        const ProtobufCBinaryData *value, ProtobufCMessage **ret_message)
{
    struct nx_str bytes = {(const char *)value->data, value->len};
    nx_status status = wire_pb_unpack(type, bytes, &limits, out->arena, ret_message);
    if (status.code == NX_INVALID_ARGUMENT)
        return pbj_fail_write(out, "an Any does not hold the %s that it says: %s", type->name,
                              nx_status_message(status));
    return status;
}

nx_status pbj_write_any(struct pbj_out *out, const ProtobufCMessage *message)
{
    const Google__Protobuf__Any *any = (const Google__Protobuf__Any *)message;
    const char *url = any->type_url ? any->type_url : "";
    if (*url == '\0' && any->value.len == 0) {
        nx_buf_append_str(out->buf, NX_STR("{}"));
        return NX_STATUS_OK;
    }
    const ProtobufCMessageDescriptor *type =
        resolve(out->options->resolve, out->options->resolve_context, url);
    if (!type)
        return pbj_fail_write(out, "an Any is of a type that is not known here");
    ProtobufCMessage *inner = NULL;
    NX_TRY(unpack(out, type, &any->value, &inner));
    NX_TRY(pbj_open(out, '{'));
    nx_buf_append_str(out->buf, NX_STR("\"@type\":"));
    NX_TRY(pbj_write_string(out, url));
    enum pbj_wellknown kind = pbj_wellknown_of(type);
    if (kind == PBJ_PLAIN) {
        NX_TRY(pbj_write_members(out, inner, false));
    } else {
        nx_buf_append_str(out->buf, NX_STR(",\"value\":"));
        NX_TRY(pbj_write_wellknown(out, kind, inner));
    }
    pbj_close(out, '}');
    return NX_STATUS_OK;
}
