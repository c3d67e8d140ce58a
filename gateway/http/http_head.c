#include "http_head.h"

#include <string.h>
#include <strings.h>

static const char bad_line_end[] = "a line of the head does not end with CR LF";
static const char bad_request_line[] =
    "the request line is not METHOD TARGET VERSION, with a blank between";

/* --- Characters --- */

/* RFC 9110, 5.6.2. */
static bool is_token_char(unsigned char c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr(others, c));
}

static bool is_token(struct nx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_token_char((unsigned char)text.ptr[i]))
            return false;
    }
    return text.len > 0;
}

/* uri-host [ ":" port ] (RFC 9110, 7.2), but for a comma, which would be a list of hosts. It may be
 * empty. */
static bool is_host(const char *text)
{
    static const char allowed[] = "-._~%!$&'()*+;=:[]0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return text[strspn(text, allowed)] == '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool has_control(struct nx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

/* --- The end --- */

size_t http_head_find(const char *text, size_t len, size_t *scanned)
{
    size_t at = *scanned;
    while (at < len) {
        const char *line_end = memchr(text + at, '\n', len - at);
        if (!line_end)
            break;
        size_t next = (size_t)(line_end - text) + 1;
        if (next < len && text[next] == '\n')
            return next + 1;
        if (next + 1 < len && text[next] == '\r' && text[next + 1] == '\n')
            return next + 2;
        at = next;
    }
    /* A line end that was the last, or the last but one, is to be seen again. */
    size_t back = len < 2 ? len : 2;
    *scanned = len - back;
    return 0;
}

/* --- The request line --- */

struct request_line {
    struct nx_str method;
    struct nx_str target;
    struct nx_str version;
};

static struct nx_str cut(struct nx_str *text, char at)
{
    const char *found = memchr(text->ptr, at, text->len);
    struct nx_str before = {text->ptr, found ? (size_t)(found - text->ptr) : text->len};
    size_t skipped = before.len + (found ? 1 : 0);
    *text = (struct nx_str){text->ptr + skipped, text->len - skipped};
    return before;
}

static const char *split_request_line(struct nx_str line, struct request_line *ret_line,
                                      unsigned *ret_status)
{
    struct nx_str rest = line;
    ret_line->method = cut(&rest, ' ');
    ret_line->target = cut(&rest, ' ');
    ret_line->version = rest;
    const char *version = rest.ptr;
    *ret_status = 400;
    if (!is_token(ret_line->method))
        return "the method is no token";
    if (ret_line->target.len == 0 || has_control(ret_line->target) ||
        memchr(ret_line->target.ptr, '\t', ret_line->target.len))
        return bad_request_line;
    if (rest.len != 8 || memcmp(version, "HTTP/", 5) != 0 || version[5] < '0' || version[5] > '9' ||
        version[6] != '.' || version[7] < '0' || version[7] > '9')
        return bad_request_line;
    *ret_status = 505;
    return version[5] == '1' ? NULL : "the version is not HTTP/1.1 or HTTP/1.0";
}

/* Take a line off the head, without its end. False: its end is not CR LF, or there is a CR within.
 */
static bool take_line(struct nx_str *head, struct nx_str *ret_line)
{
    struct nx_str line = cut(head, '\n');
    if (line.len == 0 || line.ptr[line.len - 1] != '\r')
        return false;
    line.len--;
    *ret_line = line;
    return !memchr(line.ptr, '\r', line.len);
}

const char *http_head_foresee(const char *text, size_t len, unsigned *ret_status)
{
    struct nx_str head = {text, len};
    struct request_line parts;
    struct nx_str line;
    *ret_status = 400;
    if (!memchr(text, '\n', len)) {
        for (size_t i = 0; i < len && text[i] != ' '; i++) {
            if (!is_token_char((unsigned char)text[i]) && (text[i] != '\r' || i + 1 < len))
                return "the method is no token";
        }
        return NULL;
    }
    return take_line(&head, &line) ? split_request_line(line, &parts, ret_status) : bad_line_end;
}

/* --- Headers --- */

/* What the headers that are looked at here have said so far. */
struct framing {
    unsigned hosts;
    unsigned lengths;
    unsigned codings;
    bool says_close;
    bool says_keep_alive;
};

static void blame_as(struct http_request *request, bool is_wrong, unsigned status,
                     const char *fault)
{
    if (!is_wrong || request->fault)
        return;
    request->fault = fault;
    request->fault_status = status;
}

static void blame(struct http_request *request, bool is_wrong, const char *fault)
{
    blame_as(request, is_wrong, 400, fault);
}

static void read_length(struct http_request *request, struct nx_str value)
{
    uint64_t length = 0;
    bool is_number = value.len > 0;
    for (size_t i = 0; i < value.len && is_number; i++) {
        unsigned digit = (unsigned)(unsigned char)value.ptr[i] - '0';
        is_number = digit <= 9;
        bool is_beyond = length > (UINT64_MAX - 9) / 10;
        length = is_beyond ? UINT64_MAX : length * 10 + digit;
    }
    blame(request, !is_number, "the Content-Length is no number");
    request->has_length = true;
    request->length = length;
}

/* A body that is coded otherwise before it is chunked has an end that could be found: 501 (RFC
 * 9112, 6.1). Others have none: 400 (6.3). */
static void read_coding(struct http_request *request, const char *value, bool has_blanks)
{
    static const char fault[] = "there is no Transfer-Encoding but chunked";
    const char *comma = strrchr(value, ',');
    const char *last = comma ? comma + 1 + strspn(comma + 1, " \t") : value;
    bool is_chunked = !has_blanks && strcasecmp(last, "chunked") == 0;
    request->is_chunked = true;
    blame(request, !is_chunked || strcasestr(value, "chunked") != last, fault);
    blame_as(request, last != value, 501, fault);
}

static void read_connection(struct framing *framing, struct nx_str value)
{
    while (value.len > 0) {
        struct nx_str option = cut(&value, ',');
        while (option.len > 0 && is_blank(option.ptr[0]))
            option = (struct nx_str){option.ptr + 1, option.len - 1};
        while (option.len > 0 && is_blank(option.ptr[option.len - 1]))
            option.len--;
        framing->says_close |= option.len == 5 && strncasecmp(option.ptr, "close", 5) == 0;
        framing->says_keep_alive |=
            option.len == 10 && strncasecmp(option.ptr, "keep-alive", 10) == 0;
    }
}

/* The value is raw up to here: with the blanks behind it. */
static void read_header(struct http_request *request, struct framing *framing, const char *name,
                        struct nx_str value, bool has_blanks)
{
    if (strcasecmp(name, "Host") == 0) {
        framing->hosts++;
        blame(request, !is_host(value.ptr), "the Host is none");
    } else if (strcasecmp(name, "Content-Length") == 0) {
        framing->lengths++;
        read_length(request, value);
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        framing->codings++;
        read_coding(request, value.ptr, has_blanks);
    } else if (strcasecmp(name, "Connection") == 0) {
        read_connection(framing, value);
    } else if (strcasecmp(name, "Expect") == 0) {
        request->expects_continue = strcasecmp(value.ptr, "100-continue") == 0;
    }
}

/* Take "Name: value" apart, in place. */
static void parse_header(struct http_request *request, struct framing *framing, char *line,
                         size_t len, struct http_header *ret_header)
{
    char *colon = memchr(line, ':', len);
    struct nx_str name = {line, colon ? (size_t)(colon - line) : 0};
    *ret_header = (struct http_header){"", ""};
    blame(request, len > 0 && is_blank(*line), "a line of the head goes on in the next");
    blame(request, !colon, "a line of the head has no colon");
    if (!colon)
        return;
    blame(request, !is_token(name), "the name of a header is no token");
    char *begin = colon + 1;
    char *end = line + len;
    while (begin < end && is_blank(*begin))
        begin++;
    while (end > begin && is_blank(end[-1]))
        end--;
    struct nx_str value = {begin, (size_t)(end - begin)};
    blame(request, has_control(value), "a header has a control character");
    bool has_blanks = end < line + len;
    *colon = '\0';
    *end = '\0'; /* at the CR, at the latest */
    *ret_header = (struct http_header){line, begin};
    if (!request->fault)
        read_header(request, framing, line, value, has_blanks);
}

static size_t count_lines(struct nx_str text)
{
    size_t count = 0;
    while (text.len > 0) {
        (void)cut(&text, '\n');
        count++;
    }
    return count;
}

static void parse_headers(struct http_request *request, struct nx_str head, struct framing *framing)
{
    size_t most = count_lines(head); /* one too many: the empty line */
    if (most > HTTP_MAX_HEADERS + 1) {
        request->fault = "there are more headers than can be taken";
        request->fault_status = 431;
        return;
    }
    struct http_header *headers = nx_arena_calloc(request->arena, most, sizeof *headers);
    if (!headers) {
        request->fault = "there is no memory for the headers";
        request->fault_status = 503;
        return;
    }
    request->headers = headers;
    while (head.len > 0 && !request->fault) {
        struct nx_str line;
        bool is_whole = take_line(&head, &line);
        blame(request, !is_whole, bad_line_end);
        if (request->fault || line.len == 0)
            return;
        parse_header(request, framing, (char *)line.ptr, line.len,
                     &headers[request->header_count++]);
    }
}

static void judge(struct http_request *request, const struct framing *framing)
{
    blame(request, framing->lengths + framing->codings > 1,
          "more than one Content-Length or Transfer-Encoding");
    blame(request, framing->codings > 0 && request->is_old,
          "there is no Transfer-Encoding in HTTP/1.0");
    blame(request, framing->hosts > 1, "more than one Host");
    blame(request, framing->hosts == 0 && !request->is_old, "there is no Host");
    if (request->is_old) /* it has no 100, and sends without (RFC 9110, 10.1.1) */
        request->expects_continue = false;
    request->keeps_alive = !framing->says_close && (!request->is_old || framing->says_keep_alive);
}

/* --- The whole --- */

void http_head_refuse(struct nx_arena *arena, unsigned status, const char *fault,
                      struct http_request *ret_request)
{
    *ret_request = (struct http_request){
        .arena = arena, .method = "", .target = NX_STR(""), .fault = fault, .fault_status = status};
}

void http_head_parse(char *text, size_t len, struct nx_arena *arena,
                     struct http_request *ret_request)
{
    struct nx_str head = {text, len};
    struct nx_str line = NX_STR("");
    struct request_line parts = {.method = NX_STR("")};
    struct framing framing = {0};
    unsigned status = 400;
    const char *fault =
        take_line(&head, &line) ? split_request_line(line, &parts, &status) : bad_line_end;
    http_head_refuse(arena, status, fault, ret_request);
    if (fault)
        return;
    text[parts.method.len] = '\0';
    ret_request->method = text;
    ret_request->target = parts.target;
    text[line.len - parts.version.len - 1] = '\0';
    ret_request->is_old = memcmp(parts.version.ptr, "HTTP/1.0", 8) == 0;
    parse_headers(ret_request, head, &framing);
    judge(ret_request, &framing);
}

const char *http_request_header(const struct http_request *request, const char *name)
{
    char first = (char)(*name | 0x20); /* in lower case: most differ there already */
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if ((*header->name | 0x20) == first && strcasecmp(header->name, name) == 0)
            return header->value;
    }
    return NULL;
}
