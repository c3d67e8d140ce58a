-- As the trigger product_tally_insert would have, for all products.
insert into catalog.product_tally (category_id, state, amount)
select counted.category_id, counted.state_, sum(counted.amount)
from catalog.product, catalog.tally_of(product.category_id, product.additional_category_ids,
    product.state, product.delete_time, 1) as counted
group by 1, 2
