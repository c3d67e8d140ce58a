#include "wire_pairs.h"

#include "wire_bytes.h"
#include "wire_status.h"

#include <grpc/slice.h>
#include <string.h>

#define FIRST_ROOM 4

struct nx_str wire_trim(struct nx_str text)
{
    while (text.len > 0 && text.ptr[0] == ' ')
        text = (struct nx_str){text.ptr + 1, text.len - 1};
    while (text.len > 0 && text.ptr[text.len - 1] == ' ')
        text.len--;
    return text;
}

static bool is_reserved(struct nx_str key)
{
    return nx_str_starts_with(key, NX_STR("grpc-")) &&
           !nx_str_equal(key, nx_str_from(WIRE_STATUS_KEY));
}

static bool is_valid(grpc_slice key, grpc_slice value)
{
    return grpc_header_key_is_legal(key) &&
           (grpc_is_binary_header(key) || grpc_header_nonbin_value_is_legal(value));
}

static bool grow(struct wire_pairs *pairs, struct nx_arena *arena)
{
    size_t room = pairs->room ? pairs->room * 2 : FIRST_ROOM;
    grpc_metadata *items = nx_arena_calloc(arena, room, sizeof *items);
    if (!items)
        return false;
    if (pairs->count > 0)
        memcpy(items, pairs->items, pairs->count * sizeof *items);
    pairs->items = items;
    pairs->room = room;
    return true;
}

nx_status wire_pairs_add(struct wire_pairs *pairs, struct nx_arena *arena, const char *key,
                         struct nx_str value)
{
    if (pairs->count == pairs->room && !grow(pairs, arena))
        return nx_fail_memory();
    grpc_metadata pair = {.key = grpc_slice_from_copied_string(key)};
    if (!grpc_is_binary_header(pair.key))
        value = wire_trim(value);
    pair.value = grpc_slice_from_copied_buffer(value.ptr, value.len);
    if (is_reserved(nx_str_from(key)) || !is_valid(pair.key, pair.value)) {
        grpc_slice_unref(pair.key);
        grpc_slice_unref(pair.value);
        return nx_fail(arena, NX_INVALID_ARGUMENT, "the metadata \"%s\" is not valid", key);
    }
    pairs->items[pairs->count++] = pair;
    return NX_STATUS_OK;
}

void wire_pairs_clear(struct wire_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        grpc_slice_unref(pairs->items[i].key);
        grpc_slice_unref(pairs->items[i].value);
    }
    *pairs = (struct wire_pairs){.count = 0};
}

bool wire_metadata_find(const grpc_metadata_array *array, const char *key, struct nx_str *ret_value)
{
    struct nx_str wanted = nx_str_from(key);
    for (size_t i = 0; i < array->count; i++) {
        if (nx_str_equal(wire_bytes_of_slice(&array->metadata[i].key), wanted)) {
            *ret_value = wire_bytes_of_slice(&array->metadata[i].value);
            return true;
        }
    }
    return false;
}

bool wire_metadata_at(const grpc_metadata_array *array, size_t index, struct nx_str *ret_key,
                      struct nx_str *ret_value)
{
    if (index >= array->count)
        return false;
    *ret_key = wire_bytes_of_slice(&array->metadata[index].key);
    *ret_value = wire_bytes_of_slice(&array->metadata[index].value);
    return true;
}
