/* A stream as an answer: each message becomes text when the connection has taken the one before,
 * and only then is the next but one asked for. So there are never more than two: one as text, and
 * one that has come meanwhile. */
#include "gw_exchange_internal.h"
#include "gw_stream.h"
#include "nx_clock.h"

#include <string.h>

/* A text as an id of an event; longer ones are left out. */
#define MAX_ID_BYTES 1024

static int64_t next_beat_ns(const struct gw_exchange *exchange)
{
    return nx_clock_monotonic_ns() +
           (int64_t)exchange->gateway->config->http_heartbeat_s * 1000000000;
}

/* Set the time at which it must show that it lives, if it can. */
static void expect_beat(struct gw_exchange *exchange)
{
    struct gw_flow *flow = &exchange->flow;
    flow->beat_ns = flow->form == GW_EVENTS ? next_beat_ns(exchange) : NX_DEADLINE_NEVER;
    http_connection_wake_at(exchange->connection, flow->beat_ns);
}

static bool is_beat_due(const struct gw_exchange *exchange)
{
    return exchange->flow.beat_ns <= nx_clock_monotonic_ns();
}

/* --- Steps --- */

nx_status gw_stream_answer_open(struct gw_exchange *exchange)
{
    exchange->flow.arena = nx_arena_new(exchange->gateway->config->http_max_exchange_bytes);
    if (!exchange->flow.arena)
        return nx_fail_memory();
    NX_TRY(gw_exchange_open_stream(exchange));
    gw_stream_ask(exchange->stream);
    expect_beat(exchange);
    return NX_STATUS_OK;
}

bool gw_stream_answer_can_begin(const struct gw_exchange *exchange)
{
    const ProtobufCMessage *message;
    nx_status status;
    return gw_stream_look(exchange->stream, &message, &status) != GW_NOTHING ||
           (exchange->kind == GW_SERVER_STREAM && is_beat_due(exchange));
}

/* An error before the first message is an answer like any other. */
nx_status gw_stream_answer_begin(struct gw_exchange *exchange)
{
    const ProtobufCMessage *message;
    nx_status status;
    gw_exchange_keep_metadata(exchange);
    if (gw_stream_look(exchange->stream, &message, &status) == GW_END) {
        gw_render_note_status(exchange, status);
        NX_TRY(status);
    }
    gw_render_stream(exchange);
    return NX_STATUS_OK;
}

nx_status gw_stream_answer_head(struct gw_exchange *exchange)
{
    gw_render_stream(exchange);
    return NX_STATUS_OK;
}

/* --- Content --- */

static void append_id(const struct gw_exchange *exchange, const ProtobufCMessage *message,
                      struct nx_buf *id)
{
    const ProtobufCFieldDescriptor *field = exchange->match.route->stream_id;
    if (field && exchange->flow.form == GW_EVENTS)
        gw_field_append(message, field, id);
    if (id->failed)
        id->len = 0;
}

static nx_status append_message(struct gw_exchange *exchange, const ProtobufCMessage *message)
{
    struct gw_flow *flow = &exchange->flow;
    struct nx_buf id;
    nx_buf_init(&id, MAX_ID_BYTES);
    append_id(exchange, message, &id);
    gw_frames_begin(flow->form, !flow->has_begun, nx_buf_str(&id), &exchange->out);
    nx_buf_cleanup(&id);
    nx_arena_reset(flow->arena);
    NX_TRY(gw_render_json(exchange, message, flow->arena, &exchange->out));
    gw_frames_end(flow->form, &exchange->out);
    if (exchange->out.failed)
        return nx_fail(exchange->arena, NX_INTERNAL, "a message is larger than it may be");
    return NX_STATUS_OK;
}

/* Nothing comes any more. */
static void append_end(struct gw_exchange *exchange, nx_status status)
{
    struct gw_flow *flow = &exchange->flow;
    struct nx_buf json;
    flow->is_over = true;
    if (status.code == NX_OK) {
        gw_frames_finish(flow->form, !flow->has_begun, &exchange->out);
        return;
    }
    nx_buf_init(&json, exchange->gateway->config->http_max_exchange_bytes);
    gw_render_note_status(exchange, status);
    gw_render_error(exchange, status, exchange->arena, &json);
    exchange->failed_step = "stream";
    flow->is_broken =
        json.failed || !gw_frames_error(flow->form, nx_buf_str(&json), &exchange->out);
    nx_buf_cleanup(&json);
}

static void take_message(struct gw_exchange *exchange, const ProtobufCMessage *message)
{
    nx_status status = append_message(exchange, message);
    exchange->flow.has_begun = true;
    if (status.code == NX_OK) {
        gw_stream_ask(exchange->stream);
        return;
    }
    exchange->out.len = 0;
    exchange->out.failed = false;
    append_end(exchange, status);
}

/* Put the next piece into `out`. False: there is none yet. */
static bool append_next(struct gw_exchange *exchange)
{
    const ProtobufCMessage *message;
    nx_status status;
    switch (gw_stream_look(exchange->stream, &message, &status)) {
    case GW_MESSAGE:
        take_message(exchange, message);
        return true;
    case GW_END:
        append_end(exchange, status);
        return true;
    case GW_NOTHING:
        break;
    }
    bool is_due = is_beat_due(exchange);
    expect_beat(exchange);
    if (is_due)
        gw_frames_beat(exchange->flow.form, &exchange->out);
    return is_due;
}

long gw_exchange_read(struct gw_exchange *exchange, char *to, size_t room)
{
    struct gw_flow *flow = &exchange->flow;
    struct nx_buf *out = &exchange->out;
    if (flow->taken == out->len) {
        out->len = 0;
        flow->taken = 0;
        if (flow->is_over)
            return flow->is_broken ? HTTP_READ_BROKEN : HTTP_READ_END;
        if (!append_next(exchange))
            return 0;
        if (out->len == 0) /* an end without words */
            return flow->is_broken ? HTTP_READ_BROKEN : HTTP_READ_END;
    }
    size_t left = out->len - flow->taken;
    size_t count = left < room ? left : room;
    memcpy(to, out->ptr + flow->taken, count);
    flow->taken += count;
    return (long)count;
}
