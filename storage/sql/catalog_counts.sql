select (select coalesce(sum(amount), 0)::bigint from catalog.product_tally where state > 0),
       (select count(*) from catalog.category where delete_time is null),
       catalog.search_has_trigrams(),
       (select count(*) from catalog.index_pending)
