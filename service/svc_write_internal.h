/* A write: svc_method_write.c puts it together and sends it, svc_method_outcome.c answers, or finds
 * out what to do about a refusal. */
#ifndef SVC_WRITE_INTERNAL_H
#define SVC_WRITE_INTERNAL_H

#include "svc_call.h"
#include "svc_mask.h"
#include "svc_method.h"

/* An update that is not put together yet. */
struct svc_update {
    const char *at; /* the field of the request that holds the body, or "" */
    struct store_key key;
    const ProtobufCMessage *body;
    struct svc_mask mask;
};

struct svc_write {
    struct svc_call call; /* first */
    struct svc_write_request request;
    struct store_write write;
    svc_reply_many reply;

    /* While it is put together. */
    nx_status failure; /* the first */
    struct nx_buf items;
    size_t count;
    int64_t *ids;     /* of a batch, one for each item */
    bool makes_slugs; /* for some item */
    bool makes_ids;
    struct svc_update *updates; /* of STORE_UPDATE, one for each item */
    bool has_parts;             /* an update changes part of a field, for which it has to be read */
    bool has_etag;              /* an update is given one */

    /* Once it was refused. */
    nx_status refused; /* kept while it is looked up whether it was carried out before */
    bool slug_is_taken;
    bool id_is_taken;
    int id_attempts;
    int merge_attempts;
};

/* Send it, for the first time or again. */
void svc_write_send(struct svc_write *write);

/* Read the resources of which parts are changed, put the updates together anew, and send them. */
void svc_write_read_current(struct svc_write *write);

/* It is done, or was refused. Thread: the store's loop. */
void svc_write_on_written(struct store_op *op);

/* It was refused, for write->refused. Thread: the store's loop. */
void svc_write_on_refused(struct svc_write *write);

#endif
