-- $1 request id, $2 fingerprint; first whether it is the same request
select request.fingerprint = $2::bytea, category.*, (request.answer ->> 'product_count')::bigint
from catalog.request, lateral (
    select @category_columns@
    from jsonb_populate_record(null::catalog.category, request.answer)
) as category
where request.id = $1::uuid
