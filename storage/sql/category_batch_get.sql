-- $1 ids. "(select $1)": however many, with one plan, that is not made anew.
select @category_columns@, @category_product_count@
from unnest((select $1::bigint[])) with ordinality as wanted (wanted_id, ordinal)
left join catalog.category on id = wanted_id
order by ordinal
