-- $1 request id, $2 fingerprint; first whether it is the same request
select request.fingerprint = $2::bytea, product.*
from catalog.request,
     jsonb_array_elements(request.answer) with ordinality as answer (kept, ordinal),
     lateral (
         select @product_columns@ from jsonb_populate_record(null::catalog.product, answer.kept)
     ) as product
where request.id = $1::uuid
order by ordinal
