/* The standard methods (AIP-131 to 135) of any resource, each from request to answer.
 *
 *   shard's thread   svc_<method>(): read and check the request, make a statement of it, submit
 *   store's loop     on_<...>(): rows into a message, answer
 *                       |
 *                       +-- refused, and the request has an id: was it carried out before?
 *                       |      yes: the answer of then       no: what it was refused for
 *                       +-- a derived slug is taken: submit with the next attempt
 *
 * The wire call's arena holds all of it. If the caller goes away, the statement is cancelled. */
#ifndef SVC_METHOD_H
#define SVC_METHOD_H

#include "google/protobuf/field_mask.pb-c.h"
#include "svc.h"
#include "svc_resource.h"

void svc_get(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
             const char *name);

/* A page of a listing. */
struct svc_page {
    ProtobufCMessage **items;
    size_t count;
    char *next_page_token;
    int64_t total_size;
};

struct svc_list_request {
    int32_t page_size;
    const char *page_token;
    bool show_deleted;
    bool include_total_size;
    /* Answers with the page as the resource's own message type. Items point into rows that are gone
     * when it returns. */
    void (*reply)(struct wire_call *wire, const struct svc_page *page);
};

void svc_list(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
              const struct svc_list_request *request);

/* What the requests of all writes have in common. */
struct svc_write_request {
    const char *method;        /* for the fingerprint */
    ProtobufCMessage *message; /* the request itself */
    char **request_id;         /* in the request */
    bool validate_only;
};

/* `body` may be NULL, which is refused. */
void svc_create(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
                const ProtobufCMessage *body, int64_t id, const struct svc_write_request *request);

void svc_update(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
                const ProtobufCMessage *body, const Google__Protobuf__FieldMask *mask,
                const struct svc_write_request *request);

struct svc_delete_request {
    const char *name;
    const char *etag;
    bool force;
};

void svc_delete(struct svc *svc, struct wire_call *wire, const struct svc_resource *resource,
                const struct svc_delete_request *what, const struct svc_write_request *request);

#endif
