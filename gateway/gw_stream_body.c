/* A body as requests of a call: each goes out when the one before has, and what the call cannot
 * take yet stays in the connection, which sleeps meanwhile. So no more of a body is in memory than
 * one read, and one line of it.
 *
 *   open    at the headers: the call is started, and the first message sent if the body has no part
 *           in it
 *   take    a part of the body: messages are made of it and sent
 *   flush   at its end: what is left of it
 *   finish  no more messages, so that the call ends with its answer
 *
 * A call may end before the body does, and a body may be found wrong: then the answer goes out at
 * once, and the connection is closed behind it. */
#include "gw_exchange_internal.h"
#include "gw_stream.h"
#include "gw_transcode.h"
#include "pbj.h"

#include <string.h>

/* Of a body that goes into messages as it is. */
#define MAX_CHUNK_BYTES ((size_t)256 << 10)

/* --- Messages --- */

/* Only the first message has what headers say. */
static nx_status make_message(struct gw_exchange *exchange, struct nx_str query, struct nx_str body,
                              bool is_raw, ProtobufCMessage **ret_message)
{
    struct gw_feed *feed = exchange->feed;
    struct gw_input input = {
        .query = query,
        .body = body,
        .max_depth = (uint32_t)exchange->gateway->config->json_max_depth,
        .is_raw = is_raw,
    };
    if (!feed->has_begun) {
        input.if_match = gw_exchange_header(exchange, "If-Match");
        input.idempotency_key = gw_exchange_header(exchange, "Idempotency-Key");
    }
    nx_arena_reset(feed->arena);
    return gw_transcode(&exchange->match, &input, feed->arena, ret_message);
}

/* One that is not taken is of no account: the call has ended, and its status says why. */
static void send_message(struct gw_exchange *exchange, const ProtobufCMessage *message)
{
    exchange->feed->has_begun = true;
    (void)gw_stream_send(exchange->stream, message);
}

/* The message before the content: all that is known beside it. */
static nx_status send_first(struct gw_exchange *exchange, struct nx_str query)
{
    ProtobufCMessage *message;
    NX_TRY(make_message(exchange, query, NX_STR(""), true, &message));
    send_message(exchange, message);
    return NX_STATUS_OK;
}

static nx_status send_content(struct gw_exchange *exchange, struct nx_str part)
{
    const struct gw_route *route = exchange->match.route;
    nx_arena_reset(exchange->feed->arena);
    ProtobufCMessage *message = pbj_new_message(exchange->feed->arena, route->method->request);
    if (!message)
        return nx_fail_memory();
    gw_field_put_bytes(message, route->stream_bytes, part);
    send_message(exchange, message);
    return NX_STATUS_OK;
}

/* A failure, with the number of the line before its message. */
static nx_status at_line(struct gw_exchange *exchange, nx_status status)
{
    struct nx_error *error = nx_arena_calloc(exchange->arena, 1, sizeof *error);
    char *message = nx_arena_printf(exchange->arena, "line %llu: %s",
                                    (unsigned long long)exchange->feed->lines.number,
                                    nx_status_message(status));
    if (!error || !message)
        return nx_fail_memory();
    *error = *nx_status_copy(exchange->arena, status).error;
    error->message = message;
    return (nx_status){status.code, error};
}

static nx_status send_line(struct gw_exchange *exchange, struct nx_str line)
{
    ProtobufCMessage *message;
    nx_status status = make_message(exchange, exchange->query, line, false, &message);
    if (status.code != NX_OK)
        return at_line(exchange, status);
    send_message(exchange, message);
    return NX_STATUS_OK;
}

/* --- Parts of the body --- */

static nx_status take_found(struct gw_exchange *exchange, enum gw_lines_found found,
                            struct nx_str line)
{
    switch (found) {
    case GW_LINES_ONE:
        return send_line(exchange, line);
    case GW_LINES_TOO_LONG:
        exchange->refusal = 413;
        return at_line(exchange,
                       nx_fail(exchange->arena, NX_RESOURCE_EXHAUSTED,
                               "it is longer than %zu bytes", exchange->feed->lines.max_bytes));
    case GW_LINES_NO_MEMORY:
        return nx_fail_memory();
    case GW_LINES_MORE:
        break;
    }
    return NX_STATUS_OK;
}

static nx_status take_lines(struct gw_exchange *exchange, struct nx_str *part)
{
    struct nx_str line = NX_STR("");
    enum gw_lines_found found = gw_lines_next(&exchange->feed->lines, part, &line);
    return take_found(exchange, found, line);
}

static nx_status take_raw(struct gw_exchange *exchange, struct nx_str *part)
{
    size_t len = part->len < MAX_CHUNK_BYTES ? part->len : MAX_CHUNK_BYTES;
    const struct nx_str content = {part->ptr, len};
    *part = (struct nx_str){part->ptr + len, part->len - len};
    return send_content(exchange, content);
}

