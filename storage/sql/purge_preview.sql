-- What the purge would remove: products, categories, answers to requests; and from how many
-- products it would take a category.
with going as materialized (
    select coalesce(array_agg(id), '{}') as ids from catalog.category where purge_time <= now()
)
select (select count(*) from catalog.product where purge_time <= now()),
       cardinality((select ids from going))::bigint,
       (select count(*) from catalog.request where create_time < now() - interval '24 hours'),
       (select count(*) from catalog.product
        where (category_id = any ((select ids from going)::bigint[])
               or additional_category_ids && (select ids from going))
          and (purge_time is null or purge_time > now()))
