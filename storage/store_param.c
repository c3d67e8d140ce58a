#include <endian.h>
#include <limits.h>
#include <string.h>

#include "store.h"
#include "store_internal.h"

#define OID_INT8 20

/* The header of a one-dimensional array: dimensions, has NULLs, element type, size, lower bound;
 * then a length and the bytes for each element. */
#define ARRAY_HEADER_BYTES 20
#define EMPTY_ARRAY_BYTES 12
#define ARRAY_INT8_BYTES 12

void store_op_init(struct store_op *op, struct nx_arena *arena, int64_t deadline_ns, unsigned flags,
                   store_done done, void *context)
{
    *op = (struct store_op){
        .arena = arena,
        .done = done,
        .context = context,
        .deadline_ns = deadline_ns,
        .flags = flags,
    };
}

void store_op_step(struct store_op *op, enum store_sql sql)
{
    if (op->step_count == STORE_MAX_STEPS)
        store_bug("an op has too many steps", "store_op_step");
    struct store_step *step = nx_arena_alloc(op->arena, sizeof *step);
    if (!step) {
        op->out_of_memory = true;
        return;
    }
    step->sql = sql;
    step->param_count = 0;
    op->steps[op->step_count++] = step;
}

static void bind(struct store_op *op, const char *value, size_t length)
{
    if (op->out_of_memory || length > INT_MAX) {
        op->out_of_memory = true;
        return;
    }
    if (op->step_count == 0)
        store_bug("a parameter comes before the first step", "store_bind");
    struct store_step *step = op->steps[op->step_count - 1];
    if (step->param_count == STORE_MAX_PARAMS)
        store_bug("a statement has too many parameters", "store_bind");
    step->params[step->param_count++] = (struct store_param){value ? (int)length : -1, value};
}

/* Bind a copy of the bytes. */
static void bind_copy(struct store_op *op, const void *bytes, size_t length)
{
    char *copy = nx_arena_strdup(op->arena, (struct nx_str){bytes, length});
    if (copy)
        bind(op, copy, length);
    else
        op->out_of_memory = true;
}

void store_bind_null(struct store_op *op)
{
    bind(op, NULL, 0);
}

void store_bind_bool(struct store_op *op, bool value)
{
    bind(op, value ? "\1" : "\0", 1);
}

void store_bind_int4(struct store_op *op, int32_t value)
{
    uint32_t wire = htobe32((uint32_t)value);
    bind_copy(op, &wire, sizeof wire);
}

void store_bind_int8(struct store_op *op, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);
    bind_copy(op, &wire, sizeof wire);
}

void store_bind_text(struct store_op *op, struct nx_str value)
{
    bind(op, value.len > 0 ? value.ptr : "", value.len);
}

void store_bind_bytes(struct store_op *op, struct nx_str value)
{
    bind(op, value.len > 0 ? value.ptr : "", value.len);
}

void store_bind_jsonb(struct store_op *op, struct nx_str json)
{
    char *value = json.len < INT_MAX ? nx_arena_alloc(op->arena, json.len + 1) : NULL;
    if (!value) {
        op->out_of_memory = true;
        return;
    }
    value[0] = 1; /* the format's version */
    if (json.len > 0)
        memcpy(value + 1, json.ptr, json.len);
    bind(op, value, json.len + 1);
}

void store_bind_uuid(struct store_op *op, const uint8_t value[16])
{
    bind_copy(op, value, 16);
}

static char *put_int4(char *to, uint32_t value)
{
    uint32_t wire = htobe32(value);
    memcpy(to, &wire, sizeof wire);
    return to + sizeof wire;
}

void store_bind_int8_array(struct store_op *op, const int64_t *values, size_t count)
{
    size_t length = EMPTY_ARRAY_BYTES;
    if (count > 0)
        length = ARRAY_HEADER_BYTES + count * ARRAY_INT8_BYTES;
    char *value = count < INT_MAX / ARRAY_INT8_BYTES - ARRAY_HEADER_BYTES
                      ? nx_arena_alloc(op->arena, length)
                      : NULL;
    if (!value) {
        op->out_of_memory = true;
        return;
    }
    char *to = put_int4(value, count > 0 ? 1 : 0);
    to = put_int4(to, 0);
    to = put_int4(to, OID_INT8);
    if (count > 0) {
        to = put_int4(to, (uint32_t)count);
        to = put_int4(to, 1);
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t wire = htobe64((uint64_t)values[i]);
        to = put_int4(to, sizeof wire);
        memcpy(to, &wire, sizeof wire);
        to += sizeof wire;
    }
    bind(op, value, length);
}
