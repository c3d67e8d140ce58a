-- What variants show of their product, and depend on.
select id as product_id, price_currency as parent_currency, price_amount as parent_amount,
       allow_backorder as parent_allows_backorder, revision as parent_revision,
       delete_time as parent_delete_time
from catalog.product
