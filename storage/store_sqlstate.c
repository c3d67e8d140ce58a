/* SQLSTATE -> status. The one place where an error of the database becomes an answer: the message
 * is ours, the database's own never leaves the server. Codes: PostgreSQL 15, appendix A. */
#include <string.h>

#include "store_internal.h"

#define ERROR(reason_, message_)                                                                   \
    {                                                                                              \
        .message = (message_), .reason = (reason_)                                                 \
    }

/* The longest prefix wins; whole codes come before their class. */
static const struct store_sqlstate table[] = {
    /* What the caller sent. */
    {"22P03", NX_INTERNAL, STORE_REMEDY_NONE, true,
     ERROR("STATEMENT_MISMATCH", "the request could not be passed to the database")},
    {"22", NX_INVALID_ARGUMENT, STORE_REMEDY_NONE, false,
     ERROR("VALUE_REFUSED", "a value is not one that can be stored")},
    {"23502", NX_INVALID_ARGUMENT, STORE_REMEDY_NONE, false,
     ERROR("VALUE_MISSING", "a required value is missing")},
    {"23503", NX_FAILED_PRECONDITION, STORE_REMEDY_NONE, false,
     ERROR("REFERENCE_BROKEN", "a resource that is referred to does not exist, or one that is "
                               "still referred to would be removed")},
    {"23505", NX_ALREADY_EXISTS, STORE_REMEDY_NONE, false,
     ERROR("ALREADY_EXISTS", "another resource has this value already, and it must be unique")},
    {"23514", NX_INVALID_ARGUMENT, STORE_REMEDY_NONE, false,
     ERROR("VALUE_REFUSED", "a value is outside of what is allowed")},
    {"23P01", NX_FAILED_PRECONDITION, STORE_REMEDY_NONE, false,
     ERROR("CONFLICTING_RESOURCE", "another resource is in the way of this one")},
    {"23", NX_FAILED_PRECONDITION, STORE_REMEDY_NONE, false,
     ERROR("CONSTRAINT", "the change would break a rule of the catalog")},
    {"44", NX_INVALID_ARGUMENT, STORE_REMEDY_NONE, false,
     ERROR("VALUE_REFUSED", "a value is outside of what is allowed")},
    {"54", NX_INVALID_ARGUMENT, STORE_REMEDY_NONE, true,
     ERROR("VALUE_TOO_LARGE", "a value is larger than the database can take")},

    /* What others did at the same time. */
    {"40001", NX_ABORTED, STORE_REMEDY_AGAIN, false,
     ERROR("CONFLICT", "others changed the same resources at the same time; try again")},
    {"40003", NX_UNKNOWN, STORE_REMEDY_NONE, true,
     ERROR("OUTCOME_UNKNOWN", "the connection was lost before the outcome was known")},
    {"40P01", NX_ABORTED, STORE_REMEDY_AGAIN, false,
     ERROR("CONFLICT", "others changed the same resources at the same time; try again")},
    {"40", NX_ABORTED, STORE_REMEDY_NONE, true,
     ERROR("CONFLICT", "others changed the same resources at the same time; try again")},
    {"55P03", NX_ABORTED, STORE_REMEDY_NONE, false,
     ERROR("CONFLICT", "the resource is locked by another change; try again")},

    /* The state of the database. */
    {"08P01", NX_INTERNAL, STORE_REMEDY_NONE, true, /* also: a Bind that does not fit */
     ERROR("STATEMENT_MISMATCH", "the request could not be passed to the database")},
    {"08", NX_UNAVAILABLE, STORE_REMEDY_NONE, true,
     ERROR("DATABASE_UNAVAILABLE", "the database cannot be reached")},
    {"25006", NX_UNAVAILABLE, STORE_REMEDY_MOVE, true,
     ERROR("DATABASE_READ_ONLY", "the database takes no writes at the moment")},
    {"53300", NX_UNAVAILABLE, STORE_REMEDY_NONE, true,
     ERROR("DATABASE_UNAVAILABLE", "the database has no connection to spare")},
    {"53", NX_RESOURCE_EXHAUSTED, STORE_REMEDY_NONE, true,
     ERROR("DATABASE_EXHAUSTED", "the database is out of memory or of space")},
    {"57014", NX_DEADLINE_EXCEEDED, STORE_REMEDY_NONE, true,
     ERROR("STATEMENT_TIMEOUT", "the database took longer than it is allowed to")},
    {"57", NX_UNAVAILABLE, STORE_REMEDY_NONE, true,
     ERROR("DATABASE_UNAVAILABLE", "the database is being stopped or started")},
    {"58", NX_UNAVAILABLE, STORE_REMEDY_NONE, true,
     ERROR("DATABASE_UNAVAILABLE", "the database has trouble with its system")},
    {"XX001", NX_DATA_LOSS, STORE_REMEDY_NONE, true, ERROR("DATA_LOSS", "stored data are damaged")},
    {"XX002", NX_DATA_LOSS, STORE_REMEDY_NONE, true, ERROR("DATA_LOSS", "stored data are damaged")},

    /* What whoever runs the server has to put right. 42501 is about the rights of the service's
     * role, not those of the caller: it is not PERMISSION_DENIED. */
    {"0A000", NX_INTERNAL, STORE_REMEDY_PREPARE, true, /* also: "cached plan must not change" */
     ERROR("STATEMENT_UNAVAILABLE", "the database's schema is not the one that is expected")},
    {"26000", NX_INTERNAL, STORE_REMEDY_NONE, true,
     ERROR("STATEMENT_UNAVAILABLE", "the database's schema is not the one that is expected")},
    {"3F000", NX_INTERNAL, STORE_REMEDY_NONE, true,
     ERROR("STATEMENT_UNAVAILABLE", "the database's schema is not the one that is expected")},
    {"42501", NX_INTERNAL, STORE_REMEDY_NONE, true,
     ERROR("DATABASE_RIGHTS", "the service lacks rights in the database")},
    {"42", NX_INTERNAL, STORE_REMEDY_NONE, true,
     ERROR("STATEMENT_UNAVAILABLE", "the database's schema is not the one that is expected")},
};

