-- $1 how many at most. Who restores one at the same time has it locked, and it is passed over.
with turn as materialized (
    select pg_try_advisory_xact_lock(7310579) as is_ours
), due as materialized (
    select id from catalog.product
    where purge_time <= now() and (select is_ours from turn)
    order by purge_time limit $1::bigint for update skip locked
), removed as (
    delete from catalog.product using due where product.id = due.id
    returning product.id, product as was
), audited as (
    insert into catalog.audit_entry (principal, method, resource, changes)
    select 'system', 'Purge', 'products/' || id, catalog.changes(catalog.shown(was), null)
    from removed
)
select count(*) from removed
