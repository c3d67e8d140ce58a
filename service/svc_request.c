#include "svc_request.h"

#include "google/protobuf/struct.pb-c.h"
#include "wire_pb.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* RFC 9562: 8-4-4-4-12 hexadecimal digits. */
static bool parse_uuid(const char *text, uint8_t ret_bytes[16])
{
    if (strlen(text) != 36)
        return false;
    size_t at = 0;
    for (unsigned i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-')
            return false;
        int high = hex_digit(text[at]);
        int low = hex_digit(text[at + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_bytes[i] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    return true;
}

static int compare_entries(const void *a, const void *b)
{
    const Google__Protobuf__Struct__FieldsEntry *const *left = a;
    const Google__Protobuf__Struct__FieldsEntry *const *right = b;
    return strcmp((*left)->key, (*right)->key);
}

/* Put the keys of every Struct in a message in order. The depth of messages is bounded by the
 * check they went through when they were received. */
static void sort_structs(ProtobufCMessage *message)
{
    if (message->descriptor == &google__protobuf__struct__descriptor) {
        Google__Protobuf__Struct *object = (Google__Protobuf__Struct *)message;
        if (object->n_fields > 1)
            qsort(object->fields, object->n_fields, sizeof(void *), compare_entries);
    }
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
            *(const uint32_t *)(const void *)((char *)message + field->quantifier_offset) !=
                field->id)
            continue;
        void *value = svc_value_at(message, field);
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            if (*(ProtobufCMessage **)value)
                sort_structs(*(ProtobufCMessage **)value);
            continue;
        }
        for (size_t j = 0; j < *svc_count_at(message, field); j++)
            sort_structs((*(ProtobufCMessage ***)value)[j]);
    }
}

nx_status svc_request_identify(const char *method, ProtobufCMessage *request, char **request_id,
                               struct nx_arena *arena, struct store_request *ret)
{
    *ret = (struct store_request){.is_given = false};
    if (**request_id == '\0')
        return NX_STATUS_OK;
    if (!parse_uuid(*request_id, ret->id))
        return nx_fail_field(arena, "request_id", "is not a UUID");
    char *given = *request_id;
    *request_id = (char *)protobuf_c_empty_string;
    sort_structs(request);
    size_t size = wire_pb_packed_size(request);
    uint8_t *bytes = nx_arena_alloc(arena, size);
    if (bytes)
        wire_pb_pack(request, bytes, size);
    *request_id = given;
    if (!bytes)
        return nx_fail_memory();
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof ret->fingerprint);
    crypto_generichash_update(&state, (const unsigned char *)method, strlen(method) + 1);
    crypto_generichash_update(&state, bytes, size);
    crypto_generichash_final(&state, ret->fingerprint, sizeof ret->fingerprint);
    ret->is_given = true;
    return NX_STATUS_OK;
}
