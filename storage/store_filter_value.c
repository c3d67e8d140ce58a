#include <limits.h>
#include <string.h>

#include "store_filter_internal.h"

#define MAX_NUMBER_BYTES 100
#define MAX_EXPONENT_DIGITS 3
#define MAX_JSON_ESCAPE 6 /* \u001f */

/* --- Numbers --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(struct nx_str text, size_t at)
{
    while (at < text.len && is_digit(text.ptr[at]))
        at++;
    return at;
}

bool store_value_is_number(const struct store_token *value)
{
    struct nx_str text = value->text;
    if (value->kind != STORE_TOKEN_TEXT || text.len > MAX_NUMBER_BYTES)
        return false;
    size_t from = text.ptr[0] == '-' ? 1 : 0;
    size_t at = skip_digits(text, from);
    if (at == from || (text.ptr[from] == '0' && at > from + 1))
        return false;
    if (at < text.len && text.ptr[at] == '.') {
        from = at + 1;
        at = skip_digits(text, from);
        if (at == from)
            return false;
    }
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        from = at + 1;
        if (from < text.len && (text.ptr[from] == '+' || text.ptr[from] == '-'))
            from++;
        at = skip_digits(text, from);
        if (at == from || at - from > MAX_EXPONENT_DIGITS)
            return false;
    }
    return at == text.len;
}

bool store_value_int8(const struct store_token *value, int64_t *ret_number)
{
    struct nx_str text = value->text;
    if (!store_value_is_number(value))
        return false;
    bool is_negative = text.ptr[0] == '-';
    int64_t number = 0; /* kept negative: that side reaches one further */
    for (size_t at = is_negative ? 1 : 0; at < text.len; at++) {
        if (!is_digit(text.ptr[at]) || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, text.ptr[at] - '0', &number))
            return false;
    }
    if (!is_negative && number == INT64_MIN)
        return false;
    *ret_number = is_negative ? number : -number;
    return true;
}

/* --- Times --- */

struct reader {
    struct nx_str text;
    size_t at;
    bool failed;
};

static char next_char(struct reader *reader)
{
    if (reader->at == reader->text.len) {
        reader->failed = true;
        return '\0';
    }
    return reader->text.ptr[reader->at++];
}

static bool next_is(const struct reader *reader, char c)
{
    return reader->at < reader->text.len && reader->text.ptr[reader->at] == c;
}

static void expect(struct reader *reader, char upper, char lower)
{
    char c = next_char(reader);
    if (c != upper && c != lower)
        reader->failed = true;
}

/* A number of so many digits, least to most. */
static int64_t read_digits(struct reader *reader, int count, int least, int most)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        char c = next_char(reader);
        if (!is_digit(c)) {
            reader->failed = true;
            return least;
        }
        number = number * 10 + (c - '0');
    }
    if (number < least || number > most) {
        reader->failed = true;
        return least;
    }
    return number;
}

static int64_t read_fraction_us(struct reader *reader)
{
    int64_t us = 0;
    int64_t scale = 100000;
    if (!next_is(reader, '.'))
        return 0;
    reader->at++;
    size_t from = reader->at;
    for (; reader->at < reader->text.len && is_digit(reader->text.ptr[reader->at]); reader->at++) {
        int digit = reader->text.ptr[reader->at] - '0';
        if (scale == 0 && digit != 0)
            reader->failed = true; /* finer than what is stored */
        us += digit * scale;
        scale /= 10;
    }
    if (reader->at == from || reader->at - from > 9)
        reader->failed = true;
    return us;
}

