/* A delimiter begins with the only CR that it has, so that what turns out to be none is content as
 * far as it matched, and nothing of it needs to be looked at again. */
#include "gw_multipart.h"

#include <string.h>
#include <strings.h>

enum state {
    PREAMBLE, /* thrown away */
    BEHIND,   /* a delimiter: the rest of its line */
    HEADERS,
    CONTENT,
    EPILOGUE, /* thrown away */
    BROKEN,
};

static enum gw_part fail(struct gw_multipart *multipart, const char *problem)
{
    multipart->problem = problem;
    multipart->state = BROKEN;
    return GW_PART_BAD;
}

/* --- Parameters of a header --- */

static bool is_token(char c)
{
    return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", c);
}

/* Copy a token or a quoted string. Returns what is behind it; NULL: there is none, or it is too
 * long. */
static const char *copy_value(const char *at, size_t room, char *to)
{
    size_t len = 0;
    bool is_quoted = *at == '"';
    for (at += is_quoted; is_quoted ? *at != '"' : is_token(*at); at++) {
        if (is_quoted && *at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        if (*at == '\0' || len + 1 >= room)
            return NULL;
        to[len++] = *at;
    }
    to[len] = '\0';
    return at + is_quoted;
}

/* Skip a value of any length; NULL: it has no end. */
static const char *skip_value(const char *at)
{
    if (*at != '"')
        return at + strcspn(at, "; \t");
    for (at++; *at && *at != '"'; at++)
        at += *at == '\\' && (at[1] == '"' || at[1] == '\\');
    return *at ? at + 1 : NULL;
}

/* Find `; name=value` behind a header's value. Returns where the value is; NULL: it is not there,
 * or what is there are no parameters. */
static const char *find_parameter(const char *at, const char *name)
{
    size_t len = strlen(name);
    const char *found = NULL;
    for (;;) {
        at += strspn(at, " \t");
        if (*at == '\0')
            return found;
        if (*at != ';')
            return NULL;
        at += 1 + strspn(at + 1, " \t");
        if (*at == '\0')
            return found;
        const char *value = at;
        while (is_token(*value))
            value++;
        if (value == at || *value != '=')
            return NULL;
        bool is_it = (size_t)(value - at) == len && strncasecmp(at, name, len) == 0;
        if (is_it && found) /* which of them? */
            return NULL;
        if (is_it)
            found = value + 1;
        at = skip_value(value + 1);
        if (!at)
            return NULL;
    }
}

/* --- Life --- */

/* As if the end of a line had just been there. */
static void expect_delimiter(struct gw_multipart *multipart, enum state state)
{
    multipart->state = state;
    multipart->matched = 2;
    multipart->presumed = 2;
}

bool gw_multipart_init(struct gw_multipart *multipart, const char *content_type)
{
    static const char type[] = "multipart/form-data";
    *multipart = (struct gw_multipart){.delimiter = "\r\n--"};
    nx_buf_init(&multipart->line, GW_MULTIPART_MAX_HEADERS);
    expect_delimiter(multipart, PREAMBLE);
    if (strncasecmp(content_type, type, sizeof type - 1) != 0)
        return false;
    const char *boundary = find_parameter(content_type + sizeof type - 1, "boundary");
    if (!boundary || !copy_value(boundary, GW_MULTIPART_MAX_BOUNDARY + 1, multipart->delimiter + 4))
        return false;
    multipart->delimiter_len = strlen(multipart->delimiter);
    for (size_t i = 4; i < multipart->delimiter_len; i++) {
        char c = multipart->delimiter[i];
        if (c < ' ' || c > '~')
            return false;
    }
    return multipart->delimiter_len > 4;
}

void gw_multipart_cleanup(struct gw_multipart *multipart)
{
    nx_buf_cleanup(&multipart->line);
}

bool gw_multipart_is_whole(const struct gw_multipart *multipart)
{
    return multipart->state == EPILOGUE;
}

/* --- Lines --- */

/* Take a line off the input, without its CRLF, into `line`. False: it has not come to its end, or
 * there is something wrong, and then the state says so. */
static bool take_line(struct gw_multipart *multipart, struct nx_str *input)
{
    const char *end = memchr(input->ptr, '\n', input->len);
    size_t len = end ? (size_t)(end - input->ptr) + 1 : input->len;
    multipart->header_bytes += len;
    if (multipart->header_bytes > GW_MULTIPART_MAX_HEADERS) {
        (void)fail(multipart, "the headers of a part are too long");
        return false;
    }
    nx_buf_append(&multipart->line, input->ptr, len);
    *input = (struct nx_str){input->ptr + len, input->len - len};
    if (multipart->line.failed)
        (void)fail(multipart, "there is no memory for the headers of a part");
    if (!end || multipart->line.failed)
        return false;
    struct nx_str line = nx_buf_str(&multipart->line);
    if (line.len < 2 || line.ptr[line.len - 2] != '\r' || memchr(line.ptr, '\0', line.len)) {
        (void)fail(multipart, "a line of a part's headers does not end with CRLF, or has NUL");
        return false;
    }
    multipart->line.ptr[line.len - 2] = '\0';
    multipart->line.len = 0;
    return true;
}

/* `Content-Disposition: form-data; name="x"; filename="y"`. */
static bool read_disposition(struct gw_multipart *multipart, const char *value)
{
    static const char kind[] = "form-data";
    value += strspn(value, " \t");
    if (strncasecmp(value, kind, sizeof kind - 1) != 0 || multipart->has_name)
        return false;
    value += sizeof kind - 1;
    const char *name = find_parameter(value, "name");
    if (!name || !copy_value(name, sizeof multipart->name, multipart->name))
        return false;
    multipart->has_name = true;
    multipart->is_file = find_parameter(value, "filename") != NULL;
    return true;
}

static bool is_identity(const char *value)
{
    static const char *const encodings[] = {"binary", "8bit", "7bit"};
    value += strspn(value, " \t");
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
        if (strcasecmp(value, encodings[i]) == 0)
            return true;
    }
    return false;
}

