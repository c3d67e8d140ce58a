-- $1 ids. "(select $1)": however many, with one plan, that is not made anew.
select @product_columns@
from unnest((select $1::bigint[])) with ordinality as wanted (wanted_id, ordinal)
left join catalog.product on id = wanted_id
order by ordinal
