#include <stdlib.h>

#include "pbj_internal.h"

#define SECONDS_PER_DAY INT64_C(86400)
#define NANOS_PER_SECOND 1000000000
#define MIN_TIMESTAMP INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define MAX_TIMESTAMP INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define MAX_DURATION INT64_C(315576000000)  /* 10,000 years */

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar. A year is taken to begin in
 * March, so that the leap day is its last. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    if (month < 3)
        year--;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    return 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719468;
}

struct date {
    int64_t year;
    int64_t month;
    int64_t day;
};

/* The inverse, for days of the years 1 to 9999. */
static struct date date_from_days(int64_t days)
{
    days += 719468; /* since 0000-03-01 */
    int64_t era = days / 146097;
    int64_t day_of_era = days % 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct date){.year = era * 400 + year_of_era + (month < 3),
                         .month = month,
                         .day = day_of_year - (153 * month_from_march + 2) / 5 + 1};
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Takes from the front of a text; once something does not fit, `ok` stays false. */
struct scan {
    struct nx_str rest;
    bool ok;
};

static void advance(struct scan *scan, size_t count)
{
    scan->rest.ptr += count;
    scan->rest.len -= count;
}

static bool take_char(struct scan *scan, char c)
{
    if (scan->rest.len == 0 || scan->rest.ptr[0] != c)
        return false;
    advance(scan, 1);
    return true;
}

static void need_char(struct scan *scan, char c)
{
    scan->ok = scan->ok && take_char(scan, c);
}

static bool at_digit(const struct scan *scan)
{
    return scan->rest.len > 0 && scan->rest.ptr[0] >= '0' && scan->rest.ptr[0] <= '9';
}

/* Take exactly so many digits. */
static int64_t need_digits(struct scan *scan, int count)
{
    int64_t value = 0;
    for (int i = 0; i < count; i++) {
        scan->ok = scan->ok && at_digit(scan);
        if (!scan->ok)
            return 0;
        value = value * 10 + (scan->rest.ptr[0] - '0');
        advance(scan, 1);
    }
    return value;
}

/* Take a fraction of 1 to 9 digits, if there is one, as nanoseconds. */
static int32_t take_fraction(struct scan *scan)
{
    if (!take_char(scan, '.'))
        return 0;
    scan->ok = scan->ok && at_digit(scan);
    int32_t nanos = 0;
    for (int i = 0; i < 9; i++)
        nanos = nanos * 10 + (at_digit(scan) ? (int32_t)need_digits(scan, 1) : 0);
    return nanos;
}

/* Take "Z" or an offset of hours and minutes, as seconds. */
static int64_t need_zone(struct scan *scan)
{
    if (take_char(scan, 'Z'))
        return 0;
    bool west = take_char(scan, '-');
    if (!west)
        need_char(scan, '+');
    int64_t hours = need_digits(scan, 2);
    need_char(scan, ':');
    int64_t minutes = need_digits(scan, 2);
    scan->ok = scan->ok && hours < 24 && minutes < 60;
    int64_t seconds = hours * 3600 + minutes * 60;
    return west ? -seconds : seconds;
}

const char *pbj_parse_timestamp(struct nx_str text, int64_t *ret_seconds, int32_t *ret_nanos)
{
    struct scan scan = {text, true};
    int64_t year = need_digits(&scan, 4);
    need_char(&scan, '-');
    int64_t month = need_digits(&scan, 2);
    need_char(&scan, '-');
    int64_t day = need_digits(&scan, 2);
    need_char(&scan, 'T');
    int64_t hour = need_digits(&scan, 2);
    need_char(&scan, ':');
    int64_t minute = need_digits(&scan, 2);
    need_char(&scan, ':');
    int64_t second = need_digits(&scan, 2);
    int32_t nanos = take_fraction(&scan);
    int64_t offset = need_zone(&scan);
    if (!scan.ok || scan.rest.len > 0)
        return "must be a time such as \"2026-01-31T10:00:00Z\"";
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return "is not a date of the calendar";
    if (hour > 23 || minute > 59 || second > 59)
        return "is not a time of day";
    int64_t seconds = days_from_date(year, month, day) * SECONDS_PER_DAY + hour * 3600 +
                      minute * 60 + second - offset;
    if (seconds < MIN_TIMESTAMP || seconds > MAX_TIMESTAMP)
        return "is not in the years 0001 to 9999";
    *ret_seconds = seconds;
    *ret_nanos = nanos;
    return NULL;
}

