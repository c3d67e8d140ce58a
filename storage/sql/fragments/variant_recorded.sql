insert into catalog.request (id, fingerprint, answer)
select $4::uuid, $5::bytea, jsonb_agg(to_jsonb(seen) order by ordinal)
from seen where $4::uuid is not null having count(*) > 0
