/* Cells of a result in PostgreSQL's binary format.
 *
 * What a column holds is fixed by the statement's text, so a cell that is not of the type asked
 * for is a bug of ours and aborts; it is never read as something else. */
#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "store.h"
#include "store_internal.h"

#define OID_JSONB 3802

#define NUMERIC_HEADER_BYTES 8
#define NUMERIC_NEGATIVE 0x4000
#define NUMERIC_SPECIAL 0xC000 /* these bits are in NaN and both infinities */

#define ARRAY_HEADER_BYTES 12
#define ARRAY_DIMENSION_BYTES 8

struct cell {
    const char *bytes;
    int length; /* -1: NULL */
};

static _Noreturn void bad_cell(int row, int column, int length)
{
    char where[64];
    snprintf(where, sizeof where, "row %d column %d length %d", row, column, length);
    store_bug("a result's cell is not of the type that is read", where);
}

static struct cell cell_at(const struct store_rows *rows, int row, int column)
{
    const PGresult *result = rows->result;
    if (row < 0 || row >= rows->count || column < 0 || column >= PQnfields(result))
        bad_cell(row, column, -1);
    row += rows->first;
    if (PQgetisnull(result, row, column))
        return (struct cell){NULL, -1};
    return (struct cell){PQgetvalue(result, row, column), PQgetlength(result, row, column)};
}

/* A cell of one size, or NULL for a NULL. */
static const char *fixed(const struct store_rows *rows, int row, int column, int length)
{
    struct cell cell = cell_at(rows, row, column);
    if (cell.length >= 0 && cell.length != length)
        bad_cell(row, column, cell.length);
    return cell.bytes;
}

static uint16_t get_16(const void *bytes)
{
    uint16_t wire;
    memcpy(&wire, bytes, sizeof wire);
    return be16toh(wire);
}

static uint32_t get_32(const void *bytes)
{
    uint32_t wire;
    memcpy(&wire, bytes, sizeof wire);
    return be32toh(wire);
}

static uint64_t get_64(const void *bytes)
{
    uint64_t wire;
    memcpy(&wire, bytes, sizeof wire);
    return be64toh(wire);
}

bool store_is_null(const struct store_rows *rows, int row, int column)
{
    return cell_at(rows, row, column).length < 0;
}

bool store_bool(const struct store_rows *rows, int row, int column)
{
    const char *bytes = fixed(rows, row, column, 1);
    return bytes && *bytes != 0;
}

int32_t store_int4(const struct store_rows *rows, int row, int column)
{
    struct cell cell = cell_at(rows, row, column);
    switch (cell.length) {
    case -1:
        return 0;
    case 2:
        return (int16_t)get_16(cell.bytes);
    case 4:
        return (int32_t)get_32(cell.bytes);
    default:
        bad_cell(row, column, cell.length);
    }
}

int64_t store_int8(const struct store_rows *rows, int row, int column)
{
    const char *bytes = fixed(rows, row, column, 8);
    return bytes ? (int64_t)get_64(bytes) : 0;
}

struct nx_str store_text(const struct store_rows *rows, int row, int column)
{
    struct cell cell = cell_at(rows, row, column);
    if (cell.length < 0)
        return NX_STR("");
    if (PQftype(rows->result, column) == OID_JSONB) {
        if (cell.length < 1 || cell.bytes[0] != 1)
            bad_cell(row, column, cell.length);
        return (struct nx_str){cell.bytes + 1, (size_t)cell.length - 1};
    }
    return (struct nx_str){cell.bytes, (size_t)cell.length};
}

struct nx_str store_cell(const struct store_rows *rows, int row, int column)
{
    struct cell cell = cell_at(rows, row, column);
    return (struct nx_str){cell.bytes, cell.length > 0 ? (size_t)cell.length : 0};
}

int64_t store_timestamp_us(const struct store_rows *rows, int row, int column)
{
    const char *bytes = fixed(rows, row, column, 8);
    if (!bytes)
        return 0;
    int64_t since_2000 = (int64_t)get_64(bytes);
    int64_t unix_us;
    if (since_2000 == INT64_MIN || __builtin_add_overflow(since_2000, STORE_EPOCH_US, &unix_us))
        return since_2000; /* an infinity stays the largest or smallest there is */
    return unix_us;
}

