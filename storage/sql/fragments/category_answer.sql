-- The count makes sure that the item is checked, also when it is not there to be written.
select @category_columns@, product_count from counted
where (select count(*) from checked) > 0
