(select coalesce(sum(tally.amount), 0)::bigint from catalog.product_tally as tally
 where tally.category_id = category.id)
