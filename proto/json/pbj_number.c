#include <math.h>
#include <stdlib.h>

#include "pbj_internal.h"

/* A JSON number taken apart: significand * 10^exponent, the significand not ending in 0. */
struct decimal {
    bool negative;
    bool overflow; /* the significand needs more than 64 bits */
    uint64_t significand;
    int64_t exponent;
};

/* More than any text's length, yet far from overflow when such are added. */
#define EXPONENT_LIMIT (INT64_C(1) << 60)

static int64_t parse_exponent(struct nx_str text, size_t offset)
{
    bool negative = text.ptr[offset] == '-';
    if (negative || text.ptr[offset] == '+')
        offset++;
    int64_t value = 0;
    for (; offset < text.len; offset++)
        if (value < EXPONENT_LIMIT / 16)
            value = value * 10 + (text.ptr[offset] - '0');
    return negative ? -value : value;
}

static void push_digits(struct decimal *decimal, int64_t zeros, uint64_t digit)
{
    for (int64_t i = 0; i <= zeros && !decimal->overflow; i++)
        decimal->overflow =
            __builtin_mul_overflow(decimal->significand, UINT64_C(10), &decimal->significand);
    decimal->overflow |= __builtin_add_overflow(decimal->significand, digit, &decimal->significand);
}

static struct decimal parse_decimal(struct nx_str text)
{
    struct decimal decimal = {.negative = text.ptr[0] == '-'};
    int64_t zeros = 0; /* seen since the last digit that is not 0 */
    bool fraction = false;
    size_t i = decimal.negative;
    for (; i < text.len && text.ptr[i] != 'e' && text.ptr[i] != 'E'; i++) {
        char c = text.ptr[i];
        if (c == '.') {
            fraction = true;
            continue;
        }
        decimal.exponent -= fraction;
        if (c == '0') {
            zeros++;
            continue;
        }
        push_digits(&decimal, decimal.significand ? zeros : 0, (uint64_t)(c - '0'));
        zeros = 0;
    }
    decimal.exponent += zeros;
    if (i < text.len)
        decimal.exponent += parse_exponent(text, i + 1);
    return decimal;
}

/* The magnitude of a decimal that is whole. */
static enum pbj_number whole(struct decimal decimal, uint64_t *ret_value)
{
    uint64_t value = decimal.significand;
    bool zero = value == 0 && !decimal.overflow;
    if (!zero && decimal.exponent < 0)
        return PBJ_NUMBER_FRACTION;
    for (int64_t i = 0; !zero && i < decimal.exponent && !decimal.overflow; i++)
        decimal.overflow = __builtin_mul_overflow(value, UINT64_C(10), &value);
    if (decimal.overflow)
        return PBJ_NUMBER_RANGE;
    *ret_value = value;
    return PBJ_NUMBER_OK;
}

enum pbj_number pbj_parse_i64(struct nx_str text, int64_t min, int64_t max, int64_t *ret_value)
{
    struct decimal decimal = parse_decimal(text);
    uint64_t magnitude = 0;
    enum pbj_number result = whole(decimal, &magnitude);
    if (result != PBJ_NUMBER_OK)
        return result;
    uint64_t limit = decimal.negative ? 0 - (uint64_t)min : (uint64_t)max;
    if (magnitude > limit)
        return PBJ_NUMBER_RANGE;
    *ret_value = (int64_t)(decimal.negative ? 0 - magnitude : magnitude);
    return PBJ_NUMBER_OK;
}

enum pbj_number pbj_parse_u64(struct nx_str text, uint64_t max, uint64_t *ret_value)
{
    struct decimal decimal = parse_decimal(text);
    uint64_t magnitude = 0;
    enum pbj_number result = whole(decimal, &magnitude);
    if (result != PBJ_NUMBER_OK)
        return result;
    if (magnitude > max || (decimal.negative && magnitude > 0))
        return PBJ_NUMBER_RANGE;
    *ret_value = magnitude;
    return PBJ_NUMBER_OK;
}

/* With a significand below 2^53 and a power of ten below 10^23 both are exact, and one division
 * or multiplication rounds once (W. D. Clinger, 1990). */
bool pbj_parse_short_double(struct nx_str text, double *ret_value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct decimal decimal = parse_decimal(text);
    if (decimal.overflow || decimal.significand > UINT64_C(1) << 53)
        return false;
    double value = (double)decimal.significand;
    if (decimal.significand != 0) {
        if (decimal.exponent < -22 || decimal.exponent > 22)
            return false;
        value = decimal.exponent < 0 ? value / powers[-decimal.exponent]
                                     : value * powers[decimal.exponent];
    }
    *ret_value = decimal.negative ? -value : value;
    return true;
}

bool pbj_parse_double(const char *text, double *ret_value)
{
    double value = strtod(text, NULL);
    if (isinf(value))
        return false;
    *ret_value = value;
    return true;
}

bool pbj_parse_float(const char *text, float *ret_value)
{
    float value = strtof(text, NULL);
    if (isinf(value))
        return false;
    *ret_value = value;
    return true;
}
