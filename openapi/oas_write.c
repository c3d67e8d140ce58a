#include "oas_write.h"

#include <assert.h>
#include <string.h>

#include "json_token.h"
#include "json_write.h"

/* Levels that JSON text from outside may use; the rest is our own nesting above it. */
#define MAX_JSON_DEPTH 32

void oas_write_init(struct oas_writer *writer, struct nx_buf *buf, enum oas_format format)
{
    *writer = (struct oas_writer){.buf = buf, .format = format};
}

static void new_line(struct oas_writer *writer, unsigned levels)
{
    nx_buf_append_char(writer->buf, '\n');
    for (unsigned i = 0; i < levels; i++)
        nx_buf_append_str(writer->buf, NX_STR("  "));
}

/* Go to where the next member or item of the innermost object or array begins. */
static void begin_entry(struct oas_writer *writer)
{
    bool first = writer->levels[writer->depth - 1].empty;
    writer->levels[writer->depth - 1].empty = false;
    if (writer->format == OAS_JSON) {
        if (!first)
            nx_buf_append_char(writer->buf, ',');
        new_line(writer, writer->depth);
    } else if (!first || (writer->depth > 1 && !writer->levels[writer->depth - 1].in_item)) {
        new_line(writer, writer->depth - 1);
    }
}

/* Go to where a value begins: behind its key, or at an array's next item. Returns whether the
 * value is an item. */
static bool begin_value(struct oas_writer *writer)
{
    if (writer->depth == 0 || !writer->levels[writer->depth - 1].array)
        return false;
    begin_entry(writer);
    if (writer->format == OAS_YAML)
        nx_buf_append_str(writer->buf, NX_STR("- "));
    return true;
}

static void open_level(struct oas_writer *writer, bool array)
{
    bool item = begin_value(writer);
    assert(writer->depth < OAS_MAX_LEVELS);
    writer->levels[writer->depth].array = array;
    writer->levels[writer->depth].empty = true;
    writer->levels[writer->depth].in_item = item;
    writer->depth++;
    if (writer->format == OAS_JSON)
        nx_buf_append_char(writer->buf, array ? '[' : '{');
}

void oas_write_object(struct oas_writer *writer)
{
    open_level(writer, false);
}

void oas_write_array(struct oas_writer *writer)
{
    open_level(writer, true);
}

void oas_write_end(struct oas_writer *writer)
{
    writer->depth--;
    bool array = writer->levels[writer->depth].array;
    bool empty = writer->levels[writer->depth].empty;
    if (writer->format == OAS_JSON) {
        if (!empty)
            new_line(writer, writer->depth);
        nx_buf_append_char(writer->buf, array ? ']' : '}');
    } else if (empty) {
        bool behind_key = writer->depth > 0 && !writer->levels[writer->depth].in_item;
        nx_buf_printf(writer->buf, "%s%s", behind_key ? " " : "", array ? "[]" : "{}");
    }
    if (writer->depth == 0)
        nx_buf_append_char(writer->buf, '\n');
}

/* Whether YAML reads the text as the same string without quotes: a word that begins with a letter
 * and is none of YAML 1.1's names for true, false and null. */
static bool is_plain(struct nx_str text)
{
    static const char *const reserved[] = {"true", "false", "yes", "no", "on",
                                           "off",  "null",  "y",   "n"};
    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '/';
        if (!letter && (i == 0 || !other))
            return false;
    }
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (strlen(reserved[i]) == text.len && strncasecmp(reserved[i], text.ptr, text.len) == 0)
            return false;
    }
    return true;
}

/* Whether the text can stand as a literal block: lines of visible characters, the first one not
 * indented, and at most one line break at the end. */
static bool is_block(struct nx_str text)
{
    if (text.len < 2 || !memchr(text.ptr, '\n', text.len - 1) || text.ptr[0] == ' ' ||
        text.ptr[0] == '\n' || text.ptr[text.len - 2] == '\n')
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        /* 0xC2 begins the C1 controls, 0xE2 the line separators, 0xEF the byte order mark. */
        if ((c < ' ' && c != '\n') || c == 0x7f || c == 0xc2 || c == 0xef)
            return false;
        if (c == 0xe2 && i + 1 < text.len && (unsigned char)text.ptr[i + 1] == 0x80)
            return false;
    }
    return true;
}

