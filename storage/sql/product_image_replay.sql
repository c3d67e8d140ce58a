-- $1 request id, $2 fingerprint; first whether it is the same request
select request.fingerprint = $2::bytea, image.*
from catalog.request,
     jsonb_array_elements(request.answer) with ordinality as answer (kept, ordinal),
     lateral (
         select @product_image_columns@
         from jsonb_populate_record(null::catalog.product_image, answer.kept)
     ) as image
where request.id = $1::uuid
order by ordinal
