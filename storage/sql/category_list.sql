-- $1 after this id, $2 deleted ones too, $3 limit
select @category_columns@, @category_product_count@ from catalog.category
where id > $1 and ($2 or delete_time is null)
order by id limit $3::bigint
