#include "gw_answer.h"

#include <assert.h>
#include <string.h>

void gw_answer_add(struct gw_answer *answer, const char *name, const char *value)
{
    if (!value)
        return;
    assert(answer->header_count < GW_MAX_ANSWER_HEADERS);
    answer->headers[answer->header_count++] = (struct gw_answer_header){name, value};
}

void gw_answer_set(struct gw_answer *answer, const char *name, const char *value)
{
    for (unsigned i = 0; i < answer->header_count; i++) {
        if (strcmp(answer->headers[i].name, name) == 0) {
            answer->headers[i].value = value;
            return;
        }
    }
    gw_answer_add(answer, name, value);
}

/* Of the documentation: Swagger UI sets styles itself, and has pictures in its style sheet. */
#define PAGE_POLICY                                                                                \
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "                 \
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

void gw_answer_init(struct gw_answer *answer, unsigned status, const char *request_id,
                    const char *cache_control, bool is_page)
{
    *answer = (struct gw_answer){.status = status, .content = NX_STR("")};
    gw_answer_add(answer, "X-Request-Id", request_id);
    gw_answer_add(answer, "X-Content-Type-Options", "nosniff");
    gw_answer_add(answer, "Cache-Control", cache_control);
    gw_answer_add(answer, "Content-Security-Policy",
                  is_page ? PAGE_POLICY : "default-src 'none'; frame-ancestors 'none'");
    gw_answer_add(answer, "Referrer-Policy", "no-referrer");
    gw_answer_add(answer, "Cross-Origin-Resource-Policy", "same-origin");
}
