insert into catalog.request (id, fingerprint, answer)
select $4::uuid, $5::bytea, jsonb_agg(to_jsonb(now) order by ordinal)
from written where $4::uuid is not null having count(*) > 0
