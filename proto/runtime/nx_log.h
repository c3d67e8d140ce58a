/* Log lines on stderr, one event a line, in logfmt:
 *
 *   time=2026-01-31T10:00:00.123Z level=info event=listening address=127.0.0.1:50051
 *
 * Safe from any thread; a line is written in one system call. Never pass secrets. */
#ifndef NX_LOG_H
#define NX_LOG_H

#include <stdbool.h>

enum nx_log_level { NX_LOG_DEBUG, NX_LOG_INFO, NX_LOG_WARN, NX_LOG_ERROR };

/* Set the least level that is written; NX_LOG_INFO at start. */
void nx_log_set_level(enum nx_log_level level);

/* "debug", "info", "warn" or "error" to its level. False, and untouched, for anything else. */
bool nx_log_level_from_name(const char *name, enum nx_log_level *ret_level);

/* Write one event. Fields are key, value pairs of strings, ended by a NULL key; values are quoted
 * and escaped as needed:
 *   nx_log(NX_LOG_INFO, "listening", "address", address, NULL); */
void nx_log(enum nx_log_level level, const char *event, ...) __attribute__((sentinel));

#endif
