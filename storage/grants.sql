-- What the service's role, nexus, may do: use the catalog, and not change how it is kept.
-- For psql, as the owner of the database, after the migrations. Running it again changes nothing.
grant usage on schema catalog to nexus;
grant select, insert, update, delete on all tables in schema catalog to nexus;
-- setval() needs update: numbering goes on behind numbers that were given.
grant usage, select, update on all sequences in schema catalog to nexus;
grant execute on all functions in schema catalog to nexus;
-- Whether the schema is current is part of being ready.
grant select on nexus_migration to nexus;
-- And of what later migrations make.
alter default privileges in schema catalog grant select, insert, update, delete on tables to nexus;
alter default privileges in schema catalog grant usage, select, update on sequences to nexus;
alter default privileges in schema catalog grant execute on functions to nexus;
