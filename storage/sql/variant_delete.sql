-- Parameters: fragments/write_items.sql. The product is locked.
with item as materialized (
    @write_items@
), before as materialized (
    @variant_before@
), checked as materialized (
    @variant_checked@
), written as (
    delete from catalog.variant using checked where variant.id = checked.id
    returning variant.id, variant.product_id, ordinal, variant as now, parent_currency,
        parent_amount
), seen as (
    @variant_seen@
), counted as (
    update catalog.product
    set variant_count = variant_count - removed.count, revision = nextval('catalog.revision')
    from (select product_id, count(*) from written group by product_id) as removed
    where product.id = product_id
), audited as (
    insert into catalog.audit_entry (principal, method, resource, request_id, changes)
    select $2::text, $3::text, 'products/' || product_id || '/variants/' || id, $4::uuid,
           catalog.changes(catalog.shown(now), null)
    from written order by ordinal
), recorded as (
    @variant_recorded@
)
@variant_answer@
