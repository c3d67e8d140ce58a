-- $1 SKU of a variant of a live product; the product's columns, then the variant's
select product.*, variant.*
from catalog.variant as found,
     lateral (select @product_columns@ from catalog.product where id = found.product_id) as product,
     lateral (
         select @variant_columns@
         from catalog.variant join (@variant_parent@) as parent using (product_id)
         where id = found.id
     ) as variant
where found.sku = $1 and found.is_live
