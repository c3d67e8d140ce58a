/* A status as HTTP says it: the one place where codes are translated (google/rpc/code.proto). */
#ifndef GW_ERROR_H
#define GW_ERROR_H

#include "nx_arena.h"
#include "nx_buf.h"
#include "nx_status.h"
#include "pbj.h"

/* 404 for NX_NOT_FOUND, and so on; 500 for what is no code. */
unsigned gw_error_http_status(enum nx_code code);

/* The reason of a failure, our own or the first of a service's details (ErrorInfo); "" when it has
 * none that can be read. */
const char *gw_error_reason(nx_status status, struct nx_arena *arena);

/* Append {"error": {"code": 404, "message": ..., "status": "NOT_FOUND", "details": [...]}}. Details
 * that cannot be read, or are of an unknown type, are left out. They are in the form, NULL being
 * the usual one, but never have defaults.
 * ret_retry_after_s: what its RetryInfo says, rounded up; untouched if it has none. */
void gw_error_write(nx_status status, unsigned http_status, const struct pbj_write_options *form,
                    struct nx_arena *arena, struct nx_buf *buf, unsigned *ret_retry_after_s);

#endif
