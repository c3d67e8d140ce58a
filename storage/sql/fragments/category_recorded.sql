insert into catalog.request (id, fingerprint, answer)
select $4::uuid, $5::bytea, jsonb_build_array(to_jsonb(counted)) from counted
where $4::uuid is not null
