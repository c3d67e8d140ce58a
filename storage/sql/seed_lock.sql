-- One loader at a time.
select pg_advisory_xact_lock(7310580) is null
