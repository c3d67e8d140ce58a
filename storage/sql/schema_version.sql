select coalesce(max(number), 0)::integer from nexus_migration
