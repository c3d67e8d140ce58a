#include "http_answer.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#define DATE_BYTES 40

void http_answer_add(struct http_answer *answer, const char *name, const char *value)
{
    if (!value)
        return;
    assert(answer->header_count < HTTP_MAX_ANSWER_HEADERS);
    answer->headers[answer->header_count++] = (struct http_header){name, value};
}

void http_answer_set(struct http_answer *answer, const char *name, const char *value)
{
    for (unsigned i = 0; i < answer->header_count; i++) {
        if (strcmp(answer->headers[i].name, name) == 0) {
            answer->headers[i].value = value;
            return;
        }
    }
    http_answer_add(answer, name, value);
}

/* RFC 9110, 15. */
static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {499, "Client Closed Request"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "";
}

/* The time as headers have it (RFC 9110, 5.6.7), made anew once a second by each thread. */
static const char *date(void)
{
    static _Thread_local time_t made;
    static _Thread_local char text[DATE_BYTES];
    time_t now = time(NULL);
    struct tm utc;
    if (now != made && gmtime_r(&now, &utc) &&
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc) > 0)
        made = now;
    return text;
}

static void append(struct nx_buf *out, const char *text)
{
    nx_buf_append(out, text, strlen(text));
}

static void append_header(struct nx_buf *out, const char *name, const char *value)
{
    append(out, name);
    nx_buf_append(out, ": ", 2);
    append(out, value);
    nx_buf_append(out, "\r\n", 2);
}

void http_answer_write_head(const struct http_answer *answer, const struct http_framing *framing,
                            struct nx_buf *out)
{
    nx_buf_append(out, "HTTP/1.1 ", 9);
    nx_buf_append_u64(out, answer->status);
    nx_buf_append_char(out, ' ');
    append(out, reason_of(answer->status));
    nx_buf_append(out, "\r\n", 2);
    append_header(out, "Date", date());
    for (unsigned i = 0; i < answer->header_count; i++)
        append_header(out, answer->headers[i].name, answer->headers[i].value);
    if (framing->closes)
        append_header(out, "Connection", "close");
    else if (framing->says_keep_alive)
        append_header(out, "Connection", "keep-alive");
    if (framing->is_chunked)
        append_header(out, "Transfer-Encoding", "chunked");
    if (framing->has_length) {
        append(out, "Content-Length: ");
        nx_buf_append_u64(out, answer->content.len);
        nx_buf_append(out, "\r\n", 2);
    }
    nx_buf_append(out, "\r\n", 2);
}
