/* The standard methods (AIP-131 to 135) of any resource, each from request to answer.
 *
 *   shard's thread   svc_<method>(): read and check the request, make a statement of it, submit
 *   store's loop     on_<...>(): rows into a message, answer
 *                       |
 *                       +-- a write that is refused, and has a request id: was it carried out?
 *                       |      yes: the answer of then       no: what it was refused for
 *                       +-- a derived slug is taken: submit with the next attempt
 *
 * The wire call's arena holds all of it. If the caller goes away, the statement is cancelled. */
#ifndef SVC_METHOD_H
#define SVC_METHOD_H

#include "google/protobuf/field_mask.pb-c.h"
#include "nexus/catalog/v1/slug_redirect.pb-c.h"
#include "svc.h"
#include "svc_resource.h"

void svc_get(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
             const char *name);

/* Answers with many. */
typedef void (*svc_reply_many)(struct wire_call *wire, ProtobufCMessage **many, size_t count);

/* Several by their names, in that order; the same one may be named twice. */
void svc_batch_get(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
                   char *const *names, size_t count, svc_reply_many reply);

/* Answers with what was found; `moved` is NULL if the slug is the one of now. */
typedef void (*svc_reply_lookup)(struct wire_call *wire, ProtobufCMessage *found,
                                 Nexus__Catalog__V1__SlugRedirect *moved);

/* The live one that has a slug, or else had it before. The request's field is "slug". */
void svc_lookup(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
                const char *slug, svc_reply_lookup reply);

/* Once, before the first lookup. */
void svc_lookup_init(void);

/* A page of a listing. */
struct svc_page {
    ProtobufCMessage **items;
    size_t count;
    char *next_page_token;
    int64_t total_size;
};

struct svc_list_request {
    const char *parent; /* of what stands below a product; else NULL */
    int32_t page_size;
    const char *page_token;
    const char *filter;
    const char *order_by;
    const char *default_order; /* of an empty order_by; "": by id */
    bool show_deleted;
    bool include_total_size;
    /* Answers with the page as the resource's own message type. Items point into rows that are gone
     * when it returns. */
    void (*reply)(struct wire_call *wire, const struct svc_page *page);
};

void svc_list(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
              const struct svc_list_request *request);

/* --- Writes: begun, given what to write, submitted.
 *
 *   struct svc_write *write = svc_write_begin(svc, wire, &product, STORE_CREATE, &request);
 *   svc_write_create(write, body, id);            once, or for each of a batch
 *   svc_write_submit(write, NULL);
 *
 * What is wrong with the request is kept until the end, when the call is answered. NULL, when
 * memory was out at the beginning and the call has been answered, is taken by all of them. --- */

struct svc_write;

/* A batch may have this many. */
#define SVC_MAX_BATCH 1000

/* What the requests of all writes have in common. */
struct svc_write_request {
    const char *method;        /* for the fingerprint and the audit log */
    ProtobufCMessage *message; /* the request itself */
    char **request_id;         /* in the request */
    bool validate_only;
    bool is_batch; /* errors name their item: "requests[3].product.title" */
    size_t count;  /* of a batch: how many there are going to be */
};

/* The same of a request: of one of our message types, which the service may change. */
#define SVC_WRITE_REQUEST(name, request)                                                           \
    &(struct svc_write_request)                                                                    \
    {                                                                                              \
        .method = (name), .message = &(request)->base, .request_id = &(request)->request_id,       \
        .validate_only = (request)->validate_only,                                                 \
    }
#define SVC_BATCH_REQUEST(name, request)                                                           \
    &(struct svc_write_request)                                                                    \
    {                                                                                              \
        .method = (name), .message = &(request)->base, .request_id = &(request)->request_id,       \
        .validate_only = (request)->validate_only, .is_batch = true,                               \
        .count = (request)->n_requests,                                                            \
    }

struct svc_write *svc_write_begin(struct svc *svc, struct wire_call *wire,
                                  const struct svc_resource *resource, enum store_action action,
                                  const struct svc_write_request *request);

/* A request inside a batch may not have these of its own. Before it is added. */
void svc_write_require_plain(struct svc_write *write, const char *request_id, bool validate_only);

/* `body` may be NULL, which is refused. */
void svc_write_create(struct svc_write *write, const ProtobufCMessage *body, int64_t id);

/* The same of what is to stand below a product, which the request's field `parent` names. */
void svc_write_create_below(struct svc_write *write, const char *parent,
                            const ProtobufCMessage *body, int64_t id);

void svc_write_update(struct svc_write *write, const ProtobufCMessage *body,
                      const Google__Protobuf__FieldMask *mask);

/* An update of these fields, whose request has them, name and etag without a body around them. */
void svc_write_update_fields(struct svc_write *write, const ProtobufCMessage *body,
                             svc_field_set fields);

void svc_write_delete(struct svc_write *write, const char *name, const char *etag, bool force);
void svc_write_undelete(struct svc_write *write, const char *name, const char *etag);
void svc_write_adjust(struct svc_write *write, const char *name, int64_t delta);

/* An answer with google.protobuf.Empty: what was written is gone. */
void svc_write_reply_empty(struct wire_call *wire, ProtobufCMessage **written, size_t count);

/* Carry it out, or answer what is wrong. `reply` gets what was written in the order in which it was
 * added; NULL: the answer is the resource. */
void svc_write_submit(struct svc_write *write, svc_reply_many reply);

#endif
