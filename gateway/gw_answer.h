/* What every answer of the gateway begins with. */
#ifndef GW_ANSWER_H
#define GW_ANSWER_H

#include "http_answer.h"

/* Begin an answer anew: its status, and the headers that every answer has. Unless it is a page, the
 * policy keeps browsers from doing anything with it but hand it to the script that asked. */
void gw_answer_init(struct http_answer *answer, unsigned status, const char *request_id,
                    const char *cache_control, bool is_page);

#endif
