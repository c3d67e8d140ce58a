/* Any bytes as a FileDescriptorSet, then a NUL-free line of JSON behind the last newline: types
 * that can be made can be read into, and written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dyn.h"
#include "pbj.h"

#define ARENA_BYTES ((size_t)32 << 20)
#define MAX_TEXT ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each field must lie within its message, and be found by its name. */
static void check_type(const ProtobufCMessageDescriptor *type)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (field->offset < sizeof(ProtobufCMessage) || field->offset >= type->sizeof_message ||
            field->quantifier_offset >= type->sizeof_message ||
            protobuf_c_message_descriptor_get_field_by_name(type, field->name) != field ||
            protobuf_c_message_descriptor_get_field(type, field->id) != field)
            abort();
    }
}

static void try_json(const ProtobufCMessageDescriptor *type, struct nx_str json,
                     struct nx_arena *arena)
{
    ProtobufCMessage *message;
    struct nx_buf buf;
    check_type(type);
    if (pbj_read(type, json, NULL, arena, &message).code != NX_OK)
        return;
    nx_buf_init(&buf, MAX_TEXT);
    if (pbj_write(message, NULL, arena, &buf).code == NX_OK && !buf.failed) {
        struct nx_str text = nx_buf_str(&buf);
        nx_status status = pbj_read(type, text, NULL, arena, &message);
        if (status.code != NX_OK && status.code != NX_RESOURCE_EXHAUSTED)
            abort();
    }
    nx_buf_cleanup(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size > 0 ? memrchr(data, '\n', size) : NULL;
    size_t set_len = newline ? (size_t)(newline - data) : size;
    struct nx_str json =
        newline ? (struct nx_str){(const char *)newline + 1, size - set_len - 1} : NX_STR("{}");
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    struct dyn_set set;
    nx_status status = dyn_set_build((struct nx_str){(const char *)data, set_len}, arena, &set);
    for (size_t i = 0; status.code == NX_OK && i < set.service_count; i++) {
        for (size_t j = 0; j < set.services[i]->method_count; j++)
            try_json(set.services[i]->methods[j].request, json, arena);
    }
    nx_arena_destroy(arena);
    return 0;
}
