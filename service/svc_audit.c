/* The audit log: entries, which writes add and nobody changes. */
#include "svc_catalog.h"

#include "svc_method.h"

static struct svc_field fields[] = {
    /* In the order of storage/sql/fragments/audit_entry_columns.sql. */
    {.name = "name", .kind = SVC_ID, .collection = "auditEntries/"},
    {.name = "principal", .kind = SVC_TEXT},
    {.name = "method", .kind = SVC_TEXT},
    {.name = "resource", .kind = SVC_TEXT},
    {.name = "request_id", .kind = SVC_TEXT},
    {.name = "create_time", .kind = SVC_TIME},
    {.name = "changes", .kind = SVC_CHANGES},
};

static struct svc_resource audit_entry = {
    .singular = "audit entry",
    .collection = "auditEntries/",
    .type = &nexus__catalog__v1__audit_entry__descriptor,
    .listing = &store_audit_entry_listing,
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
};

void svc_audit_init(void)
{
    svc_resource_init(&audit_entry);
}

static void reply_page(struct wire_call *call, const struct svc_page *page)
{
    Nexus__Catalog__V1__ListAuditEntriesResponse response =
        NEXUS__CATALOG__V1__LIST_AUDIT_ENTRIES_RESPONSE__INIT;
    response.audit_entries = (Nexus__Catalog__V1__AuditEntry **)(void *)page->items;
    response.n_audit_entries = page->count;
    response.next_page_token = page->next_page_token;
    response.total_size = page->total_size;
    nexus_catalog_v1_catalog_service_reply_list_audit_entries(call, &response);
}

void svc_audit_list(void *context, struct wire_call *call,
                    const Nexus__Catalog__V1__ListAuditEntriesRequest *request)
{
    svc_list(context, call, &audit_entry,
             &(struct svc_list_request){
                 .page_size = request->page_size,
                 .page_token = request->page_token,
                 .filter = request->filter,
                 .order_by = request->order_by,
                 .default_order = "create_time desc",
                 .include_total_size = request->include_total_size,
                 .reply = reply_page,
             });
}
