-- Taken before the tree changes shape: its own statement, so that the next one sees all that the
-- holders before have done.
select pg_advisory_xact_lock(7310577) is null
