-- $1 how many at most: those that purge_claim.sql has marked and that hold nothing any more.
with turn as materialized (
    select pg_try_advisory_xact_lock(7310579) as is_ours
), due as materialized (
    select id from catalog.category
    where purge_time <= now() and purge_time = delete_time and (select is_ours from turn)
      and not exists (select from catalog.category as below where below.parent_id = category.id)
      and not exists (select from catalog.product where category_id = category.id)
      and not exists (select from catalog.product
                      where additional_category_ids @> array[category.id])
    limit $1::bigint for update skip locked
), removed as (
    delete from catalog.category using due where category.id = due.id
    returning category.id, category as was
), audited as (
    insert into catalog.audit_entry (principal, method, resource, changes)
    select 'system', 'Purge', 'categories/' || id, catalog.changes(catalog.shown(was), null)
    from removed
)
select count(*) from removed
