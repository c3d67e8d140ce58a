#include "gw_frames.h"

#include <string.h>
#include <strings.h>

#define FORM_COUNT 3
#define MAX_Q 1000
#define NOT_NAMED (-1)

/* A range of Accept that means a form, from the least exact to the most. */
static const struct {
    const char *ranges[4];
    const char *type;
} forms[FORM_COUNT] = {
    [GW_ARRAY] = {{"*/*", "application/*", "application/json"}, "application/json"},
    [GW_LINES] = {{"*/*", "application/*", "application/x-ndjson", "application/jsonl"},
                  "application/x-ndjson"},
    [GW_EVENTS] = {{"*/*", "text/*", "text/event-stream"}, "text/event-stream"},
};

const char *gw_frames_type(enum gw_form form)
{
    return forms[form].type;
}

/* How exactly a range means a form; NOT_NAMED: not at all. */
static int rank_of(enum gw_form form, struct nx_str range)
{
    for (int i = 3; i >= 0; i--) {
        const char *known = forms[form].ranges[i];
        if (known && range.len == strlen(known) && strncasecmp(range.ptr, known, range.len) == 0)
            return i;
    }
    return NOT_NAMED;
}

/* The q of a range's parameters, in thousandths; goes to the end of the range. */
static int take_q(const char **at)
{
    const char *end = *at + strcspn(*at, ",");
    int q = MAX_Q;
    for (const char *part = *at; part < end;) {
        part += strspn(part, "; \t");
        if (strncasecmp(part, "q=", 2) == 0) {
            part += 2;
            q = *part == '1' ? MAX_Q : 0;
            part += strspn(part, "01");
            if (q == 0 && *part == '.') {
                int unit = MAX_Q / 10;
                for (part++; *part >= '0' && *part <= '9' && unit > 0; part++, unit /= 10)
                    q += (*part - '0') * unit;
            }
        }
        part += strcspn(part, ";,");
        if (*part != ';')
            break;
    }
    *at = end;
    return q;
}

bool gw_frames_choose(const char *accept, enum gw_form *ret_form)
{
    int ranks[FORM_COUNT] = {NOT_NAMED, NOT_NAMED, NOT_NAMED};
    int qs[FORM_COUNT] = {0};
    int best = NOT_NAMED;
    if (!accept || accept[strspn(accept, " \t,")] == '\0') {
        *ret_form = GW_ARRAY;
        return true;
    }
    for (const char *at = accept; *at;) {
        at += strspn(at, " \t,");
        struct nx_str range = {at, strcspn(at, " \t,;")};
        at += range.len;
        int q = take_q(&at);
        for (int form = 0; form < FORM_COUNT; form++) {
            int rank = range.len > 0 ? rank_of((enum gw_form)form, range) : NOT_NAMED;
            if (rank > ranks[form]) {
                ranks[form] = rank;
                qs[form] = q;
            }
        }
    }
    for (int form = 0; form < FORM_COUNT; form++) {
        if (qs[form] == 0)
            continue;
        bool is_better = best == NOT_NAMED || qs[form] > qs[best] ||
                         (qs[form] == qs[best] && (ranks[form] > 1) > (ranks[best] > 1));
        if (is_better)
            best = form;
    }
    if (best == NOT_NAMED)
        return false;
    *ret_form = (enum gw_form)best;
    return true;
}

/* An id with a line's end in it would be another line; browsers ignore one with NUL. */
static bool is_one_line(struct nx_str id)
{
    return id.len > 0 && !memchr(id.ptr, '\n', id.len) && !memchr(id.ptr, '\r', id.len) &&
           !memchr(id.ptr, '\0', id.len);
}

void gw_frames_begin(enum gw_form form, bool first, struct nx_str id, struct nx_buf *buf)
{
    if (form == GW_ARRAY)
        nx_buf_append_char(buf, first ? '[' : ',');
    if (form != GW_EVENTS)
        return;
    if (is_one_line(id)) {
        nx_buf_append_str(buf, NX_STR("id: "));
        nx_buf_append_str(buf, id);
        nx_buf_append_char(buf, '\n');
    }
    nx_buf_append_str(buf, NX_STR("data: "));
}

void gw_frames_end(enum gw_form form, struct nx_buf *buf)
{
    if (form == GW_EVENTS)
        nx_buf_append_char(buf, '\n');
    if (form != GW_ARRAY)
        nx_buf_append_char(buf, '\n');
}

bool gw_frames_error(enum gw_form form, struct nx_str json, struct nx_buf *buf)
{
    if (form == GW_ARRAY)
        return false;
    if (form == GW_EVENTS)
        nx_buf_append_str(buf, NX_STR("event: error\ndata: "));
    nx_buf_append_str(buf, json);
    gw_frames_end(form, buf);
    return true;
}

void gw_frames_finish(enum gw_form form, bool empty, struct nx_buf *buf)
{
    if (form == GW_ARRAY)
        nx_buf_append_str(buf, empty ? NX_STR("[]\n") : NX_STR("]\n"));
}

void gw_frames_beat(enum gw_form form, struct nx_buf *buf)
{
    if (form == GW_EVENTS)
        nx_buf_append_str(buf, NX_STR(":\n\n"));
}
