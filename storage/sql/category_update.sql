-- Parameters: fragments/write_items.sql; one item. Also moves it.
with item as materialized (
    @write_items@
), before as materialized (
    select id, category as was from catalog.category
    where id = (select id from item) and delete_time is null
    for no key update
), checked as materialized (
    @category_checked@
), wanted as materialized (
    select checked.at, checked.was, checked.item -> 'columns' ? 'parent_id' as is_moved, new.*
    from checked, jsonb_populate_record(checked.was, case when checked.item ->> 'derive' is null
        then checked.item -> 'columns'
        else jsonb_set(checked.item -> 'columns', '{slug}', to_jsonb(catalog.derive_slug(
            checked.item ->> 'derive',
            exists (select from catalog.category as other
                    where other.slug = checked.item ->> 'derive' and other.delete_time is null
                      and other.id <> checked.id),
            checked.id, $6::integer, 128))) end) as new
), placed as materialized (
    select wanted.was, wanted.at, wanted.id, wanted.title, wanted.slug, wanted.parent_id,
           wanted.description, wanted.position,
           case when above.id is null then '{}' else above.ancestor_ids || above.id end
               as ancestor_ids,
           coalesce(above.path || ' > ', '') || wanted.title as path
    from wanted left join catalog.category as above on above.id = wanted.parent_id
    where (not wanted.is_moved
           or catalog.require_category(wanted.at || 'parent', wanted.parent_id))
      and (wanted.parent_id is null
           or not (wanted.id = above.id or above.ancestor_ids @> array[wanted.id])
           or catalog.refuse('NX009', wanted.at || 'parent',
                  'a category cannot stand below itself'))
      and (above.id is null or cardinality(above.ancestor_ids) < 31
           or catalog.refuse('NX003', wanted.at || 'parent',
                  'categories can be nested 32 deep'))
), written as (
    update catalog.category
    set (@category_writable@) = (select @category_writable@ from placed),
        ancestor_ids = placed.ancestor_ids, path = placed.path,
        revision = nextval('catalog.revision'), update_time = now()
    from placed where category.id = placed.id
    returning category.id, was, category as now
), moved as (
    update catalog.category
    set ancestor_ids = placed.ancestor_ids
            || category.ancestor_ids[cardinality((was).ancestor_ids) + 1:],
        path = placed.path || substr(category.path, length((was).path) + 1),
        revision = nextval('catalog.revision'), update_time = now()
    from placed
    where category.ancestor_ids @> array[placed.id]
      and (placed.path, placed.ancestor_ids)
          is distinct from ((was).path, (was).ancestor_ids)
      and (cardinality(placed.ancestor_ids) - cardinality((was).ancestor_ids)
           + cardinality(category.ancestor_ids) < 32
           or catalog.refuse('NX003', at || 'parent', 'categories can be nested 32 deep'))
), renamed as (
    insert into catalog.category_redirect (slug, category_id)
    select (was).slug, id from written where (was).slug <> (now).slug
    on conflict (slug) do update set category_id = excluded.category_id, create_time = now()
), taken as (
    delete from catalog.category_redirect using written where slug = (now).slug
), counted as materialized (
    @category_counted@
), audited as (
    @category_audited@
), recorded as (
    @category_recorded@
)
@category_answer@
