-- Parameters: fragments/write_items.sql. The product is locked.
with item as materialized (
    select given.ordinal, given.at, given.parent,
           catalog.claim_id('catalog.variant_id_seq',
               (select last_value from catalog.variant_id_seq), given.id) as new_id,
           wanted.*
    from (@write_items@) as given,
         jsonb_populate_record(null::catalog.variant, given.item -> 'columns') as wanted
), checked as materialized (
    select item.*, parent.*
    from item left join (@variant_parent@) as parent
        on parent.product_id = item.parent and parent_delete_time is null
    where case when catalog.require_current(at, 'products/' || item.parent, parent_revision, null)
        then inventory >= 0 or parent_allows_backorder
            or catalog.refuse('NX003', at || 'inventory',
                   'must not be negative unless the product has allow_backorder set') end
), inserted as (
    insert into catalog.variant (id, product_id, @variant_writable@)
    select new_id, parent, @variant_writable@ from checked
    returning id, product_id, variant as now
), written as (
    select ordinal, inserted.id, inserted.product_id, now, parent_currency, parent_amount
    from inserted join checked on new_id = inserted.id
), seen as (
    @variant_seen@
), counted as (
    update catalog.product
    set variant_count = variant_count + added.count, revision = nextval('catalog.revision')
    from (select product_id, count(*) from written group by product_id) as added
    where product.id = product_id
), audited as (
    insert into catalog.audit_entry (principal, method, resource, request_id, changes)
    select $2::text, $3::text, 'products/' || product_id || '/variants/' || id, $4::uuid,
           catalog.changes(null, catalog.shown(now))
    from written order by ordinal
), recorded as (
    @variant_recorded@
)
select @variant_columns@ from seen order by ordinal
