/* Cells made by hand: what a server does not send, or not easily. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>

#include "store.h"

#define OID_INT8 20
#define OID_JSONB 3802

/* One row of one cell. */
static struct store_rows cell_of(unsigned type, const void *bytes, int length)
{
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc column = {.name = "c", .format = 1, .typid = type, .typlen = -1};
    assert_non_null(result);
    assert_int_equal(PQsetResultAttrs(result, 1, &column), 1);
    assert_int_equal(PQsetvalue(result, 0, 0, (char *)bytes, length), 1);
    return (struct store_rows){result, 1, 0};
}

static void free_rows(struct store_rows *rows)
{
    PQclear((PGresult *)rows->result);
}

static bool numeric_of(const void *bytes, int length, int64_t *ret_units, int32_t *ret_nanos)
{
    struct store_rows rows = cell_of(0, bytes, length);
    bool fits = store_numeric(&rows, 0, 0, ret_units, ret_nanos);
    free_rows(&rows);
    return fits;
}

static void test_store_row__numeric_forms(void **state)
{
    (void)state;
    int64_t units = 7;
    int32_t nanos = 7;
    /* digits, weight, sign, scale; then the digits: 1 * 10000^1 + 2345, and .0067 */
    assert_true(numeric_of("\0\3\0\1\0\0\0\4\0\1\x09\x29\0\x43", 14, &units, &nanos));
    assert_true(units == 12345 && nanos == 6700000);
    assert_true(numeric_of("\0\3\0\1\x40\0\0\4\0\1\x09\x29\0\x43", 14, &units, &nanos));
    assert_true(units == -12345 && nanos == -6700000);
    /* No digits: zero, whatever the weight says. */
    assert_true(numeric_of("\0\0\x7f\xff\0\0\0\0", 8, &units, &nanos));
    assert_true(units == 0 && nanos == 0);
    /* A digit far behind the point, or far before it, does not fit; outputs stay. */
    units = 7;
    assert_false(numeric_of("\0\1\xff\x00\0\0\0\0\0\1", 10, &units, &nanos));
    assert_false(numeric_of("\0\1\x7f\xff\0\0\0\0\0\1", 10, &units, &nanos));
    assert_false(numeric_of("\0\0\0\0\xC0\0\0\0", 8, &units, &nanos));
    assert_true(units == 7 && nanos == 0);
}

static void test_store_row__jsonb_without_its_version(void **state)
{
    (void)state;
    struct store_rows rows = cell_of(OID_JSONB, "\1{}", 3);
    assert_true(nx_str_equal(store_text(&rows, 0, 0), NX_STR("{}")));
    free_rows(&rows);
    rows = cell_of(25, "\1{}", 3);
    assert_int_equal(store_text(&rows, 0, 0).len, 3);
    free_rows(&rows);
}

static void read_int8(const struct store_rows *rows)
{
    (void)store_int8(rows, 0, 0);
}

static void read_int4(const struct store_rows *rows)
{
    (void)store_int4(rows, 0, 0);
}

static void read_numeric(const struct store_rows *rows)
{
    int64_t units;
    int32_t nanos;
    (void)store_numeric(rows, 0, 0, &units, &nanos);
}

static void read_array(const struct store_rows *rows)
{
    struct store_array array = store_array(rows, 0, 0);
    struct nx_str element;
    while (store_array_next(&array, &element))
        continue;
}

static void read_jsonb(const struct store_rows *rows)
{
    (void)store_text(rows, 0, 0);
}

static void read_beside(const struct store_rows *rows)
{
    (void)store_is_null(rows, 0, 1);
}

static void read_below(const struct store_rows *rows)
{
    (void)store_is_null(rows, 1, 0);
}

/* Whether reading the cell ends the process, as a bug of the caller does. */
static bool aborts(void (*read_cell)(const struct store_rows *), struct store_rows rows)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL); /* cmocka has a handler of its own */
        read_cell(&rows);
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    free_rows(&rows);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void test_store_row__wrong_types_are_bugs(void **state)
{
    static const char element_cut[] = "\0\0\0\1\0\0\0\0\0\0\0\x14\0\0\0\1\0\0\0\1\0\0\0\x08"
                                      "123";
    static const char element_null[] = "\0\0\0\1\0\0\0\1\0\0\0\x14\0\0\0\1\0\0\0\1\xff\xff\xff\xff";
    (void)state;
    assert_false(aborts(read_int8, cell_of(OID_INT8, "\0\0\0\0\0\0\0\1", 8)));
    assert_true(aborts(read_int8, cell_of(OID_INT8, "\0\0\0\1", 4)));
    assert_true(aborts(read_int4, cell_of(OID_INT8, "\0\0\0\0\0\0\0\1", 8)));
    assert_true(aborts(read_numeric, cell_of(0, "\0\1\0\0\0\0\0\0", 8)));
    assert_true(aborts(read_numeric, cell_of(0, "\0\0\0", 3)));
    assert_true(aborts(read_array, cell_of(0, "\0\0\0\2\0\0\0\0\0\0\0\x14", 12)));
    assert_true(aborts(read_array, cell_of(0, "\0\0\0\1", 4)));
    assert_true(aborts(read_array, cell_of(0, element_cut, sizeof element_cut - 1)));
    assert_true(aborts(read_array, cell_of(0, element_null, sizeof element_null - 1)));
    assert_true(aborts(read_jsonb, cell_of(OID_JSONB, "\2{}", 3)));
    assert_true(aborts(read_jsonb, cell_of(OID_JSONB, "", 0)));
    assert_true(aborts(read_beside, cell_of(OID_INT8, "", 0)));
    assert_true(aborts(read_below, cell_of(OID_INT8, "", 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_row__numeric_forms),
        cmocka_unit_test(test_store_row__jsonb_without_its_version),
        cmocka_unit_test(test_store_row__wrong_types_are_bugs),
    };
    return cmocka_run_group_tests_name("store_row", tests, NULL, NULL);
}
