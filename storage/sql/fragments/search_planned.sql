wanted::text, names::text, excluded::text, begins::text, estimate, names_estimate, unknown,
(select max(product_id) from catalog.search_entry)
