-- $1 ids
select @category_columns@, @category_product_count@
from unnest($1::bigint[]) with ordinality as wanted (wanted_id, ordinal)
left join catalog.category on id = wanted_id
order by ordinal
