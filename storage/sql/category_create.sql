-- Parameters: fragments/write_items.sql; one item
with given as materialized (
    select item.at, item.item ->> 'derive' as derive,
           catalog.claim_id('catalog.category_id_seq',
               (select last_value from catalog.category_id_seq), item.id) as new_id,
           wanted.*
    from (@write_items@) as item,
         jsonb_populate_record(null::catalog.category, item.item -> 'columns') as wanted
), placed as materialized (
    select given.at, given.new_id, given.title, given.parent_id, given.description, given.position,
           case when given.derive is null then given.slug else catalog.derive_slug(given.derive,
               exists (select from catalog.category
                       where slug = given.derive and delete_time is null),
               given.new_id, $6::integer, 128) end as new_slug,
           case when above.id is null then '{}' else above.ancestor_ids || above.id end
               as new_ancestor_ids,
           coalesce(above.path || ' > ', '') || given.title as new_path
    from given left join catalog.category as above
        on above.id = given.parent_id and above.delete_time is null
    where catalog.require_category(given.at || 'parent', given.parent_id)
), written as (
    insert into catalog.category (id, @category_writable@, ancestor_ids, path)
    select new_id, title, new_slug, parent_id, description, position, new_ancestor_ids, new_path
    from placed
    where cardinality(new_ancestor_ids) < 32 or catalog.refuse('NX003', at || 'parent',
              'categories can be nested 32 deep')
    returning id, category as now
), taken as (
    delete from catalog.category_redirect using written where slug = (now).slug
), audited as (
    insert into catalog.audit_entry (principal, method, resource, request_id, changes)
    select $2::text, $3::text, 'categories/' || id, $4::uuid,
           catalog.changes(null, catalog.shown(now))
    from written
), recorded as (
    insert into catalog.request (id, fingerprint, answer)
    select $4::uuid, $5::bytea, jsonb_build_array(to_jsonb(now) || '{"product_count": 0}')
    from written where $4::uuid is not null
)
select @category_columns@, 0::bigint from (select (now).* from written) as category