static nx_status begin_part(struct gw_exchange *exchange)
{
    struct gw_feed *feed = exchange->feed;
    const struct gw_multipart *multipart = &feed->multipart;
    struct nx_str name = nx_str_from(multipart->name);
    const struct gw_route *route = exchange->match.route;
    feed->in_file =
        multipart->is_file || pbj_find_field(route->method->request, name) == route->stream_bytes;
    if (feed->has_begun)
        return nx_fail_field(exchange->arena, multipart->name,
                             feed->in_file ? "the form has more than one file"
                                           : "a field must stand before the file");
    if (feed->in_file)
        return send_first(exchange, nx_buf_str(&feed->fields));
    gw_feed_add_name(feed, name);
    return NX_STATUS_OK;
}

/* Send what has come of the file, if it is enough or `anyhow`. */
static nx_status send_file(struct gw_exchange *exchange, bool anyhow)
{
    struct nx_buf *content = &exchange->feed->content;
    if (content->failed)
        return nx_fail_memory();
    if (content->len < (anyhow ? 1 : GW_FEED_CONTENT_BYTES))
        return NX_STATUS_OK;
    nx_status status = send_content(exchange, nx_buf_str(content));
    content->len = 0;
    return status;
}

static nx_status take_form(struct gw_exchange *exchange, struct nx_str *part)
{
    struct gw_feed *feed = exchange->feed;
    struct nx_str data = NX_STR("");
    switch (gw_multipart_next(&feed->multipart, part, &data)) {
    case GW_PART_BEGIN:
        return begin_part(exchange);
    case GW_PART_DATA:
        if (feed->in_file) {
            nx_buf_append_str(&feed->content, data);
            return send_file(exchange, part->len == 0);
        }
        gw_feed_add_value(feed, data);
        break;
    case GW_PART_BAD:
        return nx_fail(exchange->arena, NX_INVALID_ARGUMENT, "the body is no form: %s",
                       feed->multipart.problem);
    case GW_PART_END:
    case GW_PART_MORE:
        NX_TRY(send_file(exchange, true));
        break;
    }
    if (!feed->fields.failed)
        return NX_STATUS_OK;
    exchange->refusal = 413;
    return nx_fail(exchange->arena, NX_RESOURCE_EXHAUSTED,
                   "the fields of the form are longer than they may be");
}

/* Take something off the part, and send one message at most. */
static nx_status take_some(struct gw_exchange *exchange, struct nx_str *part)
{
    static nx_status (*const takers[])(struct gw_exchange *, struct nx_str *) = {
        [GW_FEED_LINES] = take_lines,
        [GW_FEED_RAW] = take_raw,
        [GW_FEED_FORM] = take_form,
    };
    return takers[exchange->feed->form](exchange, part);
}

/* --- An answer before its time --- */

static void answer_now(struct gw_exchange *exchange, nx_status status)
{
    if (status.code != NX_OK) {
        exchange->failed_step = "body";
        gw_render_failure(exchange, status);
    }
    exchange->phase = GW_ANSWERED;
}

void gw_stream_body_refuse(struct gw_exchange *exchange, nx_status status)
{
    gw_stream_cancel(exchange->stream);
    answer_now(exchange, status);
}

nx_status gw_stream_body_render(struct gw_exchange *exchange)
{
    const ProtobufCMessage *response = NULL;
    nx_status status = NX_STATUS_OK;
    (void)gw_stream_look(exchange->stream, &response, &status);
    gw_exchange_keep_metadata(exchange);
    exchange->call_status = status;
    exchange->response = response;
    return gw_render_message(exchange);
}

/* Whether the call has ended before the body: then it is answered. */
static bool has_ended(struct gw_exchange *exchange)
{
    const ProtobufCMessage *message;
    nx_status status;
    bool ended = gw_stream_look(exchange->stream, &message, &status) == GW_END;
    if (ended)
        answer_now(exchange, gw_stream_body_render(exchange));
    return ended;
}

void gw_stream_body_look(struct gw_exchange *exchange)
{
    (void)has_ended(exchange);
}

/* --- The life --- */

