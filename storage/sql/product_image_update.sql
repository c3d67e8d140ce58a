-- Parameters: fragments/write_items.sql. The product is locked.
with item as materialized (
    @write_items@
), before as materialized (
    @product_image_before@
), checked as materialized (
    @product_image_checked@
), written as (
    update catalog.product_image
    set (@product_image_writable@) = (select @product_image_writable@
            from jsonb_populate_record(checked.was, checked.item -> 'columns')),
        revision = nextval('catalog.revision'), update_time = now()
    from checked where product_image.id = checked.id
    returning product_image.id, product_image.product_id, ordinal, was, product_image as now,
        true as is_kept
), shown_first as (
    @product_image_shown_first@
), audited as (
    insert into catalog.audit_entry (principal, method, resource, request_id, changes)
    select $2::text, $3::text, 'products/' || product_id || '/images/' || id, $4::uuid,
           catalog.changes(catalog.shown(was), catalog.shown(now))
    from written order by ordinal
), recorded as (
    @write_recorded@
)
@product_image_answer@
