-- $1 items, as in fragments/write_items.sql; waits for products that are being filed there
select id from catalog.category
where id = ($1::jsonb -> 0 ->> 'id')::bigint
   or ancestor_ids @> array[($1::jsonb -> 0 ->> 'id')::bigint]
order by id for update
