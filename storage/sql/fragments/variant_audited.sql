insert into catalog.audit_entry (principal, method, resource, request_id, changes)
select $2::text, $3::text, 'products/' || product_id || '/variants/' || id, $4::uuid,
       catalog.changes(catalog.shown(was), catalog.shown(now))
from written
