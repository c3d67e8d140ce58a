-- Parameters: fragments/write_items.sql. The product is locked.
with item as materialized (
    select given.ordinal, given.at, given.parent,
           catalog.claim_id('catalog.product_image_id_seq',
               (select last_value from catalog.product_image_id_seq), given.id) as new_id,
           wanted.*
    from (@write_items@) as given,
         jsonb_populate_record(null::catalog.product_image, given.item -> 'columns') as wanted
), inserted as (
    insert into catalog.product_image (id, product_id, @product_image_writable@)
    select new_id, parent, @product_image_writable@ from item
    where catalog.require_current(at, 'products/' || parent, (
        select revision from catalog.product where id = parent and delete_time is null), null)
    returning id, product_id, product_image as now
), written as (
    select ordinal, inserted.id, inserted.product_id, now, true as is_kept
    from inserted join item on new_id = inserted.id
), shown_first as (
    @product_image_shown_first@
), audited as (
    insert into catalog.audit_entry (principal, method, resource, request_id, changes)
    select $2::text, $3::text, 'products/' || product_id || '/images/' || id, $4::uuid,
           catalog.changes(null, catalog.shown(now))
    from written order by ordinal
), recorded as (
    @write_recorded@
)
select @product_image_columns@ from (select ordinal, (now).* from written) as image
order by ordinal
