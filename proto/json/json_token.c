#include "json_token.h"

#include <assert.h>

#include "nx_utf8.h"

/* What the grammar allows next. */
enum state {
    STATE_VALUE,
    STATE_FIRST_ELEMENT, /* a value, or the array ends */
    STATE_FIRST_KEY,     /* a key, or the object ends */
    STATE_NEXT,          /* a comma and what follows it, or the container ends */
    STATE_DONE,
};

void json_reader_init(struct json_reader *reader, struct nx_str input, uint32_t max_depth,
                      struct nx_arena *arena)
{
    assert(max_depth <= JSON_MAX_DEPTH);
    *reader = (struct json_reader){
        .input = input, .arena = arena, .max_depth = max_depth, .state = STATE_VALUE};
}

static nx_status fail_at(const struct json_reader *reader, size_t offset, const char *reason)
{
    return nx_fail(reader->arena, NX_INVALID_ARGUMENT, "malformed JSON at byte %zu: %s", offset,
                   reason);
}

/* Fail where the reader stands, or because nothing is left there. */
static nx_status fail_here(const struct json_reader *reader, const char *reason)
{
    bool cut = reader->offset >= reader->input.len;
    return fail_at(reader, reader->offset, cut ? "the text ends too early" : reason);
}

/* The byte at an offset, or -1 behind the end. */
static int byte_at(struct nx_str text, size_t offset)
{
    return offset < text.len ? (unsigned char)text.ptr[offset] : -1;
}

static void skip_space(struct json_reader *reader)
{
    for (;;) {
        int c = byte_at(reader->input, reader->offset);
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return;
        reader->offset++;
    }
}

static size_t digits_end(struct nx_str text, size_t offset)
{
    while (offset < text.len && text.ptr[offset] >= '0' && text.ptr[offset] <= '9')
        offset++;
    return offset;
}

/* Where the number that begins at the offset ends; the offset itself when there is none. */
static size_t number_end(struct nx_str text, size_t begin)
{
    size_t offset = begin + (byte_at(text, begin) == '-');
    size_t end = byte_at(text, offset) == '0' ? offset + 1 : digits_end(text, offset);
    if (end == offset)
        return begin;
    if (byte_at(text, end) == '.') {
        offset = end + 1;
        end = digits_end(text, offset);
        if (end == offset)
            return begin;
    }
    if (byte_at(text, end) == 'e' || byte_at(text, end) == 'E') {
        int sign = byte_at(text, end + 1);
        offset = end + 1 + (sign == '-' || sign == '+');
        end = digits_end(text, offset);
        if (end == offset)
            return begin;
    }
    return end;
}

bool json_is_number(struct nx_str text)
{
    return text.len > 0 && number_end(text, 0) == text.len;
}

/* Move past the bytes that stand for themselves, a word at a time. */
static void skip_plain(struct json_reader *reader)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = UINT64_C(0x8080808080808080);
    struct nx_str input = reader->input;
    size_t offset = reader->offset;
    while (input.len - offset >= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, input.ptr + offset, sizeof word);
        uint64_t quote = word ^ (ones * '"');
        uint64_t backslash = word ^ (ones * '\\');
        /* A byte's top bit is set here if the byte is below 0x20, 0 in the other two, or not
         * ASCII; a borrow may set it falsely, which only ends the run early. */
        if (((word - ones * 0x20) | (quote - ones) | (backslash - ones) | word) & tops)
            break;
        offset += sizeof word;
    }
    while (offset < input.len) {
        unsigned char c = (unsigned char)input.ptr[offset];
        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
            break;
        offset++;
    }
    reader->offset = offset;
}

