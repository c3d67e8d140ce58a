/* What a kind of resource is made of: a table of its fields and the columns that hold them.
 *
 * One row per field does all the work there is for it: reading it from the database, checking what
 * a client sends, and writing it. To add a field is to add a row. */
#ifndef SVC_RESOURCE_H
#define SVC_RESOURCE_H

#include <protobuf-c/protobuf-c.h>

#include "nx_buf.h"
#include "store_list.h"
#include "store_resource.h"

/* How a field is stored, checked and shown. */
enum svc_kind {
    SVC_ID,         /* resource name <- int8 */
    SVC_CHILD,      /* name of a resource below another, or "" <- int8, int8 or NULL: two columns */
    SVC_TEXT,       /* string of min to max characters <-> text */
    SVC_SLUG,       /* as svc_slug.h, at most max bytes <-> text */
    SVC_INT32,      /* <-> int4 */
    SVC_INT64,      /* <-> int8 */
    SVC_BOOL,       /* <-> bool */
    SVC_ENUM,       /* a declared number other than 0 <-> int2; 0 becomes min */
    SVC_REFERENCE,  /* "categories/7" or "" <-> int8 or NULL */
    SVC_REFERENCES, /* at most max of them <-> int8[] */
    SVC_TEXTS,      /* at most max strings of 1 to 64 characters <-> text[] */
    SVC_MONEY,      /* google.type.Money, not negative <-> text, numeric: two columns */
    SVC_STRUCT,     /* google.protobuf.Struct <-> jsonb */
    SVC_TIME,       /* google.protobuf.Timestamp <- timestamptz or NULL */
    SVC_ETAG,       /* quoted revision <- int8 */
    SVC_CHANGES,    /* repeated AuditEntry.Change <- jsonb, as catalog.changes() makes it */
};

struct svc_field {
    const char *name;   /* in the message */
    const char *column; /* in the database, for a writable field; of SVC_MONEY, without its
                           endings _currency and _amount */
    enum svc_kind kind;
    uint32_t min, max;
    const char *collection;                     /* of SVC_ID, SVC_CHILD and references */
    const char *below;                          /* of SVC_CHILD: "/images/" */
    const ProtobufCFieldDescriptor *descriptor; /* found by svc_resource_init() */
};

#define SVC_MAX_FIELDS 64

/* A set of a resource's fields, by index. */
typedef uint64_t svc_field_set;

struct svc_resource {
    const char *singular;   /* "product": also the field of requests that holds one */
    const char *collection; /* "products/" */
    const char *below;      /* of what stands below a product: "/variants/" */
    const ProtobufCMessageDescriptor *type;
    const struct store_resource *statements;
    const struct store_listing *listing; /* NULL: it is not listed */
    struct svc_field *fields;            /* in the order of the columns */
    unsigned field_count;
    uint32_t max_slug;
};

/* Products, for what finds them in other ways than the standard methods. */
extern const struct svc_resource *const svc_products;

/* Find the fields' descriptors; once, before the first call. A table that does not fit its message
 * is a bug, and aborts. */
void svc_resource_init(struct svc_resource *resource);

/* The index of a field; -1 when the resource has none of that name. */
int svc_resource_find(const struct svc_resource *resource, struct nx_str name);

/* All fields that clients can write. */
svc_field_set svc_resource_writable(const struct svc_resource *resource);

/* The writable fields that are not at their default. */
svc_field_set svc_resource_present(const struct svc_resource *resource,
                                   const ProtobufCMessage *message);

/* How many columns a row of it has. */
int svc_resource_columns(const struct svc_resource *resource);

/* Make a message of a row, beginning with this column. Strings point into the row.
 * NULL: the arena is full, or a value cannot be shown (said in the log). */
ProtobufCMessage *svc_resource_read(const struct svc_resource *resource,
                                    const struct store_rows *rows, int row, int first_column,
                                    struct nx_arena *arena);

/* Check the fields of a message, and append a JSON object of their columns. A slug that is empty is
 * left out if the title is among the fields: it is to be derived from that. `at` is what the fields
 * of violations begin with, as in "product.".
 * Fails:   INVALID_ARGUMENT with every violation that there is. */
nx_status svc_resource_write(const struct svc_resource *resource, const ProtobufCMessage *message,
                             svc_field_set fields, const char *at, struct nx_arena *arena,
                             struct nx_buf *columns) NX_MUST_USE;

/* The revision that an etag stands for; 0 for "", -1 for what is no etag of ours. */
int64_t svc_etag_parse(const char *etag);

/* The address of a field's value in a message, and of its count when it is repeated. */
static inline void *svc_value_at(const ProtobufCMessage *message,
                                 const ProtobufCFieldDescriptor *field)
{
    return (char *)message + field->offset;
}
static inline size_t *svc_count_at(const ProtobufCMessage *message,
                                   const ProtobufCFieldDescriptor *field)
{
    return (size_t *)(void *)((char *)message + field->quantifier_offset);
}

#endif
