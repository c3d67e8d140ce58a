-- $1 category from which on, $2 how many rows at most: adds up rows of the tally that count alike.
-- First the category to go on from, -1 at the end; then by how many rows the tally is shorter.
with seen as materialized (
    select category_id, state from catalog.product_tally
    where category_id >= $1::bigint order by category_id, state limit $2::bigint
), crowded as materialized (
    select category_id, state from seen group by category_id, state having count(*) > 1
), taken as materialized (
    select tally.ctid as place, tally.category_id, tally.state, tally.amount
    from catalog.product_tally as tally join crowded using (category_id, state)
    limit $2::bigint for update of tally skip locked
), removed as (
    delete from catalog.product_tally as tally using taken where tally.ctid = taken.place
    returning 1
), added as (
    insert into catalog.product_tally (category_id, state, amount)
    select category_id, state, sum(amount) from taken
    group by category_id, state having sum(amount) <> 0
    returning 1
)
select coalesce((select max(category_id) from seen having count(*) = $2::bigint), -1),
       (select count(*) from removed) - (select count(*) from added)
