insert into catalog.audit_entry (principal, method, resource, request_id, changes)
select $2::text, $3::text, 'categories/' || id, $4::uuid,
       catalog.changes(catalog.shown(was), catalog.shown(now))
from written
