-- The count makes sure that every item is checked, also one that is not there to be written.
select @product_image_columns@ from (select ordinal, (now).* from written) as image
where (select count(*) from checked) > 0
order by ordinal