static const struct store_sqlstate other = {
    "", NX_INTERNAL, STORE_REMEDY_NONE, true,
    ERROR("DATABASE_ERROR", "the database answered with an error")};

static const struct store_sqlstate raised = {"NX", NX_INTERNAL, STORE_REMEDY_NONE, false,
                                             ERROR(NULL, "the database refused the request")};

const struct store_sqlstate *store_sqlstate_find(const char *sqlstate)
{
    if (strncmp(sqlstate, raised.prefix, 2) == 0)
        return &raised;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strncmp(sqlstate, table[i].prefix, strlen(table[i].prefix)) == 0)
            return &table[i];
    }
    return &other;
}

/* The code in NXnnn; NX_OK when it is none. */
static enum nx_code raised_code(const char *sqlstate)
{
    unsigned number = 0;
    if (strlen(sqlstate) != 5)
        return NX_OK;
    for (const char *digit = sqlstate + 2; *digit; digit++) {
        if (*digit < '0' || *digit > '9')
            return NX_OK;
        number = number * 10 + (unsigned)(*digit - '0');
    }
    return number <= NX_UNAUTHENTICATED ? (enum nx_code)number : NX_OK;
}

nx_status store_sqlstate_status(struct nx_arena *arena, const char *sqlstate, const char *message)
{
    const struct store_sqlstate *row = store_sqlstate_find(sqlstate);
    if (row == &raised) {
        enum nx_code code = raised_code(sqlstate);
        if (code == NX_NOT_FOUND)
            return nx_fail_reason(arena, code, "RESOURCE_NOT_FOUND", "%s",
                                  message ? message : row->error.message);
        if (code != NX_OK)
            return nx_fail(arena, code, "%s", message ? message : row->error.message);
    }
    return (nx_status){row->code, &row->error};
}
