-- The first image of a product, of those that were not written and of those written that are kept.
update catalog.product
set primary_image_id = first.id, revision = nextval('catalog.revision')
from (select distinct product_id from written) as touched
     left join lateral (
         (select id, position from catalog.product_image as other
          where other.product_id = touched.product_id and other.id not in (select id from written)
          order by position, id limit 1)
         union all
         select id, (now).position from written
         where written.product_id = touched.product_id and is_kept
         order by position, id limit 1
     ) as first on true
where product.id = touched.product_id and primary_image_id is distinct from first.id
