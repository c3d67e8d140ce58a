-- $1 how many at most: what was answered longer ago than a retry may come.
with due as materialized (
    select id from catalog.request where create_time < now() - interval '24 hours'
    order by create_time limit $1::bigint for update skip locked
), removed as (
    delete from catalog.request using due where request.id = due.id
    returning 1
)
select count(*) from removed
