-- $1 ids, $2 their products. "+ 0": by id, as a product may have thousands. "(select $1)": however
-- many, with one plan, that is not made anew.
select @product_image_columns@
from unnest((select $1::bigint[]), (select $2::bigint[])) with ordinality as wanted (wanted_id, wanted_in, ordinal)
left join catalog.product_image on id = wanted_id and product_id + 0 = wanted_in
order by ordinal
