-- The runtime role of docker-compose.yml, with the password of NEXUS_RUNTIME_PASSWORD.
-- Run as the owner of the database, after the migrations; running it again changes nothing.
\getenv runtime_password NEXUS_RUNTIME_PASSWORD
select 'create role nexus login' where to_regrole('nexus') is null \gexec
alter role nexus password :'runtime_password';
\ir grants.sql
