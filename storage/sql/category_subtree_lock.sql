-- $1 id; waits for products that are being filed there
select id from catalog.category where id = $1::bigint or ancestor_ids @> array[$1::bigint]
order by id for update
