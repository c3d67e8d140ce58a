-- $1 request id, $2 fingerprint; first whether it is the same request
select request.fingerprint = $2::bytea, variant.*
from catalog.request,
     jsonb_array_elements(request.answer) with ordinality as answer (kept, ordinal),
     lateral (
         select @variant_columns@
         from jsonb_populate_record(null::catalog.variant, answer.kept),
              jsonb_to_record(answer.kept) as parent (parent_currency text, parent_amount numeric)
     ) as variant
where request.id = $1::uuid
order by ordinal
