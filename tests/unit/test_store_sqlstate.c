/* The table from SQLSTATE to status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store_internal.h"

static const struct {
    const char *sqlstate;
    enum nx_code code;
    enum store_remedy remedy;
    const char *reason;
} cases[] = {
    {"23505", NX_ALREADY_EXISTS, STORE_REMEDY_NONE, "ALREADY_EXISTS"},
    {"23503", NX_FAILED_PRECONDITION, STORE_REMEDY_NONE, "REFERENCE_BROKEN"},
    {"23502", NX_INVALID_ARGUMENT, STORE_REMEDY_NONE, "VALUE_MISSING"},
    {"23514", NX_INVALID_ARGUMENT, STORE_REMEDY_NONE, "VALUE_REFUSED"},
    {"23001", NX_FAILED_PRECONDITION, STORE_REMEDY_NONE, "CONSTRAINT"},
    {"22003", NX_INVALID_ARGUMENT, STORE_REMEDY_NONE, "VALUE_REFUSED"},
    {"22P02", NX_INVALID_ARGUMENT, STORE_REMEDY_NONE, "VALUE_REFUSED"},
    {"22P03", NX_INTERNAL, STORE_REMEDY_NONE, "STATEMENT_MISMATCH"},
    {"40001", NX_ABORTED, STORE_REMEDY_AGAIN, "CONFLICT"},
    {"40P01", NX_ABORTED, STORE_REMEDY_AGAIN, "CONFLICT"},
    {"40003", NX_UNKNOWN, STORE_REMEDY_NONE, "OUTCOME_UNKNOWN"},
    {"55P03", NX_ABORTED, STORE_REMEDY_NONE, "CONFLICT"},
    {"25006", NX_UNAVAILABLE, STORE_REMEDY_MOVE, "DATABASE_READ_ONLY"},
    {"08006", NX_UNAVAILABLE, STORE_REMEDY_NONE, "DATABASE_UNAVAILABLE"},
    {"08P01", NX_INTERNAL, STORE_REMEDY_NONE, "STATEMENT_MISMATCH"},
    {"53100", NX_RESOURCE_EXHAUSTED, STORE_REMEDY_NONE, "DATABASE_EXHAUSTED"},
    {"53300", NX_UNAVAILABLE, STORE_REMEDY_NONE, "DATABASE_UNAVAILABLE"},
    {"57014", NX_DEADLINE_EXCEEDED, STORE_REMEDY_NONE, "STATEMENT_TIMEOUT"},
    {"57P01", NX_UNAVAILABLE, STORE_REMEDY_NONE, "DATABASE_UNAVAILABLE"},
    {"0A000", NX_INTERNAL, STORE_REMEDY_PREPARE, "STATEMENT_UNAVAILABLE"},
    {"42P01", NX_INTERNAL, STORE_REMEDY_NONE, "STATEMENT_UNAVAILABLE"},
    {"42501", NX_INTERNAL, STORE_REMEDY_NONE, "DATABASE_RIGHTS"},
    {"XX001", NX_DATA_LOSS, STORE_REMEDY_NONE, "DATA_LOSS"},
    {"XX000", NX_INTERNAL, STORE_REMEDY_NONE, "DATABASE_ERROR"},
    {"P0001", NX_INTERNAL, STORE_REMEDY_NONE, "DATABASE_ERROR"},
    {"", NX_INTERNAL, STORE_REMEDY_NONE, "DATABASE_ERROR"},
    {"2", NX_INTERNAL, STORE_REMEDY_NONE, "DATABASE_ERROR"},
};

static void test_store_sqlstate__table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct store_sqlstate *row = store_sqlstate_find(cases[i].sqlstate);
        nx_status status = store_sqlstate_status(NULL, cases[i].sqlstate, "relation \"secret\"");
        assert_int_equal(row->remedy, cases[i].remedy);
        assert_int_equal(status.code, cases[i].code);
        assert_string_equal(status.error->reason, cases[i].reason);
        assert_null(strstr(status.error->message, "secret"));
        assert_true(status.error->message[0] != '\0');
    }
}

static void test_store_sqlstate__raised_codes(void **state)
{
    static const char *const wrong[] = {"NX000", "NX017", "NX999", "NXabc", "NX-01", "NX01", "NX"};
    (void)state;
    struct nx_arena *arena = nx_arena_new(4096);
    assert_non_null(arena);
    nx_status status = store_sqlstate_status(arena, "NX003", "the parent does not exist");
    assert_int_equal(status.code, NX_INVALID_ARGUMENT);
    assert_string_equal(status.error->message, "the parent does not exist");
    status = store_sqlstate_status(arena, "NX005", "products/1 does not exist");
    assert_int_equal(status.code, NX_NOT_FOUND);
    assert_string_equal(status.error->reason, "RESOURCE_NOT_FOUND");
    status = store_sqlstate_status(arena, "NX010", NULL);
    assert_int_equal(status.code, NX_ABORTED);
    status = store_sqlstate_status(arena, "NX016", "%s%n");
    assert_int_equal(status.code, NX_UNAUTHENTICATED);
    assert_string_equal(status.error->message, "%s%n");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        status = store_sqlstate_status(arena, wrong[i], "secret");
        assert_int_equal(status.code, NX_INTERNAL);
        assert_null(strstr(status.error->message, "secret"));
    }
    nx_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_sqlstate__table),
        cmocka_unit_test(test_store_sqlstate__raised_codes),
    };
    return cmocka_run_group_tests_name("store_sqlstate", tests, NULL, NULL);
}
