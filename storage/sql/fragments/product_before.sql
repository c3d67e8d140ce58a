-- The rows as they are, locked in one order, so that two writers of many do not wait for each other.
select id, product as was from catalog.product
where id in (select id from item) and delete_time is null
order by id for no key update
