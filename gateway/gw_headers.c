#include "gw_headers.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct verb {
    const char *method;
    enum oas_verb verb;
} verbs[] = {
    {"GET", OAS_GET},   {"HEAD", OAS_GET},    {"PUT", OAS_PUT},
    {"POST", OAS_POST}, {"PATCH", OAS_PATCH}, {"DELETE", OAS_DELETE},
};

#define VERB_COUNT (sizeof verbs / sizeof *verbs)

bool gw_headers_is_get(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

const char *gw_headers_allow(const struct oas_spec *spec, unsigned allowed, struct nx_arena *arena)
{
    const char *text = "OPTIONS";
    bool with_head = allowed & (1u << OAS_GET | 1u << OAS_ANY);
    for (size_t i = spec->custom_method_count; text && i-- > 0;) {
        bool is_there = strcmp(spec->custom_methods[i], "HEAD") == 0 && with_head;
        if (!is_there && allowed & 1u << (OAS_CUSTOM + i))
            text = nx_arena_printf(arena, "%s, %s", spec->custom_methods[i], text);
    }
    for (size_t i = VERB_COUNT; text && i-- > 0;) {
        if (allowed & (1u << verbs[i].verb | 1u << OAS_ANY))
            text = nx_arena_printf(arena, "%s, %s", verbs[i].method, text);
    }
    return text;
}

bool gw_headers_is_printable(const char *text)
{
    const char *at = text;
    while (*at >= ' ' && *at <= '~')
        at++;
    return at > text && *at == '\0';
}

/* Asking the kernel for a kilobyte costs little more than asking for 16 bytes. */
static void take_random(unsigned char ret_bytes[16])
{
    static _Thread_local unsigned char pool[1024];
    static _Thread_local size_t left;
    if (left == 0) {
        randombytes_buf(pool, sizeof pool);
        left = sizeof pool;
    }
    left -= 16;
    memcpy(ret_bytes, pool + left, 16);
    sodium_memzero(pool + left, 16);
}

/* A UUID of version 4 (RFC 9562). */
static void make_uuid(char *to)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    take_random(bytes);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    *to = '\0';
}

void gw_headers_request_id(const char *header, char ret_id[GW_REQUEST_ID_BYTES])
{
    if (header && gw_headers_is_printable(header) && strlen(header) < GW_REQUEST_ID_BYTES)
        memcpy(ret_id, header, strlen(header) + 1);
    else
        make_uuid(ret_id);
}

const char *gw_headers_traceparent(const char *header)
{
    static const char form[] = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
    if (!header || strlen(header) != sizeof form - 1)
        return NULL;
    for (size_t i = 0; form[i]; i++) {
        bool fits = form[i] == '-' ? header[i] == '-' : strchr("0123456789abcdef", header[i]) != 0;
        if (!fits)
            return NULL;
    }
    return header;
}

bool gw_headers_is_json(const char *header)
{
    static const char type[] = "application/json";
    if (!header || strncasecmp(header, type, sizeof type - 1) != 0)
        return false;
    const char *rest = header + sizeof type - 1;
    rest += strspn(rest, " \t");
    if (*rest == '\0')
        return true;
    if (*rest != ';')
        return false;
    rest += 1 + strspn(rest + 1, " \t");
    if (strncasecmp(rest, "charset=", 8) != 0)
        return false;
    return strcasecmp(rest + 8, "utf-8") == 0 || strcasecmp(rest + 8, "\"utf-8\"") == 0;
}

/* Whether a range has the parameter q=0, "0.0" and so on. Goes to the end of the range. */
static bool is_refused(const char **at)
{
    size_t len = strcspn(*at, ",");
    bool refused = false;
    for (const char *q = *at; q < *at + len; q++) {
        q += strcspn(q, ";,");
        if (q >= *at + len)
            break;
        q += 1 + strspn(q + 1, " \t");
        if (strncasecmp(q, "q=", 2) != 0)
            continue;
        q += 2 + strspn(q + 2, "0.");
        refused = *q == '\0' || strchr(" \t,;", *q);
    }
    *at += len;
    return refused;
}

bool gw_headers_accepts_json(const char *header)
{
    static const char *const ranges[] = {"*/*", "application/*", "application/json"};
    int best = -1;
    bool accepted = !header || header[strspn(header, " \t,")] == '\0';
    for (const char *at = header; at && *at;) {
        at += strspn(at, " \t,");
        size_t len = strcspn(at, " \t,;");
        int rank = -1;
        for (int i = 0; i < 3; i++) {
            if (len == strlen(ranges[i]) && strncasecmp(at, ranges[i], len) == 0)
                rank = i;
        }
        bool refused = is_refused(&at);
        if (rank > best) {
            best = rank;
            accepted = !refused;
        }
    }
    return accepted;
}

bool gw_headers_timeout(const char *header, int64_t *ret_timeout_ns)
{
    static const struct {
        char unit;
        int64_t ns;
    } units[] = {
        {'H', 3600000000000}, {'M', 60000000000}, {'S', 1000000000},
        {'m', 1000000},       {'u', 1000},        {'n', 1},
    };
    if (!header)
        return true;
    size_t digits = strspn(header, "0123456789");
    if (digits == 0 || digits > 8 || header[digits] == '\0' || header[digits + 1] != '\0')
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (header[i] - '0');
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].unit != header[digits])
            continue;
        int64_t ns;
        if (!__builtin_mul_overflow(value, units[i].ns, &ns) && ns < *ret_timeout_ns)
            *ret_timeout_ns = ns;
        return true;
    }
    return false;
}

bool gw_headers_lists_etag(const char *header, const char *etag)
{
    struct nx_str wanted = nx_str_from(etag);
    const char *at = header;
    for (;;) {
        at += strspn(at, " \t,");
        if (*at == '*')
            return true;
        if (at[0] == 'W' && at[1] == '/')
            at += 2;
        const char *end = *at == '"' ? strchr(at + 1, '"') : NULL;
        if (!end)
            return false;
        end++;
        if (nx_str_equal((struct nx_str){at, (size_t)(end - at)}, wanted))
            return true;
        at = end;
    }
}
