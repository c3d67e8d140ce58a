select item.*, was, parent_currency, parent_amount, parent_allows_backorder
from item left join before using (id)
where catalog.require_current(at, 'products/' || parent || '/variants/' || item.id, current,
    expected)
