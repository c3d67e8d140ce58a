-- $1 request id, $2 fingerprint; first whether it is the same request
select request.fingerprint = $2::bytea, category.*, (answer.kept ->> 'product_count')::bigint
from catalog.request,
     jsonb_array_elements(request.answer) with ordinality as answer (kept, ordinal),
     lateral (
         select @category_columns@ from jsonb_populate_record(null::catalog.category, answer.kept)
     ) as category
where request.id = $1::uuid
order by ordinal