/* A body that streams is not kept, so that it may be longer; nor is it unpacked. */
nx_status gw_stream_body_admit(struct gw_exchange *exchange)
{
    uint64_t most = exchange->gateway->config->http_max_stream_bytes;
    const struct gw_route *route = exchange->match.route;
    enum gw_coding coding;
    if (exchange->head->length > most)
        return REFUSE(exchange, 413, NX_RESOURCE_EXHAUSTED, "the body is longer than %llu bytes",
                      (unsigned long long)most);
    const char *type = gw_exchange_header(exchange, "Content-Type");
    exchange->feed = nx_arena_calloc(exchange->arena, 1, sizeof *exchange->feed);
    if (!exchange->feed)
        return nx_fail_memory();
    exchange->feed->form = route->stream_bytes ? GW_FEED_RAW : GW_FEED_LINES;
    if (!exchange->has_body && !type)
        return NX_STATUS_OK;
    if (!gw_coding_parse(gw_exchange_header(exchange, "Content-Encoding"), &coding) ||
        coding != GW_IDENTITY)
        return REFUSE(exchange, 415, NX_INVALID_ARGUMENT,
                      "a body that streams cannot have a Content-Encoding");
    if (!gw_feed_choose(route, type, &exchange->feed->form))
        return REFUSE(exchange, 415, NX_INVALID_ARGUMENT,
                      "the Content-Type of a body can be one of %s",
                      gw_feed_types(route, exchange->arena));
    return NX_STATUS_OK;
}

nx_status gw_stream_body_open(struct gw_exchange *exchange)
{
    struct gw_feed *feed = exchange->feed;
    const struct gw_config *config = exchange->gateway->config;
    ProtobufCMessage *message = NULL;
    if (exchange->kind != GW_CLIENT_STREAM)
        return NX_STATUS_OK;
    feed->arena = nx_arena_new(config->http_max_exchange_bytes);
    if (!feed->arena)
        return nx_fail_memory();
    if (!gw_feed_init(feed, feed->form, gw_exchange_header(exchange, "Content-Type"),
                      (size_t)config->http_max_body_bytes, (size_t)config->http_max_header_bytes))
        return nx_fail(exchange->arena, NX_INVALID_ARGUMENT,
                       "the header Content-Type has no boundary that could be one");
    if (feed->form == GW_FEED_RAW) /* before there is a call that would have to be cancelled */
        NX_TRY(make_message(exchange, exchange->query, NX_STR(""), true, &message));
    if (feed->form == GW_FEED_FORM)
        nx_buf_append_str(&feed->fields, exchange->query);
    NX_TRY(gw_exchange_open_stream(exchange));
    if (message)
        send_message(exchange, message);
    return NX_STATUS_OK;
}

/* Whether the next message may be sent; else it is waited for, or answered. */
static bool can_send(struct gw_exchange *exchange)
{
    return !has_ended(exchange) && !gw_stream_is_sending(exchange->stream);
}

size_t gw_stream_body_take(struct gw_exchange *exchange, struct nx_str part)
{
    uint64_t most = exchange->gateway->config->http_max_stream_bytes;
    nx_status status = NX_STATUS_OK;
    size_t all = part.len;
    while (part.len > 0 && status.code == NX_OK && can_send(exchange))
        status = take_some(exchange, &part);
    exchange->body_bytes += all - part.len;
    if (status.code == NX_OK && exchange->body_bytes > most && exchange->phase == GW_AT_BODY) {
        exchange->refusal = 413;
        status = nx_fail(exchange->arena, NX_RESOURCE_EXHAUSTED,
                         "the body is longer than %llu bytes", (unsigned long long)most);
    }
    if (status.code != NX_OK)
        gw_stream_body_refuse(exchange, status);
    return all - part.len;
}

/* Send what is left. */
static nx_status flush_rest(struct gw_exchange *exchange, bool *ret_more)
{
    struct gw_feed *feed = exchange->feed;
    struct nx_str line = NX_STR("");
    *ret_more = false;
    if (feed->form == GW_FEED_LINES) {
        enum gw_lines_found found = gw_lines_last(&feed->lines, &line);
        *ret_more = found != GW_LINES_MORE;
        return take_found(exchange, found, line);
    }
    if (feed->form == GW_FEED_RAW)
        return NX_STATUS_OK;
    if (!gw_multipart_is_whole(&feed->multipart))
        return nx_fail(exchange->arena, NX_INVALID_ARGUMENT,
                       "the body is no form: its last boundary is missing");
    if (!feed->has_begun)
        return nx_fail_field(exchange->arena, exchange->match.route->stream_bytes->name,
                             "the form has no file");
    return NX_STATUS_OK;
}

bool gw_stream_body_flush(struct gw_exchange *exchange)
{
    bool more = true;
    while (more) {
        if (!can_send(exchange))
            return false;
        nx_status status = flush_rest(exchange, &more);
        if (status.code != NX_OK) {
            gw_stream_body_refuse(exchange, status);
            return false;
        }
    }
    return true;
}

nx_status gw_stream_body_finish(struct gw_exchange *exchange)
{
    gw_stream_half_close(exchange->stream);
    return NX_STATUS_OK;
}