static int64_t read_offset_s(struct reader *reader)
{
    char sign = next_char(reader);
    if (sign == 'Z' || sign == 'z')
        return 0;
    if (sign != '+' && sign != '-')
        reader->failed = true;
    int64_t hours = read_digits(reader, 2, 0, 23);
    expect(reader, ':', ':');
    int64_t minutes = read_digits(reader, 2, 0, 59);
    return (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

static int days_in_month(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

/* Days since 1970-01-01; the year begins in March, so that a leap day is its last. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

bool store_value_time(struct nx_str text, int64_t *ret_unix_us)
{
    struct reader reader = {.text = text};
    int64_t year = read_digits(&reader, 4, 1, 9999);
    expect(&reader, '-', '-');
    int64_t month = read_digits(&reader, 2, 1, 12);
    expect(&reader, '-', '-');
    int64_t day = read_digits(&reader, 2, 1, days_in_month(year, month));
    expect(&reader, 'T', 't');
    int64_t seconds = read_digits(&reader, 2, 0, 23) * 3600;
    expect(&reader, ':', ':');
    seconds += read_digits(&reader, 2, 0, 59) * 60;
    expect(&reader, ':', ':');
    seconds += read_digits(&reader, 2, 0, 59);
    int64_t us = read_fraction_us(&reader);
    seconds -= read_offset_s(&reader);
    if (reader.failed || reader.at != text.len)
        return false;
    *ret_unix_us = (days_since_1970(year, month, day) * 86400 + seconds) * 1000000 + us;
    return true;
}

/* --- Names --- */

static bool read_id(struct nx_str text, size_t *at, int64_t *ret_id)
{
    int64_t id = 0;
    if (*at == text.len || text.ptr[*at] < '1' || text.ptr[*at] > '9')
        return false;
    for (; *at < text.len && is_digit(text.ptr[*at]); (*at)++) {
        if (__builtin_mul_overflow(id, 10, &id) ||
            __builtin_add_overflow(id, text.ptr[*at] - '0', &id))
            return false;
    }
    *ret_id = id;
    return true;
}

bool store_value_name(struct nx_str text, const char *collection, int64_t ret_ids[2])
{
    size_t at = 0;
    unsigned count = 0;
    for (const char *c = collection; *c; c++) {
        if (*c == '?') {
            if (!read_id(text, &at, &ret_ids[count++]))
                return false;
        } else if (at == text.len || text.ptr[at++] != *c) {
            return false;
        }
    }
    return read_id(text, &at, &ret_ids[count]) && at == text.len;
}

/* --- Texts --- */

struct nx_str store_value_pattern(struct nx_arena *arena, const struct store_token *value,
                                  bool is_open_before, bool is_open_behind)
{
    size_t from = value->starts_wild ? 1 : 0;
    size_t to = value->text.len - (value->ends_wild ? 1 : 0);
    char *pattern = nx_arena_alloc(arena, 2 * value->text.len + 2);
    size_t length = 0;
    if (!pattern)
        return (struct nx_str){NULL, 0};
    if (is_open_before || value->starts_wild)
        pattern[length++] = '%';
    for (size_t i = from; i < to; i++) {
        char c = value->text.ptr[i];
        if (c == '\\' || c == '%' || c == '_')
            pattern[length++] = '\\';
        pattern[length++] = c;
    }
    if (is_open_behind || value->ends_wild)
        pattern[length++] = '%';
    return (struct nx_str){pattern, length};
}

static char *put_json_string(char *to, struct nx_str text)
{
    static const char hex[] = "0123456789abcdef";
    *to++ = '"';
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20) {
            memcpy(to, "\\u00", 4);
            to[4] = hex[c >> 4];
            to[5] = hex[c & 15];
            to += 6;
        } else {
            if (c == '"' || c == '\\')
                *to++ = '\\';
            *to++ = (char)c;
        }
    }
    *to++ = '"';
    return to;
}

static bool is_json_word(const struct store_token *value)
{
    return value->kind == STORE_TOKEN_TEXT &&
           (store_value_is_number(value) || nx_str_equal(value->text, NX_STR("true")) ||
            nx_str_equal(value->text, NX_STR("false")) ||
            nx_str_equal(value->text, NX_STR("null")));
}

struct nx_str store_value_json(struct nx_arena *arena, const struct nx_str *path, unsigned length,
                               const struct store_token *value, bool in_list)
{
    size_t size = MAX_JSON_ESCAPE * value->text.len + 4;
    for (unsigned i = 0; i < length; i++)
        size += MAX_JSON_ESCAPE * path[i].len + 5;
    char *json = nx_arena_alloc(arena, size);
    char *to = json;
    if (!json)
        return (struct nx_str){NULL, 0};
    for (unsigned i = 0; i < length; i++) {
        *to++ = '{';
        to = put_json_string(to, path[i]);
        *to++ = ':';
    }
    if (in_list)
        *to++ = '[';
    if (is_json_word(value)) {
        memcpy(to, value->text.ptr, value->text.len);
        to += value->text.len;
    } else {
        to = put_json_string(to, value->text);
    }
    if (in_list)
        *to++ = ']';
    memset(to, '}', length);
    to += length;
    return (struct nx_str){json, (size_t)(to - json)};
}

const struct store_enum_value *store_value_enum(const struct store_field *field, struct nx_str name)
{
    struct nx_str prefix = nx_str_from(field->value_prefix);
    for (const struct store_enum_value *value = field->values; value->name; value++) {
        struct nx_str full = nx_str_from(value->name);
        struct nx_str bare = {full.ptr + prefix.len, full.len - prefix.len};
        if (nx_str_equal(full, name) || nx_str_equal(bare, name))
            return value;
    }
    return NULL;
}
