select item.*, was from item left join before using (id)
where catalog.require_current(at, 'products/' || parent || '/images/' || item.id, (was).revision,
    expected)
