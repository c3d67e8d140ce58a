-- $1 id, $2 product
select @product_image_columns@ from catalog.product_image where id = $1 and product_id = $2
