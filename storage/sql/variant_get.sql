-- $1 id, $2 product
select @variant_columns@ from catalog.variant join (@variant_parent@) as parent using (product_id)
where id = $1 and product_id = $2
