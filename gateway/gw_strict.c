#include "gw_strict.h"

#include <string.h>
#include <strings.h>

#define LINE_END ((size_t)2) /* CR LF */

static void blame(struct gw_strict *strict, bool is_wrong, const char *fault)
{
    if (is_wrong && !strict->fault)
        strict->fault = fault;
}

/* RFC 9110, 5.6.2. */
static bool is_token(const char *text)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return *text && text[strspn(text, allowed)] == '\0';
}

/* uri-host [ ":" port ] (RFC 9110, 7.2), but for a comma, which would be a list of hosts. It may be
 * empty, and blanks may follow. */
static bool is_host(const char *text)
{
    static const char allowed[] = "-._~%!$&'()*+;=:[]0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    text += strspn(text, allowed);
    return text[strspn(text, " \t")] == '\0';
}

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            return true;
    }
    return false;
}

static bool has_blank(struct nx_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7f)
            return true;
    }
    return false;
}

void gw_strict_begin(struct gw_strict *strict, const char *method, struct nx_str target,
                     const char *version)
{
    *strict = (struct gw_strict){.begin = method,
                                 .end = version + strlen(version),
                                 .needs_host = strcmp(version, "HTTP/1.0") != 0};
    blame(strict, version != method + strlen(method) + 1 + target.len + 1 || has_blank(target),
          "the request line is not METHOD TARGET VERSION, with a blank between");
    blame(strict, !is_token(method), "the method is no token");
}

void gw_strict_header(void *arg, const char *name, const char *value)
{
    struct gw_strict *strict = arg;
    blame(strict, name != strict->end + LINE_END,
          "a line of the head has a NUL, goes on in the next, or does not end with CR LF");
    blame(strict, !is_token(name), "the name of a header is no token");
    blame(strict, has_control(value), "a header has a control character");
    strict->end = value + strlen(value);
    bool is_coding = strcasecmp(name, "Transfer-Encoding") == 0;
    bool names_host = strcasecmp(name, "Host") == 0;
    strict->hosts += names_host;
    blame(strict, names_host && !is_host(value), "the Host is none");
    strict->framing += is_coding || strcasecmp(name, "Content-Length") == 0;
    blame(strict, is_coding && strcasecmp(value, "chunked") != 0,
          "there is no Transfer-Encoding but chunked");
}

const char *gw_strict_end(struct gw_strict *strict, size_t head_len)
{
    size_t seen = (size_t)(strict->end - strict->begin);
    blame(strict, strict->framing > 1, "more than one Content-Length or Transfer-Encoding");
    blame(strict, strict->hosts > 1, "more than one Host");
    blame(strict, strict->hosts == 0 && strict->needs_host, "there is no Host");
    blame(strict, seen + 2 * LINE_END != head_len,
          "a line of the head has a NUL, goes on in the next, or does not end with CR LF");
    return strict->fault;
}