static enum gw_part read_header(struct gw_multipart *multipart, const char *line)
{
    static const char disposition[] = "content-disposition:";
    static const char encoding[] = "content-transfer-encoding:";
    if (*line == '\0') {
        if (!multipart->has_name)
            return fail(multipart, "a part has no name in a header Content-Disposition");
        expect_delimiter(multipart, CONTENT);
        return GW_PART_BEGIN;
    }
    if (strncasecmp(line, disposition, sizeof disposition - 1) == 0 &&
        !read_disposition(multipart, line + sizeof disposition - 1))
        return fail(multipart, "a part's header Content-Disposition is not that of a form, or its "
                               "name is too long");
    if (strncasecmp(line, encoding, sizeof encoding - 1) == 0 &&
        !is_identity(line + sizeof encoding - 1))
        return fail(multipart, "a part has a Content-Transfer-Encoding");
    return GW_PART_MORE;
}

static enum gw_part read_behind(struct gw_multipart *multipart, const char *line)
{
    if (line[strspn(line, " \t")] != '\0')
        return fail(multipart, "something stands behind a boundary");
    multipart->state = HEADERS;
    multipart->has_name = false;
    multipart->header_bytes = 0;
    return GW_PART_MORE;
}

/* The rest of a delimiter's line, which is the last delimiter if it begins with "--". */
static enum gw_part step_behind(struct gw_multipart *multipart, struct nx_str *input)
{
    while (input->len > 0 && multipart->line.len < 2) {
        nx_buf_append_char(&multipart->line, *input->ptr);
        *input = (struct nx_str){input->ptr + 1, input->len - 1};
        multipart->header_bytes++;
    }
    if (multipart->line.failed)
        return fail(multipart, "there is no memory for the headers of a part");
    if (multipart->line.len < 2)
        return GW_PART_MORE;
    if (memcmp(multipart->line.ptr, "--", 2) == 0) {
        multipart->state = EPILOGUE;
        return GW_PART_MORE;
    }
    if (multipart->line.len == 2 && memcmp(multipart->line.ptr, "\r\n", 2) == 0) {
        multipart->line.len = 0;
        return read_behind(multipart, "");
    }
    return take_line(multipart, input) ? read_behind(multipart, multipart->line.ptr) : GW_PART_MORE;
}

/* --- Content --- */

/* Take content off the input, up to what may be a delimiter, or what turned out to be none. */
static enum gw_part step_content(struct gw_multipart *multipart, struct nx_str *input,
                                 struct nx_str *ret_data)
{
    if (multipart->matched == 0) {
        const char *cr = memchr(input->ptr, '\r', input->len);
        size_t len = cr ? (size_t)(cr - input->ptr) : input->len;
        *ret_data = (struct nx_str){input->ptr, len};
        *input = (struct nx_str){input->ptr + len, input->len - len};
        if (len > 0)
            return GW_PART_DATA;
    }
    while (input->len > 0 && multipart->matched < multipart->delimiter_len &&
           *input->ptr == multipart->delimiter[multipart->matched]) {
        *input = (struct nx_str){input->ptr + 1, input->len - 1};
        multipart->matched++;
    }
    if (multipart->matched == multipart->delimiter_len) {
        bool is_content = multipart->state == CONTENT;
        multipart->state = BEHIND;
        multipart->line.len = 0;
        multipart->header_bytes = 0;
        return is_content ? GW_PART_END : GW_PART_MORE;
    }
    if (input->len == 0)
        return GW_PART_MORE;
    *ret_data = (struct nx_str){multipart->delimiter + multipart->presumed,
                                multipart->matched - multipart->presumed};
    multipart->matched = 0;
    multipart->presumed = 0;
    return ret_data->len > 0 ? GW_PART_DATA : GW_PART_MORE;
}

static enum gw_part step(struct gw_multipart *multipart, struct nx_str *input,
                         struct nx_str *ret_data)
{
    switch ((enum state)multipart->state) {
    case PREAMBLE:
        (void)step_content(multipart, input, ret_data);
        return GW_PART_MORE;
    case BEHIND:
        return step_behind(multipart, input);
    case HEADERS:
        return take_line(multipart, input) ? read_header(multipart, multipart->line.ptr)
                                           : GW_PART_MORE;
    case CONTENT:
        return step_content(multipart, input, ret_data);
    case EPILOGUE:
        *input = (struct nx_str){input->ptr + input->len, 0};
        return GW_PART_MORE;
    case BROKEN:
        break;
    }
    return GW_PART_BAD;
}

enum gw_part gw_multipart_next(struct gw_multipart *multipart, struct nx_str *input,
                               struct nx_str *ret_data)
{
    enum gw_part part = GW_PART_MORE;
    while (part == GW_PART_MORE && input->len > 0)
        part = step(multipart, input, ret_data);
    return multipart->state == BROKEN ? GW_PART_BAD : part;
}
