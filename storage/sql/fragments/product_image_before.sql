-- The rows as they are, locked in one order.
select id, product_image as was from catalog.product_image
where (id, product_id) in (select id, parent from item)
  and exists (select from catalog.product
              where product.id = product_image.product_id and delete_time is null)
order by id for no key update
