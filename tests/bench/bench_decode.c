/* How long it takes to decode and to pack a request and an answer of the catalog: by wire_pb, and
 * by protobuf-c, which checks nothing. CPU time, into an arena, medians. */
#include "nexus/catalog/v1/catalog_service.pb-c.h"
#include "wire_pb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ARENA_BYTES ((size_t)64 << 20)
#define ROUNDS 9
#define LISTED 1000

typedef Nexus__Catalog__V1__Product product;
typedef Google__Protobuf__Struct__FieldsEntry entry;

static Google__Type__Money price = GOOGLE__TYPE__MONEY__INIT;
static Google__Protobuf__Timestamp written = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
static Google__Protobuf__Struct attributes = GOOGLE__PROTOBUF__STRUCT__INIT;
static Google__Protobuf__Value values[4];
static entry entries[4];
static entry *fields[4];
static char *tags[] = {"red", "summer", "cotton", "new"};
static char *further[] = {"categories/12", "categories/14"};

static void make_attributes(void)
{
    static char *const keys[] = {"colour", "size", "brand", "weight"};
    for (size_t i = 0; i < 4; i++) {
        google__protobuf__value__init(&values[i]);
        values[i].kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE;
        values[i].string_value = "blue";
        google__protobuf__struct__fields_entry__init(&entries[i]);
        entries[i].key = keys[i];
        entries[i].value = &values[i];
        fields[i] = &entries[i];
    }
    values[3].kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE;
    values[3].number_value = 180.5;
    attributes.n_fields = 4;
    attributes.fields = fields;
}

static void make_product(product *made)
{
    nexus__catalog__v1__product__init(made);
    price.currency_code = "EUR";
    price.units = 19;
    price.nanos = 990000000;
    written.seconds = 1790000000;
    made->name = "products/123456";
    made->title = "A shirt of fine cotton, blue";
    made->slug = "a-shirt-of-fine-cotton-blue";
    made->description = "It is made of the finest cotton that there is, and comes in many colours "
                        "and all the sizes. It can be washed at 60 degrees and worn for years.";
    made->price = &price;
    made->category = "categories/11";
    made->n_additional_categories = 2;
    made->additional_categories = further;
    made->n_tags = 4;
    made->tags = tags;
    made->attributes = &attributes;
    made->inventory = 250;
    made->state = NEXUS__CATALOG__V1__PRODUCT__STATE__STATE_ACTIVE;
    made->create_time = &written;
    made->update_time = &written;
    made->etag = "a1b2c3d4e5f6";
}

static double cpu_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static bool ours(const ProtobufCMessageDescriptor *type, struct nx_str bytes,
                 struct nx_arena *arena)
{
    static const struct wire_pb_limits limits = {.max_depth = 100, .max_fields = 1000000};
    ProtobufCMessage *message;
    return wire_pb_unpack(type, bytes, &limits, arena, &message).code == NX_OK;
}

static void *take(void *arena, size_t size)
{
    return nx_arena_alloc(arena, size);
}

static void keep(void *arena, void *memory)
{
    (void)arena;
    (void)memory;
}

static bool theirs(const ProtobufCMessageDescriptor *type, struct nx_str bytes,
                   struct nx_arena *arena)
{
    ProtobufCAllocator allocator = {take, keep, arena};
    return protobuf_c_message_unpack(type, &allocator, bytes.len, (const uint8_t *)bytes.ptr);
}

static uint8_t *our_pack(const ProtobufCMessage *message, struct nx_arena *arena)
{
    uint8_t small[4096]; /* as the service does it */
    size_t size = wire_pb_pack(message, small, sizeof small);
    uint8_t *bytes = nx_arena_alloc(arena, size);
    if (bytes && size <= sizeof small)
        memcpy(bytes, small + sizeof small - size, size);
    else if (bytes)
        wire_pb_pack(message, bytes, size);
    return bytes;
}

static uint8_t *their_pack(const ProtobufCMessage *message, struct nx_arena *arena)
{
    uint8_t *bytes = nx_arena_alloc(arena, protobuf_c_message_get_packed_size(message));
    if (bytes)
        protobuf_c_message_pack(message, bytes);
    return bytes;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

/* What is measured: one of the two is NULL. */
struct subject {
    bool (*decode)(const ProtobufCMessageDescriptor *type, struct nx_str bytes,
                   struct nx_arena *arena);
    uint8_t *(*pack)(const ProtobufCMessage *message, struct nx_arena *arena);
};

static double median_ns(struct subject subject, const ProtobufCMessage *message,
                        struct nx_str bytes, unsigned times)
{
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    double rounds[ROUNDS];
    for (size_t i = 0; i < ROUNDS && arena; i++) {
        double begin = cpu_ns();
        for (unsigned k = 0; k < times; k++) {
            if (subject.decode ? !subject.decode(message->descriptor, bytes, arena)
                               : !subject.pack(message, arena))
                abort();
            nx_arena_reset(arena);
        }
        rounds[i] = (cpu_ns() - begin) / times;
    }
    if (!arena)
        abort();
    nx_arena_destroy(arena);
    qsort(rounds, ROUNDS, sizeof *rounds, compare);
    return rounds[ROUNDS / 2];
}

static void measure(const char *name, const ProtobufCMessage *message, unsigned times)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *packed = calloc(1, len);
    if (!packed)
        abort();
    protobuf_c_message_pack(message, packed);
    struct nx_str bytes = {(const char *)packed, len};
    printf("%-22s %7zu bytes: decode %9.0f ns, protobuf-c %9.0f ns; pack %9.0f ns, "
           "protobuf-c %9.0f ns\n",
           name, len, median_ns((struct subject){.decode = ours}, message, bytes, times),
           median_ns((struct subject){.decode = theirs}, message, bytes, times),
           median_ns((struct subject){.pack = our_pack}, message, bytes, times),
           median_ns((struct subject){.pack = their_pack}, message, bytes, times));
    free(packed);
}

int main(void)
{
    static product made;
    static product *list[LISTED];
    make_attributes();
    make_product(&made);
    Nexus__Catalog__V1__GetProductRequest get = NEXUS__CATALOG__V1__GET_PRODUCT_REQUEST__INIT;
    get.name = made.name;
    measure("GetProduct request", &get.base, 1000000);
    Nexus__Catalog__V1__CreateProductRequest create =
        NEXUS__CATALOG__V1__CREATE_PRODUCT_REQUEST__INIT;
    create.product = &made;
    measure("CreateProduct request", &create.base, 100000);
    Nexus__Catalog__V1__ListProductsResponse response =
        NEXUS__CATALOG__V1__LIST_PRODUCTS_RESPONSE__INIT;
    for (size_t i = 0; i < LISTED; i++)
        list[i] = &made;
    response.n_products = LISTED;
    response.products = list;
    measure("ListProducts response", &response.base, 200);
    return EXIT_SUCCESS;
}
