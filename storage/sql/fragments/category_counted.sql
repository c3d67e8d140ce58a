select category.*, @category_product_count@ as product_count
from (select (now).* from written where written.id = (select id from item)) as category
