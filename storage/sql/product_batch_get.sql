-- $1 ids
select @product_columns@
from unnest($1::bigint[]) with ordinality as wanted (wanted_id, ordinal)
left join catalog.product on id = wanted_id
order by ordinal
