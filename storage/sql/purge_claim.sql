-- $1 how many at most. From here on the categories cannot be restored, so that their products can
-- be taken out of them in many transactions: what is restored has a purge_time that is to come.
-- Nobody changes the tree meanwhile.
with turn as materialized (
    select pg_try_advisory_xact_lock(7310579) and pg_advisory_xact_lock(7310577) is not null
           as is_ours
), due as materialized (
    select id from catalog.category
    where purge_time <= now() and purge_time <> delete_time and (select is_ours from turn)
      and not exists (select from catalog.category as below where below.parent_id = category.id
                      and (below.purge_time is null or below.purge_time > now()))
    order by purge_time limit $1::bigint for update skip locked
), claimed as (
    update catalog.category set purge_time = delete_time
    from due where category.id = due.id
    returning 1
)
select count(*) from claimed
