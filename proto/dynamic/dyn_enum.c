#include "dyn_internal.h"

#include <stdlib.h>
#include <string.h>

const ProtobufCIntRange *dyn_ranges(const void *elements, unsigned count,
                                    int (*number)(const void *elements, unsigned index),
                                    struct nx_arena *arena, unsigned *ret_count)
{
    ProtobufCIntRange *ranges = nx_arena_calloc(arena, (size_t)count + 1, sizeof *ranges);
    unsigned runs = 0;
    if (!ranges)
        return NULL;
    for (unsigned i = 0; i < count; i++) {
        int is = number(elements, i);
        if (i == 0 || (int64_t)is != (int64_t)number(elements, i - 1) + 1)
            ranges[runs++] = (ProtobufCIntRange){is, i};
    }
    ranges[runs] = (ProtobufCIntRange){0, count};
    *ret_count = runs;
    return ranges;
}

/* Of values with one number, aliases, the one that is declared first comes first. */
struct declared {
    int number;
    size_t index;
    const char *name;
};

static int compare_numbers(const void *a, const void *b)
{
    const struct declared *left = a;
    const struct declared *right = b;
    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    return left->index < right->index ? -1 : 1;
}

static int compare_names(const void *a, const void *b)
{
    const ProtobufCEnumValueIndex *left = a;
    const ProtobufCEnumValueIndex *right = b;
    return strcmp(left->name, right->name);
}

static int value_number(const void *elements, unsigned index)
{
    const ProtobufCEnumValue *values = elements;
    return values[index].value;
}

/* Take the values of the .proto into a list of as many, by number. */
static nx_status declare(const struct dyn_type *type, struct nx_arena *arena,
                         struct declared *values)
{
    const Google__Protobuf__EnumDescriptorProto *proto = type->enum_proto;
    for (size_t i = 0; i < proto->n_value; i++) {
        const char *name = proto->value[i]->name;
        if (!dyn_is_identifier(name))
            return dyn_fail(arena, type->full_name, NULL, "a value has no name that is one");
        values[i] = (struct declared){proto->value[i]->number, i, name};
    }
    qsort(values, proto->n_value, sizeof *values, compare_numbers);
    return NX_STATUS_OK;
}

/* Each number once, by number; each name once, by name. */
static nx_status fill(const struct dyn_type *type, const struct declared *declared, size_t count,
                      struct nx_arena *arena)
{
    ProtobufCEnumDescriptor *made = type->enumeration;
    ProtobufCEnumValue *values = nx_arena_calloc(arena, count, sizeof *values);
    ProtobufCEnumValueIndex *names = nx_arena_calloc(arena, count, sizeof *names);
    if (!values || !names)
        return nx_fail_memory();
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || declared[i].number != declared[i - 1].number)
            values[made->n_values++] =
                (ProtobufCEnumValue){declared[i].name, declared[i].name, declared[i].number};
        names[i] = (ProtobufCEnumValueIndex){declared[i].name, made->n_values - 1};
    }
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(names[i - 1].name, names[i].name) == 0)
            return dyn_fail(arena, type->full_name, names[i].name, "there are two of this name");
    }
    made->values = values;
    made->values_by_name = names;
    made->n_value_names = (unsigned)count;
    made->value_ranges =
        dyn_ranges(values, made->n_values, value_number, arena, &made->n_value_ranges);
    return made->value_ranges ? NX_STATUS_OK : nx_fail_memory();
}

nx_status dyn_enum_fill(const struct dyn_type *type, struct nx_arena *arena)
{
    size_t count = type->enum_proto->n_value;
    if (count == 0 || count > DYN_MAX_MEMBERS)
        return dyn_fail(arena, type->full_name, NULL, "no values, or too many");
    struct declared *declared = nx_arena_calloc(arena, count, sizeof *declared);
    if (!declared)
        return nx_fail_memory();
    *type->enumeration = (ProtobufCEnumDescriptor){
        .magic = PROTOBUF_C__ENUM_DESCRIPTOR_MAGIC,
        .name = type->full_name,
        .short_name = type->enum_proto->name,
        .c_name = type->full_name,
        .package_name = type->package,
    };
    NX_TRY(declare(type, arena, declared));
    return fill(type, declared, count, arena);
}
