-- The count makes sure that every item is checked, also one that is not there to be written.
select @variant_columns@ from seen
where (select count(*) from checked) > 0
order by ordinal
