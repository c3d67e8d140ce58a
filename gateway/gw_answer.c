#include "gw_answer.h"

#include <assert.h>

void gw_answer_add(struct gw_answer *answer, const char *name, const char *value)
{
    if (!value)
        return;
    assert(answer->header_count < GW_MAX_ANSWER_HEADERS);
    answer->headers[answer->header_count++] = (struct gw_answer_header){name, value};
}

void gw_answer_init(struct gw_answer *answer, unsigned status, const char *request_id)
{
    *answer = (struct gw_answer){.status = status, .content = NX_STR("")};
    gw_answer_add(answer, "X-Request-Id", request_id);
    gw_answer_add(answer, "X-Content-Type-Options", "nosniff");
    gw_answer_add(answer, "Cache-Control", "no-cache");
}

bool gw_answer_etag_listed(const char *header, const char *etag)
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
