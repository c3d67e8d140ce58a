-- Parameters: fragments/write_items.sql
with item as materialized (
    select given.ordinal, given.at, given.item ->> 'derive' as derive,
           given.id is not null as is_given,
           case when given.id is null then nextval('catalog.product_id_seq')
           else catalog.claim_id('catalog.product_id_seq',
               (select last_value from catalog.product_id_seq), given.id) end as new_id,
           wanted.*
    from (@write_items@) as given,
         jsonb_populate_record(null::catalog.product, given.item -> 'columns') as wanted
), wished as materialized (
    select item.*,
           exists (select from catalog.product as other
                   where other.slug = coalesce(derive, item.slug) and other.delete_time is null)
               or row_number() over (partition by coalesce(derive, slug)
                      order by derive is not null, ordinal) > 1 as is_taken
    from item
), named as materialized (
    select wished.*, case when derive is null then slug
        when $6::integer = 0 and not is_taken then derive
        else catalog.derive_slug(derive, is_taken, new_id, $6::integer, 255) end as new_slug
    from wished
), written as (
    insert into catalog.product (id, @product_writable@)
    select new_id, title, new_slug, description, price_currency, price_amount, category_id,
           additional_category_ids, brand, tags, attributes, inventory, allow_backorder, state
    from named
    where (derive is not null or not is_taken or catalog.refuse('NX006', at || 'slug', 'is in use'))
      and (not is_given or not exists (select from catalog.product as other
               where other.id = new_id)
           or catalog.refuse('NX006', left(at, -1) || '_id', 'is in use'))
      and (category_id is null or catalog.require_category(at || 'category', category_id))
      and (additional_category_ids = '{}'
           or catalog.require_categories(at || 'additional_categories', additional_category_ids))
      and (inventory >= 0 or allow_backorder or catalog.refuse('NX003', at || 'inventory',
              'must not be negative unless allow_backorder is set'))
    returning id, product as now
), numbered as (
    select ordinal, written.id, now from written join item on new_id = written.id
), taken as (
    delete from catalog.product_redirect using written where slug = (now).slug
), audited as (
    insert into catalog.audit_entry (principal, method, resource, request_id, changes)
    select $2::text, $3::text, 'products/' || id, $4::uuid,
           catalog.changes(null, catalog.shown(now))
    from numbered order by ordinal
), recorded as (
    insert into catalog.request (id, fingerprint, answer)
    select $4::uuid, $5::bytea, jsonb_agg(to_jsonb(now) order by ordinal)
    from numbered where $4::uuid is not null having count(*) > 0
)
select @product_columns@ from (select ordinal, (now).* from numbered) as product order by ordinal
