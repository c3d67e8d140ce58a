/* The outcome of anything that can fail.
 *
 * Codes and their numbers are those of gRPC (grpc/grpc doc/statuscodes.md). A status is made
 * once, where the cause is known, and passed on untouched; only an edge translates it. */
#ifndef NX_STATUS_H
#define NX_STATUS_H

#include <stdarg.h>
#include <stdint.h>

#include "nx_arena.h"
#include "nx_str.h"

#define NX_MUST_USE __attribute__((warn_unused_result))

enum nx_code {
    NX_OK = 0,
    NX_CANCELLED = 1,
    NX_UNKNOWN = 2,
    NX_INVALID_ARGUMENT = 3,
    NX_DEADLINE_EXCEEDED = 4,
    NX_NOT_FOUND = 5,
    NX_ALREADY_EXISTS = 6,
    NX_PERMISSION_DENIED = 7,
    NX_RESOURCE_EXHAUSTED = 8,
    NX_FAILED_PRECONDITION = 9,
    NX_ABORTED = 10,
    NX_OUT_OF_RANGE = 11,
    NX_UNIMPLEMENTED = 12,
    NX_INTERNAL = 13,
    NX_UNAVAILABLE = 14,
    NX_DATA_LOSS = 15,
    NX_UNAUTHENTICATED = 16,
};

/* One wrong field of a request: google.rpc.BadRequest.FieldViolation. */
struct nx_violation {
    const char *field; /* path in the request, "product.price.units"; "" for the whole */
    const char *description;
    const struct nx_violation *next;
};

/* What is known of a failure besides its code. */
struct nx_error {
    const char *message; /* never NULL; fit for a client: no SQL, no file names */
    const char *reason;  /* google.rpc.ErrorInfo.reason, UPPER_SNAKE_CASE, or NULL */
    const struct nx_violation *violations; /* NULL for none */
    uint32_t retry_after_ms;               /* google.rpc.RetryInfo; 0 for none */
    struct nx_str details;                 /* a received, serialized google.rpc.Status; or empty */
};

typedef struct nx_status {
    enum nx_code code;
    const struct nx_error *error; /* NULL when OK; else in the arena it was made with, or static */
} nx_status;

#define NX_STATUS_OK ((nx_status){NX_OK, 0})

/* Return from the enclosing function with the status of an expression that failed. Not where a
 * resource is owned. */
#define NX_TRY(expression)                                                                         \
    do {                                                                                           \
        nx_status nx_try_status = (expression);                                                    \
        if (nx_try_status.code != NX_OK)                                                           \
            return nx_try_status;                                                                  \
    } while (0)

/* A failure with a message. Never fails itself: without memory the message is a static one. */
nx_status nx_fail(struct nx_arena *arena, enum nx_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4))) NX_MUST_USE;

/* As nx_fail(), with a machine-readable reason; the reason is borrowed (use a literal). */
nx_status nx_fail_reason(struct nx_arena *arena, enum nx_code code, const char *reason,
                         const char *format, ...) __attribute__((format(printf, 4, 5))) NX_MUST_USE;

/* INVALID_ARGUMENT for one field; the field is copied. The message reads "field: description". */
nx_status nx_fail_field(struct nx_arena *arena, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4))) NX_MUST_USE;

/* A failure of many fields at once, or of a field for another reason than its value. The violations
 * are borrowed, and must not be NULL; the message is made of the first. */
nx_status nx_fail_violations(struct nx_arena *arena, enum nx_code code, const char *reason,
                             const struct nx_violation *violations) NX_MUST_USE;

/* Out of memory within a request: RESOURCE_EXHAUSTED, static, needs no arena. */
nx_status nx_fail_memory(void) NX_MUST_USE;

/* Copy a status into another arena, so that it can outlive the one it was made with. */
nx_status nx_status_copy(struct nx_arena *arena, nx_status status) NX_MUST_USE;

/* "NOT_FOUND" for NX_NOT_FOUND; "UNKNOWN" for what is no code. */
const char *nx_code_name(enum nx_code code);

/* The message of a status; "" when OK. */
const char *nx_status_message(nx_status status);

#endif
