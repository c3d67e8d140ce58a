-- $1 request id, $2 fingerprint; first whether it is the same request
select request.fingerprint = $2::bytea, product.*
from catalog.request, lateral (
    select @product_columns@
    from jsonb_populate_record(null::catalog.product, request.answer)
) as product
where request.id = $1::uuid