/* The value of four hexadecimal digits, or -1. */
static int32_t hex4(struct nx_str text, size_t offset)
{
    int32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        int c = byte_at(text, offset + i);
        int digit;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f' && c > 0)
            digit = (c | 0x20) - 'a' + 10;
        else
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static bool is_high_surrogate(int32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low_surrogate(int32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* Check the escape that the reader stands on, and move past it. */
static nx_status scan_escape(struct json_reader *reader)
{
    struct nx_str input = reader->input;
    size_t offset = reader->offset + 1;
    int c = byte_at(input, offset);
    if (c < 0)
        return fail_at(reader, input.len, "the text ends too early");
    if (c != 'u') {
        if (c == 0 || !strchr("\"\\/bfnrt", c))
            return fail_at(reader, reader->offset, "there is no such escape");
        reader->offset = offset + 1;
        return NX_STATUS_OK;
    }
    int32_t unit = hex4(input, offset + 1);
    if (unit < 0)
        return fail_at(reader, reader->offset, "\\u needs four hexadecimal digits");
    offset += 5;
    if (is_high_surrogate(unit)) {
        bool paired = byte_at(input, offset) == '\\' && byte_at(input, offset + 1) == 'u' &&
                      is_low_surrogate(hex4(input, offset + 2));
        if (!paired)
            return fail_at(reader, reader->offset, "half of a surrogate pair");
        offset += 6;
    } else if (is_low_surrogate(unit)) {
        return fail_at(reader, reader->offset, "half of a surrogate pair");
    }
    reader->offset = offset;
    return NX_STATUS_OK;
}

/* Check the string whose first byte the reader stands on, and move past its closing quote. */
static nx_status scan_string(struct json_reader *reader, struct nx_str *ret_raw, bool *ret_escaped)
{
    size_t begin = ++reader->offset;
    bool escaped = false;
    for (;;) {
        skip_plain(reader);
        int c = byte_at(reader->input, reader->offset);
        if (c == '"') {
            break;
        } else if (c == '\\') {
            escaped = true;
            NX_TRY(scan_escape(reader));
        } else if (c < 0x20) {
            return fail_here(reader, "a control character in a string must be escaped");
        } else if (nx_utf8_next(reader->input, &reader->offset) < 0) {
            return fail_at(reader, reader->offset, "the text is not valid UTF-8");
        }
    }
    *ret_raw = (struct nx_str){reader->input.ptr + begin, reader->offset++ - begin};
    *ret_escaped = escaped;
    return NX_STATUS_OK;
}

/* Decode the escape at the offset, which scan_escape() has checked, and move past it. */
static size_t decode_escape(struct nx_str raw, size_t *offset, char *to)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    char c = raw.ptr[*offset + 1];
    if (c != 'u') {
        *to = meanings[strchr(letters, c) - letters];
        *offset += 2;
        return 1;
    }
    int32_t code = hex4(raw, *offset + 2);
    *offset += 6;
    if (is_high_surrogate(code)) {
        code = 0x10000 + ((code - 0xD800) << 10) + (hex4(raw, *offset + 2) - 0xDC00);
        *offset += 6;
    }
    return nx_utf8_encode(to, (uint32_t)code);
}

/* No escape is shorter than what it stands for, so the decoded text fits in the raw one's size. */
static nx_status decode_string(struct nx_arena *arena, struct nx_str raw, struct nx_str *ret_text)
{
    char *bytes = nx_arena_alloc(arena, raw.len + 1);
    if (!bytes)
        return nx_fail_memory();
    size_t len = 0;
    for (size_t offset = 0; offset < raw.len;) {
        const char *plain = raw.ptr + offset;
        const char *escape = memchr(plain, '\\', raw.len - offset);
        size_t run = escape ? (size_t)(escape - plain) : raw.len - offset;
        memcpy(bytes + len, plain, run);
        len += run;
        offset += run;
        if (escape)
            len += decode_escape(raw, &offset, bytes + len);
    }
    bytes[len] = '\0';
    *ret_text = (struct nx_str){bytes, len};
    return NX_STATUS_OK;
}

static nx_status read_string(struct json_reader *reader, struct json_token *token)
{
    struct nx_str raw = {0};
    bool escaped = false;
    NX_TRY(scan_string(reader, &raw, &escaped));
    token->text = raw;
    token->decoded = escaped && !reader->skipping;
    return token->decoded ? decode_string(reader->arena, raw, &token->text) : NX_STATUS_OK;
}

static bool in_object(const struct json_reader *reader)
{
    uint32_t level = reader->depth - 1;
    return reader->nesting[level / 8] >> (level % 8) & 1;
}

static nx_status open_container(struct json_reader *reader, struct json_token *token, bool object)
{
    if (reader->depth >= reader->max_depth)
        return fail_at(reader, reader->offset, "it is nested too deep");
    uint32_t level = reader->depth++;
    uint8_t bit = (uint8_t)(1U << (level % 8));
    uint8_t byte = reader->nesting[level / 8];
    reader->nesting[level / 8] = (uint8_t)(object ? byte | bit : byte & ~bit);
    reader->offset++;
    reader->state = object ? STATE_FIRST_KEY : STATE_FIRST_ELEMENT;
    token->kind = object ? JSON_OBJECT_BEGIN : JSON_ARRAY_BEGIN;
    return NX_STATUS_OK;
}

static void value_ends(struct json_reader *reader)
{
    reader->state = reader->depth > 0 ? STATE_NEXT : STATE_DONE;
}

static void close_container(struct json_reader *reader, struct json_token *token)
{
    token->kind = in_object(reader) ? JSON_OBJECT_END : JSON_ARRAY_END;
    reader->offset++;
    reader->depth--;
    value_ends(reader);
}

static nx_status read_word(struct json_reader *reader, struct json_token *token)
{
    static const struct {
        struct nx_str text;
        enum json_kind kind;
    } words[] = {{{"true", 4}, JSON_TRUE}, {{"false", 5}, JSON_FALSE}, {{"null", 4}, JSON_NULL}};
    struct nx_str rest = {reader->input.ptr + reader->offset, reader->input.len - reader->offset};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (nx_str_starts_with(rest, words[i].text)) {
            token->kind = words[i].kind;
            reader->offset += words[i].text.len;
            return NX_STATUS_OK;
        }
    }
    bool marked = reader->offset == 0 && nx_str_starts_with(rest, NX_STR("\xEF\xBB\xBF"));
    return fail_here(reader, marked ? "a byte order mark is not allowed" : "a value must be here");
}

static nx_status read_value(struct json_reader *reader, struct json_token *token)
{
    int c = byte_at(reader->input, reader->offset);
    if (c == '{' || c == '[')
        return open_container(reader, token, c == '{');
    if (c == '"') {
        token->kind = JSON_STRING;
        NX_TRY(read_string(reader, token));
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        size_t end = number_end(reader->input, reader->offset);
        if (end == reader->offset)
            return fail_at(reader, reader->offset, "this is not a number");
        token->kind = JSON_NUMBER;
        token->text = (struct nx_str){reader->input.ptr + reader->offset, end - reader->offset};
        reader->offset = end;
    } else {
        NX_TRY(read_word(reader, token));
    }
    value_ends(reader);
    return NX_STATUS_OK;
}

static nx_status read_key(struct json_reader *reader, struct json_token *token)
{
    if (byte_at(reader->input, reader->offset) != '"')
        return fail_here(reader, "a member's name must be here");
    token->kind = JSON_KEY;
    NX_TRY(read_string(reader, token));
    skip_space(reader);
    if (byte_at(reader->input, reader->offset) != ':')
        return fail_here(reader, "a colon must be here");
    reader->offset++;
    reader->state = STATE_VALUE;
    return NX_STATUS_OK;
}

/* Read what follows a value in a container. */
static nx_status read_next(struct json_reader *reader, struct json_token *token)
{
    bool object = in_object(reader);
    int c = byte_at(reader->input, reader->offset);
    if (c == (object ? '}' : ']')) {
        close_container(reader, token);
        return NX_STATUS_OK;
    }
    if (c != ',')
        return fail_here(reader,
                         object ? "a comma or } must be here" : "a comma or ] must be here");
    reader->offset++;
    skip_space(reader);
    token->offset = reader->offset;
    return object ? read_key(reader, token) : read_value(reader, token);
}

/* Read what follows the opening of a container. */
static nx_status read_first(struct json_reader *reader, struct json_token *token)
{
    bool object = in_object(reader);
    if (byte_at(reader->input, reader->offset) == (object ? '}' : ']')) {
        close_container(reader, token);
        return NX_STATUS_OK;
    }
    return object ? read_key(reader, token) : read_value(reader, token);
}

static nx_status read_end(struct json_reader *reader, struct json_token *token)
{
    if (reader->offset < reader->input.len)
        return fail_at(reader, reader->offset, "nothing may follow the value");
    token->kind = JSON_END;
    return NX_STATUS_OK;
}

nx_status json_reader_next(struct json_reader *reader, struct json_token *ret_token)
{
    static nx_status (*const steps[])(struct json_reader *, struct json_token *) = {
        [STATE_VALUE] = read_value,     [STATE_FIRST_ELEMENT] = read_first,
        [STATE_FIRST_KEY] = read_first, [STATE_NEXT] = read_next,
        [STATE_DONE] = read_end,
    };
    skip_space(reader);
    struct json_token token = {.offset = reader->offset};
    NX_TRY(steps[reader->state](reader, &token));
    *ret_token = token;
    return NX_STATUS_OK;
}

nx_status json_reader_skip(struct json_reader *reader, const struct json_token *first)
{
    if (first->kind != JSON_OBJECT_BEGIN && first->kind != JSON_ARRAY_BEGIN)
        return NX_STATUS_OK;
    uint32_t outside = reader->depth - 1;
    bool was_skipping = reader->skipping;
    reader->skipping = true;
    while (reader->depth > outside) {
        struct json_token token;
        NX_TRY(json_reader_next(reader, &token));
    }
    reader->skipping = was_skipping;
    return NX_STATUS_OK;
}
