-- Functions are only called where they have something to say: each call costs 10 to 20 us.
select item.*, was from item left join before using (id)
where (was).revision = coalesce(expected, (was).revision)
   or catalog.require_current(at, 'products/' || item.id, (was).revision, expected)
