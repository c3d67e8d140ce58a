-- $1 items, as in fragments/write_items.sql, that stand below products: these keep still, and others
-- may rely on them too.
select id from catalog.product
where id in (select (item ->> 'parent')::bigint from jsonb_array_elements($1::jsonb) as item)
order by id for share
