#include "gw_answer.h"

/* Of the documentation: Swagger UI sets styles itself, and has pictures in its style sheet. */
#define PAGE_POLICY                                                                                \
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "                 \
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

void gw_answer_init(struct http_answer *answer, unsigned status, const char *request_id,
                    const char *cache_control, bool is_page)
{
    *answer = (struct http_answer){.status = status, .content = NX_STR("")};
    http_answer_add(answer, "X-Request-Id", request_id);
    http_answer_add(answer, "X-Content-Type-Options", "nosniff");
    http_answer_add(answer, "Cache-Control", cache_control);
    http_answer_add(answer, "Content-Security-Policy",
                    is_page ? PAGE_POLICY : "default-src 'none'; frame-ancestors 'none'");
    http_answer_add(answer, "Referrer-Policy", "no-referrer");
    http_answer_add(answer, "Cross-Origin-Resource-Policy", "same-origin");
}