const char *pbj_parse_duration(struct nx_str text, int64_t *ret_seconds, int32_t *ret_nanos)
{
    struct scan scan = {text, true};
    bool negative = take_char(&scan, '-');
    int64_t seconds = need_digits(&scan, 1);
    while (at_digit(&scan)) {
        int64_t digit = need_digits(&scan, 1);
        if (seconds <= MAX_DURATION)
            seconds = seconds * 10 + digit;
    }
    int32_t nanos = take_fraction(&scan);
    need_char(&scan, 's');
    if (!scan.ok || scan.rest.len > 0)
        return "must be a duration in seconds such as \"1.5s\"";
    if (seconds > MAX_DURATION)
        return "is more than 315576000000 seconds";
    *ret_seconds = negative ? -seconds : seconds;
    *ret_nanos = negative ? -nanos : nanos;
    return NULL;
}

/* Append a number with leading zeros. */
static void write_padded(struct nx_buf *buf, int64_t value, int width)
{
    char digits[9];
    for (int i = width; i > 0; i--) {
        digits[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    nx_buf_append(buf, digits, (size_t)width);
}

/* Append a fraction of 3, 6 or 9 digits, or none when it is 0. */
static void write_fraction(struct nx_buf *buf, int32_t nanos)
{
    if (nanos == 0)
        return;
    nx_buf_append_char(buf, '.');
    if (nanos % 1000000 == 0)
        write_padded(buf, nanos / 1000000, 3);
    else if (nanos % 1000 == 0)
        write_padded(buf, nanos / 1000, 6);
    else
        write_padded(buf, nanos, 9);
}

bool pbj_write_timestamp(struct nx_buf *buf, int64_t seconds, int32_t nanos)
{
    if (seconds < MIN_TIMESTAMP || seconds > MAX_TIMESTAMP || nanos < 0 ||
        nanos >= NANOS_PER_SECOND)
        return false;
    int64_t since_year_one = seconds - MIN_TIMESTAMP;
    int64_t of_day = since_year_one % SECONDS_PER_DAY;
    struct date date = date_from_days((since_year_one - of_day + MIN_TIMESTAMP) / SECONDS_PER_DAY);
    const struct {
        int64_t value;
        int width;
        char after;
    } parts[] = {
        {date.year, 4, '-'},     {date.month, 2, '-'},       {date.day, 2, 'T'},
        {of_day / 3600, 2, ':'}, {of_day / 60 % 60, 2, ':'}, {of_day % 60, 2, 0},
    };
    nx_buf_append_char(buf, '"');
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        write_padded(buf, parts[i].value, parts[i].width);
        if (parts[i].after)
            nx_buf_append_char(buf, parts[i].after);
    }
    write_fraction(buf, nanos);
    nx_buf_append_str(buf, NX_STR("Z\""));
    return true;
}

bool pbj_write_duration(struct nx_buf *buf, int64_t seconds, int32_t nanos)
{
    bool in_range = seconds >= -MAX_DURATION && seconds <= MAX_DURATION &&
                    nanos > -NANOS_PER_SECOND && nanos < NANOS_PER_SECOND;
    if (!in_range || (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0))
        return false;
    nx_buf_append_char(buf, '"');
    if (seconds < 0 || nanos < 0)
        nx_buf_append_char(buf, '-');
    nx_buf_append_i64(buf, llabs(seconds));
    write_fraction(buf, abs(nanos));
    nx_buf_append_str(buf, NX_STR("s\""));
    return true;
}