/* Add a base-10000 digit that stands for digit * 10000^exponent to a value that is kept negative,
 * as that side reaches one further. False: it does not fit. */
static bool add_digit(int64_t *units, int32_t *nanos, int exponent, int32_t digit)
{
    static const int32_t scale[] = {100000, 10}; /* of exponents -1 and -2, in billionths */
    if (exponent >= 0)
        return !__builtin_mul_overflow(*units, 10000, units) &&
               !__builtin_sub_overflow(*units, (int64_t)digit, units);
    if (exponent >= -2)
        *nanos -= digit * scale[-1 - exponent];
    else if (exponent == -3 && digit % 1000 == 0)
        *nanos -= digit / 1000;
    else
        return digit == 0;
    return true;
}

bool store_numeric(const struct store_rows *rows, int row, int column, int64_t *ret_units,
                   int32_t *ret_nanos)
{
    struct cell cell = cell_at(rows, row, column);
    int64_t units = 0;
    int32_t nanos = 0;
    bool negative = true; /* of zero, which is its own negative */
    if (cell.length >= 0) {
        if (cell.length < NUMERIC_HEADER_BYTES ||
            cell.length != NUMERIC_HEADER_BYTES + 2 * (int)get_16(cell.bytes))
            bad_cell(row, column, cell.length);
        int count = get_16(cell.bytes);
        int weight = (int16_t)get_16(cell.bytes + 2);
        unsigned sign = get_16(cell.bytes + 4);
        if ((sign & NUMERIC_SPECIAL) == NUMERIC_SPECIAL)
            return false;
        negative = sign == NUMERIC_NEGATIVE;
        /* Trailing zeros of the integer part are not stored. */
        for (int i = 0; i < count || (count > 0 && weight - i >= 0); i++) {
            int32_t digit =
                i < count ? get_16(cell.bytes + NUMERIC_HEADER_BYTES + (size_t)i * 2) : 0;
            if (!add_digit(&units, &nanos, weight - i, digit))
                return false;
        }
    }
    if (!negative && units == INT64_MIN)
        return false;
    *ret_units = negative ? units : -units;
    *ret_nanos = negative ? nanos : -nanos;
    return true;
}

struct store_array store_array(const struct store_rows *rows, int row, int column)
{
    struct cell cell = cell_at(rows, row, column);
    if (cell.length < 0)
        return (struct store_array){NULL, NULL, 0};
    if (cell.length < ARRAY_HEADER_BYTES)
        bad_cell(row, column, cell.length);
    const unsigned char *bytes = (const unsigned char *)cell.bytes;
    uint32_t dimensions = get_32(bytes);
    if (dimensions == 0)
        return (struct store_array){NULL, NULL, 0};
    if (dimensions != 1 || cell.length < ARRAY_HEADER_BYTES + ARRAY_DIMENSION_BYTES)
        bad_cell(row, column, cell.length);
    return (struct store_array){
        .next = bytes + ARRAY_HEADER_BYTES + ARRAY_DIMENSION_BYTES,
        .end = bytes + cell.length,
        .count = (int)get_32(bytes + ARRAY_HEADER_BYTES),
    };
}

bool store_array_next(struct store_array *array, struct nx_str *ret_element)
{
    if (array->next == array->end)
        return false;
    size_t left = (size_t)(array->end - array->next);
    uint32_t length = left >= 4 ? get_32(array->next) : UINT32_MAX;
    if (left < 4 || length > left - 4)
        store_bug("an array has a NULL or is cut short", "store_array_next");
    *ret_element = (struct nx_str){(const char *)array->next + 4, length};
    array->next += 4 + (size_t)length;
    return true;
}

int64_t store_array_int8(struct nx_str element)
{
    if (element.len != 8)
        store_bug("an array's element is not an int8", "store_array_int8");
    return (int64_t)get_64(element.ptr);
}
