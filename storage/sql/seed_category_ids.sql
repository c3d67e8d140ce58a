-- The sample catalog's categories, by slug.
select slug, id from catalog.category where slug like 'sample-%' and delete_time is null
