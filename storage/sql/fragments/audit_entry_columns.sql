audit_entry.id, principal, method, resource, coalesce(request_id::text, ''),
audit_entry.create_time, changes
