-- $1 how many products at most: out of the categories that purge_claim.sql has marked.
with turn as materialized (
    select pg_try_advisory_xact_lock(7310579) as is_ours
), going as materialized (
    select coalesce(array_agg(id), '{}') as ids from catalog.category
    where purge_time <= now() and purge_time = delete_time and (select is_ours from turn)
), filed as materialized (
    select id, product as was from catalog.product
    where category_id = any ((select ids from going)::bigint[])
       or additional_category_ids && (select ids from going)
    limit $1::bigint for update skip locked
), unfiled as (
    update catalog.product
    set category_id = case when category_id = any (going.ids) then null else category_id end,
        additional_category_ids = array(
            select kept from unnest(additional_category_ids) with ordinality as each (kept, place)
            where kept <> all (going.ids) order by place),
        revision = nextval('catalog.revision'), update_time = now()
    from filed, going where product.id = filed.id
    returning product.id, was, product as now
), audited as (
    insert into catalog.audit_entry (principal, method, resource, changes)
    select 'system', 'Purge', 'products/' || id,
           catalog.changes(catalog.shown(was), catalog.shown(now))
    from unfiled
)
select count(*) from unfiled
