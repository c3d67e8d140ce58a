-- Taken before a category is added: the tree above it keeps still, and others may add too.
select pg_advisory_xact_lock_shared(7310577) is null
