-- $1 id
select @category_columns@, @category_product_count@ from catalog.category where id = $1
