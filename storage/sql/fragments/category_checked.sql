select item.*, was from item left join before using (id)
where catalog.require_current(at, 'categories/' || item.id, (was).revision, expected)
