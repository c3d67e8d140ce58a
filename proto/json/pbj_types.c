#include "pbj_types.h"

#include <google/protobuf/empty.pb-c.h>
#include <stdlib.h>

#include "pbj_internal.h"

/* The types found so far, each once, in the order in which they are looked into. */
struct search {
    struct nx_arena *arena;
    const ProtobufCMessageDescriptor **types;
    size_t count;
    size_t capacity;
};

static nx_status add(struct search *search, const ProtobufCMessageDescriptor *type)
{
    for (size_t i = 0; i < search->count; i++)
        if (search->types[i] == type)
            return NX_STATUS_OK;
    if (search->count == search->capacity) {
        size_t capacity = search->capacity ? search->capacity * 2 : 64;
        const ProtobufCMessageDescriptor **grown =
            nx_arena_calloc(search->arena, capacity, sizeof *grown);
        if (!grown)
            return nx_fail_memory();
        if (search->count > 0)
            memcpy(grown, search->types, search->count * sizeof *grown);
        search->types = grown;
        search->capacity = capacity;
    }
    search->types[search->count++] = type;
    return NX_STATUS_OK;
}

static int compare_types(const void *left, const void *right)
{
    const ProtobufCMessageDescriptor *a = *(const ProtobufCMessageDescriptor *const *)left;
    const ProtobufCMessageDescriptor *b = *(const ProtobufCMessageDescriptor *const *)right;
    return strcmp(a->name, b->name);
}

nx_status pbj_types_collect(const ProtobufCMessageDescriptor *const *roots, size_t count,
                            struct nx_arena *arena, struct pbj_types *ret_types)
{
    struct search search = {.arena = arena};
    const ProtobufCMessageDescriptor *known;
    for (size_t i = 0; (known = pbj_wellknown_at(i)); i++)
        NX_TRY(add(&search, known));
    NX_TRY(add(&search, &google__protobuf__empty__descriptor));
    for (size_t i = 0; i < count; i++)
        NX_TRY(add(&search, roots[i]));
    for (size_t i = 0; i < search.count; i++) {
        const ProtobufCMessageDescriptor *type = search.types[i];
        for (unsigned k = 0; k < type->n_fields; k++)
            if (type->fields[k].type == PROTOBUF_C_TYPE_MESSAGE)
                NX_TRY(add(&search, type->fields[k].descriptor));
    }
    if (search.types)
        qsort(search.types, search.count, sizeof *search.types, compare_types);
    *ret_types = (struct pbj_types){search.types, search.count};
    return NX_STATUS_OK;
}

const ProtobufCMessageDescriptor *pbj_types_find(void *types, struct nx_str full_name)
{
    const struct pbj_types *known = types;
    size_t low = 0;
    size_t high = known->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        struct nx_str name = nx_str_from(known->types[middle]->name);
        size_t shorter = name.len < full_name.len ? name.len : full_name.len;
        int order = shorter > 0 ? memcmp(name.ptr, full_name.ptr, shorter) : 0;
        if (order == 0 && name.len == full_name.len)
            return known->types[middle];
        if (order < 0 || (order == 0 && name.len < full_name.len))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
