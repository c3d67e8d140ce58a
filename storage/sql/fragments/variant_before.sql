-- The rows as they are, locked in one order. What the product has is that of the statement before:
-- it is locked.
select id, variant as was, parent_currency, parent_amount, parent_allows_backorder,
       @variant_revision@ as current
from catalog.variant join (@variant_parent@) as parent using (product_id)
where (id, product_id) in (select id, parent from item) and parent_delete_time is null
order by id for no key update of variant
