-- $1 items, as in fragments/write_items.sql: products, or what stands below them. Its own statement,
-- so that the next one sees all that the holders before have done.
select id from catalog.product
where id in (select coalesce(item ->> 'parent', item ->> 'id')::bigint
             from jsonb_array_elements($1::jsonb) as item)
order by id for no key update
