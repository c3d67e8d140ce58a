-- In the order of catalog_statistics.proto. What belongs to deleted products is few, and taken off.
with counted as materialized (
    select state, sum(amount)::bigint as amount from catalog.product_tally group by state
)
select coalesce(sum(amount) filter (where state > 0), 0)::bigint,
       coalesce(sum(amount) filter (where state = 1), 0)::bigint,
       coalesce(sum(amount) filter (where state = 2), 0)::bigint,
       coalesce(sum(amount) filter (where state = 3), 0)::bigint,
       coalesce(sum(amount) filter (where state = -1), 0)::bigint,
       coalesce(sum(amount) filter (where state = -2), 0)::bigint
           - (select count(*) from catalog.product
              join catalog.variant on variant.product_id = product.id
              where product.purge_time is not null),
       coalesce(sum(amount) filter (where state = -3), 0)::bigint
           - (select count(*) from catalog.product
              join catalog.product_image on product_image.product_id = product.id
              where product.purge_time is not null),
       (select count(*) from catalog.category where delete_time is null),
       (select count(*) from catalog.category where purge_time is not null)
from counted
