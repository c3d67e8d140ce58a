#include "gw_feed.h"

#include <strings.h>

static bool is_type(const char *content_type, const char *type)
{
    size_t len = strlen(type);
    return strncasecmp(content_type, type, len) == 0 &&
           (content_type[len] == '\0' || strchr("; \t", content_type[len]));
}

bool gw_feed_choose(const struct gw_route *route, const char *content_type,
                    enum gw_feed_form *ret_form)
{
    const struct oas_stream *stream = route->rule->stream;
    const char *type = content_type ? content_type : "application/octet-stream";
    bool is_raw = is_type(type, "application/octet-stream");
    if (*route->rule->body &&
        (is_type(type, "application/x-ndjson") || is_type(type, "application/jsonl"))) {
        *ret_form = GW_FEED_LINES;
        return true;
    }
    if (!route->stream_bytes)
        return false;
    if (is_type(type, "multipart/form-data")) {
        *ret_form = GW_FEED_FORM;
        return true;
    }
    for (size_t i = 0; i < stream->type_count; i++)
        is_raw = is_raw || is_type(type, stream->types[i]);
    *ret_form = GW_FEED_RAW;
    return is_raw;
}

const char *gw_feed_types(const struct gw_route *route, struct nx_arena *arena)
{
    const struct oas_stream *stream = route->rule->stream;
    const char *types = *route->rule->body ? "application/x-ndjson" : "";
    if (!route->stream_bytes)
        return types;
    types = nx_arena_printf(arena, "%s%sapplication/octet-stream, multipart/form-data", types,
                            *types ? ", " : "");
    for (size_t i = 0; types && i < stream->type_count; i++)
        types = nx_arena_printf(arena, "%s, %s", types, stream->types[i]);
    return types;
}

bool gw_feed_init(struct gw_feed *feed, enum gw_feed_form form, const char *content_type,
                  size_t max_line_bytes, size_t max_fields_bytes)
{
    feed->form = form;
    gw_lines_init(&feed->lines, max_line_bytes);
    nx_buf_init(&feed->fields, max_fields_bytes);
    nx_buf_init(&feed->content, SIZE_MAX);
    return form != GW_FEED_FORM || gw_multipart_init(&feed->multipart, content_type);
}

void gw_feed_cleanup(struct gw_feed *feed)
{
    if (!feed)
        return;
    gw_lines_cleanup(&feed->lines);
    gw_multipart_cleanup(&feed->multipart);
    nx_buf_cleanup(&feed->fields);
    nx_buf_cleanup(&feed->content);
    nx_arena_destroy(feed->arena);
}

static void append_encoded(struct nx_buf *buf, struct nx_str text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
        if (is_plain) {
            nx_buf_append_char(buf, (char)c);
            continue;
        }
        const char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
        nx_buf_append(buf, escape, sizeof escape);
    }
}

void gw_feed_add_name(struct gw_feed *feed, struct nx_str name)
{
    nx_buf_append_char(&feed->fields, '&');
    append_encoded(&feed->fields, name);
    nx_buf_append_char(&feed->fields, '=');
}

void gw_feed_add_value(struct gw_feed *feed, struct nx_str part)
{
    append_encoded(&feed->fields, part);
}