static void append_block(struct oas_writer *writer, struct nx_str text)
{
    bool line_break = text.ptr[text.len - 1] == '\n';
    nx_buf_append_str(writer->buf, line_break ? NX_STR("|") : NX_STR("|-"));
    size_t end = line_break ? text.len - 1 : text.len;
    for (size_t start = 0; start <= end;) {
        const char *stop = memchr(text.ptr + start, '\n', end - start);
        size_t len = stop ? (size_t)(stop - text.ptr) - start : end - start;
        new_line(writer, len > 0 ? writer->depth : 0);
        nx_buf_append(writer->buf, text.ptr + start, len);
        start += len + 1;
    }
}

void oas_write_key(struct oas_writer *writer, const char *key)
{
    struct nx_str text = nx_str_from(key);
    begin_entry(writer);
    if (writer->format == OAS_YAML && is_plain(text))
        nx_buf_append_str(writer->buf, text);
    else
        json_write_string(writer->buf, text);
    nx_buf_append_str(writer->buf, writer->format == OAS_JSON ? NX_STR(": ") : NX_STR(":"));
}

void oas_write_string(struct oas_writer *writer, struct nx_str text)
{
    bool item = begin_value(writer);
    if (writer->format == OAS_JSON) {
        json_write_string(writer->buf, text);
        return;
    }
    if (!item)
        nx_buf_append_char(writer->buf, ' ');
    if (is_plain(text))
        nx_buf_append_str(writer->buf, text);
    else if (is_block(text))
        append_block(writer, text);
    else
        json_write_string(writer->buf, text);
}

void oas_write_literal(struct oas_writer *writer, struct nx_str text)
{
    bool item = begin_value(writer);
    if (writer->format == OAS_YAML && !item)
        nx_buf_append_char(writer->buf, ' ');
    nx_buf_append_str(writer->buf, text);
}

void oas_write_member(struct oas_writer *writer, const char *key, const char *text)
{
    if (!text || !*text)
        return;
    oas_write_key(writer, key);
    oas_write_string(writer, nx_str_from(text));
}

void oas_write_flag(struct oas_writer *writer, const char *key, bool value)
{
    oas_write_key(writer, key);
    oas_write_literal(writer, value ? NX_STR("true") : NX_STR("false"));
}

void oas_write_ref(struct oas_writer *writer, const char *section, const char *name)
{
    oas_write_key(writer, "$ref");
    nx_buf_printf(writer->buf, "%s\"#/components/%s/%s\"", writer->format == OAS_YAML ? " " : "",
                  section, name);
}

void oas_write_object_member(struct oas_writer *writer, const char *key)
{
    oas_write_key(writer, key);
    oas_write_object(writer);
}

void oas_write_array_member(struct oas_writer *writer, const char *key)
{
    oas_write_key(writer, key);
    oas_write_array(writer);
}

static nx_status write_token(struct oas_writer *writer, const struct json_token *token,
                             struct nx_arena *arena)
{
    const char *key;
    switch (token->kind) {
    case JSON_OBJECT_BEGIN:
        oas_write_object(writer);
        break;
    case JSON_ARRAY_BEGIN:
        oas_write_array(writer);
        break;
    case JSON_OBJECT_END:
    case JSON_ARRAY_END:
        oas_write_end(writer);
        break;
    case JSON_KEY:
        key = nx_arena_strdup(arena, token->text);
        if (!key)
            return nx_fail_memory();
        oas_write_key(writer, key);
        break;
    case JSON_STRING:
        oas_write_string(writer, token->text);
        break;
    case JSON_NUMBER:
        oas_write_literal(writer, token->text);
        break;
    case JSON_TRUE:
        oas_write_literal(writer, NX_STR("true"));
        break;
    case JSON_FALSE:
        oas_write_literal(writer, NX_STR("false"));
        break;
    case JSON_NULL:
        oas_write_literal(writer, NX_STR("null"));
        break;
    case JSON_END:
        break;
    }
    return NX_STATUS_OK;
}

nx_status oas_write_json(struct oas_writer *writer, struct nx_str json, struct nx_arena *arena)
{
    struct json_reader reader;
    struct json_token token;
    json_reader_init(&reader, json, MAX_JSON_DEPTH, arena);
    do {
        NX_TRY(json_reader_next(&reader, &token));
        NX_TRY(write_token(writer, &token, arena));
    } while (token.kind != JSON_END);
    return NX_STATUS_OK;
}
