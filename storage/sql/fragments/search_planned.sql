wanted::text, names::text, excluded::text, begins::text, estimate, names_estimate, unknown,
(select max(product_id) from catalog.search_entry),
(select greatest(reltuples, 0)::bigint from pg_class where oid = 'catalog.search_entry'::regclass)
