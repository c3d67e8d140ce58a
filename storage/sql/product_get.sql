-- $1 id
select @product_columns@ from catalog.product where id = $1
