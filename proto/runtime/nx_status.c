#include "nx_status.h"

#include <stddef.h>

static const char *const code_names[] = {
    [NX_OK] = "OK",
    [NX_CANCELLED] = "CANCELLED",
    [NX_UNKNOWN] = "UNKNOWN",
    [NX_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
    [NX_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
    [NX_NOT_FOUND] = "NOT_FOUND",
    [NX_ALREADY_EXISTS] = "ALREADY_EXISTS",
    [NX_PERMISSION_DENIED] = "PERMISSION_DENIED",
    [NX_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
    [NX_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
    [NX_ABORTED] = "ABORTED",
    [NX_OUT_OF_RANGE] = "OUT_OF_RANGE",
    [NX_UNIMPLEMENTED] = "UNIMPLEMENTED",
    [NX_INTERNAL] = "INTERNAL",
    [NX_UNAVAILABLE] = "UNAVAILABLE",
    [NX_DATA_LOSS] = "DATA_LOSS",
    [NX_UNAUTHENTICATED] = "UNAUTHENTICATED",
};

static const struct nx_error memory_error = {
    .message = "the request needs more memory than one request may use",
    .reason = "REQUEST_MEMORY_EXHAUSTED",
};

nx_status nx_fail_memory(void)
{
    return (nx_status){NX_RESOURCE_EXHAUSTED, &memory_error};
}

static nx_status fail_with(struct nx_arena *arena, enum nx_code code, struct nx_error content)
{
    struct nx_error *error = nx_arena_alloc(arena, sizeof *error);
    if (!error || !content.message)
        return nx_fail_memory();
    *error = content;
    return (nx_status){code, error};
}

nx_status nx_fail(struct nx_arena *arena, enum nx_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = nx_arena_vprintf(arena, format, args);
    va_end(args);
    return fail_with(arena, code, (struct nx_error){.message = message});
}

nx_status nx_fail_reason(struct nx_arena *arena, enum nx_code code, const char *reason,
                         const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = nx_arena_vprintf(arena, format, args);
    va_end(args);
    return fail_with(arena, code, (struct nx_error){.message = message, .reason = reason});
}

nx_status nx_fail_violations(struct nx_arena *arena, enum nx_code code, const char *reason,
                             const struct nx_violation *violations)
{
    bool of_field = *violations->field != '\0';
    const char *message = nx_arena_printf(arena, "%s%s%s", violations->field, of_field ? ": " : "",
                                          violations->description);
    return fail_with(
        arena, code,
        (struct nx_error){.message = message, .reason = reason, .violations = violations});
}

nx_status nx_fail_field(struct nx_arena *arena, const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *description = nx_arena_vprintf(arena, format, args);
    va_end(args);
    struct nx_violation *violation = nx_arena_alloc(arena, sizeof *violation);
    char *name = nx_arena_strdup(arena, nx_str_from(field));
    if (!description || !violation || !name)
        return nx_fail_memory();
    *violation = (struct nx_violation){.field = name, .description = description};
    return nx_fail_violations(arena, NX_INVALID_ARGUMENT, NULL, violation);
}

static bool copy_text(struct nx_arena *arena, const char *text, const char **ret_copy)
{
    *ret_copy = text ? nx_arena_strdup(arena, nx_str_from(text)) : NULL;
    return !text || *ret_copy;
}

nx_status nx_status_copy(struct nx_arena *arena, nx_status status)
{
    if (!status.error || status.error == &memory_error)
        return status;
    struct nx_error copy = *status.error;
    const char *details = nx_arena_strdup(arena, copy.details);
    if (!details || !copy_text(arena, status.error->message, &copy.message) ||
        !copy_text(arena, status.error->reason, &copy.reason))
        return nx_fail_memory();
    copy.details.ptr = details;
    const struct nx_violation **tail = &copy.violations;
    for (const struct nx_violation *from = status.error->violations; from; from = from->next) {
        struct nx_violation *to = nx_arena_calloc(arena, 1, sizeof *to);
        if (!to || !copy_text(arena, from->field, &to->field) ||
            !copy_text(arena, from->description, &to->description))
            return nx_fail_memory();
        *tail = to;
        tail = &to->next;
    }
    return fail_with(arena, status.code, copy);
}

const char *nx_code_name(enum nx_code code)
{
    unsigned index = (unsigned)code;
    return index < sizeof code_names / sizeof *code_names ? code_names[index] : "UNKNOWN";
}

const char *nx_status_message(nx_status status)
{
    return status.error ? status.error->message : "";
}
