-- $1 id; true, or refused: the product lives
select catalog.require_current('', 'products/' || $1::bigint,
    (select revision from catalog.product where id = $1::bigint and delete_time is null), null)
