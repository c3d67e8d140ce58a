#include "nx_log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINE_BYTES 4096

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static atomic_int least_level = NX_LOG_INFO;

/* A line under construction; what does not fit is cut. */
struct line {
    char bytes[MAX_LINE_BYTES];
    size_t len;
};

static void put_char(struct line *line, char c)
{
    if (line->len < sizeof line->bytes - 2)
        line->bytes[line->len++] = c;
}

static void put_text(struct line *line, const char *text)
{
    while (*text)
        put_char(line, *text++);
}

static void put_value(struct line *line, const char *value)
{
    if (*value && !strpbrk(value, " \"=\\\n\r\t")) {
        put_text(line, value);
        return;
    }
    put_char(line, '"');
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        if (c == '"' || c == '\\')
            put_char(line, '\\');
        put_char(line, c < 0x20 ? ' ' : (char)c);
    }
    put_char(line, '"');
}

static void put_time(struct line *line)
{
    struct timespec now;
    struct tm utc;
    char text[48];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + len, sizeof text - len, ".%03ldZ", now.tv_nsec / 1000000);
    put_text(line, text);
}

void nx_log_set_level(enum nx_log_level level)
{
    atomic_store_explicit(&least_level, (int)level, memory_order_relaxed);
}

bool nx_log_level_from_name(const char *name, enum nx_log_level *ret_level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *ret_level = (enum nx_log_level)i;
            return true;
        }
    }
    return false;
}

void nx_log(enum nx_log_level level, const char *event, ...)
{
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;
    struct line line = {.len = 0};
    put_text(&line, "time=");
    put_time(&line);
    put_text(&line, " level=");
    put_text(&line, level_names[level]);
    put_text(&line, " event=");
    put_value(&line, event);
    va_list args;
    va_start(args, event);
    for (const char *key = va_arg(args, const char *); key; key = va_arg(args, const char *)) {
        const char *value = va_arg(args, const char *);
        put_char(&line, ' ');
        put_text(&line, key);
        put_char(&line, '=');
        put_value(&line, value ? value : "");
    }
    va_end(args);
    line.bytes[line.len++] = '\n';
    ssize_t written = write(STDERR_FILENO, line.bytes, line.len);
    (void)written;
}
